// SPDX-License-Identifier: Apache-2.0
// search_console.c - Google Search Console: clicks, impressions and position by day, and the queries and pages of each day.
//
// Totals are asked for by date alone: rows by query leave out what few people searched for, so they add up to less. Days are Pacific days, and the newest two
// or three are incomplete: Google says from which on. The answer is the largest rows up to some ceiling, so a window is a month at most, which gives each
// day its share. Google counts load, and says so with a 403 that looks like a missing permission: the reason in it tells them apart.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "traffic/google.h"

enum {
    ROWS = 25000, // the most that Google gives at once
    PAGES = 4,
    WINDOW_DAYS = 31,
    LAG_DAYS = 3, // where Google does not say what is incomplete
    QUOTA_TRIES = 4,
    QUOTA_WAIT_MS = 1000,
    LISTED = 6,
    PATH_BYTES = 3 * TRAFFIC_TEXT_BYTES + 64,
};

// ---- what a person may mean by a property ----

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// In place; what is no escape stays.
static void decode_percent(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        if (at[0] == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
            *to++ = (char)(hex(at[1]) * 16 + hex(at[2]));
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

static void lower(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = (char)tolower((unsigned char)text[i]);
}

// What is pasted, in the spelling that Search Console uses: the address of its own page holds the property as resource_id; scheme and host are small; an
// address without a path gets its slash.
static void normalise(char property[static TRAFFIC_TEXT_BYTES])
{
    struct sv trimmed = sv_trim(sv_of(property));
    char *place = strstr(property, "resource_id=");
    memmove(property, trimmed.ptr, trimmed.len);
    property[trimmed.len] = '\0';
    if (place && strstr(property, "search.google.com")) {
        place = strstr(property, "resource_id=") + strlen("resource_id=");
        place[strcspn(place, "&#")] = '\0';
        memmove(property, place, strlen(place) + 1);
    }
    if (strchr(property, '%'))
        decode_percent(property);
    if (strncasecmp(property, "sc-domain:", strlen("sc-domain:")) == 0) {
        lower(property, strlen(property));
        return;
    }
    char *host = strstr(property, "://");
    if (!host)
        return;
    size_t end = (size_t)(host - property) + 3;
    end += strcspn(property + end, "/");
    lower(property, end);
    if (property[end] == '\0' && end + 1 < TRAFFIC_TEXT_BYTES)
        memcpy(property + end, "/", 2);
}

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

static const char *who(const struct traffic *traffic, char place[static TRAFFIC_TEXT_BYTES])
{
    google_account(traffic, place, TRAFFIC_TEXT_BYTES);
    return place[0] ? place : "the account that signed in";
}

enum refusal { REFUSED_OTHERWISE, REFUSED_FOR_NOW, REFUSED_FOR_TODAY };

// Is it the quota, told as 403 or 429?
static enum refusal refusal_of(const struct traffic_answer *answer)
{
    const struct json *error = json_get(answer->root, "error");
    struct sv reason = SV("");
    (void)json_text(json_get(json_first(json_get(error, "errors")), "reason"), &reason);
    if (sv_equal(reason, SV("dailyLimitExceeded")))
        return REFUSED_FOR_TODAY;
    if (answer->status == 429 || sv_equal(reason, SV("quotaExceeded")) ||
        sv_equal(reason, SV("rateLimitExceeded")) || sv_equal(reason, SV("userRateLimitExceeded")))
        return REFUSED_FOR_NOW;
    return REFUSED_OTHERWISE;
}

static enum till_code fail_forbidden(const struct traffic *traffic, const struct json *error,
                                     struct sv message, struct till_error *e)
{
    struct sv reason = SV("");
    char account[TRAFFIC_TEXT_BYTES];
    (void)json_text(json_get(json_first(json_get(error, "errors")), "reason"), &reason);
    if (sv_equal(reason, SV("accessNotConfigured")) || has(message, "has not been used")) {
        (void)TILL_FAIL(e, TILL_CONFIG, 403,
                        "the Search Console API is off in the Google Cloud "
                        "project of %.200s",
                        who(traffic, account));
        return till_error_hint(e,
                               "switch it on in Google Cloud: APIs and services, Library, Google "
                               "Search Console API; it takes a few minutes");
    }
    if (sv_equal(reason, SV("insufficientPermissions"))) {
        (void)TILL_FAIL(e, TILL_AUTH, 403, "the consent does not include Search Console");
        return till_error_hint(e,
                               "connect again with --oauth, and leave the box for Search Console "
                               "ticked");
    }
    (void)TILL_FAIL(e, TILL_AUTH, 403, "%.200s may not read %.200s", who(traffic, account),
                    traffic->property);
    return till_error_hint(e,
                           "add it in Search Console: Settings, Users and permissions, Add user, "
                           "restricted is enough");
}

static enum till_code judge(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer, struct arena *arena,
                            struct till_error *e)
{
    const struct json *error = json_get(answer->root, "error");
    struct sv message = traffic_words(json_get(error, "message"), arena);
    switch (refusal_of(answer)) {
    case REFUSED_FOR_TODAY:
        (void)TILL_FAIL(e, TILL_REMOTE, 429, "could not %s: today's quota at Google is used up",
                        question->what);
        return till_error_hint(e, "it begins anew at midnight Pacific time; the next run then goes "
                                  "on where this one stopped");
    case REFUSED_FOR_NOW:
        (void)TILL_FAIL(e, TILL_REMOTE, 429,
                        "could not %s: the quota at Google is used up for now: " SV_FORMAT,
                        question->what, SV_ARGS(message));
        return till_error_hint(e, "the next run goes on where this one stopped");
    case REFUSED_OTHERWISE:
        break;
    }
    if (answer->status == 403)
        return fail_forbidden(traffic, error, message, e);
    if (answer->status == 401) {
        (void)TILL_FAIL(e, TILL_AUTH, 401, "Google does not accept the sign-in: " SV_FORMAT,
                        SV_ARGS(message));
        return till_error_hint(e, "connect again: `till connect search-console`");
    }
    return traffic_fail(traffic, question, answer, message, e);
}

// ---- asking ----

static enum till_code wait_for_quota(const struct traffic *traffic, int64_t ms,
                                     struct till_error *e)
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

// Signs in first; again when the token has just run out; waits when it is only the quota.
static enum till_code ask(struct traffic *traffic, struct traffic_question *question,
                          struct arena *arena, const struct json **ret_root, struct till_error *e)
{
    struct traffic_answer answer = {0};
    int64_t wait_ms = QUOTA_WAIT_MS;
    bool is_again = false;
    for (int i = 0; i < QUOTA_TRIES; i++) {
        enum till_code code = google_sign_in(traffic, e);
        question->bearer = &traffic->bearer;
        if (code == TILL_OK)
            code = traffic_ask(traffic, question, arena, &answer, e);
        if (code)
            return code;
        if (answer.status == 200) {
            *ret_root = answer.root;
            return TILL_OK;
        }
        bool is_old = answer.status == 401 && !is_again;
        if (is_old) {
            is_again = true;
            google_forget(traffic);
            continue;
        }
        if (answer.status != 403 || refusal_of(&answer) != REFUSED_FOR_NOW || i + 1 == QUOTA_TRIES)
            break;
        code = wait_for_quota(traffic, wait_ms, e);
        if (code)
            return code;
        wait_ms *= 2;
    }
    return judge(traffic, question, &answer, arena, e);
}

// ---- properties ----

static bool may_read(struct sv permission)
{
    return permission.len > 0 && !sv_equal_ignoring_case(permission, SV("siteUnverifiedUser")) &&
           !sv_equal_ignoring_case(permission, SV("SITE_UNVERIFIED_USER"));
}

static enum till_code properties(struct traffic *traffic, struct arena *arena,
                                 struct traffic_properties *ret_properties, struct till_error *e)
{
    const struct json *root = NULL;
    struct traffic_question question = {.path = "/webmasters/v3/sites",
                                        .what = "list the properties"};
    enum till_code code = ask(traffic, &question, arena, &root, e);
    if (code)
        return code;
    const struct json *entries = json_get(root, "siteEntry"); // absent when there is none
    size_t count = json_count(entries);
    count = count < TILL_LIMIT_TRAFFIC_PROPERTIES ? count : TILL_LIMIT_TRAFFIC_PROPERTIES;
    struct traffic_property *list = arena_calloc(arena, count + 1, sizeof *list);
    if (!list)
        return arena_fail(arena, "a list of properties", e);
    const struct json *entry = json_first(entries);
    for (size_t i = 0; i < count; i++, entry = json_next(entries, entry)) {
        list[i].property = traffic_words(json_get(entry, "siteUrl"), arena);
        list[i].permission = traffic_words(json_get(entry, "permissionLevel"), arena);
        list[i].is_readable = may_read(list[i].permission);
    }
    *ret_properties = (struct traffic_properties){list, count};
    return TILL_OK;
}

// "sc-domain:example.com, https://example.com/ and 3 more".
static void list_readable(const struct traffic_properties *all, struct buf *out)
{
    size_t named = 0, more = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (!all->list[i].is_readable)
            continue;
        if (named < LISTED)
            buf_format(out, "%s" SV_FORMAT, named > 0 ? ", " : "", SV_ARGS(all->list[i].property));
        named < LISTED ? named++ : more++;
    }
    if (more > 0)
        buf_format(out, " and %zu more", more);
}

// "example.com" of "sc-domain:example.com" and of "https://example.com/shop/".
static struct sv host_of(struct sv property)
{
    for (size_t i = 0; i + 3 <= property.len; i++) {
        if (memcmp(property.ptr + i, "://", 3) == 0) {
            property = (struct sv){property.ptr + i + 3, property.len - i - 3};
            break;
        }
    }
    if (sv_starts_with(property, SV("sc-domain:")))
        property = (struct sv){property.ptr + 10, property.len - 10};
    struct sv host = property;
    (void)sv_split(&property, '/', &host);
    return host;
}

static const struct traffic_property *find(const struct traffic_properties *all, struct sv wanted)
{
    for (size_t i = 0; i < all->count; i++) {
        if (sv_equal(all->list[i].property, wanted))
            return &all->list[i];
    }
    return NULL;
}

static enum till_code fail_none(const struct traffic *traffic, struct till_error *e)
{
    char account[TRAFFIC_TEXT_BYTES];
    (void)TILL_FAIL(e, TILL_AUTH, 0, "%.200s may not read any property", who(traffic, account));
    return till_error_hint(e,
                           "add it in Search Console: Settings, Users and permissions, Add user, "
                           "restricted is enough");
}

// Nothing of that name: what else there is, and first what has the same host.
static enum till_code fail_unknown(const struct traffic *traffic,
                                   const struct traffic_properties *all, struct till_error *e)
{
    char account[TRAFFIC_TEXT_BYTES];
    struct sv host = host_of(sv_of(traffic->property));
    AUTO_BUF names;
    buf_init(&names, TILL_ERROR_HINT_BYTES);
    for (size_t i = 0; i < all->count; i++) {
        if (!all->list[i].is_readable ||
            !sv_equal_ignoring_case(host_of(all->list[i].property), host))
            continue;
        (void)TILL_FAIL(e, TILL_CONFIG, 404, "there is no property \"%.200s\" for %.200s",
                        traffic->property, who(traffic, account));
        return till_error_hint(e, "did you mean --site " SV_FORMAT "?",
                               SV_ARGS(all->list[i].property));
    }
    list_readable(all, &names);
    (void)TILL_FAIL(e, TILL_AUTH, 403, "%.200s may not read %.200s", who(traffic, account),
                    traffic->property);
    return till_error_hint(e,
                           "it may read: %s; or add it there in Search Console: Settings, Users "
                           "and permissions",
                           names.data ? names.data : "nothing");
}

// Several, and none was named.
static enum till_code fail_which(const struct traffic *traffic,
                                 const struct traffic_properties *all, struct till_error *e)
{
    char account[TRAFFIC_TEXT_BYTES];
    AUTO_BUF names;
    buf_init(&names, TILL_ERROR_HINT_BYTES);
    list_readable(all, &names);
    (void)TILL_FAIL(e, TILL_USAGE, 0, "which property? %.200s may read several",
                    who(traffic, account));
    return till_error_hint(e, "say one with --site: %s", names.data ? names.data : "");
}

static enum till_code choose(struct traffic *traffic, const struct traffic_properties *all,
                             struct sv *ret_property, struct till_error *e)
{
    const struct traffic_property *only = NULL;
    size_t readable = 0;
    for (size_t i = 0; i < all->count; i++) {
        readable += all->list[i].is_readable;
        only = all->list[i].is_readable ? &all->list[i] : only;
    }
    normalise(traffic->property);
    const struct traffic_property *found = find(all, sv_of(traffic->property));
    if (found && !found->is_readable) {
        (void)TILL_FAIL(e, TILL_AUTH, 403, "%.200s is not verified for this account",
                        traffic->property);
        return till_error_hint(e, "verify it in Search Console, or ask its owner to add you");
    }
    if (readable == 0)
        return fail_none(traffic, e);
    if (!traffic->property[0] && readable > 1)
        return fail_which(traffic, all, e);
    if (traffic->property[0] && !found)
        return fail_unknown(traffic, all, e);
    *ret_property = found ? found->property : only->property;
    return TILL_OK;
}

static enum till_code validate(struct traffic *traffic, struct arena *arena,
                               struct traffic_identity *ret_identity, struct till_error *e)
{
    struct traffic_properties all = {0};
    struct sv property = SV("");
    enum till_code code = properties(traffic, arena, &all, e);
    if (code == TILL_OK)
        code = choose(traffic, &all, &property, e);
    if (code)
        return code;
    (void)snprintf(ret_identity->property, sizeof ret_identity->property, SV_FORMAT,
                   SV_ARGS(property));
    (void)snprintf(ret_identity->property_name, sizeof ret_identity->property_name, SV_FORMAT,
                   SV_ARGS(property));
    (void)snprintf(ret_identity->timezone, sizeof ret_identity->timezone, "%s",
                   traffic->source->terms.timezone);
    google_account(traffic, ret_identity->account, sizeof ret_identity->account);
    if (google_is_person(traffic))
        (void)snprintf(
            ret_identity->remark, sizeof ret_identity->remark,
            "While the consent screen of your Google Cloud project is in testing, Google "
            "takes a consent back after seven days: publish it, or use a service account.");
    return TILL_OK;
}

// ---- fetching ----

struct fetching {
    struct traffic *traffic;
    const struct traffic_window *window;
    struct arena *arena;
    struct traffic_rows rows;
    struct civil_date to;         // of this fetch
    struct civil_date incomplete; // the first such day, as Google says it
    bool has_incomplete;
};

// by NULL: the totals.
static enum till_code ask_rows(struct fetching *fetching, const char *by, int64_t start,
                               const struct json **ret_root, struct till_error *e)
{
    char from[TRAFFIC_DATE_BYTES], last[TRAFFIC_DATE_BYTES];
    AUTO_BUF path;
    AUTO_BUF body;
    traffic_print_date(fetching->window->from, from);
    traffic_print_date(civil_date_add_days(fetching->to, -1), last);
    buf_init(&path, PATH_BYTES);
    buf_text(&path, "/webmasters/v3/sites/");
    traffic_percent(&path, sv_of(fetching->traffic->property));
    buf_text(&path, "/searchAnalytics/query");
    buf_init(&body, TILL_LIMIT_REQUEST_BODY_BYTES);
    buf_format(&body, "{\"startDate\":\"%s\",\"endDate\":\"%s\",\"dimensions\":[\"date\"", from,
               last);
    if (by)
        buf_format(&body, ",\"%s\"", by);
    buf_format(&body, "],\"type\":\"web\",\"dataState\":\"all\",\"rowLimit\":%d,\"startRow\":%lld}",
               ROWS, (long long)start);
    enum till_code code = buf_fail(&body, "a query", e);
    if (code == TILL_OK)
        code = buf_fail(&path, "an address", e);
    if (code)
        return code;
    struct traffic_question question = {.path = path.data,
                                        .what = by ? "query what was searched for"
                                                   : "query searches by day",
                                        .content_type = "application/json",
                                        .body = {body.data, body.len}};
    return ask(fetching->traffic, &question, fetching->arena, ret_root, e);
}

static enum till_code take_row(struct fetching *fetching, const struct json *row,
                               const enum traffic_dimension *by, struct till_error *e)
{
    const struct json *keys = json_get(row, "keys");
    double clicks = 0, impressions = 0, position = 0;
    struct civil_date date;
    if (!traffic_read_date(json_first(keys), &date))
        return TILL_FAIL(e, TILL_FORMAT, 0, "could not query searches: a row has no date");
    if (traffic_date_before(date, fetching->window->from) ||
        !traffic_date_before(date, fetching->to))
        return TILL_OK;
    (void)json_real(json_get(row, "clicks"), &clicks);
    (void)json_real(json_get(row, "impressions"), &impressions);
    (void)json_real(json_get(row, "position"), &position);
    struct sv value = by ? traffic_value(json_at(keys, 1), fetching->arena) : SV("");
    struct traffic_row *to =
        value.ptr
            ? traffic_rows_add(&fetching->rows, by ? TRAFFIC_SEARCH_PART : TRAFFIC_SEARCH_DAY, date)
            : NULL;
    if (!to)
        return traffic_rows_fail(&fetching->rows, e);
    to->dimension = by ? *by : TRAFFIC_QUERY;
    to->value = value;
    to->clicks = clicks > 0 && clicks < 1e15 ? (int64_t)clicks : 0;
    to->impressions = impressions > 0 && impressions < 1e15 ? (int64_t)impressions : 0;
    to->position = position;
    return TILL_OK;
}

static enum till_code fetch_rows(struct fetching *fetching, const enum traffic_dimension *by,
                                 struct till_error *e)
{
    for (int page = 0; page < PAGES; page++) {
        const struct json *root = NULL;
        enum till_code code = ask_rows(fetching, by ? traffic_dimension_word(*by) : NULL,
                                       (int64_t)page * ROWS, &root, e);
        if (code)
            return code;
        const struct json *rows = json_get(root, "rows"); // absent when there are none
        if (!by && traffic_read_date(json_get(json_get(root, "metadata"), "first_incomplete_date"),
                                     &fetching->incomplete))
            fetching->has_incomplete = true;
        for (const struct json *row = json_first(rows); row && code == TILL_OK;
             row = json_next(rows, row))
            code = take_row(fetching, row, by, e);
        if (code || json_count(rows) < ROWS)
            return code;
    }
    return TILL_OK; // Google has more; these are the largest
}

static enum till_code fetch(struct traffic *traffic, const struct traffic_window *window,
                            struct arena *arena, struct traffic_batch *ret_batch,
                            struct till_error *e)
{
    static const enum traffic_dimension dimensions[] = {TRAFFIC_QUERY, TRAFFIC_PAGE};
    struct fetching fetching = {.traffic = traffic,
                                .window = window,
                                .arena = arena,
                                .rows = {.arena = arena},
                                .to = civil_date_add_days(window->from, WINDOW_DAYS)};
    if (traffic_date_before(window->to, fetching.to))
        fetching.to = window->to;
    enum till_code code = fetch_rows(&fetching, NULL, e);
    bool has_any = fetching.rows.count > 0; // else there is nothing to ask for by query
    for (size_t i = 0; i < TILL_COUNT(dimensions) && code == TILL_OK && has_any; i++)
        code = fetch_rows(&fetching, &dimensions[i], e);
    if (code)
        return code;
    struct civil_date complete = civil_date_add_days(window->today, -LAG_DAYS);
    if (fetching.has_incomplete)
        complete = fetching.incomplete;
    *ret_batch = (struct traffic_batch){.rows = fetching.rows.list,
                                        .row_count = fetching.rows.count,
                                        .covered_to = fetching.to,
                                        .complete_before = complete};
    (void)snprintf(ret_batch->timezone, sizeof ret_batch->timezone, "%s",
                   traffic->source->terms.timezone);
    return TILL_OK;
}

const struct traffic_source traffic_search_console = {
    .terms = {.default_url = "https://searchconsole.googleapis.com",
              .timezone = "America/Los_Angeles",
              .requests_per_minute = 600,
              .history_days = 486,
              .reread_days = 10},
    .open = google_open,
    .validate = validate,
    .properties = properties,
    .fetch = fetch,
};
