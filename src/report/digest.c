// SPDX-License-Identifier: Apache-2.0
// digest.c - one question to each report over all days that the digest compares, and their answers as series of days.
//
// The range is asked once, by day, and windows are added up by the digest itself: that they agree with `till metrics` over the same days is tested. What
// is not mirrored has no series, so no line: its source says that it is missing.
#include "report/digest_parts.h"

#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "report/customers.h"
#include "store/digest_reads.h"

enum { SEARCH_LAG_DAYS = 4 };

// ---- days ----

size_t digest_day_index(const struct digest_gathering *g, int64_t at_us)
{
    if (at_us == 0)
        return g->days;
    int64_t day =
        civil_date_to_days(zone_date(g->question->zone, at_us)) - civil_date_to_days(g->first);
    if (day < 0)
        return 0;
    return day < (int64_t)g->days ? (size_t)day : g->days;
}

struct digest_span digest_main_span(const struct digest_gathering *g)
{
    return digest_span(g->question->is_weekly ? DIGEST_WEEK : DIGEST_DAY, g->question->date);
}

struct report_metrics_query digest_query(const struct digest_gathering *g, struct civil_date from,
                                         struct civil_date to)
{
    struct report_metrics_query query = g->query;
    query.from = from;
    query.to = to;
    return query;
}

static int64_t end_of(const struct digest_gathering *g, struct civil_date date)
{
    return zone_day_start_us(g->question->zone, civil_date_add_days(date, 1));
}

// ---- series ----

static enum till_code new_series(struct digest_gathering *g, enum digest_line_id id,
                                 metrics_currency currency, size_t begins,
                                 struct digest_series **ret_series, struct till_error *e)
{
    struct digest_facts *facts = &g->facts;
    if (facts->series_count == DIGEST_LINES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "a digest of more than %d lines", (int)DIGEST_LINES);
    struct digest_series *series = &g->series[facts->series_count];
    *series = (struct digest_series){
        .id = id, .currency = currency, .count = g->days, .begins = begins, .ends = g->days - 1};
    series->days = arena_calloc(g->arena, g->days, sizeof *series->days);
    if (!series->days)
        return arena_fail(g->arena, "the digest", e);
    facts->series_count++;
    *ret_series = series;
    return TILL_OK;
}

static struct digest_number whole_number(int64_t value)
{
    return (struct digest_number){true, value, 1};
}

static int64_t counted(const struct digest_gathering *g, enum metric_id id, size_t day)
{
    const struct metrics_answer *answer = &g->metrics.answer;
    struct metrics_number number = answer->periods[(size_t)id * answer->period_count + day];
    return number.is_real ? (int64_t)number.real : number.integer;
}

// Counts, as Polar's metrics have them.
static enum till_code add_counts(struct digest_gathering *g, struct till_error *e)
{
    static const struct {
        enum digest_line_id line;
        enum metric_id metric;
    } counts[] = {
        {DIGEST_orders, METRIC_orders},
        {DIGEST_active_subscriptions, METRIC_active_subscriptions},
        {DIGEST_new_subscriptions, METRIC_new_subscriptions},
        {DIGEST_lost_subscriptions, METRIC_churned_subscriptions},
        {DIGEST_cancellations, METRIC_canceled_subscriptions},
    };
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(counts) && g->has_metrics && code == TILL_OK; i++) {
        struct digest_series *series = NULL;
        bool is_order = counts[i].line == DIGEST_orders;
        if (g->metrics.answer.unavailable[counts[i].metric][0])
            continue;
        code =
            new_series(g, counts[i].line, 0,
                       digest_day_index(g, is_order ? g->first_order_us : g->first_subscription_us),
                       &series, e);
        if (code || !series)
            return code;
        // Before the first of all there was nothing; of its last day alone something is known then.
        if (series->begins == g->days)
            series->begins = g->days - 1;
        for (size_t day = 0; day < g->days; day++)
            series->days[day] = whole_number(counted(g, counts[i].metric, day));
    }
    return code;
}

static enum till_code add_checkouts(struct digest_gathering *g, struct till_error *e)
{
    struct digest_series *series = NULL;
    if (!g->has_metrics || g->metrics.answer.unavailable[METRIC_checkouts][0])
        return TILL_OK;
    enum till_code code = new_series(g, DIGEST_checkout_conversion, 0, 0, &series, e);
    if (code || !series)
        return code;
    for (size_t day = 0; day < g->days; day++)
        series->days[day] = (struct digest_number){
            true, counted(g, METRIC_succeeded_checkouts, day), counted(g, METRIC_checkouts, day)};
    return TILL_OK;
}

static void add_currency(struct digest_gathering *g, metrics_currency currency)
{
    for (size_t i = 0; i < g->currency_count; i++)
        if (g->currencies[i] == currency)
            return;
    if (currency != 0 && g->currency_count < DIGEST_CURRENCIES)
        g->currencies[g->currency_count++] = currency;
}

static enum till_code add_revenue(struct digest_gathering *g, metrics_currency currency,
                                  struct till_error *e)
{
    const struct joined_answer *answer = &g->traffic.answer;
    const struct joined_money *money = NULL;
    struct digest_series *revenue = NULL, *average = NULL;
    char code_text[] = {(char)(currency >> 16 & 0x7f), (char)(currency >> 8 & 0x7f),
                        (char)(currency & 0x7f)};
    int64_t first_us = 0;
    if (!g->traffic.has_orders)
        return TILL_OK;
    for (size_t i = 0; i < answer->currency_count; i++)
        if (answer->currencies[i].currency == currency)
            money = &answer->currencies[i];
    enum till_code code = store_first(g->store, sv_of(g->question->connection->organization_id),
                                      STORE_FIRST_OF_CURRENCY,
                                      (struct sv){code_text, sizeof code_text}, &first_us, e);
    size_t begins = digest_day_index(g, first_us);
    begins = begins == g->days ? g->days - 1 : begins;
    if (code == TILL_OK)
        code = new_series(g, DIGEST_revenue, currency, begins, &revenue, e);
    if (code == TILL_OK)
        code = new_series(g, DIGEST_average_order_value, currency, begins, &average, e);
    if (code || !revenue || !average)
        return code;
    for (size_t day = 0; day < g->days; day++) {
        const struct joined_sum sum = money ? money->sums[day] : (struct joined_sum){0};
        revenue->days[day] = whole_number(sum.revenue_minor);
        average->days[day] = (struct digest_number){true, sum.revenue_minor, sum.orders};
    }
    return code;
}

static enum till_code add_mrr(struct digest_gathering *g, metrics_currency currency,
                              struct till_error *e)
{
    const struct movements_currency *moved = NULL;
    struct digest_series *series = NULL;
    if (!g->has_movements)
        return TILL_OK;
    for (size_t i = 0; i < g->movements.answer.currency_count; i++)
        if (g->movements.answer.currencies[i].currency == currency)
            moved = &g->movements.answer.currencies[i];
    if (!moved && currency != g->digest->main)
        return TILL_OK;
    size_t begins = digest_day_index(g, g->first_subscription_us);
    begins = begins == g->days ? g->days - 1 : begins;
    enum till_code code = new_series(g, DIGEST_mrr, currency, begins, &series, e);
    if (code || !series)
        return code;
    for (size_t day = 0; day < g->days; day++)
        series->days[day] = whole_number(moved ? moved->lines[day].end_minor : 0);
    return code;
}

// ---- refunds: of each day by itself ----

static enum till_code read_refunds(struct digest_gathering *g, size_t day,
                                   struct store_day_line *lines, size_t *ret_count,
                                   struct till_error *e)
{
    struct civil_date date = civil_date_add_days(g->first, (int32_t)day);
    return store_day(g->store, sv_of(g->question->connection->organization_id),
                     zone_day_start_us(g->question->zone, date), end_of(g, date), lines,
                     REPORT_CURRENCIES, ret_count, e);
}

static void take_refunds(struct digest_gathering *g, size_t day, const struct store_day_line *lines,
                         size_t count)
{
    for (size_t s = 0; s < g->facts.series_count; s++) {
        struct digest_series *series = &g->series[s];
        if (series->id != DIGEST_refunds && series->id != DIGEST_refunded)
            continue;
        series->days[day] = whole_number(0);
        for (size_t i = 0; i < count; i++) {
            if (series->id == DIGEST_refunds)
                series->days[day].part += lines[i].refund_count;
            else if (metrics_currency_of(sv_of(lines[i].currency)) == series->currency)
                series->days[day].part += lines[i].refunded_minor;
        }
    }
}

static enum till_code add_refunds(struct digest_gathering *g, struct till_error *e)
{
    struct digest_series *series = NULL;
    if (!report_card_reads(g->card, TABLE_refunds) ||
        g->card->tables[TABLE_refunds].last_success_us == 0)
        return TILL_OK;
    size_t begins = digest_day_index(g, g->first_order_us);
    begins = begins == g->days ? g->days - 1 : begins;
    enum till_code code = new_series(g, DIGEST_refunds, 0, begins, &series, e);
    for (size_t i = 0; i < g->currency_count && code == TILL_OK; i++)
        code = new_series(g, DIGEST_refunded, g->currencies[i], begins, &series, e);
    struct store_day_line *lines = till_calloc(REPORT_CURRENCIES, sizeof *lines);
    if (!lines)
        return code ? code : TILL_FAIL_MEMORY(e);
    for (size_t day = 0; day < g->days && code == TILL_OK; day++) {
        size_t count = 0;
        code = read_refunds(g, day, lines, &count, e);
        if (code == TILL_OK)
            take_refunds(g, day, lines, count);
    }
    till_free(lines);
    return code;
}

// ---- traffic ----

// The days of a source that are over, as places in the series. False: none of them.
static bool covered(const struct digest_gathering *g, const struct store_traffic_source *source,
                    size_t *ret_begins, size_t *ret_ends)
{
    if (!source || !source->has_days || !source->has_complete)
        return false;
    int64_t start = civil_date_to_days(g->first), most = (int64_t)g->days - 1;
    int64_t begins = civil_date_to_days(source->first) - start;
    int64_t ends = civil_date_to_days(source->complete) - start;
    begins = begins < 0 ? 0 : begins;
    ends = ends > most ? most : ends;
    if (begins > ends)
        return false;
    *ret_begins = (size_t)begins;
    *ret_ends = (size_t)ends;
    return true;
}

static struct digest_number visit_number(const struct joined_line *line, enum digest_line_id id)
{
    if (id == DIGEST_visitors)
        return whole_number(line->has_visitors ? line->visitors : 0);
    if (id == DIGEST_search_clicks)
        return whole_number(line->clicks);
    return (struct digest_number){true, line->covered_new_orders, line->visitors};
}

static enum till_code add_visits(struct digest_gathering *g, enum digest_line_id id,
                                 struct till_error *e)
{
    const struct report_traffic *traffic = &g->traffic;
    const struct joined_answer *answer = &traffic->answer;
    struct digest_series *series = NULL;
    size_t begins = 0, ends = 0;
    bool is_search = id == DIGEST_search_clicks;
    if (!covered(g, is_search ? traffic->searches : traffic->visits, &begins, &ends))
        return TILL_OK;
    if (!is_search && !answer->lines[answer->period_count].has_visitors)
        return TILL_OK; // it counts visits alone
    if (id == DIGEST_conversion && !traffic->has_orders)
        return TILL_OK;
    enum till_code code = new_series(g, id, 0, begins, &series, e);
    if (code || !series)
        return code;
    series->ends = ends;
    series->needs_whole = true;
    for (size_t day = 0; day < g->days; day++)
        series->days[day] = visit_number(&answer->lines[day], id);
    return TILL_OK;
}

// ---- at risk ----

static enum till_code add_risk(struct digest_gathering *g, struct till_error *e)
{
    struct digest_series *series = NULL;
    struct report_customers *people = NULL;
    struct civil_date today = zone_date(g->question->zone, g->now_us);
    // Who is at risk is known as of now alone: of yesterday at best.
    if (!g->has_movements || civil_date_to_days(g->question->date) + 1 < civil_date_to_days(today))
        return TILL_OK;
    people = till_calloc(1, sizeof *people);
    if (!people)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = report_customers_of(g->store, &g->movements, g->question->date,
                                              REPORT_AT_RISK, 1, g->arena, people, e);
    if (code == TILL_OK)
        code = new_series(g, DIGEST_customers_at_risk, 0, g->days - 1, &series, e);
    if (code == TILL_OK && series)
        series->days[g->days - 1] = whole_number((int64_t)people->total);
    till_free(people);
    return code;
}

// ---- sources of data ----

static enum till_code copy(struct digest_gathering *g, const char *text, struct sv *ret_text,
                           struct till_error *e)
{
    *ret_text = arena_sv(g->arena, sv_of(text));
    return ret_text->ptr ? TILL_OK : arena_fail(g->arena, "the digest", e);
}

static void on_the_clock(const struct digest_gathering *g, struct digest_source *data)
{
    const struct zone *zone = g->question->zone;
    const int64_t minute_us = 60000000, day_minutes = 1440;
    int64_t local_us = data->fresh_us + zone_offset_us(zone, data->fresh_us);
    data->fresh_date = zone_date(zone, data->fresh_us);
    data->fresh_minute = (int)(local_us / minute_us % day_minutes);
}

static enum till_code add_polar(struct digest_gathering *g, struct till_error *e)
{
    static const enum table_id tables[] = {TABLE_orders,    TABLE_subscriptions, TABLE_refunds,
                                           TABLE_checkouts, TABLE_products,      TABLE_customers};
    struct digest_source *data = &g->digest->data[g->digest->data_count++];
    AUTO_BUF missing;
    AUTO_BUF failed;
    buf_init(&missing, TILL_LIMIT_LOG_LINE_BYTES);
    buf_init(&failed, TILL_LIMIT_LOG_LINE_BYTES);
    *data = (struct digest_source){.fresh_us = g->card->fresh_as_of_us, .shown = SV("")};
    for (size_t i = 0; i < TILL_COUNT(tables); i++) {
        const struct store_table_state *state = &g->card->tables[tables[i]];
        const char *name = model_table(tables[i])->name;
        if (!report_card_reads(g->card, tables[i]))
            buf_format(&missing, "%s%s", missing.len > 0 ? ", " : "", name);
        else if (state->last_finished_us > 0 && state->last_code != TILL_OK)
            buf_format(&failed, "%s%s: %s", failed.len > 0 ? "; " : "", name, state->last_error);
    }
    on_the_clock(g, data);
    data->is_stale = data->fresh_us < g->digest->to_us;
    enum till_code code = copy(g, g->card->connection.name, &data->name, e);
    if (code == TILL_OK && missing.data)
        code = copy(g, missing.data, &data->missing, e);
    if (code == TILL_OK && failed.data)
        code = copy(g, failed.data, &data->error, e);
    return code;
}

static enum till_code add_sources(struct digest_gathering *g, struct till_error *e)
{
    const struct report_traffic *traffic = &g->traffic;
    enum till_code code = add_polar(g, e);
    for (size_t i = 0; i < traffic->source_count && code == TILL_OK; i++) {
        const struct store_traffic_source *source = &traffic->sources[i];
        if (source != traffic->visits && source != traffic->searches)
            continue;
        struct digest_source *data = &g->digest->data[g->digest->data_count++];
        int lag = source->counts_visitors ? 0 : SEARCH_LAG_DAYS;
        *data = (struct digest_source){.fresh_us = source->fresh_us,
                                       .counts_days = true,
                                       .has_complete = source->has_complete,
                                       .complete = source->complete};
        on_the_clock(g, data);
        data->is_stale = !source->has_complete || civil_date_to_days(source->complete) <
                                                      civil_date_to_days(g->question->date) - lag;
        code = copy(g, source->name, &data->name, e);
        if (code == TILL_OK)
            code = copy(g, source->property_name[0] ? source->property_name : source->property,
                        &data->shown, e);
        if (code == TILL_OK && source->last_error[0])
            code = copy(g, source->last_error, &data->error, e);
    }
    return code;
}

// ---- asking ----

static enum till_code ask_metrics(struct digest_gathering *g, struct till_error *e)
{
    static const enum metric_id asked[] = {
        METRIC_orders,
        METRIC_active_subscriptions,
        METRIC_new_subscriptions,
        METRIC_churned_subscriptions,
        METRIC_canceled_subscriptions,
        METRIC_checkouts,
        METRIC_succeeded_checkouts,
    };
    struct report_metrics_query query = g->query;
    for (size_t i = 0; i < TILL_COUNT(asked); i++)
        query.is_asked[asked[i]] = true;
    enum till_code code = report_metrics(g->store, &query, &g->metrics, e);
    g->has_metrics = code == TILL_OK;
    return code;
}

static enum till_code ask_movements(struct digest_gathering *g, struct till_error *e)
{
    enum till_code code = report_movements(g->store, &g->query, g->now_us, &g->movements, e);
    g->has_movements = code == TILL_OK;
    if (code == TILL_CONFIG) { // subscriptions are not mirrored
        till_error_clear(e);
        code = TILL_OK;
    }
    return code;
}

static enum till_code ask(struct digest_gathering *g, struct till_error *e)
{
    const struct report_traffic_question traffic = {.query = g->query,
                                                    .source = g->question->source,
                                                    .compare = REPORT_ALONE,
                                                    .now_us = g->now_us};
    struct sv organization_id = sv_of(g->question->connection->organization_id);
    const struct sv none = {NULL, 0};
    enum till_code code = ask_metrics(g, e);
    if (code == TILL_OK)
        code = report_traffic(g->store, &traffic, g->arena, &g->traffic, e);
    if (code == TILL_OK)
        code = ask_movements(g, e);
    if (code == TILL_OK)
        code =
            store_first(g->store, organization_id, STORE_FIRST_ORDER, none, &g->first_order_us, e);
    if (code == TILL_OK)
        code = store_first(g->store, organization_id, STORE_FIRST_SUBSCRIPTION, none,
                           &g->first_subscription_us, e);
    if (code == TILL_OK && g->metrics.answer.period_count != g->days)
        code = TILL_FAIL(e, TILL_LIMIT, 0, "the days of the digest do not add up");
    return code;
}

// The one with most orders comes first, usd where there is some; then by name.
static void find_currencies(struct digest_gathering *g)
{
    const struct joined_answer *sold = &g->traffic.answer;
    size_t chosen = report_traffic_currency(sold);
    if (chosen != SIZE_MAX)
        add_currency(g, sold->currencies[chosen].currency);
    else if (g->has_movements && g->movements.answer.currency_count > 0)
        add_currency(g, g->movements.answer.currencies[0].currency);
    else
        add_currency(g, METRICS_USD);
    g->digest->main = g->currencies[0];
    for (size_t i = 0; i < sold->currency_count; i++)
        add_currency(g, sold->currencies[i].currency);
    for (size_t i = 0; g->has_movements && i < g->movements.answer.currency_count; i++)
        add_currency(g, g->movements.answer.currencies[i].currency);
}

static enum till_code add_series(struct digest_gathering *g, struct till_error *e)
{
    static const enum digest_line_id visits[] = {DIGEST_visitors, DIGEST_conversion,
                                                 DIGEST_search_clicks};
    enum till_code code = add_counts(g, e);
    if (code == TILL_OK)
        code = add_checkouts(g, e);
    for (size_t i = 0; i < g->currency_count && code == TILL_OK; i++) {
        code = add_mrr(g, g->currencies[i], e);
        if (code == TILL_OK)
            code = add_revenue(g, g->currencies[i], e);
    }
    if (code == TILL_OK)
        code = add_refunds(g, e);
    for (size_t i = 0; i < TILL_COUNT(visits) && code == TILL_OK; i++)
        code = add_visits(g, visits[i], e);
    return code ? code : add_risk(g, e);
}

static void take_bars(struct digest_gathering *g)
{
    for (size_t i = 0; i < g->facts.series_count; i++)
        if (g->series[i].id == DIGEST_revenue && g->series[i].currency == g->digest->main)
            for (size_t day = 0; day < DIGEST_BARS; day++)
                g->digest->bars[day] = g->series[i].days[g->days - DIGEST_BARS + day].part;
}

static void reckon(struct digest_gathering *g)
{
    struct digest *digest = g->digest;
    digest->is_quiet = !digest->is_partial;
    for (int id = 0; id < DIGEST_LINE__COUNT; id++) {
        for (size_t i = 0; i < g->facts.series_count; i++) {
            const struct digest_series *series = &g->series[i];
            if ((int)series->id != id)
                continue;
            struct digest_line *line = &digest->lines[digest->line_count++];
            digest_reckon(series, g->first, g->question->date, line);
            bool is_event = id == DIGEST_orders || id == DIGEST_new_subscriptions ||
                            id == DIGEST_lost_subscriptions;
            const struct digest_cell *cell =
                &line->cells[g->question->is_weekly ? DIGEST_WEEK : DIGEST_DAY];
            if (is_event && cell->now.has_value && cell->now.part != 0)
                digest->is_quiet = false;
        }
    }
}

static enum till_code begin(struct digest_gathering *g, struct till_error *e)
{
    const struct report_digest_question *question = g->question;
    struct digest *digest = g->digest;
    const struct report_status_options options = {.name = question->connection->name};
    struct civil_date today = zone_date(question->zone, clock_now_us(question->clock));
    if (civil_date_to_days(question->date) >= civil_date_to_days(today)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "that day is not over in %s", zone_name(question->zone));
        return till_error_hint(e, "a digest is about whole days; `till today` shows today so far");
    }
    enum till_code code = report_status(g->store, question->clock, &options, g->status, e);
    if (code)
        return code;
    if (g->status->card_count != 1)
        return TILL_FAIL(e, TILL_CONFIG, 0, "\"%s\" is not connected", question->connection->name);
    g->card = &g->status->cards[0];
    g->now_us = g->status->now_us;
    g->first = digest_first_day(question->date);
    g->days = (size_t)(civil_date_to_days(question->date) - civil_date_to_days(g->first) + 1);
    g->query = (struct report_metrics_query){.connection = question->connection,
                                             .from = g->first,
                                             .to = question->date,
                                             .interval = METRICS_DAY,
                                             .zone = question->zone};
    digest->is_weekly = question->is_weekly;
    digest->date = question->date;
    digest->from_us = zone_day_start_us(question->zone, digest_main_span(g).from);
    digest->to_us = end_of(g, question->date);
    for (int window = 0; window < DIGEST_WINDOW__COUNT; window++)
        digest->spans[window] = digest_span((enum digest_window)window, question->date);
    code = copy(g, zone_name(question->zone), &digest->zone, e);
    if (code == TILL_OK)
        code = copy(g, question->connection->name, &digest->connection, e);
    return code ? code : copy(g, question->connection->organization_name, &digest->organization, e);
}

static enum till_code gather(struct digest_gathering *g, struct till_error *e)
{
    enum till_code code = begin(g, e);
    if (code == TILL_OK)
        code = ask(g, e);
    if (code)
        return code;
    find_currencies(g);
    code = add_series(g, e);
    if (code == TILL_OK)
        code = add_sources(g, e);
    if (code)
        return code;
    g->digest->is_partial = g->digest->data[0].is_stale;
    reckon(g);
    take_bars(g);
    g->facts.series = g->series;
    g->facts.first = g->first;
    g->facts.locale = g->question->locale;
    code = digest_gather_facts(g, e);
    return code ? code : digest_standouts(&g->facts, g->arena, g->digest, e);
}

enum till_code report_digest(struct store *store, const struct report_digest_question *question,
                             struct arena *arena, struct digest *ret_digest, struct till_error *e)
{
    struct digest_gathering *g = till_calloc(1, sizeof *g);
    if (!g)
        return TILL_FAIL_MEMORY(e);
    memset(ret_digest, 0, sizeof *ret_digest);
    g->store = store;
    g->question = question;
    g->arena = arena;
    g->digest = ret_digest;
    g->status = till_calloc(1, sizeof *g->status);
    enum till_code code = g->status ? gather(g, e) : TILL_FAIL_MEMORY(e);
    report_metrics_release(&g->metrics);
    report_traffic_release(&g->traffic);
    report_movements_release(&g->movements);
    till_free(g->status);
    till_free(g);
    return code ? till_error_context(e, "could not put the digest together") : TILL_OK;
}
