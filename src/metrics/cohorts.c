// SPDX-License-Identifier: Apache-2.0
// cohorts.c - steps into cohorts: each step changes its cohort from its period on, so cells are first differences and then running sums.
#include "metrics/cohorts.h"

#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "metrics/engine.h"
#include "metrics/movements_parts.h"

static size_t currency_count(const struct movements *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->step_count; i++)
        count += i == 0 || m->steps[i].currency != m->steps[i - 1].currency;
    return count;
}

// Room for all cells; periods that have not begun by now have none.
static enum till_code make_room(struct movements *m, struct cohorts *cohorts, struct till_error *e)
{
    size_t periods = m->calendar.count, begun = 0, at = 0, cell = 0;
    while (begun < periods && m->calendar.starts_us[begun] <= m->query.now_us)
        begun++;
    while (cohorts->whole_count < begun &&
           m->calendar.starts_us[cohorts->whole_count + 1] - 1 <= m->query.now_us &&
           m->calendar.starts_us[cohorts->whole_count + 1] - 1 <= m->calendar.until_us)
        cohorts->whole_count++;
    size_t cells = begun * (begun + 1) / 2 * 2;
    cohorts->period_count = begun;
    cohorts->starts_us = m->calendar.starts_us;
    cohorts->currency_count = currency_count(m);
    if (periods > TILL_LIMIT_COHORTS) {
        (void)TILL_FAIL(e, TILL_LIMIT, 0, "the range has more than %d cohorts", TILL_LIMIT_COHORTS);
        return till_error_hint(e, "choose a longer --interval, or a shorter range");
    }
    size_t count = cohorts->currency_count;
    cohorts->currencies = till_calloc(count + 1, sizeof *cohorts->currencies);
    cohorts->rows = till_calloc(count * begun + 1, sizeof *cohorts->rows);
    cohorts->cells = till_calloc(count * cells + 1, sizeof *cohorts->cells);
    if (!cohorts->currencies || !cohorts->rows || !cohorts->cells)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < m->step_count; i++) {
        if (i > 0 && m->steps[i].currency == m->steps[i - 1].currency)
            continue;
        struct cohorts_currency *currency = &cohorts->currencies[at];
        *currency = (struct cohorts_currency){m->steps[i].currency, &cohorts->rows[at * begun]};
        at++;
        for (size_t k = 0; k < begun; k++) {
            struct cohort *cohort = &currency->cohorts[k];
            cohort->cell_count = begun - k;
            cohort->kept = &cohorts->cells[cell];
            cohort->minor = &cohorts->cells[cell + begun - k];
            cell += (begun - k) * 2;
        }
    }
    return TILL_OK;
}

// A customer's own steps, those of one moment put together. Gives the place behind them; false when there are no more.
struct reader {
    const struct movements *m;
    size_t at, end;
};

static struct reader read_customer(const struct movements *m, size_t first)
{
    struct reader reader = {m, first, first};
    const struct movements_step *step = &m->steps[first];
    while (reader.end < m->step_count && m->steps[reader.end].customer == step->customer &&
           m->steps[reader.end].currency == step->currency)
        reader.end++;
    return reader;
}

static bool next_change(struct reader *reader, int64_t *ret_at_us, int64_t *ret_change_minor)
{
    const struct movements_step *steps = reader->m->steps;
    if (reader->at >= reader->end || steps[reader->at].at_us > reader->m->calendar.until_us)
        return false;
    *ret_at_us = steps[reader->at].at_us;
    *ret_change_minor = 0;
    for (; reader->at < reader->end && steps[reader->at].at_us == *ret_at_us; reader->at++)
        add_to(ret_change_minor, steps[reader->at].amount_minor);
    return true;
}

static void place_customer(struct movements *m, struct reader reader,
                           struct cohorts_currency *currency)
{
    struct cohort *cohort = NULL;
    int64_t at_us = 0, change_minor = 0, now_minor = 0, first_bucket = 0;
    while (next_change(&reader, &at_us, &change_minor)) {
        int64_t before_minor = now_minor;
        add_to(&now_minor, change_minor);
        if (change_minor == 0)
            continue;
        if (at_us < m->calendar.from_us)
            return; // an older cohort
        int64_t bucket = calendar_bucket(&m->calendar, at_us);
        if (!cohort) {
            cohort = &currency->cohorts[bucket];
            cohort->customers++;
            add_to(&cohort->initial_minor, now_minor);
            first_bucket = bucket;
        }
        int64_t cell = bucket - first_bucket;
        add_to(&cohort->minor[cell], change_minor);
        cohort->kept[cell] += (now_minor > 0) - (before_minor > 0);
    }
}

enum till_code cohorts_make(struct movements *m, struct cohorts *ret_cohorts, struct till_error *e)
{
    size_t at = 0;
    memset(ret_cohorts, 0, sizeof *ret_cohorts);
    enum till_code code = make_room(m, ret_cohorts, e);
    for (size_t i = 0; i < m->step_count && code == TILL_OK;) {
        struct reader reader = read_customer(m, i);
        if (i > 0 && m->steps[i].currency != m->steps[i - 1].currency)
            at++;
        place_customer(m, reader, &ret_cohorts->currencies[at]);
        i = reader.end;
    }
    for (size_t i = 0;
         code == TILL_OK && i < ret_cohorts->currency_count * ret_cohorts->period_count; i++) {
        struct cohort *cohort = &ret_cohorts->rows[i];
        for (size_t k = 1; k < cohort->cell_count; k++) {
            cohort->kept[k] += cohort->kept[k - 1];
            add_to(&cohort->minor[k], cohort->minor[k - 1]);
        }
    }
    return code;
}

void cohorts_release(struct cohorts *cohorts)
{
    till_free(cohorts->currencies);
    till_free(cohorts->rows);
    till_free(cohorts->cells);
    *cohorts = (struct cohorts){0};
}

enum till_code cohorts_customers(struct movements *m, int64_t from_us, cohorts_visit *visit,
                                 void *context, struct till_error *e)
{
    from_us = from_us == METRICS_NULL ? m->calendar.from_us : from_us;
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->step_count && code == TILL_OK;) {
        struct reader reader = read_customer(m, i);
        struct cohorts_customer customer = {.customer = m->customer_ids.ids[m->steps[i].customer],
                                            .currency = m->steps[i].currency,
                                            .first_us = METRICS_NULL,
                                            .lost_us = METRICS_NULL};
        int64_t at_us = 0, change_minor = 0;
        i = reader.end;
        while (next_change(&reader, &at_us, &change_minor)) {
            int64_t before_minor = customer.mrr_minor;
            add_to(&customer.mrr_minor, change_minor);
            if (customer.mrr_minor != 0 && customer.first_us == METRICS_NULL)
                customer.first_us = at_us;
            customer.lost_us = METRICS_NULL;
            if (customer.mrr_minor == 0) {
                customer.lost_us = at_us;
                customer.lost_minor = before_minor;
            }
        }
        if (customer.first_us == METRICS_NULL)
            continue;
        customer.is_new = customer.first_us >= from_us;
        customer.is_lost = customer.lost_us != METRICS_NULL && customer.lost_us >= from_us;
        code = visit(context, &customer, e);
    }
    return code;
}
