// SPDX-License-Identifier: Apache-2.0
// answer.c - columns become the 55 metrics, their totals, and what is to be said about each.
//
// Totals are made as Polar makes them, of the metrics asked for and those that these are computed from. Four of them need others that they do not name
// (average_order_value, net_average_order_value, cost_per_user, active_user_by_event) and are 0 when those were not asked for.
#include "metrics/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"

struct answering {
    struct metrics *m;
    size_t count;
    bool is_there[METRIC__COUNT]; // asked for, or computed from
};

static const struct {
    enum metric_id id;
    enum column_of column;
} plain[] = {
    {METRIC_active_subscriptions, COLUMN_ACTIVE},
    {METRIC_committed_subscriptions, COLUMN_COMMITTED},
    {METRIC_monthly_recurring_revenue, COLUMN_MRR},
    {METRIC_committed_monthly_recurring_revenue, COLUMN_COMMITTED_MRR},
    {METRIC_trial_monthly_recurring_revenue, COLUMN_TRIAL_MRR},
    {METRIC_trial_committed_monthly_recurring_revenue, COLUMN_TRIAL_COMMITTED_MRR},
    {METRIC_checkouts, COLUMN_CHECKOUTS},
    {METRIC_succeeded_checkouts, COLUMN_SUCCEEDED},
    {METRIC_churned_subscriptions, COLUMN_CHURNED},
    {METRIC_orders, COLUMN_ORDERS},
    {METRIC_revenue, COLUMN_REVENUE},
    {METRIC_net_revenue, COLUMN_NET_REVENUE},
    {METRIC_one_time_products, COLUMN_ONE_TIME},
    {METRIC_one_time_products_revenue, COLUMN_ONE_TIME_REVENUE},
    {METRIC_one_time_products_net_revenue, COLUMN_ONE_TIME_NET},
    {METRIC_new_subscriptions, COLUMN_NEW},
    {METRIC_new_subscriptions_revenue, COLUMN_NEW_REVENUE},
    {METRIC_new_subscriptions_net_revenue, COLUMN_NEW_NET},
    {METRIC_renewed_subscriptions, COLUMN_RENEWED},
    {METRIC_renewed_subscriptions_revenue, COLUMN_RENEWED_REVENUE},
    {METRIC_renewed_subscriptions_net_revenue, COLUMN_RENEWED_NET},
    {METRIC_canceled_subscriptions, COLUMN_CANCELED},
    {METRIC_canceled_subscriptions_customer_service, COLUMN_REASON},
    {METRIC_canceled_subscriptions_low_quality, COLUMN_REASON + 1},
    {METRIC_canceled_subscriptions_missing_features, COLUMN_REASON + 2},
    {METRIC_canceled_subscriptions_switched_service, COLUMN_REASON + 3},
    {METRIC_canceled_subscriptions_too_complex, COLUMN_REASON + 4},
    {METRIC_canceled_subscriptions_too_expensive, COLUMN_REASON + 5},
    {METRIC_canceled_subscriptions_unused, COLUMN_REASON + 6},
    {METRIC_canceled_subscriptions_other, COLUMN_REASON + 7},
};

static struct metrics_number whole(int64_t integer)
{
    return (struct metrics_number){.integer = integer};
}

static struct metrics_number real(double value)
{
    return (struct metrics_number){.is_real = true, .real = value};
}

static double share(int64_t part, int64_t of)
{
    return of != 0 ? (double)part / (double)of : 0;
}

static int64_t times_twelve(int64_t amount)
{
    int64_t product;
    if (__builtin_mul_overflow(amount, 12, &product))
        return amount < 0 ? INT64_MIN : INT64_MAX;
    return product;
}

static int64_t divide_up(int64_t dividend, int64_t divisor) // 0 when divisor is
{
    if (divisor <= 0)
        return 0;
    int64_t quotient = dividend / divisor;
    return quotient + (dividend % divisor > 0);
}

static struct metrics_number *at(struct metrics *m, enum metric_id id, size_t period)
{
    return &m->periods[(size_t)id * m->calendar.count + period];
}

static void fill_balances(struct metrics *m, size_t i)
{
    int64_t mrr = m->columns[COLUMN_MRR][i], customers = m->columns[COLUMN_CUSTOMERS][i];
    int64_t per_user = customers > 0 ? divide_half_away(mrr, customers) : 0;
    double churn = share(m->columns[COLUMN_CANCELED_BEFORE][i], m->columns[COLUMN_CHURN_BASE][i]);
    double lifetime = churn > 0 ? (double)per_user / churn : 0;
    *at(m, METRIC_average_revenue_per_user, i) = whole(per_user);
    *at(m, METRIC_annual_recurring_revenue, i) = whole(times_twelve(mrr));
    *at(m, METRIC_committed_annual_recurring_revenue, i) =
        whole(times_twelve(m->columns[COLUMN_COMMITTED_MRR][i]));
    *at(m, METRIC_churn_rate, i) = real(churn);
    *at(m, METRIC_ltv, i) =
        whole(lifetime > 0 ? (lifetime < 9e18 ? (int64_t)lifetime : INT64_MAX) : 0);
}

// revenue, net: of all time up to this period.
static void fill_money(struct metrics *m, size_t i, int64_t revenue, int64_t net)
{
    int64_t orders = m->columns[COLUMN_ORDERS][i];
    *at(m, METRIC_cumulative_revenue, i) = whole(revenue);
    *at(m, METRIC_net_cumulative_revenue, i) = whole(net);
    *at(m, METRIC_average_order_value, i) =
        whole(divide_up(m->columns[COLUMN_ORDERS_REVENUE][i], orders));
    *at(m, METRIC_net_average_order_value, i) =
        whole(divide_up(m->columns[COLUMN_ORDERS_NET][i], orders));
    *at(m, METRIC_gross_margin, i) = whole(revenue);
    *at(m, METRIC_gross_margin_percentage, i) = real(revenue > 0 ? 1 : 0);
    *at(m, METRIC_cashflow, i) = whole(m->columns[COLUMN_REVENUE][i]);
    *at(m, METRIC_checkouts_conversion, i) =
        real(share(m->columns[COLUMN_SUCCEEDED][i], m->columns[COLUMN_CHECKOUTS][i]));
}

static enum till_code fill_periods(struct metrics *m, struct till_error *e)
{
    static const enum metric_id reals[] = {METRIC_costs, METRIC_cumulative_costs,
                                           METRIC_cost_per_user, METRIC_average_seats_per_customer,
                                           METRIC_seat_utilization_rate};
    size_t count = m->calendar.count;
    int64_t revenue = m->revenue_before, net = m->net_before;
    m->periods = till_calloc(count * METRIC__COUNT, sizeof *m->periods);
    if (!m->periods)
        return TILL_FAIL_MEMORY(e);
    for (size_t k = 0; k < TILL_COUNT(plain); k++)
        for (size_t i = 0; i < count; i++)
            *at(m, plain[k].id, i) = whole(m->columns[plain[k].column][i]);
    for (size_t k = 0; k < TILL_COUNT(reals); k++)
        for (size_t i = 0; i < count; i++)
            *at(m, reals[k], i) = real(0);
    for (size_t i = 0; i < count; i++) {
        add_to(&revenue, m->columns[COLUMN_REVENUE][i]);
        add_to(&net, m->columns[COLUMN_NET_REVENUE][i]);
        fill_balances(m, i);
        fill_money(m, i, revenue, net);
    }
    return TILL_OK;
}

// ---- totals ----

// What a computed metric is computed from, as far as totals look at it.
static const struct {
    enum metric_id id, from;
} derived[] = {
    {METRIC_annual_recurring_revenue, METRIC_monthly_recurring_revenue},
    {METRIC_committed_annual_recurring_revenue, METRIC_committed_monthly_recurring_revenue},
    {METRIC_checkouts_conversion, METRIC_checkouts},
    {METRIC_checkouts_conversion, METRIC_succeeded_checkouts},
    {METRIC_ltv, METRIC_average_revenue_per_user},
    {METRIC_ltv, METRIC_churn_rate},
    {METRIC_ltv, METRIC_cost_per_user},
    {METRIC_gross_margin, METRIC_cumulative_revenue},
    {METRIC_gross_margin, METRIC_cumulative_costs},
    {METRIC_gross_margin_percentage, METRIC_cumulative_revenue},
    {METRIC_gross_margin_percentage, METRIC_cumulative_costs},
    {METRIC_cashflow, METRIC_revenue},
    {METRIC_cashflow, METRIC_costs},
    {METRIC_average_seats_per_customer, METRIC_seats_total},
    {METRIC_average_seats_per_customer, METRIC_seat_customers},
    {METRIC_seat_utilization_rate, METRIC_seats_total},
    {METRIC_seat_utilization_rate, METRIC_seats_claimed},
};

static int64_t sum_of(const struct answering *answering, enum metric_id id)
{
    int64_t sum = 0;
    for (size_t i = 0; answering->is_there[id] && i < answering->count; i++)
        add_to(&sum, at(answering->m, id, i)->integer);
    return sum;
}

static struct metrics_number last_of(const struct answering *answering, enum metric_id id)
{
    return answering->is_there[id] ? *at(answering->m, id, answering->count - 1) : whole(0);
}

static struct metrics_number ratio_of(const struct answering *answering, enum metric_id id)
{
    if (id == METRIC_average_order_value)
        return real(share(sum_of(answering, METRIC_revenue), sum_of(answering, METRIC_orders)));
    if (id == METRIC_net_average_order_value)
        return real(share(sum_of(answering, METRIC_net_revenue), sum_of(answering, METRIC_orders)));
    if (id == METRIC_checkouts_conversion)
        return real(share(sum_of(answering, METRIC_succeeded_checkouts),
                          sum_of(answering, METRIC_checkouts)));
    if (id == METRIC_active_user_by_event)
        return last_of(answering, METRIC_active_subscriptions);
    return real(0); // cost_per_user
}

static struct metrics_number total_of(const struct answering *answering, enum metric_id id)
{
    switch (model_metric(id)->total) {
    case METRIC_RATIO:
        return ratio_of(answering, id);
    case METRIC_LAST:
        return last_of(answering, id);
    case METRIC_SUM:
        break;
    }
    // The costs are the only sums of reals, and they are 0.
    return model_metric(id)->type == METRIC_SUB_CENT ? real(0) : whole(sum_of(answering, id));
}

// ---- what is to be said ----

static void list_foreign(const struct metrics *m, char *ret_text, size_t bytes)
{
    size_t length = 0;
    (void)snprintf(ret_text, bytes, "other currencies");
    for (size_t i = 0; i < m->foreign_count && length < bytes; i++) {
        metrics_currency c = m->foreign[i];
        length += (size_t)snprintf(ret_text + length, bytes - length, "%s%c%c%c", i > 0 ? ", " : "",
                                   (int)(c >> 16 & 0x7f), (int)(c >> 8 & 0x7f), (int)(c & 0x7f));
    }
}

static void say_unavailable(const struct metric *metric, const struct metrics_knowledge *knowledge,
                            char *ret_reason)
{
    unsigned missing = metric->needs & knowledge->missing;
    const char *reason = "";
    if (missing & NEEDS_ORDERS)
        reason = "orders are not mirrored";
    else if (missing & NEEDS_SUBSCRIPTIONS)
        reason = "subscriptions are not mirrored";
    else if (missing & NEEDS_CHECKOUTS)
        reason = "checkouts are not mirrored";
    else if ((metric->doubts & DOUBT_SEATS) && knowledge->has_seats)
        reason = "seats are not mirrored: Polar lists them only one subscription at a time";
    else if (metric->doubts & DOUBT_USERS)
        reason = "events of your own application are not mirrored";
    else if ((metric->doubts & DOUBT_COSTS) && knowledge->has_user_events)
        reason = "costs are in events of your own application, which are not mirrored";
    (void)snprintf(ret_reason, METRICS_REASON_BYTES, "%s", reason);
}

static bool is_of_all_time(enum metric_id id)
{
    return id == METRIC_cumulative_revenue || id == METRIC_net_cumulative_revenue ||
           id == METRIC_gross_margin || id == METRIC_gross_margin_percentage;
}

// The first that holds is said. %s: the currencies concerned.
static void say_approximate(const struct metrics *m, const struct metric *metric,
                            const char *foreign, char *ret_reason)
{
    bool has_events = m->query.has_events;
    bool is_left_out = is_of_all_time(metric->id) ? m->left_out_ever : m->left_out_inside;
    const struct {
        unsigned doubt;
        bool holds;
        const char *format;
    } reasons[] = {
        {DOUBT_RATES, m->has_no_rate && has_events,
         "subscriptions in %s are left out: no payment tells their rate"},
        {DOUBT_RATES, m->has_no_rate,
         "subscriptions in %s are left out: their rates are in events only (events:read)"},
        {DOUBT_RATES, m->has_guessed_rate,
         "some periods have no payment in a currency: the nearest day's rate is taken, where Polar "
         "looks at all shops"},
        {DOUBT_RATES, m->has_derived_net,
         "prices hold tax: it is derived from the newest order, within a cent for each "
         "subscription"},
        {DOUBT_SETTLEMENT, is_left_out,
         "orders in %s are left out: their rates are in events only (events:read)"},
        {DOUBT_DISPUTES, !has_events, "disputes are in events only (events:read)"},
        {DOUBT_IMPORTS, m->has_import && !has_events,
         "imported subscriptions are left out, as far as they can be told without events:read"},
        {DOUBT_PLANS, !m->query.products.is_all && !has_events,
         "subscriptions count under their present product without events:read"},
        {DOUBT_OPENINGS, m->has_late_checkout,
         "an upper bound: Polar counts checkouts that were opened, and does not tell which were"},
        {DOUBT_COSTS, true, "no customer sends events of your own application: taken as no costs"},
    };
    for (size_t i = 0; i < TILL_COUNT(reasons); i++) {
        if ((metric->doubts & reasons[i].doubt) == 0 || !reasons[i].holds)
            continue;
        const char *mark = strstr(reasons[i].format, "%s");
        int before = mark ? (int)(mark - reasons[i].format) : (int)strlen(reasons[i].format);
        (void)snprintf(ret_reason, METRICS_REASON_BYTES, "%.*s%s%s", before, reasons[i].format,
                       mark ? foreign : "", mark ? mark + 2 : "");
        return;
    }
}

enum till_code metrics_answer(struct metrics *m, const struct metrics_knowledge *knowledge,
                              struct metrics_answer *ret_answer, struct till_error *e)
{
    struct answering answering = {.m = m, .count = m->calendar.count};
    char foreign[64];
    enum till_code code = subscriptions_flush(m, e);
    if (code == TILL_OK)
        code = orders_flush(m, e);
    if (code == TILL_OK)
        code = balances_finish(m, e);
    if (code == TILL_OK && m->query.has_events) {
        code = spine_finish(m, e);
        lives_finish(m);
    } else if (code == TILL_OK) {
        rows_finish(m);
    }
    if (code == TILL_OK)
        code = fill_periods(m, e);
    if (code)
        return code;
    memset(ret_answer, 0, sizeof *ret_answer);
    memcpy(ret_answer->is_asked, m->query.is_asked, sizeof ret_answer->is_asked);
    memcpy(answering.is_there, m->query.is_asked, sizeof answering.is_there);
    for (size_t i = 0; i < TILL_COUNT(derived); i++)
        if (m->query.is_asked[derived[i].id])
            answering.is_there[derived[i].from] = true;
    ret_answer->period_count = m->calendar.count;
    ret_answer->starts_us = m->calendar.starts_us;
    ret_answer->periods = m->periods;
    list_foreign(m, foreign, sizeof foreign);
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        const struct metric *metric = model_metric((enum metric_id)i);
        if (!m->query.is_asked[i])
            continue;
        ret_answer->totals[i] = total_of(&answering, metric->id);
        say_unavailable(metric, knowledge, ret_answer->unavailable[i]);
        if (!ret_answer->unavailable[i][0])
            say_approximate(m, metric, foreign, ret_answer->approximate[i]);
    }
    return TILL_OK;
}
