// SPDX-License-Identifier: Apache-2.0
// plausible.c - Plausible by its Stats API v2, of plausible.io or of a Community Edition: one query for the days, one for the newest hours, and one for
// each dimension by day.
//
// Days are those of the time zone in the site's settings, which the API does not name; but it says at which moments a range of dates began and ended. So a
// zone is taken only when a winter's and a summer's day begin in it when they do at Plausible, and each answer is held to it. Rows come by day, 10,000 at
// most: when an answer is cut, its last day is left for the next window; a day that is too large by itself comes in pages. Bounces are told as a
// percentage without decimals: the number is reckoned from it, off by half a percent of the visits at most. Referrers are told as whole addresses: they
// are added up by domain, and their visitors, who do not add up, are left untold. Page views by landing page are refused. "(none)" and its like become
// the empty value.
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "traffic/source.h"

enum {
    PAGE_ROWS = 10000, // the most that Plausible gives at once
    DAY_PAGES = 20,    // of one day
    WINDOW_DAYS = 122,
};

// ---- errors ----

static enum till_code fail_unauthorised(const struct traffic *traffic, struct sv words,
                                        struct till_error *e)
{
    if (sv_starts_with(words, SV("Missing API key"))) {
        (void)TILL_FAIL(e, TILL_AUTH, 401, "Plausible saw no key");
        return till_error_hint(e,
                               "something on the way to %.200s removes the Authorization header: "
                               "check the proxy",
                               traffic->url);
    }
    (void)TILL_FAIL(e, TILL_AUTH, 401, "Plausible does not accept this key for the site %s",
                    traffic->property);
    return till_error_hint(e, "make a key of the kind \"Stats API\" in Plausible's settings (API "
                              "Keys), as somebody who may see the site; then connect again");
}

static enum till_code fail_unpaid(const struct traffic *traffic, struct sv words,
                                  struct till_error *e)
{
    if (sv_starts_with(words, SV("This Plausible site is locked"))) {
        (void)TILL_FAIL(e, TILL_AUTH, 402,
                        "Plausible has locked the site %s: its subscription has ended",
                        traffic->property);
        return till_error_hint(e, "the site's owner renews the subscription in Plausible; what is "
                                  "here already stays");
    }
    (void)TILL_FAIL(e, TILL_AUTH, 402,
                    "the Plausible account of this key has no access to the Stats API");
    return till_error_hint(e, "a plan with the Stats API is needed, for the account that owns the "
                              "key; or a Community Edition of your own (--api-url)");
}

static enum till_code judge(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer, struct arena *arena,
                            struct till_error *e)
{
    struct sv words = traffic_words(json_get(answer->root, "error"), arena);
    switch (answer->status) {
    case 400:
        (void)TILL_FAIL(e, TILL_REMOTE, 400,
                        "could not %s: Plausible refused the query: " SV_FORMAT, question->what,
                        SV_ARGS(words));
        return till_error_hint(e, "till asks in a way that this Plausible does not know: update "
                                  "till, or the Plausible of your own");
    case 401:
        return fail_unauthorised(traffic, words, e);
    case 402:
        return fail_unpaid(traffic, words, e);
    case 404:
    case 405:
        (void)TILL_FAIL(e, TILL_CONFIG, answer->status, "%.200s has no Stats API of version 2",
                        traffic->url);
        return till_error_hint(e, "is this the address of a Plausible? A Community Edition has it "
                                  "from version 2.1.5 on");
    default:
        return traffic_fail(traffic, question, answer, words, e);
    }
}

// ---- asking ----

struct asking {
    struct civil_date from, to; // to is not included
    const char *time;           // "time:day", "time:hour", NULL
    const char *dimension;      // beside it, NULL
    int64_t offset;
    bool has_no_views; // page views cannot be asked for beside this dimension
    bool has_no_site;
};

static void print_query(const struct traffic *traffic, const struct asking *asking,
                        struct buf *body)
{
    char from[TRAFFIC_DATE_BYTES], last[TRAFFIC_DATE_BYTES];
    traffic_print_date(asking->from, from);
    traffic_print_date(civil_date_add_days(asking->to, -1), last);
    buf_text(body, "{");
    if (!asking->has_no_site) {
        buf_text(body, "\"site_id\":");
        buf_json_string(body, sv_of(traffic->property));
        buf_text(body, ",");
    }
    buf_format(body, "\"date_range\":[\"%s\",\"%s\"],\"metrics\":[\"visitors\"", from, last);
    if (asking->time) {
        buf_format(body, ",\"visits\",\"bounce_rate\"%s],\"dimensions\":[\"%s\"",
                   asking->has_no_views ? "" : ",\"pageviews\"", asking->time);
        if (asking->dimension)
            buf_format(body, ",\"%s\"", asking->dimension);
        buf_format(body, "],\"order_by\":[[\"%s\",\"asc\"],[\"visits\",\"desc\"]", asking->time);
        if (asking->dimension)
            buf_format(body, ",[\"%s\",\"asc\"]", asking->dimension);
        buf_format(body, "],\"pagination\":{\"limit\":%d,\"offset\":%lld}}", PAGE_ROWS,
                   (long long)asking->offset);
    } else {
        buf_text(body, "]}");
    }
}

static enum till_code send(struct traffic *traffic, const struct traffic_question *question,
                           const struct asking *asking, struct arena *arena,
                           struct traffic_answer *ret_answer, struct till_error *e)
{
    struct traffic_question whole = *question;
    AUTO_BUF body;
    buf_init(&body, TILL_LIMIT_REQUEST_BODY_BYTES);
    print_query(traffic, asking, &body);
    whole.path = "/api/v2/query";
    whole.bearer = &traffic->secret;
    whole.content_type = "application/json";
    whole.body = (struct sv){body.data, body.len};
    enum till_code code = buf_fail(&body, "a query", e);
    return code ? code : traffic_ask(traffic, &whole, arena, ret_answer, e);
}

// *ret_root: the answer, which has results.
static enum till_code ask(struct traffic *traffic, const char *what, const struct asking *asking,
                          struct arena *arena, const struct json **ret_root, struct till_error *e)
{
    struct traffic_question question = {.what = what};
    struct traffic_answer answer = {0};
    enum till_code code = send(traffic, &question, asking, arena, &answer, e);
    if (code)
        return code;
    if (answer.status != 200)
        return judge(traffic, &question, &answer, arena, e);
    if (!json_is_array(json_get(answer.root, "results"))) {
        (void)TILL_FAIL(e, TILL_FORMAT, 0, "could not %s: the answer of %.200s has no results",
                        what, traffic->url);
        return till_error_hint(e, "is this the address of a Plausible? It is given by --api-url");
    }
    *ret_root = answer.root;
    return TILL_OK;
}

// ---- the site's days ----

// When the asked days began and ended there; false when it does not say.
static bool read_span(const struct json *root, int64_t *ret_from_us, int64_t *ret_to_us)
{
    const struct json *range = json_get(json_get(root, "query"), "date_range");
    struct sv from, last;
    if (!json_text(json_at(range, 0), &from) || !json_text(json_at(range, 1), &last) ||
        !timestamp_parse(from, ret_from_us) || !timestamp_parse(last, ret_to_us))
        return false;
    *ret_to_us = (*ret_to_us / 1000000 + 1) * 1000000; // its last second is told
    return true;
}

struct span {
    struct civil_date from, to;
    int64_t from_us, to_us;
};

static bool fits(const struct span *span, const struct zone *zone)
{
    return zone_day_start_us(zone, span->from) == span->from_us &&
           zone_day_start_us(zone, span->to) == span->to_us;
}

// Copies the zone's name when its days begin like the site's. A name that is none fits nothing.
static enum till_code try_zone(const struct span *span, const char *name,
                               char ret_name[static TRAFFIC_ZONE_BYTES], struct till_error *e)
{
    struct zone *zone = NULL;
    struct till_error unknown = {0};
    enum till_code code = ret_name[0] ? TILL_OK : zone_open(name, &zone, &unknown);
    if (code == TILL_CONFIG)
        return TILL_OK;
    if (code) {
        *e = unknown;
        return code;
    }
    if (zone && fits(span, zone) && strlen(zone_name(zone)) < TRAFFIC_ZONE_BYTES)
        (void)snprintf(ret_name, TRAFFIC_ZONE_BYTES, "%s", zone_name(zone));
    zone_close(zone);
    return TILL_OK;
}

// "Etc/GMT+5" is five hours behind; "" where no such zone can be.
static void name_fixed(const struct span *span, char ret_name[static TRAFFIC_ZONE_BYTES])
{
    const int64_t hour_us = INT64_C(3600) * 1000000;
    int64_t west_us = span->from_us - civil_date_to_days(span->from) * 24 * hour_us;
    bool is_whole = west_us % hour_us == 0 && west_us >= -14 * hour_us && west_us <= 12 * hour_us;
    (void)snprintf(ret_name, TRAFFIC_ZONE_BYTES, "Etc/GMT%+d",
                   is_whole ? (int)(west_us / hour_us) : 0);
}

static enum till_code fail_zone(const struct traffic *traffic, struct till_error *e)
{
    if (traffic->timezone[0])
        (void)TILL_FAIL(e, TILL_CONFIG, 0,
                        "the days of %s at Plausible do not begin as they do in %s",
                        traffic->property, traffic->timezone);
    else
        (void)TILL_FAIL(e, TILL_CONFIG, 0,
                        "Plausible does not name the time zone of %s, and its days are not those "
                        "of this computer",
                        traffic->property);
    return till_error_hint(e, "say --timezone with the reporting time zone in the site's settings "
                              "at Plausible (General)");
}

static enum till_code find_zone(const struct traffic *traffic, const struct span *span,
                                struct traffic_identity *ret_identity, struct till_error *e)
{
    char *found = ret_identity->timezone, fixed[TRAFFIC_ZONE_BYTES];
    bool is_said = traffic->timezone[0] != '\0';
    name_fixed(span, fixed);
    enum till_code code = try_zone(span, traffic->timezone, found, e);
    if (code == TILL_OK && !is_said)
        code = try_zone(span, "UTC", found, e);
    if (code == TILL_OK && !is_said)
        code = try_zone(span, fixed, found, e);
    if (code)
        return code;
    if (!found[0])
        return fail_zone(traffic, e);
    if (!is_said)
        (void)snprintf(ret_identity->remark, sizeof ret_identity->remark,
                       "days are taken to be those of %s, which fits when Plausible lets them "
                       "begin; if the site's settings name another time zone, say --timezone",
                       found);
    return TILL_OK;
}

// ---- connecting ----

// People paste addresses: the name of a site at Plausible is its domain, maybe with a path.
static enum till_code plausible_open(struct traffic *traffic, struct till_error *e)
{
    struct sv site = sv_trim((struct sv){traffic->property, strlen(traffic->property)});
    static const char *const schemes[] = {"https://", "http://"};
    char copy[TRAFFIC_TEXT_BYTES];
    for (size_t i = 0; i < TILL_COUNT(schemes); i++) {
        if (sv_starts_with(site, sv_of(schemes[i])))
            site = (struct sv){site.ptr + strlen(schemes[i]), site.len - strlen(schemes[i])};
    }
    while (site.len > 0 && site.ptr[site.len - 1] == '/')
        site.len--;
    (void)snprintf(copy, sizeof copy, SV_FORMAT, SV_ARGS(site));
    for (char *c = copy; *c && *c != '/'; c++)
        *c = (char)tolower((unsigned char)*c);
    memcpy(traffic->property, copy, sizeof traffic->property);
    if (copy[0] && !strpbrk(copy, " \t\"\\"))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%.80s\" is not the name of a site at Plausible", copy);
    return till_error_hint(e, "say --site-id with the domain as Plausible lists it: example.com");
}

// The newest day of that month and number that has passed.
static struct civil_date past(struct civil_date today, int32_t month, int32_t day)
{
    struct civil_date date = {today.year, month, day};
    if (!traffic_date_before(date, today))
        date.year--;
    return date;
}

// Refused: is it the key or the site? Without a site, a good key is told that the site is missing.
static enum till_code explain_refusal(struct traffic *traffic, const struct asking *asked,
                                      struct arena *arena, struct till_error *e)
{
    struct asking asking = *asked;
    struct traffic_question question = {.what = "check the key"};
    struct traffic_answer answer = {0};
    struct till_error there = {0};
    if (e->code != TILL_AUTH || e->detail != 401)
        return e->code;
    asking.has_no_site = true;
    enum till_code code = send(traffic, &question, &asking, arena, &answer, &there);
    if (code == TILL_OK && answer.status == 401) {
        (void)TILL_FAIL(e, TILL_AUTH, 401, "Plausible does not accept this key");
        return till_error_hint(e, "make a key of the kind \"Stats API\" in Plausible's settings "
                                  "(API Keys), and connect again");
    }
    if (code || answer.status != 400)
        return e->code;
    (void)TILL_FAIL(e, TILL_CONFIG, 401, "the key is good, but it may not read a site called %s",
                    traffic->property);
    return till_error_hint(e, "say --site-id with the domain exactly as Plausible lists it; the "
                              "key's owner must be a member of the site");
}

static enum till_code validate(struct traffic *traffic, struct arena *arena,
                               struct traffic_identity *ret_identity, struct till_error *e)
{
    int64_t days = clock_now_us(traffic->clock) / 1000000 / 86400 - 1;
    struct civil_date today = civil_date_from_days(days);
    struct civil_date winter = past(today, 1, 15), summer = past(today, 7, 15);
    bool is_winter_first = traffic_date_before(winter, summer);
    struct asking asking = {.from = is_winter_first ? winter : summer,
                            .to = is_winter_first ? summer : winter};
    struct span span = {.from = asking.from, .to = asking.to};
    const struct json *root = NULL;
    enum till_code code = ask(traffic, "check the key", &asking, arena, &root, e);
    if (code) {
        bool is_header_lost = sv_starts_with(sv_of(e->text), SV("Plausible saw no key"));
        return is_header_lost ? code : explain_refusal(traffic, &asking, arena, e);
    }
    (void)snprintf(ret_identity->property, sizeof ret_identity->property, "%s", traffic->property);
    (void)snprintf(ret_identity->property_name, sizeof ret_identity->property_name, "%s",
                   traffic->property);
    if (read_span(root, &span.from_us, &span.to_us))
        return find_zone(traffic, &span, ret_identity, e);
    (void)snprintf(ret_identity->timezone, sizeof ret_identity->timezone, "%s", traffic->timezone);
    return TILL_OK;
}

// ---- fetching ----

struct fetching {
    struct traffic *traffic;
    const struct traffic_window *window;
    struct arena *arena;
    struct traffic_rows rows;
    struct traffic_sums sums;
    struct civil_date from, to;
    int64_t last_hour_us;
};

struct part {
    const char *what, *time, *name;
    enum traffic_dimension dimension;
};

static int64_t count_at(const struct json *metrics, size_t index)
{
    int64_t count = 0;
    return json_integer(json_at(metrics, index), &count) && count >= 0 ? count : TRAFFIC_UNTOLD;
}

static int64_t bounces_of(const struct json *metrics, int64_t visits)
{
    double percent = 0;
    if (visits < 0 || !json_real(json_at(metrics, 2), &percent) || percent < 0 || percent > 100)
        return visits == 0 ? 0 : TRAFFIC_UNTOLD;
    return llround((double)visits * percent / 100);
}

static bool is_nothing(struct sv value)
{
    static const char *const words[] = {"(none)", "(not set)", "Direct / None"};
    for (size_t i = 0; i < TILL_COUNT(words); i++) {
        if (sv_equal(value, sv_of(words[i])))
            return true;
    }
    return false;
}

static struct sv domain_of(struct sv referrer, struct arena *arena)
{
    struct sv rest = referrer, domain = referrer;
    if (referrer.len == 0 || !sv_split(&rest, '/', &domain))
        return referrer;
    char *copy = arena_copy(arena, domain.ptr, domain.len);
    for (size_t i = 0; copy && i < domain.len; i++)
        copy[i] = (char)tolower((unsigned char)copy[i]);
    return (struct sv){copy, copy ? domain.len : 0};
}

static bool take_part(struct fetching *fetching, const struct part *part, const struct json *row,
                      struct civil_date date)
{
    const struct json *metrics = json_get(row, "metrics");
    bool is_referrer = part->dimension == TRAFFIC_REFERRER;
    struct sv value = traffic_value(json_at(json_get(row, "dimensions"), 1), fetching->arena);
    if (is_nothing(value))
        value = SV("");
    if (is_referrer)
        value = domain_of(value, fetching->arena);
    struct traffic_row *to =
        value.ptr ? traffic_sums_at(&fetching->sums, TRAFFIC_PART, date, part->dimension, value)
                  : NULL;
    if (!to)
        return false;
    if (!is_referrer)
        traffic_add(&to->visitors, count_at(metrics, 0));
    traffic_add(&to->visits, count_at(metrics, 1));
    traffic_add(&to->pageviews, count_at(metrics, 3));
    traffic_add(&to->bounces, bounces_of(metrics, count_at(metrics, 1)));
    return true;
}

static bool take_time(struct fetching *fetching, const struct part *part, const struct json *row,
                      struct civil_date date)
{
    const struct json *metrics = json_get(row, "metrics");
    bool is_day = strcmp(part->time, "time:day") == 0;
    int64_t hour_us = 0;
    if (!is_day && !traffic_read_hour(json_first(json_get(row, "dimensions")),
                                      fetching->window->zone, fetching->last_hour_us, &hour_us))
        return true;
    fetching->last_hour_us = hour_us;
    struct traffic_row *to =
        traffic_rows_add(&fetching->rows, is_day ? TRAFFIC_DAY : TRAFFIC_HOUR, date);
    if (!to)
        return false;
    to->hour_us = hour_us;
    to->visitors = count_at(metrics, 0);
    to->visits = count_at(metrics, 1);
    to->pageviews = count_at(metrics, 3);
    if (is_day)
        to->bounces = bounces_of(metrics, to->visits);
    return true;
}

// The site's days must still begin when those of the window do.
static enum till_code check_zone(const struct fetching *fetching, const struct json *root,
                                 struct till_error *e)
{
    struct span span = {.from = fetching->from, .to = fetching->to};
    if (!read_span(root, &span.from_us, &span.to_us) || fits(&span, fetching->window->zone))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the days of %s at Plausible do not begin as they do in %s",
                    fetching->traffic->property, zone_name(fetching->window->zone));
    return till_error_hint(e, "was the site's time zone changed? Connect Plausible again with "
                              "--timezone, as in the site's settings there (General)");
}

static enum till_code take_rows(struct fetching *fetching, const struct part *part,
                                const struct json *rows, struct civil_date *ret_last,
                                struct till_error *e)
{
    for (const struct json *row = json_first(rows); row; row = json_next(rows, row)) {
        if (!traffic_read_date(json_first(json_get(row, "dimensions")), ret_last))
            return TILL_FAIL(e, TILL_FORMAT, 0, "could not %s: a row of the answer has no day",
                             part->what);
        if (traffic_date_before(*ret_last, fetching->from) ||
            !traffic_date_before(*ret_last, fetching->to))
            continue; // a moment that a jump of the clock moved to another day
        if (!(part->name ? take_part : take_time)(fetching, part, row, *ret_last))
            return traffic_rows_fail(&fetching->rows, e);
    }
    return TILL_OK;
}

// One query, or as many as its rows need. When there are more than Plausible gives at once, fetching->to becomes the last day that came, or the pages
// of one day are read.
static enum till_code fetch_part(struct fetching *fetching, const struct part *part,
                                 struct till_error *e)
{
    for (int64_t page = 0; page < DAY_PAGES; page++) {
        struct asking asking = {.from = fetching->from,
                                .to = fetching->to,
                                .time = part->time,
                                .dimension = part->name,
                                .has_no_views = part->dimension == TRAFFIC_LANDING_PAGE,
                                .offset = page * PAGE_ROWS};
        struct civil_date last = fetching->from;
        const struct json *root = NULL;
        enum till_code code =
            ask(fetching->traffic, part->what, &asking, fetching->arena, &root, e);
        if (code == TILL_OK)
            code = check_zone(fetching, root, e);
        if (code == TILL_OK)
            code = take_rows(fetching, part, json_get(root, "results"), &last, e);
        if (code || json_count(json_get(root, "results")) < PAGE_ROWS)
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

static const struct part days = {"query visitors by day", "time:day", NULL, TRAFFIC_CHANNEL};
static const struct part hours = {"query visitors by hour", "time:hour", NULL, TRAFFIC_CHANNEL};
// The largest first: what is cut there need not be asked for elsewhere.
static const struct part parts[] = {
    {"query referrers", "time:day", "visit:referrer", TRAFFIC_REFERRER},
    {"query landing pages", "time:day", "visit:entry_page", TRAFFIC_LANDING_PAGE},
    {"query sources", "time:day", "visit:source", TRAFFIC_SOURCE},
    {"query campaigns", "time:day", "visit:utm_campaign", TRAFFIC_UTM_CAMPAIGN},
    {"query sources of campaigns", "time:day", "visit:utm_source", TRAFFIC_UTM_SOURCE},
    {"query media of campaigns", "time:day", "visit:utm_medium", TRAFFIC_UTM_MEDIUM},
    {"query countries", "time:day", "visit:country", TRAFFIC_COUNTRY},
    {"query channels", "time:day", "visit:channel", TRAFFIC_CHANNEL},
    {"query devices", "time:day", "visit:device", TRAFFIC_DEVICE},
};

static enum till_code fetch_hours(struct fetching *fetching, struct traffic_batch *batch,
                                  struct till_error *e)
{
    struct civil_date first;
    struct civil_date before = fetching->from;
    if (!traffic_hours_first(fetching->window, fetching->from, fetching->to, &first))
        return TILL_OK;
    fetching->from = first;
    enum till_code code = fetch_part(fetching, &hours, e);
    fetching->from = before;
    traffic_hours_finish(fetching->window, first, fetching->to, batch);
    return code;
}

// Each query tells of the same days: one of them without a row is an answer that went wrong on its way, not a day without visitors.
static enum till_code check_agreement(const struct fetching *fetching, struct till_error *e)
{
    static const enum traffic_dimension always[] = {TRAFFIC_SOURCE, TRAFFIC_LANDING_PAGE,
                                                    TRAFFIC_CHANNEL, TRAFFIC_DEVICE};
    size_t visited = 0, parted[TRAFFIC_DIMENSION__COUNT] = {0};
    for (size_t i = 0; i < fetching->rows.count; i++) {
        const struct traffic_row *row = &fetching->rows.list[i];
        if (!traffic_date_before(row->date, fetching->to))
            continue;
        visited += row->grain == TRAFFIC_DAY && row->visits > 0;
        parted[row->dimension] += row->grain == TRAFFIC_PART;
    }
    for (size_t i = 0; i < TILL_COUNT(always); i++) {
        if ((visited > 0) == (parted[always[i]] > 0))
            continue;
        (void)TILL_FAIL(e, TILL_FORMAT, 0,
                        "Plausible's answers contradict each other: %zu days with visits, %zu rows "
                        "by %s",
                        visited, parted[always[i]], traffic_dimension_word(always[i]));
        return till_error_hint(e, "nothing was changed; the next run asks again");
    }
    return TILL_OK;
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
    if (traffic_days_between(fetching.from, fetching.to) > WINDOW_DAYS)
        fetching.to = civil_date_add_days(fetching.from, WINDOW_DAYS);
    enum till_code code = TILL_OK;
    for (size_t i = 0; code == TILL_OK && i < TILL_COUNT(parts); i++)
        code = fetch_part(&fetching, &parts[i], e);
    if (code == TILL_OK)
        code = fetch_part(&fetching, &days, e);
    if (code == TILL_OK)
        code = fetch_hours(&fetching, ret_batch, e);
    if (code == TILL_OK)
        code = check_agreement(&fetching, e);
    if (code == TILL_OK)
        traffic_rows_finish(&fetching.rows, window, fetching.to, ret_batch);
    return code;
}

const struct traffic_source traffic_plausible = {
    .terms = {.default_url = "https://plausible.io",
              .timezone = NULL,
              .requests_per_minute = 60,
              .history_days = 490,
              .reread_days = 2},
    .open = plausible_open,
    .validate = validate,
    .fetch = fetch,
};
