// SPDX-License-Identifier: Apache-2.0
// traffic.c - feeds the join (metrics/joined.h) from the mirror, and writes down what a reader of its numbers must know.
#include "report/traffic.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "report/report.h"
#include "report/values.h"

struct reading {
    struct joined *engine;
    struct moment_day day; // of the last moment that was read
};

// ---- sources ----

static const struct store_traffic_source *first_of(const struct report_traffic *report,
                                                   const char *name, bool counts_visitors)
{
    const struct store_traffic_source *found = NULL;
    for (size_t i = 0; i < report->source_count; i++) {
        const struct store_traffic_source *source = &report->sources[i];
        if (source->counts_visitors != counts_visitors)
            continue;
        if (!found || (name && strcmp(source->name, name) == 0))
            found = source;
    }
    return found;
}

static enum till_code no_source(const struct report_traffic *report, const char *name,
                                struct till_error *e)
{
    char names[TILL_ERROR_HINT_BYTES / 2] = "";
    size_t len = 0;
    for (size_t i = 0; i < report->source_count && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                                report->sources[i].name);
    (void)TILL_FAIL(e, TILL_USAGE, 0, "no source of traffic is called \"%s\"", name);
    if (report->source_count == 0)
        return till_error_hint(e, "connect one: `till connect posthog`");
    return till_error_hint(e, "connected: %s", names);
}

enum till_code report_traffic_sources(struct store *store, const char *name,
                                      struct report_traffic *ret_report, struct till_error *e)
{
    struct report_traffic *report = ret_report;
    enum till_code code = store_traffic_sources(store, report->sources, REPORT_TRAFFIC_SOURCES,
                                                &report->source_count, e);
    if (code)
        return code;
    bool is_known = name == NULL;
    for (size_t i = 0; i < report->source_count; i++)
        is_known = is_known || strcmp(report->sources[i].name, name) == 0;
    if (!is_known)
        return no_source(report, name, e);
    report->visits = first_of(report, name, true);
    report->searches = first_of(report, name, false);
    return TILL_OK;
}

// ---- rows ----

static bool date_of(const struct value *value, struct civil_date *ret_date)
{
    char text[16];
    if (value->type != VALUE_TEXT || value->text.len >= sizeof text)
        return false;
    (void)snprintf(text, sizeof text, SV_FORMAT, SV_ARGS(value->text));
    return civil_date_parse(text, ret_date);
}

static int64_t told(const struct value *value)
{
    return value->type == VALUE_INTEGER ? value->integer : JOINED_NULL;
}

static enum till_code take_day(void *context, const struct value *v, size_t count,
                               struct till_error *e)
{
    struct reading *reading = context;
    struct civil_date date = {0};
    (void)e;
    if (count != STORE_TRAFFIC_DAY_COLUMNS || !date_of(&v[0], &date))
        return TILL_OK;
    const struct joined_visits visits = {told(&v[1]), told(&v[2]), told(&v[3]), told(&v[4]),
                                         integer_of(&v[5], 0) == 0};
    joined_day(reading->engine, date, &visits);
    return TILL_OK;
}

static enum till_code take_hour(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct reading *reading = context;
    (void)e;
    int64_t at_us =
        count == STORE_TRAFFIC_HOUR_COLUMNS ? moment_after(&v[0], &reading->day) : METRICS_NULL;
    if (at_us == METRICS_NULL)
        return TILL_OK;
    const struct joined_visits visits = {told(&v[1]), told(&v[2]), told(&v[3]), JOINED_NULL, false};
    joined_hour(reading->engine, at_us, &visits);
    return TILL_OK;
}

static enum till_code take_search(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    struct reading *reading = context;
    struct civil_date date = {0};
    (void)e;
    if (count == STORE_SEARCH_DAY_COLUMNS && date_of(&v[0], &date))
        joined_search(reading->engine, date, integer_of(&v[1], 0), integer_of(&v[2], 0),
                      real_of(&v[3]), integer_of(&v[4], 0) == 0);
    return TILL_OK;
}

static enum till_code take_checkout(void *context, const struct value *v, size_t count,
                                    struct till_error *e)
{
    struct reading *reading = context;
    (void)e;
    if (count < STORE_CHECKOUT__COUNT)
        return TILL_OK;
    int64_t at_us = moment_after(&v[STORE_CHECKOUT_CREATED], &reading->day);
    struct sv status = text_of(&v[STORE_CHECKOUT_STATUS]);
    if (at_us != METRICS_NULL)
        joined_checkout(reading->engine, at_us, status.ptr && sv_equal(status, SV("succeeded")));
    return TILL_OK;
}

static enum till_code take_order(void *context, const struct value *v, size_t count,
                                 struct till_error *e)
{
    struct reading *reading = context;
    int64_t at_us =
        count == STORE_TRAFFIC_ORDER_COLUMNS ? moment_after(&v[0], &reading->day) : METRICS_NULL;
    if (at_us == METRICS_NULL)
        return TILL_OK;
    return joined_order(reading->engine, at_us, metrics_currency_of(text_of(&v[1])),
                        integer_of(&v[2], 0), integer_of(&v[3], 0) != 0, e);
}

static enum till_code read_visits(struct store *store, const struct report_traffic *report,
                                  const struct joined_query *query, struct reading *reading,
                                  struct till_error *e)
{
    const struct store_metric_sink days = {take_day, reading}, hours = {take_hour, reading};
    const struct store_traffic_source *source = report->visits;
    if (!source || !source->has_days)
        return TILL_OK;
    const struct store_traffic_span span = {sv_of(source->name), query->from, query->to};
    joined_cover(reading->engine, source->first, source->last);
    enum till_code code = store_traffic_days(store, &span, &days, e);
    if (code || query->interval != METRICS_HOUR)
        return code;
    return store_traffic_hours(
        store, span.connection, zone_day_start_us(query->zone, query->from),
        zone_day_start_us(query->zone, civil_date_add_days(query->to, 1)) - 1, &hours, e);
}

static enum till_code read_searches(struct store *store, const struct report_traffic *report,
                                    const struct joined_query *query, struct reading *reading,
                                    struct till_error *e)
{
    const struct store_metric_sink sink = {take_search, reading};
    const struct store_traffic_source *source = report->searches;
    if (!source || !source->has_days)
        return TILL_OK;
    const struct store_traffic_span span = {sv_of(source->name), query->from, query->to};
    joined_search_cover(reading->engine, source->first, source->last);
    return store_search_days(store, &span, &sink, e);
}

static enum till_code join(struct store *store, const struct report_traffic *report,
                           const struct joined_query *query, struct joined **ret_engine,
                           struct joined_answer *ret_answer, struct till_error *e)
{
    struct reading reading = {.engine = NULL};
    const struct store_metric_sink orders = {take_order, &reading},
                                   checkouts = {take_checkout, &reading};
    const struct sv all = {NULL, 0};
    struct sv organization_id = sv_of(report->question.query.connection->organization_id);
    enum till_code code = joined_open(query, ret_engine, e);
    if (code)
        return code;
    int64_t from_us = zone_day_start_us(query->zone, query->from);
    int64_t to_us = zone_day_start_us(query->zone, civil_date_add_days(query->to, 1)) - 1;
    reading.engine = *ret_engine;
    code = read_visits(store, report, query, &reading, e);
    if (code == TILL_OK)
        code = read_searches(store, report, query, &reading, e);
    if (code == TILL_OK && report->has_orders)
        code = store_traffic_orders(store, organization_id, from_us, to_us, &orders, e);
    if (code == TILL_OK && report->has_checkouts)
        code =
            store_metric_checkouts(store, organization_id, from_us, to_us, all, all, &checkouts, e);
    if (code == TILL_OK)
        joined_answer(*ret_engine, ret_answer);
    return code;
}

static enum till_code look_at_tables(struct store *store, struct report_traffic *report,
                                     struct till_error *e)
{
    static const enum table_id tables[] = {TABLE_orders, TABLE_checkouts};
    bool *const places[] = {&report->has_orders, &report->has_checkouts};
    const struct store_connection *connection = report->question.query.connection;
    for (size_t i = 0; i < TILL_COUNT(tables); i++) {
        struct report_card card = {.connection = *connection};
        struct store_table_state *state = &card.tables[tables[i]];
        enum till_code code = store_table_state(store, sv_of(connection->organization_id),
                                                model_table(tables[i]), state, e);
        if (code)
            return code;
        *places[i] = report_card_reads(&card, tables[i]) && state->last_success_us > 0;
        bool is_older = report->fresh_as_of_us == 0 || state->fresh_us < report->fresh_as_of_us;
        if (*places[i] && is_older)
            report->fresh_as_of_us = state->fresh_us;
    }
    return TILL_OK;
}

// ---- the time before ----

static enum till_code join_before(struct store *store, struct report_traffic *report,
                                  struct till_error *e)
{
    const struct report_metrics_query *query = &report->question.query;
    int64_t length = civil_date_to_days(query->to) - civil_date_to_days(query->from) + 1;
    struct civil_date from = civil_date_add_days(query->from, (int32_t)-length), year = query->from;
    year.year -= 1;
    int32_t most = civil_month_days(year.year, year.month);
    year.day = year.day < most ? year.day : most;
    if (report->question.compare == REPORT_YEAR_BEFORE)
        from = year;
    report->previous_from = from;
    report->previous_to = civil_date_add_days(from, (int32_t)length - 1);
    // Periods do not matter here: years are the fewest.
    const struct joined_query past = {.from = from,
                                      .to = report->previous_to,
                                      .interval = METRICS_YEAR,
                                      .zone = query->zone,
                                      .is_cut = true,
                                      .visit_days = report->answer.visit_days,
                                      .search_days = report->answer.search_days};
    report->has_previous = past.visit_days > 0 || past.search_days > 0;
    if (report->question.compare == REPORT_ALONE || !report->has_previous) {
        report->has_previous = false;
        return TILL_OK;
    }
    return join(store, report, &past, &report->engine_before, &report->before, e);
}

// ---- notes ----

static enum till_code note(struct report_traffic *report, struct arena *arena,
                           const struct buf *text, struct till_error *e)
{
    if (text->failure || report->note_count == REPORT_TRAFFIC_NOTES)
        return buf_fail(text, "a note", e);
    char *copy = arena_copy(arena, text->data ? text->data : "", text->len);
    if (!copy)
        return arena_fail(arena, "a note", e);
    report->notes[report->note_count++] = (struct sv){copy, text->len};
    return TILL_OK;
}

static void date_text(struct buf *out, struct civil_date date)
{
    buf_format(out, "%04d-%02d-%02d", (int)date.year, (int)date.month, (int)date.day);
}

static enum till_code zones_differ(const struct report_metrics_query *query, const char *name,
                                   bool *ret_differ, struct till_error *e)
{
    struct zone *zone = NULL;
    *ret_differ = false;
    if (!name[0])
        return TILL_OK;
    enum till_code code = zone_open(name, &zone, e);
    if (code == TILL_CONFIG) { // a zone that is not known here: another one for sure
        till_error_clear(e);
        *ret_differ = strcmp(name, zone_name(query->zone)) != 0;
        return TILL_OK;
    }
    if (code)
        return code;
    int64_t days = civil_date_to_days(query->to) - civil_date_to_days(query->from);
    for (int64_t part = 0; part <= 4; part++) {
        struct civil_date date = civil_date_add_days(query->from, (int32_t)(days * part / 4));
        *ret_differ =
            *ret_differ || zone_day_start_us(zone, date) != zone_day_start_us(query->zone, date);
    }
    zone_close(zone);
    return TILL_OK;
}

static void choice_text(struct buf *out, const struct report_traffic *report)
{
    size_t others = 0;
    if (!report->visits) {
        buf_text(out, "no source of visitors is connected: `till connect posthog`, plausible or "
                      "umami");
        return;
    }
    for (size_t i = 0; i < report->source_count; i++) {
        const struct store_traffic_source *source = &report->sources[i];
        if (!source->counts_visitors || source == report->visits)
            continue;
        buf_text(out, others++ > 0 ? ", " : "");
        buf_text(out, source->name);
    }
    if (others > 0)
        buf_format(out, " %s visitors too and %s not added: the numbers are those of %s",
                   others > 1 ? "count" : "counts", others > 1 ? "are" : "is",
                   report->visits->name);
}

static void zone_text(struct buf *out, const struct report_traffic *report,
                      const struct store_traffic_source *source)
{
    const struct zone *zone = report->question.query.zone;
    buf_format(out,
               "%s cuts its days in %s, this report in %s: its numbers stand on the day of the "
               "same date",
               source->name, source->timezone, zone_name(zone));
}

static void cover_text(struct buf *out, const struct report_traffic *report)
{
    const struct report_metrics_query *query = &report->question.query;
    const struct store_traffic_source *source = report->visits;
    if (!source)
        return;
    if (!source->has_days) {
        buf_format(out, "%s has not been synced yet: `till sync`", source->name);
        return;
    }
    if (civil_date_to_days(source->first) <= civil_date_to_days(query->from))
        return;
    buf_format(out, "%s is known from ", source->name);
    date_text(out, source->first);
    buf_text(out, " on: ratios are of the days from then on alone");
}

static void open_text(struct buf *out, const struct report_traffic *report)
{
    const struct joined_line *whole = &report->answer.lines[report->answer.period_count];
    if (whole->open == 0)
        return;
    buf_format(out, "the numbers of %u %s are not final yet at %s", whole->open,
               whole->open == 1 ? "day" : "days", report->visits->name);
}

static void search_text(struct buf *out, const struct report_traffic *report)
{
    const struct store_traffic_source *source = report->searches;
    if (!source || !source->has_days)
        return;
    buf_format(out, "searches are from %s, %s", source->name,
               source->has_complete ? "final to " : "none of them final");
    if (source->has_complete)
        date_text(out, source->complete);
    buf_format(out, "; its days are cut in %s",
               source->timezone[0] ? source->timezone : "America/Los_Angeles");
}

static void sum_text(struct buf *out, const struct report_traffic *report)
{
    if (report->visits && report->question.query.interval > METRICS_DAY)
        buf_text(out, "visitors of several days are the sum of each day's: who came on two days "
                      "counts twice");
}

static void missing_text(struct buf *out, const struct report_traffic *report)
{
    if (!report->has_orders || !report->has_checkouts)
        buf_format(out, "%s%s%s %s not mirrored yet: `till sync`",
                   report->has_orders ? "" : "orders",
                   report->has_orders || report->has_checkouts ? "" : " and ",
                   report->has_checkouts ? "" : "checkouts", "are");
}

static void failing_text(struct buf *out, const struct report_traffic *report)
{
    for (size_t i = 0; i < report->source_count; i++) {
        const struct store_traffic_source *source = &report->sources[i];
        if (source->last_error[0])
            buf_format(out, "%sthe last sync of %s failed", out->len > 0 ? "; " : "", source->name);
    }
}

static enum till_code several_text(struct store *store, struct buf *out,
                                   const struct report_traffic *report, struct till_error *e)
{
    struct store_connection list[REPORT_CARDS];
    size_t count = 0, live = 0;
    enum till_code code = store_connection_list(store, list, REPORT_CARDS, &count, e);
    for (size_t i = 0; i < count && code == TILL_OK; i++)
        live += list[i].disconnected_at_us == 0;
    if (code == TILL_OK && live > 1 && report->visits)
        buf_format(out,
                   "%zu organizations are connected: the visitors are those of the whole site, "
                   "beside the sales of this one",
                   live);
    return code;
}

static enum till_code put_notes(struct store *store, struct report_traffic *report,
                                struct arena *arena, struct till_error *e)
{
    static void (*const texts[])(struct buf *, const struct report_traffic *) = {
        choice_text, cover_text, open_text, search_text, sum_text, missing_text, failing_text};
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_ERROR_BODY_BYTES * 4);
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(texts) && code == TILL_OK; i++) {
        buf_reset(&text);
        texts[i](&text, report);
        if (text.len > 0 || text.failure)
            code = note(report, arena, &text, e);
    }
    buf_reset(&text);
    if (code == TILL_OK)
        code = several_text(store, &text, report, e);
    if (code == TILL_OK && text.len > 0)
        code = note(report, arena, &text, e);
    if (code == TILL_OK && report->visits)
        code = zones_differ(&report->question.query, report->visits->timezone,
                            &report->has_zone_difference, e);
    buf_reset(&text);
    if (code || !report->has_zone_difference)
        return code;
    zone_text(&text, report, report->visits);
    return note(report, arena, &text, e);
}

// ---- all together ----

enum till_code report_traffic(struct store *store, const struct report_traffic_question *question,
                              struct arena *arena, struct report_traffic *ret_report,
                              struct till_error *e)
{
    struct report_traffic *report = ret_report;
    const struct report_metrics_query *query = &question->query;
    const struct joined_query range = {
        .from = query->from, .to = query->to, .interval = query->interval, .zone = query->zone};
    memset(report, 0, sizeof *report);
    report->question = *question;
    enum till_code code = report_traffic_sources(store, question->source, report, e);
    if (code == TILL_OK)
        code = look_at_tables(store, report, e);
    if (code == TILL_OK)
        code = join(store, report, &range, &report->engine, &report->answer, e);
    if (code == TILL_OK)
        code = join_before(store, report, e);
    if (code == TILL_OK)
        code = put_notes(store, report, arena, e);
    if (code && code != TILL_USAGE)
        return till_error_context(e, "could not put traffic and sales together");
    return code;
}

void report_traffic_release(struct report_traffic *report)
{
    joined_close(report->engine);
    joined_close(report->engine_before);
    report->engine = report->engine_before = NULL;
}

// ---- today ----

static void add_today(const struct joined_line *line, struct report_visitors *visitors)
{
    visitors->has_visitors = line->has_visitors;
    visitors->is_open = line->open > 0;
    visitors->visitors = line->visitors;
    visitors->new_orders += line->covered_new_orders;
}

static enum till_code today_of(struct store *store, const struct store_connection *connections,
                               size_t count, struct report_traffic_question *question,
                               struct report_traffic *report,
                               struct report_today_traffic *ret_traffic, struct till_error *e)
{
    enum till_code code = TILL_OK;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        question->query.connection = &connections[i];
        code = report_traffic(store, question, &arena, report, e);
        if (code == TILL_OK && report->visits && report->answer.period_count == 2) {
            ret_traffic->has_source = true;
            (void)snprintf(ret_traffic->source, sizeof ret_traffic->source, "%s",
                           report->visits->name);
            (void)snprintf(ret_traffic->timezone, sizeof ret_traffic->timezone, "%s",
                           report->visits->timezone);
            add_today(&report->answer.lines[0], &ret_traffic->yesterday);
            add_today(&report->answer.lines[1], &ret_traffic->today);
        }
        report_traffic_release(report);
    }
    return code;
}

enum till_code report_today_traffic(struct store *store, const struct store_connection *connections,
                                    size_t count, const struct zone *zone, int64_t now_us,
                                    struct report_today_traffic *ret_traffic, struct till_error *e)
{
    struct civil_date today = zone_date(zone, now_us);
    struct report_traffic_question *question = till_calloc(1, sizeof *question);
    struct report_traffic *report = till_calloc(1, sizeof *report);
    enum till_code code = question && report ? TILL_OK : TILL_FAIL_MEMORY(e);
    *ret_traffic = (struct report_today_traffic){.has_source = false};
    if (code == TILL_OK) {
        question->query.from = civil_date_add_days(today, -1);
        question->query.to = today;
        question->query.interval = METRICS_DAY;
        question->query.zone = zone;
        question->compare = REPORT_ALONE;
        question->now_us = now_us;
        code = today_of(store, connections, count, question, report, ret_traffic, e);
    }
    till_free(report);
    till_free(question);
    return code;
}

// ---- numbers ----

struct joined_number report_traffic_number(const struct report_traffic *report,
                                           const struct joined_answer *answer, size_t line,
                                           size_t currency, enum traffic_metric_id metric)
{
    const struct joined_sum *sum =
        currency < answer->currency_count ? &answer->currencies[currency].sums[line] : NULL;
    struct joined_number number = joined_number(&answer->lines[line], sum, metric);
    switch (metric) {
    case TRAFFIC_METRIC_checkouts:
    case TRAFFIC_METRIC_checkout_rate:
    case TRAFFIC_METRIC_checkout_conversion:
        number.has_value = number.has_value && report->has_checkouts;
        break;
    case TRAFFIC_METRIC_orders:
    case TRAFFIC_METRIC_new_orders:
    case TRAFFIC_METRIC_revenue:
    case TRAFFIC_METRIC_new_revenue:
    case TRAFFIC_METRIC_conversion:
    case TRAFFIC_METRIC_revenue_per_visitor:
        number.has_value = number.has_value && report->has_orders;
        break;
    case TRAFFIC_METRIC_visitors:
    case TRAFFIC_METRIC_visits:
    case TRAFFIC_METRIC_pageviews:
    case TRAFFIC_METRIC_bounce_rate:
    case TRAFFIC_METRIC_search_clicks:
    case TRAFFIC_METRIC_search_impressions:
    case TRAFFIC_METRIC_search_click_rate:
    case TRAFFIC_METRIC_search_position:
    case TRAFFIC_METRIC__COUNT:
        break;
    }
    return number;
}

size_t report_traffic_currency(const struct joined_answer *answer)
{
    size_t chosen = SIZE_MAX;
    int64_t most = -1;
    for (size_t i = 0; i < answer->currency_count; i++) {
        int64_t orders = answer->currencies[i].sums[answer->period_count].orders;
        if (answer->currencies[i].currency == METRICS_USD)
            return i;
        if (orders <= most)
            continue;
        most = orders;
        chosen = i;
    }
    return chosen;
}
