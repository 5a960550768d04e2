// SPDX-License-Identifier: Apache-2.0
// traffic_world.c - makes the visits of a stretch of time, and counts them by day, hour and dimension.
//
// Each visit becomes a fact with its bucket and its packed values; facts are sorted and folded, so that distinct visitors are exact. Traffic grows,
// has a week, a time of day and one great day; each checkout adds its own visit and up to eight later ones of the same campaign.
#include "traffic_world.h"

#include "world_names.h"
#include "world_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUE_BITS = 6,
    FOLLOWERS_MAX = 8,
    FOLLOWED_HOURS = 6,
    VISITS_OF_CHECKOUTS_MAX = 1600000,
    RETURNING_VISITORS = 200,
    SPIKE_DAYS_AGO = 40,
    SEARCH_LAG_HOURS = 72,
    QUERIES = 24,
    PAGES = 8,
    DEVICES = 3
};

enum source {
    SOURCE_DIRECT,
    SOURCE_CAMPAIGNS, // the seven of metadata_of_campaign(), in its order
    SOURCE_HACKERNEWS = 4,
    SOURCE_GOOGLE = 8,
    SOURCE_BING,
    SOURCE_BLOG,
    SOURCE_COUNT
};

struct visit {
    int64_t at_us;
    uint64_t visitor, session;
    uint8_t source, campaign, page, country, device, query, pageviews, gap_s;
};

struct fact {
    int64_t bucket;
    uint64_t key, visitor, session;
    uint32_t pageviews, bounces, seconds;
    uint32_t clicks, impressions, position_tenths;
};

struct collection {
    const struct sim_world *world;
    const struct traffic_question *question;
    struct fact *facts;
    size_t count, capacity;
    bool has_failed;
};

static const char *const channels[] = {NULL,        "Direct",         "Paid Search",
                                       "Email",     "Organic Social", "Referral",
                                       "Affiliate", "Organic Video",  "Organic Search"};
static const char *const referrers[] = {NULL,
                                        "$direct",
                                        "www.google.com",
                                        "t.co",
                                        "news.ycombinator.com",
                                        "www.reddit.com",
                                        "partner.example",
                                        "www.youtube.com",
                                        "www.bing.com",
                                        "blog.example"};
static const char *const names[] = {NULL,      "Direct / None", "Google",      "newsletter",
                                    "Twitter", "Hacker News",   "Reddit",      "partner ☕",
                                    "Youtube", "Bing",          "blog.example"};
static const char *const utm_sources[] = {NULL,         "google", "newsletter", "x",
                                          "hackernews", "reddit", "partner ☕",  "youtube"};
static const char *const utm_media[] = {NULL,       "cpc",       "email", "social",
                                        "referral", "affiliate", "video"};
static const char *const utm_campaigns[] = {NULL, "launch", "spring-sale", "brand", "été-2025"};
static const char *const pages[] = {NULL,     "/",        "/pricing",   "/docs",  "/blog/hello",
                                    "/about", "/compare", "/changelog", "/チーム"};
static const char *const devices[] = {NULL, "Desktop", "Mobile", "Tablet"};
static const char *const queries[] = {NULL,
                                      "shop",
                                      "shop pricing",
                                      "shop vs other",
                                      "editor plugin",
                                      "pro plan",
                                      "buy license",
                                      "team editor",
                                      "shop coupon",
                                      "shop review",
                                      "best editor",
                                      "editor for mac",
                                      "license key",
                                      "shop login",
                                      "upgrade plan",
                                      "what is shop",
                                      "shop api",
                                      "shop docs",
                                      "shop alternative",
                                      "chart tool",
                                      "été editor",
                                      "チーム エディタ",
                                      "cancel license",
                                      "student discount",
                                      "invoice shop"};

// Values of a source: channel, referrer, name, utm source, utm medium.
static const uint8_t source_values[SOURCE_COUNT][5] = {
    [SOURCE_DIRECT] = {1, 1, 1, 0, 0},
    [1] = {2, 2, 2, 1, 1},
    [2] = {3, 1, 3, 2, 2},
    [3] = {4, 3, 4, 3, 3},
    [4] = {5, 4, 5, 4, 4},
    [5] = {4, 5, 6, 5, 3},
    [6] = {6, 6, 7, 6, 5},
    [7] = {7, 7, 8, 7, 6},
    [SOURCE_GOOGLE] = {8, 2, 2, 0, 0},
    [SOURCE_BING] = {8, 8, 9, 0, 0},
    [SOURCE_BLOG] = {5, 9, 10, 0, 0},
};

static uint8_t value_of(const struct visit *visit, enum traffic_dimension dimension)
{
    const uint8_t *of_source = source_values[visit->source];
    switch (dimension) {
    case TRAFFIC_CHANNEL:
        return of_source[0];
    case TRAFFIC_REFERRER:
        return of_source[1];
    case TRAFFIC_SOURCE:
        return of_source[2];
    case TRAFFIC_UTM_SOURCE:
        return of_source[3];
    case TRAFFIC_UTM_MEDIUM:
        return of_source[4];
    case TRAFFIC_UTM_CAMPAIGN:
        return visit->campaign;
    case TRAFFIC_LANDING_PAGE:
        return visit->page;
    case TRAFFIC_COUNTRY:
        return visit->country;
    case TRAFFIC_DEVICE:
        return visit->device;
    case TRAFFIC_QUERY:
        return visit->query;
    case TRAFFIC_DIMENSION__COUNT:
        break;
    }
    return 0;
}

#define VALUES(list)                                                                               \
    {                                                                                              \
        (list), sizeof(list) / sizeof *(list)                                                      \
    }
static const struct {
    const char *const *texts;
    size_t count;
} value_tables[TRAFFIC_DIMENSION__COUNT] = {
    [TRAFFIC_CHANNEL] = VALUES(channels),     [TRAFFIC_REFERRER] = VALUES(referrers),
    [TRAFFIC_SOURCE] = VALUES(names),         [TRAFFIC_LANDING_PAGE] = VALUES(pages),
    [TRAFFIC_DEVICE] = VALUES(devices),       [TRAFFIC_UTM_SOURCE] = VALUES(utm_sources),
    [TRAFFIC_UTM_MEDIUM] = VALUES(utm_media), [TRAFFIC_UTM_CAMPAIGN] = VALUES(utm_campaigns),
    [TRAFFIC_QUERY] = VALUES(queries),
};

static size_t value_count(enum traffic_dimension dimension)
{
    return dimension == TRAFFIC_COUNTRY ? COUNTRY_COUNT + 1 : value_tables[dimension].count;
}

static const char *value_text(enum traffic_dimension dimension, uint8_t value)
{
    if (dimension == TRAFFIC_COUNTRY) {
        return value > 0 ? countries[value - 1].code : NULL;
    }
    return value_tables[dimension].texts[value];
}

void traffic_exclude(struct traffic_question *question, enum traffic_dimension dimension,
                     bool (*passes)(const char *text, const void *what), const void *what)
{
    for (size_t i = 0; i < value_count(dimension); i++) {
        if (!passes(value_text(dimension, (uint8_t)i), what)) {
            question->excluded[dimension] |= UINT64_C(1) << i;
        }
    }
}

const char *traffic_value(uint64_t key, enum traffic_dimension dimension)
{
    unsigned value = (unsigned)(key >> (VALUE_BITS * (unsigned)dimension)) & 63U;
    return value_text(dimension, (uint8_t)value);
}

const char *traffic_country_alpha3(const char *alpha2)
{
    static const char letters[][2][4] = {
        {"US", "usa"}, {"FR", "fra"}, {"DE", "deu"}, {"ES", "esp"}, {"PL", "pol"}, {"GB", "gbr"},
        {"JP", "jpn"}, {"KR", "kor"}, {"CA", "can"}, {"AE", "are"}, {"IN", "ind"}, {"IL", "isr"}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (strcmp(letters[i][0], alpha2) == 0) {
            return letters[i][1];
        }
    }
    return "zzz";
}

// Time.

static int64_t floor_of(int64_t value, int64_t unit)
{
    return value / unit - (value % unit < 0);
}

int64_t traffic_day(const struct metrics_zone *zone, int64_t at_us)
{
    return floor_of(at_us + metrics_zone_offset_us(zone, at_us), DAY_US);
}

int64_t traffic_bucket_day(enum traffic_bucket bucket, int64_t day, int64_t first_day)
{
    struct calendar_date date = calendar_from_days(day);
    if (bucket == TRAFFIC_WEEKS) {
        int64_t monday = floor_of(day + 3, 7) * 7 - 3; // the third day before 1970 was a Monday
        return monday > first_day ? monday : first_day;
    }
    date.day = bucket == TRAFFIC_MONTHS || bucket == TRAFFIC_YEARS ? 1 : date.day;
    date.month = bucket == TRAFFIC_YEARS ? 1 : date.month;
    return calendar_to_days(date);
}

void traffic_print_day(int64_t day, char ret_text[static 16])
{
    struct calendar_date date = calendar_from_days(day);
    snprintf(ret_text, 16, "%04u-%02u-%02u", (unsigned)date.year % 10000,
             (unsigned)date.month % 100, (unsigned)date.day % 100);
}

// `count` digits; -1 when one is none.
static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool traffic_read_day(const char *text, int64_t *ret_day)
{
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    struct calendar_date date = {digits(text, 4), digits(text + 5, 2), digits(text + 8, 2)};
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31) {
        return false;
    }
    *ret_day = calendar_to_days(date);
    struct calendar_date back = calendar_from_days(*ret_day);
    return back.day == date.day && back.month == date.month;
}

bool traffic_read_time(const struct metrics_zone *zone, const char *text, int64_t *ret_us)
{
    char date[11] = {0};
    size_t length = strlen(text);
    int64_t day, seconds = 0;
    if (length != 10 && length != 19) {
        return false;
    }
    memcpy(date, text, 10);
    if (!traffic_read_day(date, &day)) {
        return false;
    }
    if (length == 19) {
        int hour = digits(text + 11, 2), minute = digits(text + 14, 2),
            second = digits(text + 17, 2);
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
            return false;
        }
        seconds = hour * 3600 + minute * 60 + second;
    }
    *ret_us = metrics_zone_instant_us(zone, day * DAY_US + seconds * SECOND_US);
    return true;
}

int64_t traffic_first_incomplete_day(const struct sim_world *world, const struct metrics_zone *zone)
{
    return traffic_day(zone, world->now_us - (SEARCH_LAG_HOURS - 24) * HOUR_US);
}

// Facts.

static bool is_wanted(const struct traffic_question *question, const struct visit *visit)
{
    for (unsigned i = 0; i < TRAFFIC_DIMENSION__COUNT; i++) {
        if (question->excluded[i] != 0 &&
            (question->excluded[i] >> value_of(visit, (enum traffic_dimension)i) & 1U) != 0) {
            return false;
        }
    }
    return true;
}

static struct fact *fact_add(struct collection *c, const struct visit *visit, int64_t at_us)
{
    static struct fact spare;
    if (c->count == c->capacity) {
        size_t capacity = c->capacity > 0 ? c->capacity * 2 : 4096;
        struct fact *facts = realloc(c->facts, capacity * sizeof *facts);
        if (facts == NULL) {
            c->has_failed = true;
            return &spare;
        }
        c->facts = facts;
        c->capacity = capacity;
    }
    const struct traffic_question *question = c->question;
    struct fact *fact = &c->facts[c->count++];
    *fact = (struct fact){.visitor = visit->visitor, .session = visit->session};
    for (unsigned i = 0; i < TRAFFIC_DIMENSION__COUNT; i++) {
        if ((question->dimensions >> i & 1U) != 0) {
            fact->key |= (uint64_t)value_of(visit, (enum traffic_dimension)i) << (VALUE_BITS * i);
        }
    }
    int64_t offset_us = metrics_zone_offset_us(question->zone, at_us);
    if (question->bucket == TRAFFIC_HOURS) {
        fact->bucket = floor_of(at_us + offset_us, HOUR_US) * HOUR_US - offset_us;
    } else if (question->bucket != TRAFFIC_WHOLE) {
        fact->bucket = traffic_bucket_day(question->bucket, floor_of(at_us + offset_us, DAY_US),
                                          question->first_day);
    }
    return fact;
}

static bool is_in_window(const struct collection *c, int64_t at_us)
{
    return at_us >= c->question->from_us && at_us < c->question->to_us && at_us <= c->world->now_us;
}

// A page view is a fact of its own only when the one before it lies in another bucket.
static void add_events(struct collection *c, const struct visit *visit)
{
    for (unsigned i = 0; i < visit->pageviews; i++) {
        int64_t at_us = visit->at_us + (int64_t)i * visit->gap_s * SECOND_US;
        if (!is_in_window(c, at_us)) {
            continue;
        }
        struct fact *fact = fact_add(c, visit, at_us);
        if (c->has_failed) {
            return;
        }
        struct fact *last = fact - (fact > c->facts ? 1 : 0);
        if (last != fact && last->session == fact->session && last->bucket == fact->bucket) {
            c->count--;
            fact = last;
        }
        fact->pageviews++;
        fact->bounces += visit->pageviews == 1;
        fact->seconds += i > 0 ? visit->gap_s : 0;
    }
}

static void add_session(struct collection *c, const struct visit *visit)
{
    if (!is_in_window(c, visit->at_us)) {
        return;
    }
    struct fact *fact = fact_add(c, visit, visit->at_us);
    int64_t passed = (c->world->now_us - visit->at_us) / SECOND_US / visit->gap_s + 1;
    fact->pageviews = passed < visit->pageviews ? (uint32_t)passed : visit->pageviews;
    fact->bounces = visit->pageviews == 1;
    fact->seconds = (fact->pageviews - 1) * visit->gap_s;
}

// Of young days only a part is known, and more each hour.
static bool is_counted_yet(const struct collection *c, const struct visit *visit)
{
    int64_t day = traffic_day(c->question->zone, visit->at_us);
    if (day < traffic_first_incomplete_day(c->world, c->question->zone)) {
        return true;
    }
    int64_t began_us = metrics_zone_instant_us(c->question->zone, day * DAY_US);
    int64_t hours = (c->world->now_us - began_us) / HOUR_US;
    return (int64_t)(visit->session >> 7 & 0xffff) % SEARCH_LAG_HOURS < hours;
}

static void add_search(struct collection *c, const struct visit *visit)
{
    if (visit->source != SOURCE_GOOGLE || !is_in_window(c, visit->at_us) ||
        !is_counted_yet(c, visit)) {
        return;
    }
    if (visit->query == 0 && (c->question->dimensions >> TRAFFIC_QUERY & 1U) != 0) {
        return; // asked by few: in the totals alone
    }
    uint64_t hash = uuid_hash(visit->session, 77);
    struct fact *fact = fact_add(c, visit, visit->at_us);
    fact->clicks = hash % 5 > 1;
    fact->impressions = 1 + (uint32_t)(hash >> 8) % 24;
    fact->position_tenths =
        fact->impressions * (10 + (uint32_t)visit->query * 7 + (uint32_t)(hash >> 16) % 20);
}

static void add_visit(struct collection *c, const struct visit *visit)
{
    if (visit->at_us > c->world->now_us || !is_wanted(c->question, visit)) {
        return;
    }
    if (c->question->basis == TRAFFIC_EVENTS) {
        add_events(c, visit);
    } else if (c->question->basis == TRAFFIC_SESSIONS) {
        add_session(c, visit);
    } else {
        add_search(c, visit);
    }
}

// Visits.

// Several of the shop's addresses lie in one country: the first stands for all.
static uint8_t country_value(uint64_t address)
{
    unsigned i = 0;
    while (strcmp(countries[i].code, countries[address % COUNTRY_COUNT].code) != 0) {
        i++;
    }
    return (uint8_t)(i + 1);
}

uint64_t traffic_country_key(uint8_t country)
{
    return (uint64_t)country_value(country) << (VALUE_BITS * TRAFFIC_COUNTRY);
}

static struct visit visit_make(const struct sim_world *w, uint64_t hash, int64_t at_us,
                               uint8_t source, uint8_t campaign)
{
    uint64_t more = uuid_hash(hash, w->key.check + 501);
    uint64_t visitor = more % 10 < 3 ? 1 + (more >> 8) % RETURNING_VISITORS : hash;
    uint64_t person = uuid_hash(visitor, w->key.check + 502);
    struct visit visit = {.at_us = floor_of(at_us, SECOND_US) * SECOND_US,
                          .visitor = visitor,
                          .session = more,
                          .source = source,
                          .campaign = campaign,
                          .country = country_value(person),
                          .device = (uint8_t)(1 + (person >> 16) % 8 % DEVICES),
                          .gap_s = (uint8_t)(5 + (more >> 24) % 85),
                          .pageviews = 1};
    visit.page = (uint8_t)(1 + (more >> 32) % PAGES * ((more >> 40) % PAGES + 1) / (PAGES + 1));
    if (more >> 48 & 1U) {
        visit.pageviews = (uint8_t)(2 + (more >> 49) % 6);
    }
    if (source == SOURCE_GOOGLE && (more >> 52) % 10 >= 3) {
        visit.query = (uint8_t)(1 + (person >> 32) % QUERIES);
    }
    return visit;
}

static void visits_of_hour(struct collection *c, int64_t hour)
{
    static const uint8_t of_day[24] = {4,  3,  2,  2,  3,  4,  6,  8,  10, 12, 13, 13,
                                       13, 14, 15, 15, 14, 13, 13, 12, 10, 8,  7,  5};
    static const uint8_t of_week[7] = {10, 11, 12, 11, 11, 10, 7}; // from Thursday, 1 January 1970
    static const uint8_t mix[16] = {0, 0, 0, 0, 8, 8, 8, 8, 8, 9, 10, 1, 2, 3, 4, 5};
    const struct sim_world *w = c->world;
    int64_t day = floor_of(hour, 24);
    int64_t age_days = day - floor_of(w->opening_us, DAY_US);
    if (age_days < 0) {
        return;
    }
    int64_t thousandths =
        (int64_t)of_day[hour - day * 24] * of_week[day % 7] * (800 + age_days) / 25;
    bool is_spike = day == floor_of(w->end_us, DAY_US) - SPIKE_DAYS_AGO && hour - day * 24 >= 12;
    uint64_t count =
        ((uint64_t)thousandths + uuid_hash((uint64_t)hour, w->key.check + 500) % 1000) / 1000 +
        (is_spike ? 40 : 0);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t hash = uuid_hash((uint64_t)hour << 20 | i, w->key.check + 503);
        bool is_of_spike = is_spike && i < 40;
        uint8_t source = is_of_spike ? SOURCE_HACKERNEWS : mix[hash % 16];
        bool has_campaign = source >= SOURCE_CAMPAIGNS && source < SOURCE_GOOGLE;
        uint8_t campaign = has_campaign ? (uint8_t)(1 + (hash >> 8) % 4) : 0;
        struct visit visit = visit_make(
            w, hash, hour * HOUR_US + (int64_t)(hash >> 16) % 3600 * SECOND_US, source, campaign);
        add_visit(c, &visit);
    }
}

static void visits_of_checkout(struct collection *c, uint32_t index, unsigned followers)
{
    const struct sim_world *w = c->world;
    const struct checkout_row *checkout = checkout_at(w, index);
    int64_t created_us = checkout->created_us;
    if (created_us >= c->question->to_us ||
        created_us + (FOLLOWED_HOURS + 1) * HOUR_US < c->question->from_us) {
        return;
    }
    uint8_t source = SOURCE_DIRECT, campaign = 0;
    if (checkout->campaign > 0) {
        source = (uint8_t)(SOURCE_CAMPAIGNS + (checkout->campaign - 1U) % 7);
        campaign = (uint8_t)(1 + (checkout->campaign - 1U) / 7 % 4);
    } else if (uuid_hash(index, w->key.check + 504) % 2 == 0) {
        source = SOURCE_GOOGLE;
    }
    for (unsigned i = 0; i <= followers; i++) {
        uint64_t hash = uuid_hash((uint64_t)index << 8 | i, w->key.check + 505);
        int64_t later_us = i > 0 ? (int64_t)(hash >> 8) % (FOLLOWED_HOURS * 3600) * SECOND_US : 0;
        struct visit visit = visit_make(w, hash, created_us + later_us, source, campaign);
        if (i == 0) {
            visit.visitor = hash;
            visit.country = country_value(checkout->country);
            visit.pageviews = (uint8_t)(2 + hash % 5);
        }
        add_visit(c, &visit);
    }
}

static void collect(struct collection *c)
{
    const struct sim_world *w = c->world;
    int64_t from_us = c->question->from_us, to_us = c->question->to_us;
    if (from_us < w->opening_us) {
        from_us = w->opening_us;
    }
    to_us = to_us < w->now_us + 1 ? to_us : w->now_us + 1;
    for (int64_t hour = floor_of(from_us, HOUR_US) - 1; hour * HOUR_US < to_us && !c->has_failed;
         hour++) {
        visits_of_hour(c, hour);
    }
    // By the wanted size and not by the rows: the past must not change when a checkout is added.
    unsigned followers = VISITS_OF_CHECKOUTS_MAX / (4 * (w->options.order_count + 1));
    followers = followers < FOLLOWERS_MAX ? followers : FOLLOWERS_MAX;
    for (uint32_t i = 0; i < w->checkouts.count && !c->has_failed; i++) {
        visits_of_checkout(c, i, followers);
    }
}

// Folding.

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_facts(const void *left, const void *right)
{
    const struct fact *a = left, *b = right;
    int order = (a->bucket > b->bucket) - (a->bucket < b->bucket);
    order = order != 0 ? order : compare_numbers(a->key, b->key);
    order = order != 0 ? order : compare_numbers(a->visitor, b->visitor);
    return order != 0 ? order : compare_numbers(a->session, b->session);
}

static int compare_rows(const void *left, const void *right)
{
    const struct traffic_row *a = left, *b = right;
    int order = (a->bucket > b->bucket) - (a->bucket < b->bucket);
    order = order != 0 ? order : (a->clicks < b->clicks) - (a->clicks > b->clicks);
    order = order != 0 ? order : (a->sessions < b->sessions) - (a->sessions > b->sessions);
    return order != 0 ? order : compare_numbers(a->key, b->key);
}

static bool fold(struct collection *c, struct traffic_rows *ret)
{
    if (c->count == 0) {
        return true;
    }
    qsort(c->facts, c->count, sizeof *c->facts, compare_facts);
    size_t groups = 1;
    for (size_t i = 1; i < c->count; i++) {
        groups +=
            c->facts[i].bucket != c->facts[i - 1].bucket || c->facts[i].key != c->facts[i - 1].key;
    }
    ret->rows = calloc(groups, sizeof *ret->rows);
    if (ret->rows == NULL) {
        return false;
    }
    struct traffic_row *row = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const struct fact *fact = &c->facts[i], *before = i > 0 ? fact - 1 : NULL;
        bool is_new = before == NULL || before->bucket != fact->bucket || before->key != fact->key;
        if (is_new) {
            row = &ret->rows[ret->count++];
            row->bucket = fact->bucket;
            row->key = fact->key;
        }
        bool is_other = is_new || before->visitor != fact->visitor;
        row->visitors += is_other;
        row->sessions += is_other || before->session != fact->session;
        row->pageviews += fact->pageviews;
        row->bounces += fact->bounces;
        row->seconds += fact->seconds;
        row->clicks += fact->clicks;
        row->impressions += fact->impressions;
        row->position_tenths += fact->position_tenths;
    }
    qsort(ret->rows, ret->count, sizeof *ret->rows, compare_rows);
    return true;
}

bool traffic_ask(const struct sim_world *world, const struct traffic_question *question,
                 struct traffic_rows *ret)
{
    struct collection c = {.world = world, .question = question};
    *ret = (struct traffic_rows){0};
    collect(&c);
    bool is_done = !c.has_failed && fold(&c, ret);
    free(c.facts);
    return is_done;
}

void traffic_rows_release(struct traffic_rows *rows)
{
    free(rows->rows);
    *rows = (struct traffic_rows){0};
}
