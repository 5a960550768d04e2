// SPDX-License-Identifier: Apache-2.0
// movements_sum.c - steps into periods: each change of a customer's MRR is one movement of one kind, and rates are made of their sums.
//
// Steps come by currency, customer and time; those of one moment are one. A customer costs as much as it has steps, whatever the number of periods: who does
// not move within a period is in its start and its end with the same amount, so retention adds up what changed, not what stayed.
#include "metrics/movements.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "metrics/engine.h"
#include "metrics/movements_parts.h"

const struct movements_rate_info movements_rate_infos[MOVEMENTS_RATE__COUNT] = {
    {"gross_revenue_retention", "Gross revenue retention",
     "for customers at the start: what each still pays, at most what it paid / their MRR at the "
     "start",
     MOVEMENTS_SHARE, false},
    {"net_revenue_retention", "Net revenue retention",
     "MRR at the end of the customers at the start / their MRR at the start", MOVEMENTS_SHARE,
     false},
    {"quick_ratio", "Quick ratio", "(new + expansion + reactivation) / (contraction + churn)",
     MOVEMENTS_RATIO, false},
    {"customer_churn", "Customer churn",
     "customers at the start without MRR at the end / customers at the start", MOVEMENTS_SHARE,
     false},
    {"gross_mrr_churn", "Gross MRR churn", "(churn + contraction) / MRR at the start",
     MOVEMENTS_SHARE, false},
    {"net_mrr_churn", "Net MRR churn",
     "(churn + contraction - expansion - reactivation) / MRR at the start", MOVEMENTS_SHARE, false},
    {"average_revenue_per_account", "ARPA", "MRR at the end / paying customers at the end",
     MOVEMENTS_MONEY, true},
    {"lifetime_value", "LTV",
     "ARPA / mean customer churn of the months in the range that are over; without margin",
     MOVEMENTS_MONEY, true},
    {"trial_conversion", "Trial conversion",
     "trials that went on and pay / trials whose last day came", MOVEMENTS_SHARE, false},
};

// One customer in one currency, on its way through time.
struct walk {
    struct movements_line *lines; // of its currency
    int64_t now_minor, period_minor,
        range_minor; // now, at the start of the period under way, of the range
    int64_t bucket;  // under way; -1 none yet
    bool was_paying, is_in_range;
};

static void worsen(struct movements_line *line, enum movements_source source)
{
    if (source > line->source)
        line->source = source;
}

static void classify(struct movements_line *line, const struct walk *walk, int64_t after_minor,
                     enum movements_source source)
{
    int64_t before_minor = walk->now_minor;
    worsen(line, source);
    if (before_minor == 0 && walk->was_paying) {
        add_to(&line->reactivation_minor, after_minor);
        line->reactivated_customers++;
    } else if (before_minor == 0) {
        add_to(&line->new_minor, after_minor);
        line->new_customers++;
    } else if (after_minor == 0) {
        add_to(&line->churn_minor, before_minor);
        line->churned_customers++;
    } else if (after_minor > before_minor) {
        add_to(&line->expansion_minor, after_minor - before_minor);
    } else {
        add_to(&line->contraction_minor, before_minor - after_minor);
    }
}

// What became, by the end of a period, of a customer that was there at its start.
static void settle(struct movements_line *line, int64_t start_minor, int64_t end_minor)
{
    if (start_minor == 0)
        return;
    add_to(&line->gained_minor, end_minor - start_minor);
    if (end_minor < start_minor)
        add_to(&line->lost_minor, start_minor - end_minor);
    if (end_minor == 0)
        line->gone_customers++;
}

static void leave_bucket(struct walk *walk)
{
    if (walk->bucket >= 0)
        settle(&walk->lines[walk->bucket], walk->period_minor, walk->now_minor);
    walk->bucket = -1;
}

static void leave_customer(struct movements *m, struct walk *walk)
{
    struct movements_line *range = &walk->lines[m->calendar.count];
    leave_bucket(walk);
    if (!walk->is_in_range)
        walk->range_minor = walk->now_minor;
    add_to(&range->start_minor, walk->range_minor);
    range->start_customers += walk->range_minor != 0;
    settle(range, walk->range_minor, walk->now_minor);
}

static void take_step(struct movements *m, struct walk *walk, int64_t at_us, int64_t change_minor,
                      enum movements_source source)
{
    int64_t after_minor = walk->now_minor;
    add_to(&after_minor, change_minor);
    if (at_us >= m->calendar.from_us && change_minor != 0) {
        int64_t bucket = calendar_bucket(&m->calendar, at_us);
        if (!walk->is_in_range)
            walk->range_minor = walk->now_minor;
        walk->is_in_range = true;
        if (bucket != walk->bucket) {
            leave_bucket(walk);
            walk->bucket = bucket;
            walk->period_minor = walk->now_minor;
        }
        classify(&walk->lines[bucket], walk, after_minor, source);
        classify(&walk->lines[m->calendar.count], walk, after_minor, source);
    }
    walk->now_minor = after_minor;
    walk->was_paying = walk->was_paying || after_minor != 0;
}

static enum till_code currency_put(struct movements *m, metrics_currency currency,
                                   struct movements_line **ret_lines, struct till_error *e)
{
    void *currencies = m->currencies;
    for (size_t i = 0; i < m->currency_count; i++) {
        if (m->currencies[i].currency != currency)
            continue;
        *ret_lines = m->currencies[i].lines;
        return TILL_OK;
    }
    if (m->currency_count >= TILL_LIMIT_METRIC_CURRENCIES) {
        (void)TILL_FAIL(e, TILL_LIMIT, 0, "subscriptions have more than %d currencies",
                        TILL_LIMIT_METRIC_CURRENCIES);
        return till_error_hint(e, "narrow it with --product-id");
    }
    enum till_code code =
        grow(&currencies, &m->currency_capacity, m->currency_count + 1, sizeof *m->currencies, e);
    m->currencies = currencies;
    if (code)
        return code;
    struct movements_line *lines = till_calloc(m->calendar.count + 1, sizeof *lines);
    if (!lines)
        return TILL_FAIL_MEMORY(e);
    size_t place = m->currency_count++;
    for (; place > 0 && m->currencies[place - 1].currency > currency; place--)
        m->currencies[place] = m->currencies[place - 1];
    m->currencies[place] = (struct movements_currency){currency, lines};
    *ret_lines = lines;
    return TILL_OK;
}

// Starts and ends from the start of the range and what moved since.
static void chain(struct movements *m, struct movements_line *lines)
{
    struct movements_line *range = &lines[m->calendar.count];
    int64_t minor = range->start_minor, customers = range->start_customers;
    for (size_t i = 0; i <= m->calendar.count; i++) {
        struct movements_line *line = &lines[i];
        if (line == range) {
            minor = range->start_minor;
            customers = range->start_customers;
        }
        line->start_minor = minor;
        line->start_customers = customers;
        minor += line->new_minor + line->expansion_minor + line->reactivation_minor -
                 line->contraction_minor - line->churn_minor;
        customers += line->new_customers + line->reactivated_customers - line->churned_customers;
        line->end_minor = minor;
        line->end_customers = customers;
    }
}

static enum till_code sum_trials(struct movements *m, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->trial_count && code == TILL_OK; i++) {
        const struct movements_trial *trial = &m->trials[i];
        struct movements_line *lines = NULL;
        if (trial->end_us < m->calendar.from_us || trial->end_us > m->calendar.until_us)
            continue;
        code = currency_put(m, trial->currency, &lines, e);
        if (code)
            return code;
        int64_t bucket = calendar_bucket(&m->calendar, trial->end_us);
        struct movements_line *both[] = {&lines[bucket], &lines[m->calendar.count]};
        for (size_t k = 0; k < TILL_COUNT(both); k++) {
            both[k]->trials_ended++;
            both[k]->trials_converted += trial->is_converted;
        }
    }
    return code;
}

// The steps of one customer in one currency, from `first` on; gives the place behind them.
static size_t walk_customer(struct movements *m, size_t first, struct movements_line *lines)
{
    const struct movements_step *step = &m->steps[first];
    struct walk walk = {.lines = lines, .bucket = -1};
    size_t i = first;
    while (i < m->step_count && m->steps[i].customer == step->customer &&
           m->steps[i].currency == step->currency) {
        int64_t at_us = m->steps[i].at_us, change_minor = 0;
        enum movements_source source = MOVEMENTS_NOTHING;
        if (at_us > m->calendar.until_us)
            break;
        for (; i < m->step_count && m->steps[i].customer == step->customer &&
               m->steps[i].currency == step->currency && m->steps[i].at_us == at_us;
             i++) {
            add_to(&change_minor, m->steps[i].amount_minor);
            if (m->steps[i].source > source)
                source = (enum movements_source)m->steps[i].source;
        }
        take_step(m, &walk, at_us, change_minor, source);
    }
    leave_customer(m, &walk);
    while (i < m->step_count && m->steps[i].customer == step->customer &&
           m->steps[i].currency == step->currency)
        i++; // behind the range
    return i;
}

enum till_code movements_answer(struct movements *m, struct movements_answer *ret_answer,
                                struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < m->step_count && code == TILL_OK;) {
        struct movements_line *lines = NULL;
        code = currency_put(m, m->steps[i].currency, &lines, e);
        if (code == TILL_OK)
            i = walk_customer(m, i, lines);
    }
    if (code == TILL_OK)
        code = sum_trials(m, e);
    if (code)
        return code;
    for (size_t i = 0; i < m->currency_count; i++)
        chain(m, m->currencies[i].lines);
    *ret_answer = (struct movements_answer){
        .period_count = m->calendar.count,
        .currency_count = m->currency_count,
        .starts_us = m->calendar.starts_us,
        .from_us = m->calendar.from_us,
        .until_us = m->calendar.until_us < m->query.now_us ? m->calendar.until_us : m->query.now_us,
        .currencies = m->currencies,
    };
    return TILL_OK;
}

// ---- rates ----

static struct movements_rate rate(int64_t part, int64_t whole, int64_t members, const char *none,
                                  const char *few)
{
    struct movements_rate result = {0};
    if (whole == 0 || members == 0)
        result.reason = none;
    else if (members < MOVEMENTS_LEAST)
        result.reason = few;
    else
        result = (struct movements_rate){true, (double)part / (double)whole, NULL};
    return result;
}

// Customer churn of the months that are over and whole, on average.
static bool mean_churn(const struct movements_answer *answer,
                       const struct movements_currency *currency, double *ret_mean)
{
    double sum = 0;
    int64_t months = 0;
    for (size_t i = 0; i < answer->period_count; i++) {
        const struct movements_line *line = &currency->lines[i];
        if (answer->starts_us[i] < answer->from_us ||
            answer->starts_us[i + 1] - 1 > answer->until_us ||
            line->start_customers < MOVEMENTS_LEAST)
            continue;
        sum += (double)line->gone_customers / (double)line->start_customers;
        months++;
    }
    *ret_mean = months > 0 ? sum / (double)months : 0;
    return months > 0;
}

static struct movements_rate lifetime(const struct movements_answer *answer,
                                      const struct movements_currency *currency,
                                      enum metrics_interval interval, struct movements_rate arpa)
{
    double churn = 0;
    struct movements_rate result = {0};
    if (interval != METRICS_MONTH)
        result.reason = "needs months: --interval month";
    else if (!arpa.has_value)
        result.reason = arpa.reason;
    else if (!mean_churn(answer, currency, &churn))
        result.reason = "no whole month in the range began with 5 customers or more";
    else if (churn <= 0)
        result.reason = "no customer left in the months of the range: there is no lifetime to see";
    else
        result = (struct movements_rate){true, (double)round_even(arpa.value / churn), NULL};
    return result;
}

void movements_rates(const struct movements_answer *answer,
                     const struct movements_currency *currency, enum metrics_interval interval,
                     struct movements_rate ret_rates[static MOVEMENTS_RATE__COUNT])
{
    static const char none[] = "no customer at the start";
    static const char few[] = "fewer than 5 customers at the start";
    const struct movements_line *l = &currency->lines[answer->period_count];
    int64_t lost = l->churn_minor + l->contraction_minor;
    int64_t won = l->expansion_minor + l->reactivation_minor;
    int64_t start = l->start_minor, there = l->start_customers;
    ret_rates[MOVEMENTS_GROSS_RETENTION] = rate(start - l->lost_minor, start, there, none, few);
    ret_rates[MOVEMENTS_NET_RETENTION] = rate(start + l->gained_minor, start, there, none, few);
    ret_rates[MOVEMENTS_QUICK_RATIO] =
        rate(l->new_minor + won, lost, lost > 0 ? MOVEMENTS_LEAST : 0, "nothing was lost", few);
    ret_rates[MOVEMENTS_CUSTOMER_CHURN] = rate(l->gone_customers, there, there, none, few);
    ret_rates[MOVEMENTS_GROSS_CHURN] = rate(lost, start, there, none, few);
    ret_rates[MOVEMENTS_NET_CHURN] = rate(lost - won, start, there, none, few);
    struct movements_rate arpa = {.reason = "no paying customer at the end"};
    if (l->end_customers > 0)
        arpa = (struct movements_rate){
            true, (double)divide_half_away(l->end_minor, l->end_customers), NULL};
    ret_rates[MOVEMENTS_ARPA] = arpa;
    ret_rates[MOVEMENTS_LTV] = lifetime(answer, currency, interval, arpa);
    ret_rates[MOVEMENTS_TRIAL_CONVERSION] =
        rate(l->trials_converted, l->trials_ended, l->trials_ended, "no trial ended",
             "fewer than 5 trials ended");
}
