// SPDX-License-Identifier: Apache-2.0
// traffic_probe.c - the traffic room as a program for tests: traffic_probe SERVICE URL PROPERTY TIMEZONE check|list|fetch [FROM TO TODAY]
//
// The secret comes in on stdin. What is found goes out as JSON lines: fetch asks for window after window until TO is reached (TO is not included), and ends
// with a line that says how many requests it took. An error is a JSON object on stderr, and till's exit status.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "traffic/traffic.h"

enum { PROBE_LINE_BYTES = 16384 };

static void print_line(struct buf *line, FILE *file)
{
    (void)fprintf(file, "%s\n", line->data ? line->data : "");
    buf_reset(line);
}

static void print_text(struct buf *line, const char *name, struct sv text)
{
    buf_format(line, "%s\"%s\":", line->len > 1 ? "," : "", name);
    buf_json_string(line, text);
}

static void print_number(struct buf *line, const char *name, int64_t number)
{
    buf_format(line, ",\"%s\":", name);
    if (number == TRAFFIC_UNTOLD)
        buf_text(line, "null");
    else
        buf_int(line, number);
}

static void print_date(struct buf *line, const char *name, struct civil_date date)
{
    buf_format(line, "%s\"%s\":\"%04d-%02d-%02d\"", line->len > 1 ? "," : "", name,
               date.year % 10000, date.month % 100, date.day % 100);
}

static void print_row(struct buf *line, const struct traffic_row *row)
{
    static const char *const grains[] = {"day", "hour", "part", "search_day", "search_part"};
    bool is_part = row->grain == TRAFFIC_PART || row->grain == TRAFFIC_SEARCH_PART;
    char hour[TIMESTAMP_BYTES + 1] = "";
    buf_text(line, "{");
    print_text(line, "grain", sv_of(grains[row->grain]));
    if (row->grain == TRAFFIC_HOUR && timestamp_format(row->hour_us, hour))
        print_text(line, "hour", sv_of(hour));
    else
        print_date(line, "date", row->date);
    if (is_part) {
        print_text(line, "dimension", sv_of(traffic_dimension_word(row->dimension)));
        print_text(line, "value", row->value);
    }
    print_number(line, "visitors", row->visitors);
    print_number(line, "visits", row->visits);
    print_number(line, "pageviews", row->pageviews);
    print_number(line, "bounces", row->bounces);
    print_number(line, "clicks", row->clicks);
    print_number(line, "impressions", row->impressions);
    buf_format(line, ",\"position\":%.17g}", row->position);
    print_line(line, stdout);
}

static enum till_code check(struct traffic *traffic, struct buf *line, struct till_error *e)
{
    struct traffic_identity identity;
    enum till_code code = traffic_validate(traffic, &identity, e);
    if (code)
        return code;
    buf_text(line, "{");
    print_text(line, "property", sv_of(identity.property));
    print_text(line, "property_name", sv_of(identity.property_name));
    print_text(line, "account", sv_of(identity.account));
    print_text(line, "timezone", sv_of(identity.timezone));
    print_text(line, "remark", sv_of(identity.remark));
    print_number(line, "requests", traffic_requests(traffic));
    buf_text(line, "}");
    print_line(line, stdout);
    return TILL_OK;
}

static enum till_code list(struct traffic *traffic, struct buf *line, struct till_error *e)
{
    AUTO_ARENA arena;
    struct traffic_properties properties;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = traffic_properties(traffic, &arena, &properties, e);
    for (size_t i = 0; code == TILL_OK && i < properties.count; i++) {
        buf_text(line, "{");
        print_text(line, "property", properties.list[i].property);
        print_text(line, "permission", properties.list[i].permission);
        buf_format(line, ",\"is_readable\":%s}", properties.list[i].is_readable ? "true" : "false");
        print_line(line, stdout);
    }
    return code;
}

static enum till_code fetch_window(struct traffic *traffic, struct traffic_window *window,
                                   struct buf *line, struct till_error *e)
{
    AUTO_ARENA arena;
    struct traffic_batch batch;
    arena_init(&arena, TILL_LIMIT_TRAFFIC_BYTES);
    enum till_code code = traffic_fetch(traffic, window, &arena, &batch, e);
    if (code)
        return code;
    for (size_t i = 0; i < batch.row_count; i++)
        print_row(line, &batch.rows[i]);
    buf_text(line, "{");
    print_text(line, "grain", SV("window"));
    print_date(line, "from", window->from);
    print_date(line, "covered_to", batch.covered_to);
    print_date(line, "complete_before", batch.complete_before);
    print_text(line, "timezone", sv_of(batch.timezone));
    print_number(line, "hours_from_us", batch.hours_from_us);
    print_number(line, "hours_to_us", batch.hours_to_us);
    buf_text(line, "}");
    print_line(line, stdout);
    if (civil_date_to_days(batch.covered_to) <= civil_date_to_days(window->from))
        return TILL_FAIL(e, TILL_FORMAT, 0, "nothing was covered");
    window->from = batch.covered_to;
    return TILL_OK;
}

static enum till_code fetch(struct traffic *traffic, const char *timezone, char **dates,
                            struct buf *line, struct till_error *e)
{
    struct zone *zone = NULL;
    struct traffic_window window = {0};
    enum till_code code = zone_open(timezone, &zone, e);
    if (code)
        return code;
    window.zone = zone;
    if (!civil_date_parse(dates[0], &window.from) || !civil_date_parse(dates[1], &window.to) ||
        !civil_date_parse(dates[2], &window.today))
        code = TILL_FAIL(e, TILL_USAGE, 0, "not dates");
    while (code == TILL_OK && civil_date_to_days(window.from) < civil_date_to_days(window.to))
        code = fetch_window(traffic, &window, line, e);
    if (code == TILL_OK) {
        buf_text(line, "{");
        print_text(line, "grain", SV("end"));
        print_number(line, "requests", traffic_requests(traffic));
        buf_text(line, "}");
        print_line(line, stdout);
    }
    zone_close(zone);
    return code;
}

static enum till_code read_secret(struct secret *secret, struct till_error *e)
{
    char bytes[4096];
    size_t len = fread(bytes, 1, sizeof bytes, stdin);
    enum till_code code = secret_set(secret, (struct sv){bytes, len}, e);
    memory_wipe(bytes, sizeof bytes);
    return code;
}

static enum till_code run(int argc, char **argv, struct till_error *e)
{
    AUTO_SECRET secret = {0};
    AUTO_BUF line;
    struct traffic *traffic = NULL;
    struct traffic_options options = {.url = argv[2],
                                      .property = argv[3],
                                      .timezone = argv[4],
                                      .secret = &secret,
                                      .other_url = getenv("PROBE_OTHER_URL"),
                                      .other_word = "eu",
                                      .http = {.user_agent = "till-probe", .retry_base_ms = 1}};
    buf_init(&line, PROBE_LINE_BYTES);
    if (!traffic_service_parse(sv_of(argv[1]), &options.service))
        return TILL_FAIL(e, TILL_USAGE, 0, "no such service");
    enum till_code code = read_secret(&secret, e);
    if (code == TILL_OK)
        code = traffic_open(&options, &traffic, e);
    if (code == TILL_OK && strcmp(argv[5], "check") == 0)
        code = check(traffic, &line, e);
    else if (code == TILL_OK && strcmp(argv[5], "list") == 0)
        code = list(traffic, &line, e);
    else if (code == TILL_OK && argc == 9)
        code = fetch(traffic, argv[4], argv + 6, &line, e);
    traffic_close(traffic);
    return code;
}

int main(int argc, char **argv)
{
    struct till_error error = {0};
    AUTO_BUF line;
    buf_init(&line, PROBE_LINE_BYTES);
    if (argc < 6)
        return 2;
    log_set_level_from_environment();
    enum till_code code = run(argc, argv, &error);
    if (code) {
        buf_text(&line, "{");
        print_text(&line, "code", sv_of(till_code_name(code)));
        print_text(&line, "text", sv_of(error.text));
        print_text(&line, "hint", sv_of(error.hint));
        print_number(&line, "detail", error.detail);
        buf_text(&line, "}");
        print_line(&line, stderr);
    }
    return till_code_exit_status(code);
}
