// SPDX-License-Identifier: Apache-2.0
// movements_test.c - movements against an evaluation of each subscription at each border of each period, over random worlds; and rules by example.
#include "support.h"

#include "metrics/movements.h"

enum { WORLDS = 120, SUBSCRIPTIONS = 30, POINTS = 60 };
static const int64_t day_us = INT64_C(86400) * 1000000;
static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    uint64_t z = (chance_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

struct world {
    struct movements_subscription rows[SUBSCRIPTIONS];
    struct movements_price points[POINTS];
    size_t owner[POINTS];
};
static struct world world;

static struct movements_subscription row(uint64_t number, const char *started)
{
    return (struct movements_subscription){.id = {1, number},
                                           .customer = {2, number},
                                           .product = {3, 1},
                                           .started_us = at(started),
                                           .end_us = METRICS_NULL,
                                           .trial_end_us = METRICS_NULL,
                                           .terms = {1000, METRICS_MONTH, 1},
                                           .currency = METRICS_USD};
}

static void make_world(uint64_t seed)
{
    chance_state = seed;
    for (size_t i = 0; i < SUBSCRIPTIONS; i++) {
        struct movements_subscription *s = &world.rows[i];
        *s = row(i + 1, "2023-01-01");
        s->customer.low = chance(10) + 1;
        s->started_us += (int64_t)chance(700 * (uint64_t)86400) * 1000000;
        s->terms.amount_minor = (int64_t)chance(4) * 1000;
        if (chance(3) == 0)
            s->currency = metrics_currency_of(SV("eur"));
        if (chance(2))
            s->end_us = s->started_us + (int64_t)chance(400) * day_us;
        if (chance(3) == 0)
            s->trial_end_us = s->started_us + (int64_t)chance(40) * day_us;
    }
    for (size_t i = 0; i < POINTS; i++) {
        world.owner[i] = chance(SUBSCRIPTIONS);
        world.points[i] = (struct movements_price){
            .subscription = world.rows[world.owner[i]].id,
            .at_us = at("2023-01-01") + (int64_t)chance(800 * (uint64_t)86400) * 1000000,
            .terms = {(int64_t)chance(5) * 700, METRICS_MONTH, 1},
            .source = MOVEMENTS_EVENTS};
    }
}

// MRR of one subscription right after a moment, straight from its rows: today's price holds behind the last point only for those that are alive.
static int64_t mrr_at(size_t number, int64_t at_us, int64_t now_us)
{
    const struct movements_subscription *s = &world.rows[number];
    int64_t low_us = s->started_us, before_us = INT64_MAX, after_us = INT64_MIN;
    int64_t first = s->terms.amount_minor, price = METRICS_NULL;
    if (s->trial_end_us != METRICS_NULL && s->trial_end_us > low_us)
        low_us = s->trial_end_us;
    if (at_us < low_us || (s->end_us != METRICS_NULL && at_us >= s->end_us))
        return 0;
    for (size_t i = 0; i < POINTS; i++) {
        const struct movements_price *p = &world.points[i];
        if (world.owner[i] != number)
            continue;
        if (p->at_us < before_us) {
            before_us = p->at_us;
            first = p->terms.amount_minor;
        }
        if (p->at_us <= at_us && p->at_us > after_us) {
            after_us = p->at_us;
            price = p->terms.amount_minor;
        }
    }
    (void)now_us;
    return price == METRICS_NULL ? first : price;
}

static struct movements *ask_world(const struct movements_query *query, size_t from)
{
    struct movements *m = NULL;
    struct till_error e = {0};
    assert_int_equal(movements_open(query, &m, &e), TILL_OK);
    for (size_t i = 0; i < SUBSCRIPTIONS; i++) {
        struct movements_subscription s = world.rows[(i * 7 + from) % SUBSCRIPTIONS];
        // Today's price is the last known one: what follows behind the last point has tests of its own.
        s.terms.amount_minor = mrr_at((i * 7 + from) % SUBSCRIPTIONS, INT64_MAX - 1, 0);
        if (s.end_us != METRICS_NULL || s.terms.amount_minor == METRICS_NULL)
            s.terms = world.rows[(i * 7 + from) % SUBSCRIPTIONS].terms;
        assert_int_equal(movements_subscription(m, &s, &e), TILL_OK);
    }
    for (size_t i = 0; i < POINTS; i++)
        assert_int_equal(movements_price(m, &world.points[(i * 7 + from) % POINTS], &e), TILL_OK);
    assert_int_equal(movements_finish(m, NULL, NULL, &e), TILL_OK);
    return m;
}

static int64_t sum_at(metrics_currency currency, int64_t at_us, int64_t *ret_customers)
{
    int64_t sum = 0, of_customer[16] = {0};
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        if (world.rows[i].currency == currency)
            of_customer[world.rows[i].customer.low] += mrr_at(i, at_us, 0);
    *ret_customers = 0;
    for (size_t i = 0; i < 16; i++) {
        sum += of_customer[i];
        *ret_customers += of_customer[i] > 0;
    }
    return sum;
}

static void check_line(const struct movements_line *l)
{
    assert_int_equal(l->end_minor, l->start_minor + l->new_minor + l->expansion_minor +
                                       l->reactivation_minor - l->contraction_minor -
                                       l->churn_minor);
    assert_int_equal(l->end_customers, l->start_customers + l->new_customers +
                                           l->reactivated_customers - l->churned_customers);
    assert_true(l->new_minor >= 0 && l->expansion_minor >= 0 && l->contraction_minor >= 0 &&
                l->churn_minor >= 0 && l->reactivation_minor >= 0);
    assert_true(l->lost_minor >= 0 && l->lost_minor <= l->start_minor);
    assert_true(l->gained_minor >= -l->lost_minor);
    assert_true(l->gone_customers <= l->start_customers);
}

static void movements_sum_from_start_to_end(void **state)
{
    static const enum metrics_interval intervals[] = {METRICS_DAY, METRICS_WEEK, METRICS_MONTH,
                                                      METRICS_YEAR};
    static const char *const zones[] = {"UTC", "Asia/Kolkata", "America/New_York"};
    struct till_error e = {0};
    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct zone *zone = NULL;
        make_world(seed);
        assert_int_equal(zone_open(zones[seed % TILL_COUNT(zones)], &zone, &e), TILL_OK);
        for (size_t k = 0; k < TILL_COUNT(intervals); k++) {
            struct movements_query query = {.from = {2023, 3, 9},
                                            .to = {2024, 10, 21},
                                            .interval = intervals[k],
                                            .zone = zone,
                                            .products = {.is_all = true},
                                            .now_us = INT64_MAX};
            struct movements_answer answer;
            struct movements *m = ask_world(&query, seed);
            assert_int_equal(movements_answer(m, &answer, &e), TILL_OK);
            for (size_t c = 0; c < answer.currency_count; c++) {
                const struct movements_currency *currency = &answer.currencies[c];
                for (size_t i = 0; i <= answer.period_count; i++) {
                    const struct movements_line *l = &currency->lines[i];
                    bool is_range = i == answer.period_count;
                    int64_t low = is_range || i == 0 ? answer.from_us : answer.starts_us[i];
                    int64_t high = is_range || i + 1 == answer.period_count
                                       ? answer.until_us
                                       : answer.starts_us[i + 1] - 1;
                    int64_t customers = 0;
                    check_line(l);
                    assert_int_equal(l->start_minor,
                                     sum_at(currency->currency, low - 1, &customers));
                    assert_int_equal(l->start_customers, customers);
                    assert_int_equal(l->end_minor, sum_at(currency->currency, high, &customers));
                    assert_int_equal(l->end_customers, customers);
                }
            }
            movements_close(m);
        }
        zone_close(zone);
    }
}

static void shorter_periods_add_up_and_order_is_nothing(void **state)
{
    struct till_error e = {0};
    struct zone *zone = NULL;
    (void)state;
    assert_int_equal(zone_open("Europe/Paris", &zone, &e), TILL_OK);
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct movements_query query = {.from = {2023, 3, 1},
                                        .to = {2024, 10, 31},
                                        .interval = METRICS_DAY,
                                        .zone = zone,
                                        .products = {.is_all = true},
                                        .now_us = INT64_MAX};
        struct movements_answer days, months;
        make_world(seed);
        struct movements *by_day = ask_world(&query, 0);
        query.interval = METRICS_MONTH;
        struct movements *by_month = ask_world(&query, 11);
        assert_int_equal(movements_answer(by_day, &days, &e), TILL_OK);
        assert_int_equal(movements_answer(by_month, &months, &e), TILL_OK);
        assert_int_equal(days.currency_count, months.currency_count);
        for (size_t c = 0; c < months.currency_count; c++) {
            size_t day = 0;
            assert_memory_equal(&days.currencies[c].lines[days.period_count],
                                &months.currencies[c].lines[months.period_count],
                                sizeof(struct movements_line));
            for (size_t i = 0; i < months.period_count; i++) {
                struct movements_line sum = {0};
                for (; day < days.period_count && days.starts_us[day] < months.starts_us[i + 1];
                     day++) {
                    const struct movements_line *l = &days.currencies[c].lines[day];
                    sum.new_minor += l->new_minor;
                    sum.expansion_minor += l->expansion_minor;
                    sum.contraction_minor += l->contraction_minor;
                    sum.churn_minor += l->churn_minor;
                    sum.reactivation_minor += l->reactivation_minor;
                    sum.trials_ended += l->trials_ended;
                }
                const struct movements_line *month = &months.currencies[c].lines[i];
                assert_int_equal(sum.new_minor, month->new_minor);
                assert_int_equal(sum.expansion_minor, month->expansion_minor);
                assert_int_equal(sum.contraction_minor, month->contraction_minor);
                assert_int_equal(sum.churn_minor, month->churn_minor);
                assert_int_equal(sum.reactivation_minor, month->reactivation_minor);
                assert_int_equal(sum.trials_ended, month->trials_ended);
            }
        }
        movements_close(by_day);
        movements_close(by_month);
    }
    zone_close(zone);
}

// ---- runs of equal bills ----

static enum till_code ask_july(void *context, struct metrics_id subscription, int64_t *ret_at_us,
                               struct till_error *e)
{
    (void)context;
    (void)subscription;
    (void)e;
    *ret_at_us = at("2024-07-15");
    return TILL_OK;
}

// Monthly bills of a world without points, of which some subscriptions have one event first; with or without passing over those that repeat.
static struct movements *billed(const struct zone *zone, uint64_t seed, bool is_short,
                                size_t *ret_skipped)
{
    struct movements_query query = {.from = {2023, 1, 1},
                                    .to = {2024, 12, 31},
                                    .interval = METRICS_WEEK,
                                    .zone = zone,
                                    .products = {.is_all = true},
                                    .now_us = at("2024-11-11")};
    struct movements *m = NULL;
    struct till_error e = {0};
    make_world(seed);
    assert_int_equal(movements_open(&query, &m, &e), TILL_OK);
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        assert_int_equal(movements_subscription(m, &world.rows[i], &e), TILL_OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(movements_price(m, &world.points[i], &e), TILL_OK);
    for (size_t i = 0; i < SUBSCRIPTIONS; i++) {
        int64_t amount = -1;
        for (int64_t month = 0; month < 20; month++) {
            struct movements_price bill = {.subscription = world.rows[i].id,
                                           .at_us = world.rows[i].started_us + month * 30 * day_us,
                                           .terms = {amount, METRICS_MONTH, 1},
                                           .currency = METRICS_USD,
                                           .source = MOVEMENTS_RECONSTRUCTED};
            bool is_same = amount >= 0 && chance(4) != 0;
            if (!is_same)
                bill.terms.amount_minor = amount = (int64_t)chance(3) * 1000;
            int64_t number = movements_number(m, bill.subscription);
            if (number < 0 || !movements_billed(m, (size_t)number).wants_bills)
                continue;
            if (is_short && is_same && movements_billed(m, (size_t)number).may_repeat) {
                movements_bill_again(m, (size_t)number, bill.at_us);
                (*ret_skipped)++;
            } else {
                assert_int_equal(movements_price(m, &bill, &e), TILL_OK);
            }
        }
    }
    assert_int_equal(movements_finish(m, ask_july, NULL, &e), TILL_OK);
    return m;
}

static void equal_bills_are_one_price(void **state)
{
    struct till_error e = {0};
    struct zone *zone = NULL;
    size_t skipped = 0;
    (void)state;
    assert_int_equal(zone_open("UTC", &zone, &e), TILL_OK);
    for (uint64_t seed = 0; seed < WORLDS; seed++) {
        struct movements_answer whole, brief;
        struct movements *all = billed(zone, seed, false, &skipped);
        struct movements *some = billed(zone, seed, true, &skipped);
        assert_int_equal(movements_answer(all, &whole, &e), TILL_OK);
        assert_int_equal(movements_answer(some, &brief, &e), TILL_OK);
        assert_int_equal(whole.currency_count, brief.currency_count);
        for (size_t c = 0; c < whole.currency_count; c++)
            assert_memory_equal(whole.currencies[c].lines, brief.currencies[c].lines,
                                (whole.period_count + 1) * sizeof *whole.currencies[c].lines);
        movements_close(all);
        movements_close(some);
    }
    assert_true(skipped > 1000);
    zone_close(zone);
}

// ---- by example ----

static struct zone *utc;
static struct movements *engine;

static void open_year(int64_t now_us)
{
    struct till_error e = {0};
    struct movements_query query = {.from = {2024, 1, 1},
                                    .to = {2024, 12, 31},
                                    .interval = METRICS_MONTH,
                                    .zone = utc,
                                    .products = {.is_all = true},
                                    .now_us = now_us};
    assert_int_equal(movements_open(&query, &engine, &e), TILL_OK);
}

static void give(struct movements_subscription s)
{
    struct till_error e = {0};
    assert_int_equal(movements_subscription(engine, &s, &e), TILL_OK);
}

static void price(uint64_t number, const char *when, int64_t amount, enum movements_source source,
                  enum movements_effect effect)
{
    struct till_error e = {0};
    struct movements_price p = {.subscription = {1, number},
                                .at_us = at(when),
                                .terms = {amount, METRICS_MONTH, 1},
                                .source = source,
                                .effect = effect};
    assert_int_equal(movements_price(engine, &p, &e), TILL_OK);
}

static enum till_code in_june(void *context, struct metrics_id subscription, int64_t *ret_at_us,
                              struct till_error *e)
{
    int *asked = context;
    (void)subscription;
    (void)e;
    (*asked)++;
    *ret_at_us = at("2024-06-10");
    return TILL_OK;
}

static struct movements_answer finish(void)
{
    struct movements_answer answer;
    struct till_error e = {0};
    int asked = 0;
    assert_int_equal(movements_finish(engine, in_june, &asked, &e), TILL_OK);
    assert_int_equal(movements_answer(engine, &answer, &e), TILL_OK);
    return answer;
}

static void kinds_of_movements(void **state)
{
    (void)state;
    open_year(INT64_MAX);
    struct movements_subscription s = row(1, "2024-01-10");
    s.end_us = at("2024-05-01");
    s.terms.amount_minor = 1500;
    give(s);
    s = row(2, "2024-08-02"); // the same customer comes back
    s.customer.low = 1;
    s.terms = (struct movements_terms){12000, METRICS_YEAR, 1};
    give(s);
    price(1, "2024-01-10", 1000, MOVEMENTS_EVENTS, MOVEMENTS_STAYS);
    price(1, "2024-02-03", 2000, MOVEMENTS_EVENTS, MOVEMENTS_STAYS);
    price(1, "2024-03-03", METRICS_NULL, MOVEMENTS_EVENTS, MOVEMENTS_STAYS); // to what, April tells
    price(1, "2024-04-10", 1500, MOVEMENTS_EVENTS, MOVEMENTS_STAYS);
    struct movements_answer a = finish();
    const struct movements_line *l = a.currencies[0].lines;
    assert_int_equal(l[0].new_minor, 1000);
    assert_int_equal(l[1].expansion_minor, 1000);
    assert_int_equal(l[2].contraction_minor, 500);
    assert_int_equal(l[3].source, MOVEMENTS_NOTHING);
    assert_int_equal(l[4].churn_minor, 1500);
    assert_int_equal(l[7].reactivation_minor, 1000);
    assert_int_equal(l[2].source, MOVEMENTS_EVENTS);
    assert_int_equal(l[7].source, MOVEMENTS_RECONSTRUCTED);
    assert_int_equal(l[11].end_minor, 1000);
    movements_close(engine);
}

static void gaps_trials_taxes_and_now(void **state)
{
    (void)state;
    open_year(at("2024-10-15"));
    struct movements_subscription s = row(1, "2024-01-10");
    s.end_us = at("2024-11-01"); // planned
    give(s);
    price(1, "2024-01-10", 1000, MOVEMENTS_EVENTS, MOVEMENTS_STAYS);
    price(1, "2024-03-10", 1000, MOVEMENTS_EVENTS, MOVEMENTS_CLOSES);
    price(1, "2024-04-10", 1000, MOVEMENTS_EVENTS, MOVEMENTS_OPENS);
    price(1, "2024-09-10", 1000, MOVEMENTS_EVENTS, MOVEMENTS_CLOSES); // the row knows better
    s = row(2, "2024-02-01");
    s.trial_end_us = at("2024-02-15");
    give(s);
    movements_tax(engine, (struct metrics_id){1, 2}, at("2024-02-15"), 800, 200);
    s = row(3, "2024-02-01"); // leaves within its trial
    s.trial_end_us = at("2024-03-15");
    s.end_us = at("2024-03-01");
    give(s);
    struct movements_answer a = finish();
    const struct movements_line *l = a.currencies[0].lines;
    assert_int_equal(l[0].new_minor, 1000);
    assert_int_equal(l[1].new_minor, 800);
    assert_int_equal(l[2].churn_minor, 1000);
    assert_int_equal(l[3].reactivation_minor, 1000);
    assert_int_equal(l[8].churn_minor, 0);
    assert_int_equal(l[11].end_minor, 1800);
    assert_int_equal(l[1].trials_converted, 1);
    assert_int_equal(l[2].trials_ended, 1);
    assert_int_equal(l[2].trials_converted, 0);
    movements_close(engine);
}

static void what_syncs_saw_and_bills(void **state)
{
    static const struct movements_terms before = {700, METRICS_MONTH, 1};
    (void)state;
    open_year(INT64_MAX);
    give(row(1, "2024-01-10")); // a sync saw 700 become 1000 in May
    movements_before(engine, (struct metrics_id){1, 1}, &before);
    price(1, "2024-05-05", 1000, MOVEMENTS_OBSERVED, MOVEMENTS_STAYS);
    give(row(
        2,
        "2024-01-10")); // billed 500, and nobody knows how it became 1000: the row was written in June
    price(2, "2024-01-10", 500, MOVEMENTS_RECONSTRUCTED, MOVEMENTS_STAYS);
    struct movements_answer a = finish();
    const struct movements_line *l = a.currencies[0].lines;
    assert_int_equal(l[0].new_minor, 1200);
    assert_int_equal(l[4].expansion_minor, 300);
    assert_int_equal(l[4].source, MOVEMENTS_OBSERVED);
    assert_int_equal(l[5].expansion_minor, 500);
    assert_int_equal(l[5].source, MOVEMENTS_RECONSTRUCTED);
    movements_close(engine);
}

static void rates_have_values_or_reasons(void **state)
{
    struct movements_rate rates[MOVEMENTS_RATE__COUNT];
    (void)state;
    open_year(INT64_MAX);
    for (uint64_t i = 1; i <= 10; i++) {
        struct movements_subscription s = row(i, "2023-06-01");
        if (i == 1)
            s.end_us = at("2024-06-01");
        give(s);
        price(i, "2023-06-01", 1000, MOVEMENTS_EVENTS, MOVEMENTS_STAYS);
        if (i == 2)
            price(i, "2024-07-01", 1000, MOVEMENTS_EVENTS, MOVEMENTS_STAYS);
    }
    struct movements_answer a = finish();
    movements_rates(&a, &a.currencies[0], METRICS_MONTH, rates);
    assert_true(rates[MOVEMENTS_GROSS_RETENTION].value > 0.899 &&
                rates[MOVEMENTS_GROSS_RETENTION].value < 0.901);
    assert_true(rates[MOVEMENTS_CUSTOMER_CHURN].value > 0.099 &&
                rates[MOVEMENTS_CUSTOMER_CHURN].value < 0.101);
    assert_int_equal((int64_t)rates[MOVEMENTS_ARPA].value, 1000);
    assert_int_equal((int64_t)rates[MOVEMENTS_LTV].value,
                     120000); // a tenth in one of twelve months
    assert_true(rates[MOVEMENTS_QUICK_RATIO].has_value);
    assert_false(rates[MOVEMENTS_TRIAL_CONVERSION].has_value);
    assert_string_equal(rates[MOVEMENTS_TRIAL_CONVERSION].reason, "no trial ended");
    movements_rates(&a, &a.currencies[0], METRICS_DAY, rates);
    assert_false(rates[MOVEMENTS_LTV].has_value);
    movements_close(engine);
    open_year(INT64_MAX);
    give(row(1, "2023-06-01"));
    a = finish();
    movements_rates(&a, &a.currencies[0], METRICS_MONTH, rates);
    assert_string_equal(rates[MOVEMENTS_NET_RETENTION].reason,
                        "fewer than 5 customers at the start");
    movements_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bills_are_one_price),
        cmocka_unit_test(movements_sum_from_start_to_end),
        cmocka_unit_test(shorter_periods_add_up_and_order_is_nothing),
        cmocka_unit_test(kinds_of_movements),
        cmocka_unit_test(gaps_trials_taxes_and_now),
        cmocka_unit_test(what_syncs_saw_and_bills),
        cmocka_unit_test(rates_have_values_or_reasons),
    };
    struct till_error e = {0};
    if (zone_open("UTC", &utc, &e) != TILL_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_close(utc);
    return failed;
}
