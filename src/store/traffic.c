// SPDX-License-Identifier: Apache-2.0
// traffic.c - lands days of web traffic: what was there of these days goes, what the source says now comes, and the cursor moves, in one transaction.
//
// Replacing whole days needs no comparison of rows and forgets what the service no longer says. A complete day that the service left out because nobody came
// gets a row of zeroes: a day without visitors is known, a day without a row is not. Before the first day that ever had a row nothing is known, since
// services keep so much and no more.
#include "store/traffic.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/driver.h"

struct landing {
    struct store *store;
    struct store_source *source;
    const struct store_traffic *traffic;
    char now[STORE_TIME_BYTES];
    struct civil_date first; // known day
    bool has_first;
};

static void print_date(struct civil_date date, char ret_text[static STORE_DATE_BYTES])
{
    (void)snprintf(ret_text, STORE_DATE_BYTES, "%04d-%02d-%02d", date.year % 10000,
                   date.month % 100, date.day % 100);
}

static bool is_before(struct civil_date a, struct civil_date b)
{
    return civil_date_to_days(a) < civil_date_to_days(b);
}

static enum till_code clear_days(struct landing *landing, struct till_error *e)
{
    static const char *const statements[] = {
        "DELETE FROM traffic_daily WHERE connection = ?1 AND date >= ?2 AND date < ?3",
        "DELETE FROM traffic_breakdown WHERE connection = ?1 AND date >= ?2 AND date < ?3",
        "DELETE FROM search_daily WHERE connection = ?1 AND date >= ?2 AND date < ?3",
        "DELETE FROM search_queries WHERE connection = ?1 AND date >= ?2 AND date < ?3",
    };
    static const char hours[] =
        "DELETE FROM traffic_hourly WHERE connection = ?1 AND hour >= ?2 AND hour < ?3";
    const struct store_traffic *traffic = landing->traffic;
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    enum till_code code = TILL_OK;
    print_date(traffic->from, from);
    print_date(traffic->to, to);
    struct value values[] = {store_c_text(landing->source->name), store_c_text(from),
                             store_c_text(to)};
    for (size_t i = 0; i < TILL_COUNT(statements) && code == TILL_OK; i++)
        code = store_execute(landing->store, statements[i], values, TILL_COUNT(values), NULL, e);
    if (code || traffic->hours_to_us == 0)
        return code;
    values[1] = store_time(traffic->hours_from_us, from);
    values[2] = store_time(traffic->hours_to_us, to);
    return store_execute(landing->store, hours, values, TILL_COUNT(values), NULL, e);
}

static struct value told(int64_t count)
{
    return count < 0 ? store_text((struct sv){NULL, 0}) : store_integer(count);
}

static struct value position_of(const struct traffic_row *row)
{
    if (row->impressions <= 0)
        return store_text((struct sv){NULL, 0});
    return (struct value){.type = VALUE_REAL, .real = row->position};
}

static enum till_code put_day(struct landing *landing, const struct traffic_row *row,
                              struct till_error *e)
{
    static const char visits[] =
        "INSERT OR REPLACE INTO traffic_daily(connection, source, property, date, timezone,"
        " visitors, visits, pageviews, bounces, is_complete, till_synced_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    static const char searches[] =
        "INSERT OR REPLACE INTO search_daily(connection, source, property, date, clicks,"
        " impressions, position, is_complete, till_synced_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    const struct store_source *source = landing->source;
    char date[STORE_DATE_BYTES];
    print_date(row->date, date);
    struct value values[11] = {store_c_text(source->name),
                               store_c_text(traffic_service_word(source->service)),
                               store_c_text(source->property), store_c_text(date)};
    struct value complete = store_integer(is_before(row->date, landing->traffic->complete_before));
    if (row->grain == TRAFFIC_SEARCH_DAY) {
        values[4] = store_integer(row->clicks < 0 ? 0 : row->clicks);
        values[5] = store_integer(row->impressions < 0 ? 0 : row->impressions);
        values[6] = position_of(row);
        values[7] = complete;
        values[8] = store_c_text(landing->now);
        return store_execute(landing->store, searches, values, 9, NULL, e);
    }
    values[4] = store_c_text(source->timezone);
    values[5] = told(row->visitors);
    values[6] = told(row->visits);
    values[7] = told(row->pageviews);
    values[8] = told(row->bounces);
    values[9] = complete;
    values[10] = store_c_text(landing->now);
    return store_execute(landing->store, visits, values, 11, NULL, e);
}

static enum till_code put_hour(struct landing *landing, const struct traffic_row *row,
                               struct till_error *e)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO traffic_hourly(connection, source, property, hour, visitors,"
        " visits, pageviews, till_synced_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    const struct store_source *source = landing->source;
    char hour[STORE_TIME_BYTES];
    struct value values[] = {
        store_c_text(source->name),
        store_c_text(traffic_service_word(source->service)),
        store_c_text(source->property),
        store_time(row->hour_us, hour),
        told(row->visitors),
        told(row->visits),
        told(row->pageviews),
        store_c_text(landing->now),
    };
    if (row->hour_us < landing->traffic->hours_from_us ||
        row->hour_us >= landing->traffic->hours_to_us)
        return TILL_OK;
    return store_execute(landing->store, sql, values, TILL_COUNT(values), NULL, e);
}

static enum till_code put_part(struct landing *landing, const struct traffic_row *row,
                               struct till_error *e)
{
    static const char visits[] =
        "INSERT OR REPLACE INTO traffic_breakdown(connection, source, property, date, dimension,"
        " value, visitors, visits, pageviews, bounces, till_synced_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    static const char searches[] =
        "INSERT OR REPLACE INTO search_queries(connection, source, property, date, dimension,"
        " value, clicks, impressions, position, till_synced_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    const struct store_source *source = landing->source;
    char date[STORE_DATE_BYTES];
    print_date(row->date, date);
    struct value values[11] = {store_c_text(source->name),
                               store_c_text(traffic_service_word(source->service)),
                               store_c_text(source->property),
                               store_c_text(date),
                               store_c_text(traffic_dimension_word(row->dimension)),
                               store_text(row->value)};
    if (row->grain == TRAFFIC_SEARCH_PART) {
        values[6] = store_integer(row->clicks < 0 ? 0 : row->clicks);
        values[7] = store_integer(row->impressions < 0 ? 0 : row->impressions);
        values[8] = position_of(row);
        values[9] = store_c_text(landing->now);
        return store_execute(landing->store, searches, values, 10, NULL, e);
    }
    values[6] = told(row->visitors);
    values[7] = told(row->visits);
    values[8] = told(row->pageviews);
    values[9] = told(row->bounces);
    values[10] = store_c_text(landing->now);
    return store_execute(landing->store, visits, values, 11, NULL, e);
}

static enum till_code put_row(struct landing *landing, const struct traffic_row *row,
                              struct till_error *e)
{
    switch (row->grain) {
    case TRAFFIC_DAY:
    case TRAFFIC_SEARCH_DAY:
        return put_day(landing, row, e);
    case TRAFFIC_HOUR:
        return put_hour(landing, row, e);
    case TRAFFIC_PART:
    case TRAFFIC_SEARCH_PART:
        break;
    }
    return put_part(landing, row, e);
}

static bool is_day(const struct traffic_row *row)
{
    return row->grain == TRAFFIC_DAY || row->grain == TRAFFIC_SEARCH_DAY;
}

// Zeroes for the complete days that the service left out: first, since rows that are there replace them.
static enum till_code put_empty_days(struct landing *landing, struct till_error *e)
{
    const struct store_traffic *traffic = landing->traffic;
    struct traffic_row row = {.grain = landing->source->service == TRAFFIC_SEARCH_CONSOLE
                                           ? TRAFFIC_SEARCH_DAY
                                           : TRAFFIC_DAY};
    enum till_code code = TILL_OK;
    if (!landing->has_first)
        return TILL_OK;
    row.date = is_before(traffic->from, landing->first) ? landing->first : traffic->from;
    while (code == TILL_OK && is_before(row.date, traffic->to) &&
           is_before(row.date, traffic->complete_before)) {
        code = put_day(landing, &row, e);
        row.date = civil_date_add_days(row.date, 1);
    }
    return code;
}

static enum till_code move_cursor(struct landing *landing, struct till_error *e)
{
    static const char sql[] =
        "UPDATE traffic_sources SET first_date = ?2, through_date = ?3 WHERE name = ?1";
    char first[STORE_DATE_BYTES], through[STORE_DATE_BYTES];
    print_date(landing->first, first);
    print_date(landing->traffic->through, through);
    struct value values[] = {store_c_text(landing->source->name),
                             store_c_text(landing->has_first ? first : NULL),
                             store_c_text(through)};
    return store_execute(landing->store, sql, values, TILL_COUNT(values), NULL, e);
}

enum till_code store_traffic_land(struct store *store, struct store_source *source,
                                  const struct store_traffic *traffic, int64_t now_us,
                                  struct till_error *e)
{
    struct landing landing = {.store = store,
                              .source = source,
                              .traffic = traffic,
                              .first = source->first_date,
                              .has_first = source->has_first};
    for (size_t i = 0; i < traffic->row_count; i++) {
        const struct traffic_row *row = &traffic->rows[i];
        if (!is_day(row) || (landing.has_first && !is_before(row->date, landing.first)))
            continue;
        landing.first = row->date;
        landing.has_first = true;
    }
    if (store_time(now_us, landing.now).type != VALUE_TEXT)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    enum till_code code = store_begin(store, e);
    if (code)
        return code;
    code = clear_days(&landing, e);
    if (code == TILL_OK)
        code = put_empty_days(&landing, e);
    for (size_t i = 0; i < traffic->row_count && code == TILL_OK; i++)
        code = put_row(&landing, &traffic->rows[i], e);
    if (code == TILL_OK)
        code = move_cursor(&landing, e);
    code = store_finish(store, code, e);
    if (code)
        return code;
    source->first_date = landing.first;
    source->has_first = landing.has_first;
    source->through_date = traffic->through;
    source->has_through = true;
    return TILL_OK;
}

enum till_code store_traffic_any(struct store *store, const struct store_source *source,
                                 struct civil_date from, struct civil_date to, bool *ret_any,
                                 struct till_error *e)
{
    static const char sql[] =
        "SELECT EXISTS (SELECT 1 FROM traffic_daily WHERE connection = ?1 AND date >= ?2 AND"
        " date < ?3 AND coalesce(visits, 0) + coalesce(visitors, 0) > 0) OR EXISTS (SELECT 1 FROM"
        " search_daily WHERE connection = ?1 AND date >= ?2 AND date < ?3 AND impressions > 0)";
    char first[STORE_DATE_BYTES], last[STORE_DATE_BYTES];
    int64_t count = 0;
    struct store_result result = {.row = store_take_integer, .context = &count};
    print_date(from, first);
    print_date(to, last);
    struct value values[] = {store_c_text(source->name), store_c_text(first), store_c_text(last)};
    enum till_code code = store_execute(store, sql, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK)
        *ret_any = count != 0;
    return code;
}
