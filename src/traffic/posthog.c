// SPDX-License-Identifier: Apache-2.0
// posthog.c - PostHog by its query endpoint: four HogQL queries give all there is to know about a span of days.
//
//   daily    events by day: people, sessions, page views
//   hourly   the same by hour, of the last three days
//   entries  sessions by day and everything that is known at their start (channel, referrer, landing page, UTM): one cross product, added up here
//   places   events by day, country and device, likewise
//
// PostHog gives 100 rows unless asked for more, and 50,000 at most. Rows come by day, so when an answer is cut its last day is left for the next window: the
// rest is whole. A day that is too large by itself comes in pages. A query may take ten seconds there; when a long span is too much for it, half is asked for.
// Busy servers answer 202 and are polled. Nothing that a person wrote ever becomes part of a query: dates are all that varies. Days are the
// project's, in whose zone toDate() and toDateTime() work; every answer names it.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "traffic/source.h"

enum {
    PAGE_ROWS = 50000, // the most that PostHog gives at once
    DAY_PAGES = 8,     // of one day
    HALVE_ABOVE_DAYS = 31,
    HALVINGS = 3,
    PATH_BYTES = TRAFFIC_TEXT_BYTES + 64,
    POLL_FIRST_MS = 250,
    POLL_LONGEST_MS = 4000,
};

// ---- errors ----

static bool has(struct sv text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (strncasecmp(text.ptr + i, word, len) == 0)
            return true;
    }
    return false;
}

static enum till_code fail_forbidden(const struct traffic *traffic, struct sv detail,
                                     struct till_error *e)
{
    if (has(detail, "scope")) {
        (void)TILL_FAIL(e, TILL_AUTH, 403, "the key lacks the scope query:read");
        return till_error_hint(e, "in PostHog, edit the key (Settings, Personal API keys): give it "
                                  "\"Query\" with \"Read\"; nothing else is needed");
    }
    if (has(detail, "project")) {
        (void)TILL_FAIL(e, TILL_AUTH, 403, "the key may not read project %s", traffic->property);
        return till_error_hint(e, "give the key access to that project in PostHog, or connect the "
                                  "project it has: --project-id");
    }
    (void)TILL_FAIL(e, TILL_AUTH, 403, "PostHog does not allow it: " SV_FORMAT, SV_ARGS(detail));
    return till_error_hint(e, "the key needs the scope query:read and access to project %s",
                           traffic->property);
}

static enum till_code fail_unauthorised(const struct traffic *traffic, struct sv code,
                                        struct till_error *e)
{
    if (sv_equal(code, SV("not_authenticated"))) {
        (void)TILL_FAIL(e, TILL_AUTH, 401, "PostHog saw no key");
        return till_error_hint(e,
                               "something on the way to %.200s removes the Authorization header: "
                               "check the proxy",
                               traffic->url);
    }
    (void)TILL_FAIL(e, TILL_AUTH, 401, "PostHog does not accept this key");
    return till_error_hint(
        e, "make a personal API key with the scope query:read (PostHog: Settings, Personal API "
           "keys); a key works in its own region alone (--host us or eu)");
}

// "Expected available in 12 seconds."
static int64_t wait_of(struct sv detail)
{
    static const char before[] = "available in ";
    int64_t seconds = 0;
    for (size_t i = 0; i + sizeof before - 1 < detail.len; i++) {
        struct sv rest = {detail.ptr + i, detail.len - i}, word;
        if (!sv_starts_with(rest, sv_of(before)))
            continue;
        rest = (struct sv){rest.ptr + sizeof before - 1, rest.len - (sizeof before - 1)};
        if (sv_split(&rest, ' ', &word) && sv_to_int64(word, &seconds) && seconds > 0)
            return seconds * 1000;
    }
    return -1;
}

static enum till_code judge(const struct traffic *traffic, const struct traffic_question *question,
                            struct traffic_answer *answer, struct arena *arena,
                            struct till_error *e)
{
    struct sv detail = traffic_words(json_get(answer->root, "detail"), arena);
    struct sv code = traffic_words(json_get(answer->root, "code"), arena);
    switch (answer->status) {
    case 400:
        (void)TILL_FAIL(e, TILL_REMOTE, 400, "could not %s: PostHog refused the query: " SV_FORMAT,
                        question->what, SV_ARGS(detail));
        return till_error_hint(e,
                               "till asks in a way that this PostHog does not know: update till, "
                               "or the PostHog of your own");
    case 401:
        return fail_unauthorised(traffic, code, e);
    case 402:
    case 403:
        return fail_forbidden(traffic, detail, e);
    case 404:
        (void)TILL_FAIL(e, TILL_CONFIG, 404, "PostHog has no project %s at %.200s",
                        traffic->property, traffic->url);
        return till_error_hint(e, "the project's number is in its address bar (/project/12345) and "
                                  "in its settings; regions have projects of their own");
    default:
        if (answer->status == 429 && answer->retry_after_ms < 0)
            answer->retry_after_ms = wait_of(detail);
        return traffic_fail(traffic, question, answer, detail, e);
    }
}

// ---- asking ----

static enum till_code wait_a_little(const struct traffic *traffic, int64_t ms, struct till_error *e)
{
    const struct timespec step = {.tv_nsec = 50 * 1000 * 1000};
    int64_t until_ms = clock_monotonic_ms(traffic->clock) + ms;
    while (clock_monotonic_ms(traffic->clock) < until_ms) {
        if (traffic->stop && *traffic->stop)
            return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
        (void)nanosleep(&step, NULL);
    }
    return TILL_OK;
}

// The answer was not ready: asks for it by its id until it is.
static enum till_code poll_answer(struct traffic *traffic, const struct traffic_question *asked,
                                  struct arena *arena, struct traffic_answer *answer,
                                  struct till_error *e)
{
    char path[PATH_BYTES + TRAFFIC_TEXT_BYTES];
    struct sv id = SV("");
    (void)json_text(json_get(json_get(answer->root, "query_status"), "id"), &id);
    for (size_t i = 0; i < id.len; i++) {
        if (!isalnum((unsigned char)id.ptr[i]) && id.ptr[i] != '-' && id.ptr[i] != '_')
            id.len = 0;
    }
    if (id.len == 0 || id.len > 128)
        return TILL_FAIL(e, TILL_FORMAT, 202,
                         "could not %s: PostHog does not say which answer to "
                         "come back for",
                         asked->what);
    (void)snprintf(path, sizeof path, "%s" SV_FORMAT "/", asked->path, SV_ARGS(id));
    struct traffic_question question = {.path = path, .what = asked->what, .bearer = asked->bearer};
    int64_t wait_ms = POLL_FIRST_MS;
    for (int i = 0; i < TILL_LIMIT_TRAFFIC_POLLS; i++) {
        enum till_code code = wait_a_little(traffic, wait_ms, e);
        if (code == TILL_OK)
            code = traffic_ask(traffic, &question, arena, answer, e);
        if (code || answer->status != 202)
            return code;
        wait_ms = wait_ms * 2 < POLL_LONGEST_MS ? wait_ms * 2 : POLL_LONGEST_MS;
    }
    (void)TILL_FAIL(e, TILL_REMOTE, 202, "could not %s: PostHog was still at it after %d looks",
                    asked->what, TILL_LIMIT_TRAFFIC_POLLS);
    return till_error_hint(e, "it is busy; the next run tries again");
}

// *ret_result: the object with columns and results.
static enum till_code ask(struct traffic *traffic, const char *what, const char *hogql,
                          struct arena *arena, const struct json **ret_result, struct till_error *e)
{
    char path[PATH_BYTES];
    struct traffic_answer answer = {0};
    AUTO_BUF body;
    buf_init(&body, TILL_LIMIT_REQUEST_BODY_BYTES);
    buf_text(&body, "{\"query\":{\"kind\":\"HogQLQuery\",\"query\":");
    buf_json_string(&body, sv_of(hogql));
    buf_text(&body, "},\"name\":");
    buf_format(&body, "\"till: %s\",\"refresh\":\"force_blocking\"}", what);
    (void)snprintf(path, sizeof path, "/api/projects/%s/query/", traffic->property);
    struct traffic_question question = {.path = path,
                                        .what = what,
                                        .bearer = &traffic->secret,
                                        .content_type = "application/json",
                                        .body = {body.data, body.len}};
    enum till_code code = buf_fail(&body, "a query", e);
    if (code == TILL_OK)
        code = traffic_ask(traffic, &question, arena, &answer, e);
    if (code == TILL_OK && answer.status == 202)
        code = poll_answer(traffic, &question, arena, &answer, e);
    if (code)
        return code;
    if (answer.status != 200)
        return judge(traffic, &question, &answer, arena, e);
    const struct json *status = json_get(answer.root, "query_status");
    const struct json *polled = json_get(status, "results");
    if (json_is_true(json_get(status, "error")))
        return traffic_fail(traffic, &question, &answer,
                            traffic_words(json_get(status, "error_message"), arena), e);
    *ret_result = json_is_object(polled) ? polled : answer.root;
    if (json_is_array(json_get(*ret_result, "results")))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_FORMAT, 0, "could not %s: the answer of %.200s has no results", what,
                    traffic->url);
    return till_error_hint(e, "is this the address of a PostHog? --host us, eu, or your own");
}

// ---- connecting ----

static enum till_code posthog_open(struct traffic *traffic, struct till_error *e)
{
    struct sv key = secret_bytes(&traffic->secret);
    size_t digits = strspn(traffic->property, "0123456789");
    if (sv_starts_with(key, SV("phc_"))) {
        (void)TILL_FAIL(e, TILL_USAGE, 0,
                        "this is a project token (phc_): it sends events, it cannot read");
        return till_error_hint(e, "make a personal API key (phx_) with the scope query:read in "
                                  "PostHog: Settings, Personal API keys");
    }
    if (digits > 0 && digits < 20 && traffic->property[digits] == '\0')
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%.80s\" is not the number of a project",
                    traffic->property);
    return till_error_hint(e, "say --project-id with the number in PostHog's address bar: "
                              "/project/12345");
}

static enum till_code probe(struct traffic *traffic, struct arena *arena,
                            struct traffic_identity *ret_identity, struct till_error *e)
{
    const struct json *result = NULL;
    struct sv zone = SV("");
    enum till_code code = ask(traffic, "check the key", "SELECT 1", arena, &result, e);
    if (code)
        return code;
    (void)json_text(json_get(result, "timezone"), &zone);
    if (zone.len > 0 && zone.len < sizeof ret_identity->timezone)
        memcpy(ret_identity->timezone, zone.ptr, zone.len);
    return TILL_OK;
}

// Refused here: does the key belong to the other region? It is asked there without a second thought, since both are PostHog's own.
static enum till_code explain_refusal(struct traffic *traffic, struct arena *arena,
                                      struct till_error *e)
{
    struct till_error there = {0};
    struct traffic_identity identity = {0};
    char here[TRAFFIC_URL_BYTES];
    if (!traffic->other_url[0] || e->detail != 401)
        return e->code;
    memcpy(here, traffic->url, sizeof here);
    memcpy(traffic->url, traffic->other_url, sizeof traffic->url);
    enum till_code code = probe(traffic, arena, &identity, &there);
    memcpy(traffic->url, here, sizeof here);
    if (code == TILL_CANCELED || code == TILL_MEMORY)
        return e->code;
    bool is_known = code == TILL_OK || there.detail == 403 || there.detail == 404;
    if (!is_known)
        return e->code;
    (void)TILL_FAIL(e, TILL_AUTH, 401, "this key belongs to PostHog's region %s",
                    traffic->other_word);
    return till_error_hint(e, "connect again with --host %s%s", traffic->other_word,
                           there.detail == 404 ? ", and the project's number there" : "");
}

static enum till_code validate(struct traffic *traffic, struct arena *arena,
                               struct traffic_identity *ret_identity, struct till_error *e)
{
    (void)snprintf(ret_identity->property, sizeof ret_identity->property, "%s", traffic->property);
    (void)snprintf(ret_identity->property_name, sizeof ret_identity->property_name, "%s",
                   traffic->property);
    enum till_code code = probe(traffic, arena, ret_identity, e);
    if (code == TILL_AUTH)
        return explain_refusal(traffic, arena, e);
    if (code == TILL_OK && !ret_identity->timezone[0])
        return TILL_FAIL(e, TILL_FORMAT, 0, "PostHog does not say the project's time zone");
    return code;
}

// ---- fetching ----

struct fetching {
    struct traffic *traffic;
    const struct traffic_window *window;
    struct arena *arena;
    struct traffic_rows rows;
    struct traffic_sums sums;
    struct civil_date from, to; // what is still hoped for: to shrinks when an answer is cut
    bool is_other_zone;
    char timezone[TRAFFIC_ZONE_BYTES];
};

// A query whose rows begin with their day.
struct part {
    const char *what;
    const char *select, *table, *where, *group; // of HogQL; the bounds are added
    const char *time;                           // the column that is bounded
    bool (*take)(struct fetching *fetching, const struct json *columns, const struct json *row,
                 struct civil_date date);
};

enum { COLUMNS = 12 };

// The cell below a column's name; NULL when there is none.
static const struct json *cell(const struct json *columns, const struct json *row, const char *name)
{
    const struct json *value = json_first(row);
    for (const struct json *column = json_first(columns); column && value;
         column = json_next(columns, column), value = json_next(row, value)) {
        struct sv text;
        if (json_text(column, &text) && sv_equal(text, sv_of(name)))
            return value;
    }
    return NULL;
}

static int64_t count_of(const struct json *columns, const struct json *row, const char *name)
{
    int64_t count = 0;
    return json_integer(cell(columns, row, name), &count) && count >= 0 ? count : TRAFFIC_UNTOLD;
}

static bool take_day(struct fetching *fetching, const struct json *columns, const struct json *row,
                     struct civil_date date)
{
    struct traffic_row *to =
        traffic_sums_at(&fetching->sums, TRAFFIC_DAY, date, TRAFFIC_CHANNEL, SV(""));
    if (!to)
        return false;
    to->visitors = count_of(columns, row, "visitors");
    to->visits = count_of(columns, row, "sessions");
    to->pageviews = count_of(columns, row, "pageviews");
    traffic_add(&to->bounces, 0); // a day without sessions has none
    return true;
}

static bool take_hour(struct fetching *fetching, const struct json *columns, const struct json *row,
                      struct civil_date date)
{
    struct sv text;
    int64_t at_us = 0;
    if (!json_text(cell(columns, row, "day"), &text))
        return true;
    if (!timestamp_parse(text, &at_us)) { // without an offset: the project's own clock
        char whole[TIMESTAMP_BYTES];
        int len = snprintf(whole, sizeof whole, SV_FORMAT "Z", SV_ARGS(text));
        if (len < 0 || (size_t)len >= sizeof whole || !timestamp_parse(sv_of(whole), &at_us))
            return true;
        at_us -= zone_offset_us(fetching->window->zone, at_us);
    }
    struct traffic_row *to = traffic_rows_add(&fetching->rows, TRAFFIC_HOUR, date);
    if (!to)
        return false;
    to->hour_us = at_us;
    to->visitors = count_of(columns, row, "visitors");
    to->visits = count_of(columns, row, "sessions");
    to->pageviews = count_of(columns, row, "pageviews");
    return true;
}

struct named {
    const char *name;
    enum traffic_dimension dimension;
};

static bool add_parts(struct fetching *fetching, const struct json *columns, const struct json *row,
                      struct civil_date date, const struct named *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sv value = traffic_value(cell(columns, row, names[i].name), fetching->arena);
        struct traffic_row *to = value.ptr ? traffic_sums_at(&fetching->sums, TRAFFIC_PART, date,
                                                             names[i].dimension, value)
                                           : NULL;
        if (!to)
            return false;
        traffic_add(&to->visits, count_of(columns, row, "sessions"));
        traffic_add(&to->pageviews, count_of(columns, row, "pageviews"));
        traffic_add(&to->bounces, count_of(columns, row, "bounces"));
    }
    return true;
}

static bool take_entry(struct fetching *fetching, const struct json *columns,
                       const struct json *row, struct civil_date date)
{
    static const struct named names[] = {
        {"channel", TRAFFIC_CHANNEL},           {"referrer", TRAFFIC_REFERRER},
        {"landing_page", TRAFFIC_LANDING_PAGE}, {"utm_source", TRAFFIC_UTM_SOURCE},
        {"utm_medium", TRAFFIC_UTM_MEDIUM},     {"utm_campaign", TRAFFIC_UTM_CAMPAIGN},
    };
    struct traffic_row *day =
        traffic_sums_at(&fetching->sums, TRAFFIC_DAY, date, TRAFFIC_CHANNEL, SV(""));
    if (!day)
        return false;
    traffic_add(&day->bounces, count_of(columns, row, "bounces"));
    return add_parts(fetching, columns, row, date, names, TILL_COUNT(names));
}

static bool take_place(struct fetching *fetching, const struct json *columns,
                       const struct json *row, struct civil_date date)
{
    static const struct named names[] = {{"country", TRAFFIC_COUNTRY}, {"device", TRAFFIC_DEVICE}};
    return add_parts(fetching, columns, row, date, names, TILL_COUNT(names));
}

#define VIEWS "event IN ('$pageview','$screen') AND "
#define COUNTS                                                                                     \
    "uniq(person_id) AS visitors, uniq($session_id) AS sessions, countIf(event = '$pageview') AS " \
    "pageviews"
static const struct part entries = {
    "query where visits came from",
    "toDate($start_timestamp) AS day, $channel_type AS channel, $entry_referring_domain AS "
    "referrer, $entry_pathname AS landing_page, $entry_utm_source AS utm_source, "
    "$entry_utm_medium AS utm_medium, $entry_utm_campaign AS utm_campaign, count() AS sessions, "
    "countIf($is_bounce) AS bounces, sum($pageview_count) AS pageviews",
    "sessions",
    "",
    "day, channel, referrer, landing_page, utm_source, utm_medium, utm_campaign",
    "$start_timestamp",
    take_entry,
};
static const struct part daily = {
    "query visitors by day",
    "toDate(timestamp) AS day, " COUNTS,
    "events",
    VIEWS,
    "day",
    "timestamp",
    take_day,
};
static const struct part hourly = {
    "query visitors by hour",
    "toStartOfHour(timestamp) AS day, " COUNTS,
    "events",
    VIEWS,
    "day",
    "timestamp",
    take_hour,
};
static const struct part places = {
    "query countries and devices",
    "toDate(timestamp) AS day, properties.$geoip_country_code AS country, properties.$device_type "
    "AS device, uniq($session_id) AS sessions, countIf(event = '$pageview') AS pageviews",
    "events",
    VIEWS,
    "day, country, device",
    "timestamp",
    take_place,
};

static enum till_code ask_page(struct fetching *fetching, const struct part *part, int64_t offset,
                               const struct json **ret_result, struct till_error *e)
{
    char from[TRAFFIC_DATE_BYTES], to[TRAFFIC_DATE_BYTES];
    AUTO_BUF hogql;
    traffic_print_date(fetching->from, from);
    traffic_print_date(fetching->to, to);
    buf_init(&hogql, TILL_LIMIT_REQUEST_BODY_BYTES);
    buf_format(&hogql, "SELECT %s FROM %s WHERE %s%s >= toDateTime('%s 00:00:00') AND ",
               part->select, part->table, part->where, part->time, from);
    buf_format(&hogql, "%s < toDateTime('%s 00:00:00') GROUP BY %s ORDER BY %s LIMIT %d",
               part->time, to, part->group, part->group, PAGE_ROWS);
    if (offset > 0)
        buf_format(&hogql, " OFFSET %lld", (long long)offset);
    enum till_code code = buf_fail(&hogql, "a query", e);
    return code ? code
                : ask(fetching->traffic, part->what, hogql.data, fetching->arena, ret_result, e);
}

// Another zone than the days of the window are cut by: nothing of this can be used.
static bool check_zone(struct fetching *fetching, const struct json *result)
{
    struct sv zone = SV("");
    const char *known = fetching->traffic->timezone;
    (void)json_text(json_get(result, "timezone"), &zone);
    if (zone.len == 0 || zone.len >= sizeof fetching->timezone || sv_equal(zone, sv_of(known)))
        return true;
    (void)snprintf(fetching->timezone, sizeof fetching->timezone, SV_FORMAT, SV_ARGS(zone));
    fetching->is_other_zone = true;
    return false;
}

// Takes all rows; *ret_last is the day of the last one.
static enum till_code take_rows(struct fetching *fetching, const struct part *part,
                                const struct json *result, struct civil_date *ret_last,
                                struct till_error *e)
{
    const struct json *columns = json_get(result, "columns");
    const struct json *rows = json_get(result, "results");
    for (const struct json *row = json_first(rows); row; row = json_next(rows, row)) {
        if (!traffic_read_date(cell(columns, row, "day"), ret_last))
            return TILL_FAIL(e, TILL_FORMAT, 0, "could not %s: a row of the answer has no day",
                             part->what);
        if (traffic_date_before(*ret_last, fetching->from) ||
            !traffic_date_before(*ret_last, fetching->to))
            continue; // a moment that a jump of the clock moved to another day
        if (!part->take(fetching, columns, row, *ret_last))
            return traffic_rows_fail(&fetching->rows, e);
    }
    return TILL_OK;
}

// One query, or as many as its rows need. When there are more than PostHog gives at once, fetching->to becomes the last day that came, or the pages of
// one day are read.
static enum till_code fetch_part(struct fetching *fetching, const struct part *part,
                                 struct till_error *e)
{
    for (int64_t page = 0; page < DAY_PAGES; page++) {
        const struct json *result = NULL;
        struct civil_date last = fetching->from;
        enum till_code code = ask_page(fetching, part, page * PAGE_ROWS, &result, e);
        if (code || !check_zone(fetching, result))
            return code;
        code = take_rows(fetching, part, result, &last, e);
        bool is_cut = json_is_true(json_get(result, "hasMore")) ||
                      json_count(json_get(result, "results")) >= PAGE_ROWS;
        if (code || !is_cut)
            return code;
        if (page == 0 && traffic_date_before(fetching->from, last)) {
            fetching->to = last;
            return TILL_OK;
        }
        fetching->to = civil_date_add_days(fetching->from, 1);
    }
    return TILL_FAIL(e, TILL_LIMIT, 0, "could not %s: one day has more than %d rows", part->what,
                     DAY_PAGES * PAGE_ROWS);
}

// A long span may be too much for one query's ten seconds: then half of it.
static enum till_code fetch_entries(struct fetching *fetching, struct till_error *e)
{
    for (int i = 0;; i++) {
        enum till_code code = fetch_part(fetching, &entries, e);
        int32_t days = traffic_days_between(fetching->from, fetching->to);
        bool is_too_much = code == TILL_REMOTE && e->detail >= 500 && i < HALVINGS;
        if (!is_too_much || days <= HALVE_ABOVE_DAYS)
            return code;
        fetching->to = civil_date_add_days(fetching->from, days / 2);
        till_error_clear(e);
    }
}

static enum till_code fetch_hours(struct fetching *fetching, struct traffic_batch *batch,
                                  struct till_error *e)
{
    struct civil_date first;
    struct civil_date before = fetching->from;
    if (!traffic_hours_first(fetching->window, fetching->from, fetching->to, &first))
        return TILL_OK;
    fetching->from = first;
    enum till_code code = fetch_part(fetching, &hourly, e);
    fetching->from = before;
    traffic_hours_finish(fetching->window, first, fetching->to, batch);
    return code;
}

// Each query tells of the same days: one of them without a row is an answer that went wrong on its way, not a day without visitors.
static enum till_code check_agreement(const struct fetching *fetching, struct till_error *e)
{
    size_t visited = 0, entered = 0, placed = 0;
    for (size_t i = 0; i < fetching->rows.count; i++) {
        const struct traffic_row *row = &fetching->rows.list[i];
        if (!traffic_date_before(row->date, fetching->to))
            continue;
        visited += row->grain == TRAFFIC_DAY && row->visits > 0;
        entered += row->grain == TRAFFIC_PART && row->dimension == TRAFFIC_CHANNEL;
        placed += row->grain == TRAFFIC_PART && row->dimension == TRAFFIC_COUNTRY;
    }
    if ((visited > 0) == (entered > 0) && (visited > 0) == (placed > 0))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_FORMAT, 0,
                    "PostHog's answers contradict each other: %zu days with "
                    "visitors, %zu channels, %zu countries",
                    visited, entered, placed);
    return till_error_hint(e, "nothing was changed; the next run asks again");
}

static enum till_code fetch(struct traffic *traffic, const struct traffic_window *window,
                            struct arena *arena, struct traffic_batch *ret_batch,
                            struct till_error *e)
{
    struct fetching fetching = {.traffic = traffic,
                                .window = window,
                                .arena = arena,
                                .rows = {.arena = arena},
                                .from = window->from,
                                .to = window->to};
    fetching.sums.rows = &fetching.rows;
    enum till_code code = fetch_entries(&fetching, e);
    if (code == TILL_OK && !fetching.is_other_zone)
        code = fetch_part(&fetching, &daily, e);
    if (code == TILL_OK && !fetching.is_other_zone)
        code = fetch_part(&fetching, &places, e);
    if (code == TILL_OK && !fetching.is_other_zone)
        code = fetch_hours(&fetching, ret_batch, e);
    if (code)
        return code;
    if (fetching.is_other_zone) {
        *ret_batch = (struct traffic_batch){.covered_to = window->from};
        memcpy(ret_batch->timezone, fetching.timezone, sizeof ret_batch->timezone);
        return TILL_OK;
    }
    code = check_agreement(&fetching, e);
    if (code)
        return code;
    traffic_rows_finish(&fetching.rows, window, fetching.to, ret_batch);
    (void)snprintf(ret_batch->timezone, sizeof ret_batch->timezone, "%s", traffic->timezone);
    return TILL_OK;
}

const struct traffic_source traffic_posthog = {
    .terms = {.default_url = "https://us.posthog.com",
              .requests_per_minute = 60,
              .history_days = 490,
              .reread_days = 3},
    .open = posthog_open,
    .validate = validate,
    .fetch = fetch,
};
