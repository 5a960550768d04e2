// SPDX-License-Identifier: Apache-2.0
// umami.c - Umami, of the cloud or of one's own: a month of days at a time, then each day by itself.
//
// The secret is an API key; or, for an Umami of one's own, {"username":...,"password":...}, which is exchanged for a token when the first request needs it,
// and again when it is refused later. Keys go in the header of the cloud, and beside it as a bearer where an Umami of one's own may look for them.
//
// Umami counts in whatever zone it is asked for, so days are those of the window. A series gives page views and visitors by day, without days that had none;
// visits and bounces are told for a whole span only, so each day that had visitors is asked for alone, and so are its parts by dimension, of the newest
// month only: they cost a request each. A unit too small for its span becomes a larger one without a word, hence spans of a month; a label outside of the
// span gives that away. Of parts that depend on the page (referrer, landing page, campaign) only visitors and visits are taken: Umami counts the page
// views of that page alone. Version 2 has no parts in detail: visitors only, and what it does not know is left out.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "traffic/source.h"

enum {
    WINDOW_DAYS = 31,
    PART_DAYS = 31,
    VALUES = 1000, // of a dimension a day
    PATH_BYTES = TRAFFIC_TEXT_BYTES + 256,
    NAMED_WEBSITES = 4,
    CLOUD_PER_MINUTE = 150, // it allows 50 in a quarter of a minute
    UUID_CHARACTERS = 36,
};

// ---- who asks ----

static const char *root_of(const struct traffic *traffic)
{
    size_t len = strlen(traffic->url);
    bool is_cloud = strcmp(traffic->url, traffic_umami.terms.default_url) == 0;
    bool is_whole = (len > 3 && strcmp(traffic->url + len - 3, "/v1") == 0) ||
                    (len > 4 && strcmp(traffic->url + len - 4, "/api") == 0);
    return is_whole ? "" : is_cloud ? "/v1" : "/api";
}

static bool is_of_cloud(const struct traffic *traffic)
{
    size_t len = strlen(traffic->url);
    return strcmp(root_of(traffic), "/v1") == 0 ||
           (len > 3 && strcmp(traffic->url + len - 3, "/v1") == 0);
}

// A name and a password; else a key.
static bool is_sign_in(const struct traffic *traffic)
{
    return sv_starts_with(secret_bytes(&traffic->secret), SV("{"));
}

// ---- errors ----

// Umami's own words: of all parameters, of one of them, or of the status.
static struct sv words_of(const struct json *root, struct arena *arena)
{
    static const char *const names[] = {"timezone", "unit", "startAt", "endAt", "type"};
    const struct json *error = json_get(root, "error");
    struct sv words = traffic_words(json_first(json_get(error, "errors")), arena);
    for (size_t i = 0; words.len == 0 && i < TILL_COUNT(names); i++)
        words = traffic_words(
            json_first(json_get(json_get(json_get(error, "properties"), names[i]), "errors")),
            arena);
    if (words.len == 0)
        words = traffic_words(json_get(error, "message"), arena);
    return words.len > 0 ? words : traffic_words(error, arena);
}

static enum till_code fail_no_umami(const struct traffic *traffic, int status, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, status, "there is no Umami at %.200s", traffic->url);
    return till_error_hint(e, "--api-url is the address where you sign in to your Umami; the cloud "
                              "needs none");
}

static enum till_code fail_unauthorised(const struct traffic *traffic, int status,
                                        struct till_error *e)
{
    if (is_sign_in(traffic)) {
        (void)TILL_FAIL(e, TILL_AUTH, status, "the user may not see the website %s",
                        traffic->property);
        return till_error_hint(e, "in Umami, let the user see the website, or connect another one: "
                                  "--website-id");
    }
    (void)TILL_FAIL(e, TILL_AUTH, status, "Umami does not accept this key for the website %s",
                    traffic->property);
    return till_error_hint(e, "make an API key in Umami's settings (API keys; in one's own from "
                              "version 3.4 on, before that --username), and connect again");
}

static enum till_code judge(const struct traffic *traffic, const struct traffic_question *question,
                            const struct traffic_answer *answer, struct arena *arena,
                            struct till_error *e)
{
    struct sv words = words_of(answer->root, arena);
    switch (answer->status) {
    case 400:
        if (sv_equal(words, SV("Invalid timezone"))) {
            (void)TILL_FAIL(e, TILL_CONFIG, 400, "this Umami does not know the time zone %s",
                            traffic->timezone);
            return till_error_hint(e, "connect it again with another --timezone");
        }
        (void)TILL_FAIL(e, TILL_REMOTE, 400, "could not %s: Umami refused the question: " SV_FORMAT,
                        question->what, SV_ARGS(words));
        return till_error_hint(e, "till asks in a way that this Umami does not know: update till, "
                                  "or the Umami of your own");
    case 401:
    case 403:
        return fail_unauthorised(traffic, answer->status, e);
    case 404:
    case 405:
        return fail_no_umami(traffic, answer->status, e);
    default:
        return traffic_fail(traffic, question, answer, words, e);
    }
}

// ---- asking ----

static enum till_code judge_sign_in(const struct traffic *traffic,
                                    const struct traffic_question *question,
                                    const struct traffic_answer *answer, struct arena *arena,
                                    struct till_error *e)
{
    if (answer->status != 401 && answer->status != 403)
        return judge(traffic, question, answer, arena, e);
    (void)TILL_FAIL(e, TILL_AUTH, 401, "Umami does not accept this user name and password");
    return till_error_hint(e,
                           "sign in at %.200s to try them; a user of its own with the role "
                           "\"view only\" is enough",
                           traffic->url);
}

static enum till_code keep_token(struct traffic *traffic, const struct json *root,
                                 struct till_error *e)
{
    struct sv token;
    if (json_text(json_get(root, "token"), &token) && token.len > 0) {
        secret_release(&traffic->bearer);
        return secret_set(&traffic->bearer, token, e);
    }
    (void)TILL_FAIL(e, TILL_FORMAT, 0, "could not sign in: the answer of %.200s has no token",
                    traffic->url);
    return till_error_hint(e, "is this the address of an Umami? It is given by --api-url");
}

// The secret is the body.
static enum till_code sign_in(struct traffic *traffic, struct till_error *e)
{
    char path[PATH_BYTES];
    struct traffic_answer answer = {0};
    struct arena arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    (void)snprintf(path, sizeof path, "%s/auth/login", root_of(traffic));
    struct traffic_question question = {.path = path,
                                        .what = "sign in",
                                        .content_type = "application/json",
                                        .body = secret_bytes(&traffic->secret)};
    enum till_code code = traffic_ask(traffic, &question, &arena, &answer, e);
    if (code == TILL_OK && answer.status != 200)
        code = judge_sign_in(traffic, &question, &answer, &arena, e);
    else if (code == TILL_OK)
        code = keep_token(traffic, answer.root, e);
    arena_wipe(&arena);
    return code;
}

static enum till_code ask_with_key(struct traffic *traffic, const struct traffic_question *question,
                                   struct arena *arena, struct traffic_answer *ret_answer,
                                   struct till_error *e)
{
    struct traffic_question whole = *question;
    struct buf header;
    buf_init(&header, TILL_LIMIT_TOKEN_BYTES + 64);
    buf_text(&header, "x-umami-api-key: ");
    buf_sv(&header, secret_bytes(&traffic->secret));
    whole.headers[0] = header.data;
    whole.bearer = is_of_cloud(traffic) ? NULL : &traffic->secret;
    enum till_code code = buf_fail(&header, "a header", e);
    if (code == TILL_OK)
        code = traffic_ask(traffic, &whole, arena, ret_answer, e);
    buf_wipe(&header);
    return code;
}

// Any HTTP answer is TILL_OK, but for a refused sign-in.
static enum till_code ask(struct traffic *traffic, const char *what, const char *path,
                          struct arena *arena, struct traffic_answer *ret_answer,
                          struct till_error *e)
{
    struct traffic_question question = {.path = path, .what = what, .bearer = &traffic->bearer};
    if (!is_sign_in(traffic))
        return ask_with_key(traffic, &question, arena, ret_answer, e);
    bool is_old = secret_bytes(&traffic->bearer).len > 0;
    enum till_code code = is_old ? TILL_OK : sign_in(traffic, e);
    if (code == TILL_OK)
        code = traffic_ask(traffic, &question, arena, ret_answer, e);
    if (code || ret_answer->status != 401 || !is_old)
        return code;
    code = sign_in(traffic, e);
    return code ? code : traffic_ask(traffic, &question, arena, ret_answer, e);
}

// *ret_root: of an answer of 200.
static enum till_code get(struct traffic *traffic, const char *what, const char *path,
                          struct arena *arena, const struct json **ret_root, struct till_error *e)
{
    struct traffic_question question = {.path = path, .what = what};
    struct traffic_answer answer = {0};
    enum till_code code = ask(traffic, what, path, arena, &answer, e);
    if (code)
        return code;
    if (answer.status != 200)
        return judge(traffic, &question, &answer, arena, e);
    *ret_root = answer.root;
    return TILL_OK;
}

static enum till_code fail_shape(const struct traffic *traffic, const char *what,
                                 struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_FORMAT, 0, "could not %s: the answer of %.200s is not Umami's", what,
                    traffic->url);
    return till_error_hint(e, "is this the address of an Umami? It is given by --api-url");
}

// ---- connecting ----

static bool is_uuid(const char *text)
{
    size_t count = 0;
    for (const char *c = text; *c; c++) {
        bool is_dash = count == 8 || count == 13 || count == 18 || count == 23;
        if (is_dash ? *c != '-' : !isxdigit((unsigned char)*c))
            return false;
        count++;
    }
    return count == UUID_CHARACTERS;
}

static enum till_code check_sign_in(const struct traffic *traffic, struct till_error *e)
{
    struct arena arena;
    const struct json *root = NULL;
    struct sv user = SV(""), password = SV("");
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = json_parse(secret_bytes(&traffic->secret), &arena, &root, e);
    (void)json_text(json_get(root, "username"), &user);
    (void)json_text(json_get(root, "password"), &password);
    bool is_whole = user.len > 0 && password.len > 0;
    arena_wipe(&arena);
    if (is_whole || (code && code != TILL_FORMAT))
        return code;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "a user name and a password are needed");
    return till_error_hint(e, "say --username, and give the password as the secret");
}

static enum till_code umami_open(struct traffic *traffic, struct till_error *e)
{
    struct sv property = sv_trim((struct sv){traffic->property, strlen(traffic->property)});
    memmove(traffic->property, property.ptr, property.len);
    traffic->property[property.len] = '\0';
    if (sv_starts_with(sv_of(traffic->url), sv_of(traffic_umami.terms.default_url)))
        traffic->requests_per_minute = CLOUD_PER_MINUTE;
    if (!is_sign_in(traffic))
        return TILL_OK;
    if (!is_of_cloud(traffic))
        return check_sign_in(traffic, e);
    (void)TILL_FAIL(e, TILL_USAGE, 0, "the cloud of Umami takes an API key, not a password");
    return till_error_hint(e, "make a key in its settings (API keys), and connect without "
                              "--username; or say --api-url for an Umami of your own");
}

static enum till_code list_websites(struct traffic *traffic, struct arena *arena,
                                    const struct json **ret_list, struct till_error *e)
{
    char path[PATH_BYTES];
    const struct json *root = NULL;
    (void)snprintf(path, sizeof path, "%s/websites?includeTeams=true&pageSize=%d", root_of(traffic),
                   100);
    enum till_code code = get(traffic, "list websites", path, arena, &root, e);
    if (code)
        return code;
    *ret_list = json_is_array(root) ? root : json_get(root, "data");
    return json_is_array(*ret_list) ? TILL_OK : fail_shape(traffic, "list websites", e);
}

static bool is_named(const struct json *website, const char *word)
{
    static const char *const names[] = {"id", "domain", "name"};
    for (size_t i = 0; i < TILL_COUNT(names); i++) {
        struct sv text;
        if (json_text(json_get(website, names[i]), &text) && text.len > 0 &&
            sv_equal_ignoring_case(text, sv_of(word)))
            return true;
    }
    return false;
}

static const struct json *find_website(const struct json *list, const char *word)
{
    if (word[0] == '\0' && json_count(list) == 1)
        return json_first(list);
    for (const struct json *item = json_first(list); item; item = json_next(list, item)) {
        if (is_named(item, word))
            return item;
    }
    return NULL;
}

static void copy_text(char *place, size_t bytes, struct sv text)
{
    (void)snprintf(place, bytes, SV_FORMAT, SV_ARGS(text));
}

static enum till_code describe_website(const struct traffic *traffic, const struct json *website,
                                       struct arena *arena, struct traffic_identity *identity,
                                       struct till_error *e)
{
    enum till_code code = TILL_OK;
    const struct json *account = NULL;
    struct sv id = traffic_words(json_get(website, "id"), arena);
    struct sv name = traffic_words(json_get(website, "domain"), arena);
    if (name.len == 0)
        name = traffic_words(json_get(website, "name"), arena);
    copy_text(identity->property, sizeof identity->property, id);
    copy_text(identity->property_name, sizeof identity->property_name, name.len > 0 ? name : id);
    if (is_sign_in(traffic))
        code = json_parse(secret_bytes(&traffic->secret), arena, &account, e);
    copy_text(identity->account, sizeof identity->account,
              traffic_words(json_get(account, "username"), arena));
    (void)snprintf(
        identity->remark, sizeof identity->remark,
        "Umami tells where visitors came from one day and one question at a time: of the "
        "days before, till asks for the last %d only",
        PART_DAYS);
    return code;
}

// Umami has no zone of its own: days are cut in the one that is asked for, or the system's.
static enum till_code choose_zone(const struct traffic *traffic, struct traffic_identity *identity,
                                  struct till_error *e)
{
    struct zone *zone = NULL;
    enum till_code code = zone_open(traffic->timezone, &zone, e);
    if (code == TILL_OK)
        copy_text(identity->timezone, sizeof identity->timezone, sv_of(zone_name(zone)));
    zone_close(zone);
    return code;
}

// Which ones there are instead.
static enum till_code fail_website(const struct traffic *traffic, const struct json *list,
                                   struct arena *arena, struct till_error *e)
{
    char hint[TILL_ERROR_HINT_BYTES];
    size_t named = 0, len = 0;
    for (const struct json *item = json_first(list); item && named < NAMED_WEBSITES;
         item = json_next(list, item), named++) {
        struct sv id = traffic_words(json_get(item, "id"), arena);
        struct sv domain = traffic_words(json_get(item, "domain"), arena);
        int more =
            snprintf(hint + len, sizeof hint - len, "%s%.40s (" SV_FORMAT ")",
                     named > 0 ? ", " : "", domain.len > 0 ? domain.ptr : "website", SV_ARGS(id));
        len += more > 0 ? (size_t)more : 0;
        if (len >= sizeof hint)
            break;
    }
    if (traffic->property[0])
        (void)TILL_FAIL(e, TILL_CONFIG, 404, "Umami shows no website %s to this %s",
                        traffic->property, is_of_cloud(traffic) ? "key" : "account");
    else
        (void)TILL_FAIL(e, TILL_CONFIG, 404, "which website? Umami shows %zu", json_count(list));
    if (named == 0)
        return till_error_hint(e, "it shows none at all: add the website in Umami, or let this "
                                  "account see it");
    return till_error_hint(e, "say --website-id; there are: %s", hint);
}

// Refused, or not there: is it the secret or the website? e says what was seen, and stays where nothing more is found out.
static enum till_code explain_refusal(struct traffic *traffic, struct arena *arena,
                                      struct till_error *e)
{
    struct till_error there = {0};
    const struct json *list = NULL;
    if (is_sign_in(traffic) && secret_bytes(&traffic->bearer).len == 0)
        return e->code; // it was the sign-in that was refused
    enum till_code code = list_websites(traffic, arena, &list, &there);
    if (code == TILL_OK)
        return fail_website(traffic, list, arena, e);
    if (code != TILL_AUTH || is_sign_in(traffic))
        return e->code;
    (void)TILL_FAIL(e, TILL_AUTH, there.detail, "Umami does not accept this key");
    return till_error_hint(e, "make an API key in Umami's settings (API keys; in one's own from "
                              "version 3.4 on, before that --username), and connect again");
}

static enum till_code find_by_word(struct traffic *traffic, struct arena *arena,
                                   const struct json **ret_website, struct till_error *e)
{
    const struct json *list = NULL;
    enum till_code code = list_websites(traffic, arena, &list, e);
    if (code)
        return code == TILL_AUTH ? explain_refusal(traffic, arena, e) : code;
    *ret_website = find_website(list, traffic->property);
    return *ret_website ? TILL_OK : fail_website(traffic, list, arena, e);
}

static enum till_code find_by_id(struct traffic *traffic, struct arena *arena,
                                 const struct json **ret_website, struct till_error *e)
{
    static const char what[] = "check the website";
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/websites/%s", root_of(traffic), traffic->property);
    enum till_code code = get(traffic, what, path, arena, ret_website, e);
    if (code == TILL_AUTH || (code == TILL_CONFIG && e->detail == 404))
        return explain_refusal(traffic, arena, e);
    if (code || json_get(*ret_website, "id"))
        return code;
    code = fail_shape(traffic, what, e);
    bool is_null = !json_is_object(*ret_website) && !json_is_array(*ret_website);
    return is_null ? explain_refusal(traffic, arena, e)
                   : code; // an administrator may see what does not exist
}

static enum till_code validate(struct traffic *traffic, struct arena *arena,
                               struct traffic_identity *ret_identity, struct till_error *e)
{
    const struct json *website = NULL;
    enum till_code code = choose_zone(traffic, ret_identity, e);
    if (code == TILL_OK)
        code = is_uuid(traffic->property) ? find_by_id(traffic, arena, &website, e)
                                          : find_by_word(traffic, arena, &website, e);
    return code ? code : describe_website(traffic, website, arena, ret_identity, e);
}

static enum till_code properties(struct traffic *traffic, struct arena *arena,
                                 struct traffic_properties *ret_properties, struct till_error *e)
{
    const struct json *list = NULL;
    enum till_code code = list_websites(traffic, arena, &list, e);
    if (code)
        return code;
    size_t count = json_count(list);
    ret_properties->list = arena_calloc(arena, count > 0 ? count : 1, sizeof *ret_properties->list);
    if (!ret_properties->list)
        return arena_fail(arena, "a list of websites", e);
    for (const struct json *item = json_first(list); item; item = json_next(list, item)) {
        struct traffic_property *property = &ret_properties->list[ret_properties->count++];
        property->property = traffic_words(json_get(item, "id"), arena);
        property->permission = traffic_words(json_get(item, "domain"), arena);
        property->is_readable = true;
    }
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
    unsigned unknown_parts; // bits: this version does not have them
    bool is_brief;          // it has no parts in detail
};

// "/api/websites/ID/WHAT?startAt=...&endAt=...&MORE" of these days.
static void print_path(const struct fetching *fetching, const char *what, struct civil_date from,
                       struct civil_date to, const char *more, char ret_path[static PATH_BYTES])
{
    const struct zone *zone = fetching->window->zone;
    (void)snprintf(ret_path, PATH_BYTES, "%s/websites/%s/%s?startAt=%lld&endAt=%lld%s",
                   root_of(fetching->traffic), fetching->traffic->property, what,
                   (long long)(zone_day_start_us(zone, from) / 1000),
                   (long long)(zone_day_start_us(zone, to) / 1000 - 1), more);
}

static void print_unit(const struct zone *zone, const char *unit,
                       char ret_text[static TRAFFIC_TEXT_BYTES])
{
    size_t len = (size_t)snprintf(ret_text, TRAFFIC_TEXT_BYTES, "&unit=%s&timezone=", unit);
    for (const char *c = zone_name(zone); *c && len + 4 < TRAFFIC_TEXT_BYTES; c++) {
        bool is_plain = isalnum((unsigned char)*c) || *c == '_' || *c == '-';
        len += (size_t)snprintf(ret_text + len, TRAFFIC_TEXT_BYTES - len,
                                is_plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
}

// A number, or the object with one that version 2 makes of it.
static int64_t count_of(const struct json *object, const char *name)
{
    int64_t count = 0;
    const struct json *value = json_get(object, name);
    const struct json *number = json_is_object(value) ? json_get(value, "value") : value;
    return json_integer(number, &count) && count >= 0 ? count : TRAFFIC_UNTOLD;
}

static enum till_code fetch_series(const struct fetching *fetching, const char *unit,
                                   struct civil_date from, const struct json **ret_root,
                                   struct till_error *e)
{
    char path[PATH_BYTES], more[TRAFFIC_TEXT_BYTES];
    const char *what = unit[0] == 'd' ? "query visitors by day" : "query visitors by hour";
    print_unit(fetching->window->zone, unit, more);
    print_path(fetching, "pageviews", from, fetching->to, more, path);
    enum till_code code = get(fetching->traffic, what, path, fetching->arena, ret_root, e);
    if (code == TILL_OK && !json_is_array(json_get(*ret_root, "pageviews")))
        return fail_shape(fetching->traffic, what, e);
    return code;
}

// The day of a label, which must lie in the asked span.
static enum till_code read_day(const struct fetching *fetching, const struct json *item,
                               struct civil_date *ret_date, struct till_error *e)
{
    if (!traffic_read_date(json_get(item, "x"), ret_date) ||
        traffic_date_before(*ret_date, fetching->from) ||
        !traffic_date_before(*ret_date, fetching->to))
        return TILL_FAIL(
            e, TILL_FORMAT, 0,
            "could not query visitors: Umami answered with days that it was not asked for");
    return TILL_OK;
}

static enum till_code take_day(struct fetching *fetching, struct civil_date date,
                               struct till_error *e)
{
    char path[PATH_BYTES];
    const struct json *root = NULL;
    print_path(fetching, "stats", date, civil_date_add_days(date, 1), "", path);
    enum till_code code = get(fetching->traffic, "query a day", path, fetching->arena, &root, e);
    if (code)
        return code;
    if (count_of(root, "pageviews") == TRAFFIC_UNTOLD)
        return fail_shape(fetching->traffic, "query a day", e);
    struct traffic_row *to = traffic_rows_add(&fetching->rows, TRAFFIC_DAY, date);
    if (!to)
        return traffic_rows_fail(&fetching->rows, e);
    to->visitors = count_of(root, "visitors");
    to->visits = count_of(root, "visits");
    to->pageviews = count_of(root, "pageviews");
    to->bounces = count_of(root, "bounces");
    return TILL_OK;
}

struct part {
    const char *type;
    enum traffic_dimension dimension;
    bool
        is_of_visitor; // one value for all pages of a visit: its page views and bounces can be taken
    bool is_words;     // "organicSearch"
};
static const struct part parts[] = {
    {"channel", TRAFFIC_CHANNEL, false, true},
    {"referrer", TRAFFIC_REFERRER, false, false},
    {"entry", TRAFFIC_LANDING_PAGE, false, false},
    {"country", TRAFFIC_COUNTRY, true, false},
    {"device", TRAFFIC_DEVICE, true, true},
    {"utmSource", TRAFFIC_UTM_SOURCE, false, false},
    {"utmMedium", TRAFFIC_UTM_MEDIUM, false, false},
    {"utmCampaign", TRAFFIC_UTM_CAMPAIGN, false, false},
};

// "organicSearch" as others write it: "Organic Search".
static struct sv spread(struct sv word, struct arena *arena)
{
    char *text = arena_alloc(arena, word.len * 2 + 1);
    size_t len = 0;
    for (size_t i = 0; text && i < word.len; i++) {
        char c = word.ptr[i];
        if (i > 0 && isupper((unsigned char)c) && islower((unsigned char)word.ptr[i - 1]))
            text[len++] = ' ';
        text[len++] = (char)(i == 0 ? toupper((unsigned char)c) : c);
    }
    return (struct sv){text, text ? len : 0};
}

static enum till_code take_values(struct fetching *fetching, const struct part *part,
                                  struct civil_date date, const struct json *list,
                                  struct till_error *e)
{
    for (const struct json *item = json_first(list); item; item = json_next(list, item)) {
        struct sv value =
            traffic_value(json_get(item, fetching->is_brief ? "x" : "name"), fetching->arena);
        if (part->is_words && value.ptr)
            value = spread(value, fetching->arena);
        struct traffic_row *to =
            value.ptr ? traffic_sums_at(&fetching->sums, TRAFFIC_PART, date, part->dimension, value)
                      : NULL;
        if (!to)
            return traffic_rows_fail(&fetching->rows, e);
        traffic_add(&to->visitors, count_of(item, fetching->is_brief ? "y" : "visitors"));
        traffic_add(&to->visits, count_of(item, "visits"));
        if (part->is_of_visitor) {
            traffic_add(&to->pageviews, count_of(item, "pageviews"));
            traffic_add(&to->bounces, count_of(item, "bounces"));
        }
    }
    return TILL_OK;
}

static enum till_code take_part(struct fetching *fetching, size_t index, struct civil_date date,
                                struct till_error *e)
{
    const struct part *part = &parts[index];
    static const char what[] = "query where visitors came from";
    for (;;) {
        char path[PATH_BYTES], more[TRAFFIC_TEXT_BYTES];
        struct traffic_question question = {.path = path, .what = what};
        struct traffic_answer answer = {0};
        (void)snprintf(more, sizeof more, "&type=%s&limit=%d", part->type, VALUES);
        print_path(fetching, fetching->is_brief ? "metrics" : "metrics/expanded", date,
                   civil_date_add_days(date, 1), more, path);
        enum till_code code = ask(fetching->traffic, what, path, fetching->arena, &answer, e);
        if (code)
            return code;
        if (answer.status == 404 && !fetching->is_brief) {
            fetching->is_brief = true;
            continue;
        }
        if (answer.status == 400) {
            fetching->unknown_parts |= 1U << index;
            return TILL_OK;
        }
        if (answer.status != 200)
            return judge(fetching->traffic, &question, &answer, fetching->arena, e);
        if (!json_is_array(answer.root))
            return fail_shape(fetching->traffic, what, e);
        return take_values(fetching, part, date, answer.root, e);
    }
}

// A day that had page views in the series must have them by itself, and some part of it must be known.
static enum till_code check_agreement(const struct fetching *fetching, const struct json *day,
                                      size_t before, bool has_parts, struct till_error *e)
{
    int64_t told = 0;
    size_t values = fetching->rows.count - before - 1;
    int64_t pageviews = fetching->rows.list ? fetching->rows.list[before].pageviews : 0;
    (void)json_integer(json_get(day, "y"), &told);
    if (told == 0 || (pageviews > 0 && (!has_parts || values > 0)))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_FORMAT, 0,
                    "Umami's answers contradict each other: %lld page views in the series, %lld of "
                    "that day alone, %zu parts of it",
                    (long long)told, (long long)pageviews, values);
    return till_error_hint(e, "nothing was changed; the next run asks again");
}

static enum till_code fetch_day(struct fetching *fetching, const struct json *day,
                                struct till_error *e)
{
    struct civil_date date;
    struct civil_date first = civil_date_add_days(fetching->window->today, 1 - PART_DAYS);
    size_t before = fetching->rows.count;
    enum till_code code = read_day(fetching, day, &date, e);
    if (code == TILL_OK)
        code = take_day(fetching, date, e);
    if (code)
        return code;
    bool has_parts = !traffic_date_before(date, first);
    for (size_t i = 0; has_parts && code == TILL_OK && i < TILL_COUNT(parts); i++) {
        if ((fetching->unknown_parts >> i & 1U) == 0)
            code = take_part(fetching, i, date, e);
    }
    has_parts = has_parts && fetching->unknown_parts == 0;
    return code ? code : check_agreement(fetching, day, before, has_parts, e);
}

static enum till_code fetch_days(struct fetching *fetching, struct till_error *e)
{
    const struct json *root = NULL;
    enum till_code code = fetch_series(fetching, "day", fetching->from, &root, e);
    const struct json *list = json_get(root, "pageviews");
    for (const struct json *item = json_first(list); code == TILL_OK && item;
         item = json_next(list, item))
        code = fetch_day(fetching, item, e);
    return code;
}

static enum till_code take_hours(struct fetching *fetching, const struct json *root,
                                 struct till_error *e)
{
    const struct json *views = json_get(root, "pageviews"), *people = json_get(root, "sessions");
    const struct json *of_people = json_first(people);
    int64_t hour_us = 0;
    for (const struct json *item = json_first(views); item; item = json_next(views, item)) {
        struct civil_date date;
        struct sv label, label_there;
        enum till_code code = read_day(fetching, item, &date, e);
        if (code)
            return code;
        if (!traffic_read_hour(json_get(item, "x"), fetching->window->zone, hour_us, &hour_us))
            continue;
        struct traffic_row *to = traffic_rows_add(&fetching->rows, TRAFFIC_HOUR, date);
        if (!to)
            return traffic_rows_fail(&fetching->rows, e);
        to->hour_us = hour_us;
        to->pageviews = count_of(item, "y");
        if (json_text(json_get(item, "x"), &label) &&
            json_text(json_get(of_people, "x"), &label_there) && sv_equal(label, label_there)) {
            to->visitors = count_of(of_people, "y");
            of_people = json_next(people, of_people);
        }
    }
    return TILL_OK;
}

static enum till_code fetch_hours(struct fetching *fetching, struct traffic_batch *batch,
                                  struct till_error *e)
{
    const struct json *root = NULL;
    struct civil_date first;
    if (!traffic_hours_first(fetching->window, fetching->from, fetching->to, &first))
        return TILL_OK;
    enum till_code code = fetch_series(fetching, "hour", first, &root, e);
    traffic_hours_finish(fetching->window, first, fetching->to, batch);
    return code ? code : take_hours(fetching, root, e);
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
    if (!is_uuid(traffic->property)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.80s\" is not the id of a website",
                        traffic->property);
        return till_error_hint(e, "connect Umami again: --website-id is in the website's settings");
    }
    if (traffic_days_between(fetching.from, fetching.to) > WINDOW_DAYS)
        fetching.to = civil_date_add_days(fetching.from, WINDOW_DAYS);
    enum till_code code = fetch_days(&fetching, e);
    if (code == TILL_OK)
        code = fetch_hours(&fetching, ret_batch, e);
    if (code == TILL_OK)
        traffic_rows_finish(&fetching.rows, window, fetching.to, ret_batch);
    return code;
}

const struct traffic_source traffic_umami = {
    .terms = {.default_url = "https://api.umami.is",
              .timezone = NULL,
              .requests_per_minute = 0,
              .history_days = 490,
              .reread_days = 2},
    .open = umami_open,
    .validate = validate,
    .properties = properties,
    .fetch = fetch,
};
