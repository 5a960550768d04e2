// SPDX-License-Identifier: Apache-2.0
// metrics_totals.c - metrics that are made of other metrics, period by period, and the totals of all.
//
// Upstream computes the totals from periods that hold the wanted metrics and what those are declared to depend on. Four totals are made of
// metrics that nothing declares, and come out as 0 when these were not asked for; that is kept.
#include "metrics_parts.h"

static const struct dependency {
    int metric, parts[3];
    unsigned count;
} dependencies[] = {
    {M_annual_recurring_revenue, {M_monthly_recurring_revenue}, 1},
    {M_committed_annual_recurring_revenue, {M_committed_monthly_recurring_revenue}, 1},
    {M_checkouts_conversion, {M_checkouts, M_succeeded_checkouts}, 2},
    {M_ltv, {M_churn_rate, M_average_revenue_per_user, M_cost_per_user}, 3},
    {M_gross_margin, {M_cumulative_revenue, M_cumulative_costs}, 2},
    {M_gross_margin_percentage, {M_cumulative_revenue, M_cumulative_costs}, 2},
    {M_cashflow, {M_revenue, M_costs}, 2},
    {M_average_seats_per_customer, {M_seats_total, M_seat_customers}, 2},
    {M_seat_utilization_rate, {M_seats_claimed, M_seats_total}, 2},
};

static uint64_t bit(int metric)
{
    return UINT64_C(1) << metric;
}

uint64_t metrics_present(uint64_t wanted)
{
    uint64_t present = wanted;
    for (size_t i = 0; i < sizeof dependencies / sizeof dependencies[0]; i++)
        for (unsigned part = 0; part < dependencies[i].count; part++)
            if (wanted & bit(dependencies[i].metric))
                present |= bit(dependencies[i].parts[part]);
    return present;
}

static double ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

// (revenue per user - cost per user) / churn rate, cut off to an integer, never below zero.
static int64_t lifetime_value(const struct metrics_bucket *bucket)
{
    double churn_rate = bucket->real[M_churn_rate];
    if (churn_rate <= 0)
        return 0;
    double margin =
        (double)bucket->whole[M_average_revenue_per_user] - bucket->real[M_cost_per_user];
    double value = margin / churn_rate;
    return value > 0 ? (int64_t)value : 0;
}

static void fill_bucket(struct metrics_bucket *bucket)
{
    int64_t *whole = bucket->whole;
    double *real = bucket->real;
    whole[M_annual_recurring_revenue] = whole[M_monthly_recurring_revenue] * 12;
    whole[M_committed_annual_recurring_revenue] = whole[M_committed_monthly_recurring_revenue] * 12;
    real[M_checkouts_conversion] = ratio(whole[M_succeeded_checkouts], whole[M_checkouts]);
    whole[M_ltv] = lifetime_value(bucket);
    double revenue = (double)whole[M_cumulative_revenue];
    real[M_gross_margin] = revenue - real[M_cumulative_costs];
    real[M_gross_margin_percentage] = revenue > 0 ? real[M_gross_margin] / revenue : 0;
    real[M_cashflow] = (double)whole[M_revenue] - real[M_costs];
    real[M_average_seats_per_customer] = ratio(whole[M_seats_total], whole[M_seat_customers]);
    real[M_seat_utilization_rate] = ratio(whole[M_seats_claimed], whole[M_seats_total]);
}

void metrics_of_metrics(struct metrics *m)
{
    for (size_t i = 0; i < m->count; i++)
        fill_bucket(&m->buckets[i]);
}

enum total_rule { SUM, LAST, OWN };

static const enum total_rule rules[METRIC_COUNT] = {
#define METRIC(slug, name, type, number, total) [M_##slug] = total,
#include "metrics_slugs.def"
#undef METRIC
};

// Adds up what is present, or takes the last of it.
static struct metrics_bucket add_up(const struct metrics *m, uint64_t present)
{
    struct metrics_bucket sums = {0}, last = {0};
    for (size_t i = 0; i < m->count; i++) {
        for (int metric = 0; metric < METRIC_COUNT; metric++) {
            if (!(present & bit(metric)))
                continue;
            last.whole[metric] = m->buckets[i].whole[metric];
            last.real[metric] = m->buckets[i].real[metric];
            sums.whole[metric] += m->buckets[i].whole[metric];
            sums.real[metric] += m->buckets[i].real[metric];
        }
    }
    for (int metric = 0; metric < METRIC_COUNT; metric++) {
        if (rules[metric] == LAST) {
            sums.whole[metric] = last.whole[metric];
            sums.real[metric] = last.real[metric];
        }
    }
    return sums;
}

struct metrics_bucket metrics_totals(const struct metrics *m, uint64_t present)
{
    struct metrics_bucket totals = add_up(m, present);
    int64_t *whole = totals.whole, active = whole[M_active_subscriptions];
    totals.real[M_checkouts_conversion] = ratio(whole[M_succeeded_checkouts], whole[M_checkouts]);
    totals.real[M_average_order_value] = ratio(whole[M_revenue], whole[M_orders]);
    totals.real[M_net_average_order_value] = ratio(whole[M_net_revenue], whole[M_orders]);
    totals.real[M_cost_per_user] = active > 0 ? totals.real[M_costs] / (double)active : 0;
    whole[M_active_user_by_event] = active; // a slip upstream
    return totals;
}
