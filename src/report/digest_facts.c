// SPDX-License-Identifier: Apache-2.0
// digest_facts.c - what sold and where from, who left, what never was before: the facts that the digest's rules look at.
#include "report/digest_parts.h"

#include <string.h>

#include "base/fault.h"
#include "report/breakdown.h"
#include "report/customers.h"
#include "store/digest_reads.h"

enum { PRODUCTS_LOOKED_AT = 16 };

static struct sv organization(const struct digest_gathering *g)
{
    return sv_of(g->question->connection->organization_id);
}

static bool is_within(const struct digest_gathering *g, int64_t at_us)
{
    return at_us >= g->digest->from_us && at_us < g->digest->to_us;
}

static void add_first(struct digest_gathering *g, enum digest_first_kind kind, struct sv name)
{
    if (g->facts.first_count < DIGEST_FIRSTS)
        g->facts.firsts[g->facts.first_count++] = (struct digest_first){kind, name};
}

static enum till_code look_for_first(struct digest_gathering *g, enum store_first what,
                                     struct sv key, enum digest_first_kind kind, struct sv name,
                                     struct till_error *e)
{
    int64_t at_us = 0;
    enum till_code code = store_first(g->store, organization(g), what, key, &at_us, e);
    if (code == TILL_OK && is_within(g, at_us))
        add_first(g, kind, name);
    return code;
}

// ---- products ----

static void take_top(struct digest_top *tops, size_t *count, const struct report_group *group,
                     struct sv name)
{
    if (*count == DIGEST_TOPS || group->orders == 0)
        return;
    tops[(*count)++] = (struct digest_top){.name = name,
                                           .currency = group->currency,
                                           .revenue_minor = group->revenue_minor,
                                           .orders = group->orders,
                                           .visitors = group->visitors};
}

// Those in the first currency before the others.
static void take_tops(const struct digest_gathering *g, const struct report_breakdown *sold,
                      struct sv unknown, struct digest_top *tops, size_t *count)
{
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; i < sold->group_count; i++) {
            const struct report_group *group = &sold->groups[i];
            if ((group->currency != g->digest->main) == (others != 0))
                take_top(tops, count, group, group->name.ptr ? group->name : unknown);
        }
}

static enum till_code products(struct digest_gathering *g, struct till_error *e)
{
    struct report_breakdown sold = {0};
    struct digest_span span = digest_main_span(g);
    const struct report_metrics_query query = digest_query(g, span.from, span.to);
    enum till_code code = report_breakdown_sold(g->store, &query, STORE_BY_PRODUCT, g->now_us, NULL,
                                                g->arena, &sold, e);
    if (code)
        return code;
    take_tops(g, &sold, SV("(no product)"), g->digest->products, &g->digest->product_count);
    // The first order of all is the first of its product and currency too: that goes without saying.
    if (is_within(g, g->first_order_us))
        return TILL_OK;
    for (size_t i = 0; i < sold.group_count && i < PRODUCTS_LOOKED_AT && code == TILL_OK; i++) {
        const struct report_group *group = &sold.groups[i];
        bool is_told = false; // in another currency
        for (size_t k = 0; k < i; k++)
            is_told = is_told || (group->key.ptr && sold.groups[k].key.ptr &&
                                  sv_equal(group->key, sold.groups[k].key));
        if (group->key.ptr && group->orders > 0 && !is_told)
            code = look_for_first(g, STORE_FIRST_OF_PRODUCT, group->key, DIGEST_FIRST_PRODUCT,
                                  group->name, e);
    }
    return code;
}

static enum till_code firsts(struct digest_gathering *g, struct till_error *e)
{
    const struct sv none = {NULL, 0};
    enum till_code code = TILL_OK;
    if (is_within(g, g->first_order_us))
        add_first(g, DIGEST_FIRST_ORDER, none);
    for (size_t i = 0; i < g->currency_count && code == TILL_OK; i++) {
        metrics_currency currency = g->currencies[i];
        const char text[] = {(char)(currency >> 16 & 0x7f), (char)(currency >> 8 & 0x7f),
                             (char)(currency & 0x7f)};
        struct sv name = arena_sv(g->arena, (struct sv){text, sizeof text});
        if (!name.ptr)
            return arena_fail(g->arena, "the digest", e);
        if (!is_within(g, g->first_order_us))
            code = look_for_first(g, STORE_FIRST_OF_CURRENCY, name, DIGEST_FIRST_CURRENCY, name, e);
    }
    if (is_within(g, g->first_subscription_us))
        add_first(g, DIGEST_FIRST_SUBSCRIPTION, none);
    if (code == TILL_OK)
        code = look_for_first(g, STORE_FIRST_REFUND, none, DIGEST_FIRST_REFUND, none, e);
    return code;
}

// ---- sources of sales ----

static const struct report_group *same_source(const struct report_breakdown *report, struct sv key,
                                              int64_t *ret_orders)
{
    const struct report_group *found = NULL;
    *ret_orders = 0;
    for (size_t i = 0; i < report->group_count; i++) {
        const struct report_group *group = &report->groups[i];
        if (!group->key.ptr || !sv_equal(group->key, key))
            continue;
        *ret_orders += group->orders;
        if (!found || group->visitors > found->visitors)
            found = group;
    }
    return found;
}

// Visitors of two weeks can be compared when both were counted in whole.
static bool counts_two_weeks(const struct digest_gathering *g)
{
    const struct store_traffic_source *source = g->traffic.visits;
    struct digest_span week = digest_span(DIGEST_WEEK, g->question->date);
    return source && source->has_complete &&
           civil_date_to_days(source->complete) >= civil_date_to_days(week.to) &&
           civil_date_to_days(source->first) <= civil_date_to_days(week.before_from);
}

static void compare_sources(struct digest_gathering *g, const struct report_breakdown *now,
                            const struct report_breakdown *before)
{
    bool has_visitors = counts_two_weeks(g) && now->visits_source && before->visits_source;
    for (size_t i = 0; i < before->group_count && g->facts.dried_count < DIGEST_DRIED; i++) {
        struct sv key = before->groups[i].key;
        int64_t orders = 0, orders_before = 0;
        bool is_told = false;
        for (size_t k = 0; k < i; k++)
            is_told = is_told || (key.ptr && before->groups[k].key.ptr &&
                                  sv_equal(key, before->groups[k].key));
        if (!key.ptr || is_told)
            continue;
        const struct report_group *was = same_source(before, key, &orders_before);
        const struct report_group *is = same_source(now, key, &orders);
        int64_t visitors_before = was ? was->visitors : -1;
        int64_t visitors = is ? is->visitors : visitors_before < 0 ? -1 : 0;
        bool is_compared = has_visitors && visitors_before >= 0;
        g->facts.dried[g->facts.dried_count++] =
            (struct digest_dried){.name = before->groups[i].name,
                                  .orders = orders,
                                  .orders_before = orders_before,
                                  .visitors = is_compared ? (visitors < 0 ? 0 : visitors) : -1,
                                  .visitors_before = is_compared ? visitors_before : -1};
    }
}

static enum till_code sources(struct digest_gathering *g, struct till_error *e)
{
    struct report_breakdown *reports = till_calloc(3, sizeof *reports);
    if (!reports)
        return TILL_FAIL_MEMORY(e);
    struct digest_span span = digest_main_span(g);
    struct digest_span week = digest_span(DIGEST_WEEK, g->question->date);
    const struct report_metrics_query queries[] = {
        digest_query(g, week.from, week.to), digest_query(g, week.before_from, week.before_to),
        digest_query(g, span.from, span.to)};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < 3 && code == TILL_OK; i++)
        code = report_breakdown_visited(g->store, &queries[i], STORE_BY_SOURCE, g->question->source,
                                        g->now_us, g->arena, &reports[i], e);
    if (code == TILL_OK) {
        compare_sources(g, &reports[0], &reports[1]);
        take_tops(g, &reports[2], SV("(unknown)"), g->digest->sources, &g->digest->source_count);
    }
    till_free(reports);
    return code;
}

// ---- who left ----

static const struct movements_line *first_line(const struct digest_gathering *g,
                                               metrics_currency currency, struct civil_date date)
{
    size_t day = (size_t)(civil_date_to_days(date) - civil_date_to_days(g->first));
    for (size_t i = 0; i < g->movements.answer.currency_count; i++)
        if (g->movements.answer.currencies[i].currency == currency && day < g->days)
            return &g->movements.answer.currencies[i].lines[day];
    return NULL;
}

// .ptr NULL where it must not be told.
static struct sv name_of(const struct digest_gathering *g, const struct report_person *person)
{
    const struct sv hidden = {NULL, 0};
    if (!g->question->has_names)
        return hidden;
    if (person->name.ptr)
        return person->name;
    return person->email.ptr ? person->email : SV("a customer without a name");
}

static void take_lost(struct digest_gathering *g, const struct report_customers *lost)
{
    for (size_t i = 0; i < lost->count && g->facts.lost_count < DIGEST_LOST; i++) {
        const struct report_person *person = &lost->people[i];
        const struct movements_line *line =
            first_line(g, person->currency, digest_main_span(g).from);
        g->facts.lost[g->facts.lost_count++] =
            (struct digest_lost){.name = name_of(g, person),
                                 .currency = person->currency,
                                 .mrr_minor = person->mrr_minor,
                                 .all_minor = line ? line->start_minor : 0,
                                 .largest_minor = person->largest_minor};
    }
}

static bool somebody_left(const struct digest_gathering *g)
{
    struct digest_span span = digest_main_span(g);
    for (size_t i = 0; i < g->movements.answer.currency_count; i++)
        for (int64_t day = civil_date_to_days(span.from); day <= civil_date_to_days(span.to);
             day++) {
            const struct movements_line *line = first_line(
                g, g->movements.answer.currencies[i].currency, civil_date_from_days(day));
            if (line && line->churned_customers > 0)
                return true;
        }
    return false;
}

static enum till_code who_left(struct digest_gathering *g, struct till_error *e)
{
    if (!g->has_movements || !somebody_left(g))
        return TILL_OK;
    struct report_customers *lost = till_calloc(1, sizeof *lost);
    if (!lost)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = report_customers_of(g->store, &g->movements, digest_main_span(g).from,
                                              REPORT_LOST, DIGEST_LOST, g->arena, lost, e);
    if (code == TILL_OK)
        take_lost(g, lost);
    till_free(lost);
    return code;
}

// ---- payments ----

static enum till_code payments(struct digest_gathering *g, struct till_error *e)
{
    const struct zone *zone = g->question->zone;
    struct digest_span week = digest_span(DIGEST_WEEK, g->question->date);
    int64_t from_us = zone_day_start_us(zone, week.from);
    int64_t before_us = zone_day_start_us(zone, week.before_from);
    g->facts.knows_failures = g->card->connection.connected_at_us <= before_us;
    enum till_code code = store_missed_payments(g->store, organization(g), from_us,
                                                g->digest->to_us, &g->facts.failures, e);
    if (code == TILL_OK)
        code = store_missed_payments(g->store, organization(g), before_us, from_us,
                                     &g->facts.failures_before, e);
    return code;
}

enum till_code digest_gather_facts(struct digest_gathering *g, struct till_error *e)
{
    enum till_code code = TILL_OK;
    if (g->traffic.has_orders)
        code = firsts(g, e);
    if (code == TILL_OK && g->traffic.has_orders)
        code = products(g, e);
    if (code == TILL_OK && g->traffic.has_orders)
        code = sources(g, e);
    if (code == TILL_OK)
        code = who_left(g, e);
    return code ? code : payments(g, e);
}
