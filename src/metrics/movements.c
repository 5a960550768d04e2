// SPDX-License-Identifier: Apache-2.0
// movements.c - from rows and points to steps: the price of each subscription through time.
//
// A subscription's row knows today's price alone. Points add what was true earlier: terms told by events, changes seen between two syncs, bills. Sorted by
// time they make a step function: between two points the earlier one holds; before the first one its own price, or what a sync saw before a change; a
// change to an untold price takes the next price that is told, at last today's. The function is cut to the time that is billed: from the start, or the
// trial's end, to the end, without the gaps between a revocation and a reinstatement. Its steps are the differences.
#include "metrics/movements.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "metrics/engine.h"
#include "metrics/movements_parts.h"

const char *movements_source_word(enum movements_source source)
{
    static const char *const words[] = {NULL, "events", "observed", "reconstructed"};
    return words[source];
}

const char *movements_source_sentence(enum movements_source source)
{
    static const char *const sentences[] = {
        "nothing moved",
        "dates and amounts are those that Polar's events tell",
        "some changes are known from syncs alone: the amount is exact, the date is when the sync "
        "saw it",
        "some amounts are concluded from orders and today's rows: a change between two bills is "
        "dated by the bill, and one that no bill shows is not seen",
    };
    return sentences[source];
}

enum till_code movements_open(const struct movements_query *query, struct movements **ret_movements,
                              struct till_error *e)
{
    struct metrics_query window = {
        .from = query->from, .to = query->to, .interval = query->interval, .zone = query->zone};
    struct movements *m = till_calloc(1, sizeof *m);
    if (!m)
        return TILL_FAIL_MEMORY(e);
    m->query = *query;
    enum till_code code = calendar_open(&window, &m->calendar, e);
    if (code)
        till_free(m);
    else
        *ret_movements = m;
    return code;
}

void movements_close(struct movements *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->currency_count; i++)
        till_free(m->currencies[i].lines);
    calendar_close(&m->calendar);
    id_map_release(&m->subscription_ids);
    id_map_release(&m->customer_ids);
    till_free(m->items);
    till_free(m->points);
    till_free(m->steps);
    till_free(m->trials);
    till_free(m->currencies);
    till_free(m);
}

static bool is_wanted(const struct metrics_ids *products, struct metrics_id product)
{
    for (size_t i = 0; i < products->count; i++)
        if (products->ids[i].high == product.high && products->ids[i].low == product.low)
            return true;
    return products->is_all;
}

static struct movements_item *item_of(const struct movements *m, struct metrics_id subscription)
{
    int64_t number = id_map_find(&m->subscription_ids, subscription);
    return number == ID_NOWHERE ? NULL : &m->items[number];
}

enum till_code movements_subscription(struct movements *m, const struct movements_subscription *row,
                                      struct till_error *e)
{
    size_t number = 0, customer = 0;
    if (!is_wanted(&m->query.products, row->product) || row->started_us == METRICS_NULL)
        return TILL_OK;
    // A row without a customer is a customer of its own.
    struct metrics_id who = metrics_id_is_none(row->customer) ? row->id : row->customer;
    enum till_code code = id_map_put(&m->subscription_ids, row->id, &number, e);
    if (code == TILL_OK)
        code = id_map_put(&m->customer_ids, who, &customer, e);
    void *items = m->items;
    if (code == TILL_OK)
        code = grow(&items, &m->item_capacity, number + 1, sizeof *m->items, e);
    m->items = items;
    if (code)
        return code;
    m->items[number] = (struct movements_item){.customer = (uint32_t)customer,
                                               .currency = row->currency,
                                               .started_us = row->started_us,
                                               .end_us = row->end_us,
                                               .trial_end_us = row->trial_end_us,
                                               .terms = row->terms,
                                               .taxed_us = METRICS_NULL};
    return TILL_OK;
}

enum till_code movements_price_of(struct movements *m, size_t number,
                                  const struct movements_price *price, struct till_error *e)
{
    static const int64_t day_us = INT64_C(86400) * 1000000;
    struct movements_item *item = &m->items[number];
    void *points = m->points;
    if (price->at_us == METRICS_NULL || (price->currency != 0 && price->currency != item->currency))
        return TILL_OK;
    enum till_code code =
        grow(&points, &m->point_capacity, m->point_count + 1, sizeof *m->points, e);
    m->points = points;
    if (code)
        return code;
    m->points[m->point_count] = (struct movements_point){
        .at_us = price->at_us,
        .amount_minor = price->terms.amount_minor,
        .item = (uint32_t)number,
        .sequence = (uint32_t)m->point_count,
        .interval_count = (int32_t)price->terms.interval_count,
        .interval = (unsigned char)price->terms.interval,
        .source = (unsigned char)price->source,
        .effect = (unsigned char)price->effect,
    };
    m->point_count++;
    item->has_told = item->has_told || price->source != MOVEMENTS_RECONSTRUCTED;
    if (price->source == MOVEMENTS_EVENTS && price->terms.amount_minor != METRICS_NULL &&
        price->at_us < item->started_us + day_us)
        item->has_start = true;
    return TILL_OK;
}

enum till_code movements_price(struct movements *m, const struct movements_price *price,
                               struct till_error *e)
{
    int64_t number = id_map_find(&m->subscription_ids, price->subscription);
    return number == ID_NOWHERE ? TILL_OK : movements_price_of(m, (size_t)number, price, e);
}

void movements_before(struct movements *m, struct metrics_id subscription,
                      const struct movements_terms *terms)
{
    struct movements_item *item = item_of(m, subscription);
    if (!item)
        return;
    item->before = *terms;
    item->has_before = true;
}

void movements_tax(struct movements *m, struct metrics_id subscription, int64_t at_us,
                   int64_t net_minor, int64_t tax_minor)
{
    struct movements_item *item = item_of(m, subscription);
    if (!item || at_us <= item->taxed_us || net_minor + tax_minor <= 0)
        return;
    item->taxed_us = at_us;
    item->net_minor = net_minor;
    item->tax_minor = tax_minor;
}

void movements_foresee(const struct movements *m, struct metrics_id subscription)
{
    id_map_foresee(&m->subscription_ids, subscription);
}

int64_t movements_foresee_number(const struct movements *m, struct metrics_id subscription)
{
    return id_map_foresee_id(&m->subscription_ids, subscription);
}

int64_t movements_number(const struct movements *m, struct metrics_id subscription)
{
    return id_map_find(&m->subscription_ids, subscription);
}

size_t movements_count(const struct movements *m)
{
    return m->subscription_ids.count;
}

struct movements_billed movements_billed(const struct movements *m, size_t number)
{
    const struct movements_item *item = &m->items[number];
    return (struct movements_billed){.id = m->subscription_ids.ids[number],
                                     .terms = item->terms,
                                     .trial_end_us = item->trial_end_us,
                                     .currency = item->currency,
                                     .wants_bills = !item->has_start,
                                     .may_repeat = !item->has_told && !item->has_before};
}

void movements_bill_again(struct movements *m, size_t number, int64_t at_us)
{
    struct movements_item *item = &m->items[number];
    item->billed_us = at_us > item->billed_us ? at_us : item->billed_us;
}

bool movements_lacks_starts(const struct movements *m)
{
    for (size_t i = 0; i < m->subscription_ids.count; i++)
        if (!m->items[i].has_start)
            return true;
    return false;
}

bool movements_terms(const struct movements *m, struct metrics_id subscription,
                     struct movements_terms *ret_terms)
{
    const struct movements_item *item = item_of(m, subscription);
    if (item)
        *ret_terms = item->terms;
    return item != NULL;
}

// ---- the price through time ----

static int64_t monthly(const struct movements_item *item, const struct movements_terms *terms)
{
    int64_t amount = terms->amount_minor;
    int64_t count = terms->interval_count;
    if (item->taxed_us != METRICS_NULL && item->tax_minor > 0)
        amount = round_even((double)((wide)amount * item->net_minor) /
                            (double)(item->net_minor + item->tax_minor));
    return per_month(amount, terms->interval, count > 0 && count < INT32_MAX ? (int32_t)count : 1);
}

static int64_t monthly_at(const struct movements_item *item, const struct movements_point *point)
{
    struct movements_terms terms = {point->amount_minor, (enum metrics_interval)point->interval,
                                    point->interval_count};
    return monthly(item, &terms);
}

bool movements_now(const struct movements *m, struct metrics_id subscription,
                   int64_t *ret_amount_minor, metrics_currency *ret_currency)
{
    const struct movements_item *item = item_of(m, subscription);
    int64_t now_us = m->query.now_us;
    if (!item || item->started_us > now_us ||
        (item->trial_end_us != METRICS_NULL && item->trial_end_us > now_us) ||
        (item->end_us != METRICS_NULL && item->end_us <= now_us))
        return false;
    *ret_amount_minor = monthly(item, &item->terms);
    *ret_currency = item->currency;
    return true;
}

static int by_item_and_time(const void *a, const void *b)
{
    const struct movements_point *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static int by_customer_and_time(const void *a, const void *b)
{
    const struct movements_step *x = a, *y = b;
    if (x->currency != y->currency)
        return x->currency < y->currency ? -1 : 1;
    if (x->customer != y->customer)
        return x->customer < y->customer ? -1 : 1;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

// The function while it is drawn: what is billed now, and up to which moment that has been decided.
struct pen {
    struct movements *m;
    const struct movements_item *item;
    int64_t low_us, high_us; // billed from, and until
    int64_t drawn_minor;
    int64_t price_minor; // at the pen's moment
    enum movements_source source;
    bool is_open;
};

static enum till_code step_to(struct pen *pen, int64_t at_us, int64_t amount_minor,
                              struct till_error *e)
{
    struct movements *m = pen->m;
    void *steps = m->steps;
    if (amount_minor == pen->drawn_minor || at_us > m->query.now_us)
        return TILL_OK;
    enum till_code code = grow(&steps, &m->step_capacity, m->step_count + 1, sizeof *m->steps, e);
    m->steps = steps;
    if (code)
        return code;
    m->steps[m->step_count++] =
        (struct movements_step){.at_us = at_us,
                                .amount_minor = amount_minor - pen->drawn_minor,
                                .customer = pen->item->customer,
                                .currency = pen->item->currency,
                                .source = (unsigned char)pen->source};
    pen->drawn_minor = amount_minor;
    return TILL_OK;
}

// From at_us on the price is another one. Before low_us it is only remembered: the first step is drawn by whatever comes behind it.
static enum till_code price_to(struct pen *pen, int64_t at_us, int64_t price_minor,
                               enum movements_source source, struct till_error *e)
{
    enum till_code code = TILL_OK;
    if (at_us > pen->low_us && pen->low_us < pen->high_us)
        code = step_to(pen, pen->low_us, pen->is_open ? pen->price_minor : 0, e);
    if (at_us > pen->low_us)
        pen->low_us = at_us;
    pen->price_minor = price_minor;
    pen->source = source;
    return code;
}

// Points that count: bills no more once an event has told a price. Untold prices become told ones, from behind. Gives how many are left, in place.
static size_t tell_points(const struct movements_item *item, struct movements_point *points,
                          size_t count, int64_t today_minor)
{
    size_t kept = 0, first_event = count;
    for (size_t i = count; i-- > 0;)
        if (points[i].source == MOVEMENTS_EVENTS && points[i].amount_minor != METRICS_NULL)
            first_event = i;
    for (size_t i = 0; i < count; i++)
        if (points[i].source != MOVEMENTS_RECONSTRUCTED || i < first_event)
            points[kept++] = points[i];
    int64_t next_minor = today_minor;
    for (size_t i = kept; i-- > 0;) { // from here on amount_minor is a monthly one
        if (points[i].amount_minor != METRICS_NULL)
            next_minor = monthly_at(item, &points[i]);
        points[i].amount_minor = next_minor;
    }
    // The row says when it ended for good.
    for (size_t i = kept; i-- > 0 && points[i].effect != MOVEMENTS_OPENS;)
        points[i].effect = MOVEMENTS_STAYS;
    return kept;
}

static enum till_code draw_points(struct pen *pen, const struct movements_point *points,
                                  size_t count, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        const struct movements_point *point = &points[i];
        bool is_news = point->amount_minor != pen->price_minor || point->effect != MOVEMENTS_STAYS;
        if (point->at_us >= pen->high_us)
            break;
        if (is_news || (i == 0 && point->source == MOVEMENTS_EVENTS))
            code = price_to(pen, point->at_us, point->amount_minor,
                            (enum movements_source)point->source, e);
        if (point->effect != MOVEMENTS_STAYS)
            pen->is_open = point->effect == MOVEMENTS_OPENS;
    }
    return code;
}

static enum till_code put_trial(struct pen *pen, int64_t started_us, struct till_error *e)
{
    struct movements *m = pen->m;
    const struct movements_item *item = pen->item;
    void *trials = m->trials;
    if (item->trial_end_us == METRICS_NULL || item->trial_end_us <= started_us ||
        item->trial_end_us > m->query.now_us)
        return TILL_OK;
    enum till_code code =
        grow(&trials, &m->trial_capacity, m->trial_count + 1, sizeof *m->trials, e);
    m->trials = trials;
    if (code == TILL_OK)
        m->trials[m->trial_count++] = (struct movements_trial){
            .end_us = item->trial_end_us,
            .currency = item->currency,
            .is_converted = item->end_us > item->trial_end_us && pen->price_minor > 0};
    return code;
}

struct movements_ask_for {
    movements_ask *ask;
    void *context;
};

// The pen where the subscription begins to be billed, with the price of that moment.
static struct pen pen_of(struct movements *m, struct movements_item *item,
                         const struct movements_point *points, size_t count, int64_t today_minor)
{
    bool was_seen = item->has_before && (count == 0 || points[0].source == MOVEMENTS_OBSERVED);
    bool was_told = count > 0 && points[0].source == MOVEMENTS_EVENTS;
    if (item->end_us == METRICS_NULL)
        item->end_us = INT64_MAX;
    struct pen pen = {.m = m,
                      .item = item,
                      .low_us = item->started_us,
                      .high_us = item->end_us,
                      .price_minor = count > 0 ? points[0].amount_minor : today_minor,
                      .source = MOVEMENTS_RECONSTRUCTED,
                      .is_open = true};
    if (item->trial_end_us != METRICS_NULL && item->trial_end_us > pen.low_us)
        pen.low_us = item->trial_end_us;
    if (was_seen)
        pen.price_minor = monthly(item, &item->before);
    if (was_seen || was_told)
        pen.source = was_seen ? MOVEMENTS_OBSERVED : MOVEMENTS_EVENTS;
    return pen;
}

// Today's price, when it is not the last one known.
static enum till_code draw_today(struct pen *pen, size_t number, int64_t last_us,
                                 int64_t today_minor, const struct movements_ask_for *ask,
                                 struct till_error *e)
{
    struct movements *m = pen->m;
    int64_t changed_us = last_us;
    enum till_code code = TILL_OK;
    if (pen->price_minor == today_minor ||
        (pen->high_us <= m->query.now_us && pen->high_us != INT64_MAX))
        return TILL_OK;
    if (ask->ask)
        code = ask->ask(ask->context, m->subscription_ids.ids[number], &changed_us, e);
    if (changed_us < last_us)
        changed_us = last_us;
    if (changed_us > m->query.now_us)
        changed_us = m->query.now_us;
    return code ? code : price_to(pen, changed_us, today_minor, MOVEMENTS_RECONSTRUCTED, e);
}

static enum till_code draw(struct movements *m, size_t number, struct movements_point *points,
                           size_t count, const struct movements_ask_for *ask, struct till_error *e)
{
    struct movements_item *item = &m->items[number];
    int64_t today_minor = monthly(item, &item->terms);
    count = points ? tell_points(item, points, count, today_minor) : 0;
    struct pen pen = pen_of(m, item, points, count, today_minor);
    enum till_code code = draw_points(&pen, points, count, e);
    int64_t last_us = count > 0 ? points[count - 1].at_us : item->started_us;
    if (code == TILL_OK)
        code = draw_today(&pen, number, last_us > item->billed_us ? last_us : item->billed_us,
                          today_minor, ask, e);
    if (code == TILL_OK && pen.low_us < pen.high_us)
        code = step_to(&pen, pen.low_us, pen.is_open ? pen.price_minor : 0, e);
    if (code == TILL_OK && pen.high_us != INT64_MAX)
        code = step_to(&pen, pen.high_us, 0, e);
    return code ? code : put_trial(&pen, item->started_us, e);
}

// ---- in order ----

// Points and steps come nearly in the order that is asked for: those of one number are put together first, in two passes, and a number has few.
typedef int comparing(const void *a, const void *b);
static enum till_code put_in_order(void *items, size_t count, size_t bytes, size_t number_at,
                                   size_t numbers, comparing *compare, struct till_error *e)
{
    char *from = items;
    size_t *ends = till_calloc(numbers + 1, sizeof *ends);
    char *sorted = till_malloc(count * bytes + 1);
    if (!ends || !sorted) {
        till_free(ends);
        till_free(sorted);
        return TILL_FAIL_MEMORY(e);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t number;
        memcpy(&number, from + i * bytes + number_at, sizeof number);
        ends[number + 1]++;
    }
    for (size_t i = 1; i <= numbers; i++)
        ends[i] += ends[i - 1];
    for (size_t i = 0; i < count; i++) {
        uint32_t number;
        memcpy(&number, from + i * bytes + number_at, sizeof number);
        memcpy(sorted + ends[number]++ * bytes, from + i * bytes, bytes);
    }
    for (size_t i = 0, first = 0; i < numbers; first = ends[i++]) {
        bool is_sorted = true;
        for (size_t k = first + 1; k < ends[i] && is_sorted; k++)
            is_sorted = compare(sorted + (k - 1) * bytes, sorted + k * bytes) <= 0;
        if (!is_sorted)
            qsort(sorted + first * bytes, ends[i] - first, bytes, compare);
    }
    if (count > 0)
        memcpy(from, sorted, count * bytes);
    till_free(ends);
    till_free(sorted);
    return TILL_OK;
}

static enum till_code order_steps(struct movements *m, struct till_error *e)
{
    size_t same = 0;
    while (same < m->step_count && m->steps[same].currency == m->steps[0].currency)
        same++;
    if (same == m->step_count)
        return put_in_order(m->steps, m->step_count, sizeof *m->steps,
                            offsetof(struct movements_step, customer), m->customer_ids.count,
                            by_customer_and_time, e);
    qsort(m->steps, m->step_count, sizeof *m->steps, by_customer_and_time);
    return TILL_OK;
}

enum till_code movements_finish(struct movements *m, movements_ask *ask, void *context,
                                struct till_error *e)
{
    const struct movements_ask_for asking = {ask, context};
    enum till_code code = put_in_order(m->points, m->point_count, sizeof *m->points,
                                       offsetof(struct movements_point, item),
                                       m->subscription_ids.count, by_item_and_time, e);
    size_t at = 0;
    for (size_t i = 0; i < m->subscription_ids.count && code == TILL_OK; i++) {
        size_t first = at;
        while (at < m->point_count && m->points[at].item == i)
            at++;
        code = draw(m, i, at > first ? &m->points[first] : NULL, at - first, &asking, e);
    }
    if (code == TILL_OK)
        code = order_steps(m, e);
    m->is_finished = true;
    return code;
}
