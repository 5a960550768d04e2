// SPDX-License-Identifier: Apache-2.0
// sources.c - connected sources of web traffic as cards of `till status`, as text and as JSON.
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/intervals.h"
#include "views/views.h"

enum { LABEL_COLUMNS = 16, DAY_BYTES = 16 };

static const char *day(struct civil_date date, bool is_known, char place[static DAY_BYTES])
{
    place[0] = '\0';
    if (is_known)
        (void)snprintf(place, DAY_BYTES, "%04d-%02d-%02d", date.year % 10000, date.month % 100,
                       date.day % 100);
    return place;
}

static void counted(struct buf *out, int64_t count, const char *one, const char *many)
{
    view_count(out, count);
    buf_format(out, " %s", count == 1 ? one : many);
}

static void label(struct buf *out, const char *word)
{
    buf_format(out, "  %-*s", LABEL_COLUMNS - 2, word);
}

static void source_text(struct buf *out, const struct view_style *style,
                        const struct report_source *reported, int64_t now_us)
{
    const struct store_source *source = &reported->source;
    char first[DAY_BYTES], through[DAY_BYTES];
    view_ink(out, style, INK_BOLD, source->name);
    if (source->disconnected_at_us != 0) {
        buf_text(out, "  disconnected ");
        view_ago(out, source->disconnected_at_us, now_us);
        buf_text(out, "; its rows are kept (`--purge` removes them)\n");
        return;
    }
    buf_char(out, '\n');
    label(out, "service");
    buf_format(out, "%s  ", traffic_service_title(source->service));
    (void)text_show(out, sv_of(source->api_url), 0);
    buf_char(out, '\n');
    label(out, traffic_service_property(source->service));
    (void)text_show(out, sv_of(source->property_name), 0);
    buf_format(out, "; days in %s\n", source->timezone[0] ? source->timezone : "UTC");
    label(out, "key");
    (void)text_show(out, sv_of(source->secret_place), 0);
    if (source->account[0]) {
        buf_text(out, ", of ");
        (void)text_show(out, sv_of(source->account), 0);
    }
    buf_char(out, '\n');
    label(out, "fresh as of");
    view_ago(out, source->fresh_us, now_us);
    buf_format(out, "; every %s%s\n", model_interval_word(reported->every_ms),
               source->is_enabled ? "" : ", switched off");
    label(out, "days");
    counted(out, source->day_count, "day", "days");
    if (source->has_first)
        buf_format(out, ", the first %s", day(source->first_date, true, first));
    if (source->has_through)
        buf_format(out, ", those before %s are final", day(source->through_date, true, through));
    buf_char(out, '\n');
    if (source->last_code == TILL_OK)
        return;
    label(out, "last run");
    view_ink(out, style, INK_RED, "failed");
    buf_text(out, ": ");
    view_wrap(out, sv_of(source->last_error), LABEL_COLUMNS + strlen("failed: "), LABEL_COLUMNS);
}

void view_sources_text(struct buf *out, const struct view_style *style,
                       const struct report_status *status)
{
    for (size_t i = 0; i < status->source_count; i++) {
        if (i > 0 || status->card_count > 0)
            buf_char(out, '\n');
        source_text(out, style, &status->sources[i], status->now_us);
    }
}

static void source_json(struct buf *out, const struct report_source *reported)
{
    const struct store_source *source = &reported->source;
    char first[DAY_BYTES], through[DAY_BYTES];
    (void)day(source->first_date, source->has_first, first);
    (void)day(source->through_date, source->has_through, through);
    buf_char(out, '{');
    view_json_text(out, "name", source->name);
    view_json_text(out, "service", traffic_service_word(source->service));
    view_json_bool(out, "connected", source->disconnected_at_us == 0);
    view_json_text(out, "api_url", source->api_url);
    view_json_text(out, "property", source->property);
    view_json_text(out, "property_name", source->property_name);
    view_json_text(out, "account", source->account);
    view_json_text(out, "timezone", source->timezone);
    view_json_text(out, "token_place", source->secret_place);
    view_json_bool(out, "enabled", source->is_enabled);
    view_json_text(out, "every", model_interval_word(reported->every_ms));
    view_json_int(out, "days", source->day_count);
    view_json_text(out, "first_date", first[0] ? first : NULL);
    view_json_text(out, "through_date", through[0] ? through : NULL);
    view_json_time(out, "last_run", source->last_finished_us);
    view_json_time(out, "fresh_as_of", source->fresh_us);
    view_json_time(out, "next_due", reported->due_us);
    view_json_int(out, "requests", source->last_requests);
    view_json_int(out, "rows", source->last_rows);
    view_json_bool(out, "stale", reported->is_stale);
    view_json_int(out, "failures", source->failure_count);
    view_json_text(out, "last_error", source->last_code ? source->last_error : NULL);
    view_json_text(out, "last_error_class",
                   source->last_code ? till_code_name(source->last_code) : NULL);
    buf_char(out, '}');
}

void view_sources_json(struct buf *out, const struct report_status *status)
{
    buf_char(out, '[');
    for (size_t i = 0; i < status->source_count; i++) {
        if (i > 0)
            buf_char(out, ',');
        source_json(out, &status->sources[i]);
    }
    buf_char(out, ']');
}

static void cell(struct buf *out, int64_t then_us, int64_t now_us, bool is_coming, int columns)
{
    AUTO_BUF words;
    buf_init(&words, 64);
    if (is_coming && then_us == 0)
        buf_char(&words, '-');
    else if (is_coming)
        view_in(&words, then_us, now_us);
    else
        view_ago(&words, then_us, now_us);
    buf_format(out, "  %-*s", columns, words.data ? words.data : "");
}

void view_source_lines(struct buf *out, const struct view_style *style,
                       const struct report_status *status)
{
    bool has_head = false;
    for (size_t i = 0; i < status->source_count; i++) {
        const struct report_source *reported = &status->sources[i];
        const struct store_source *source = &reported->source;
        if (source->disconnected_at_us != 0)
            continue;
        if (!has_head)
            buf_format(out, "%s%-13s%11s  %-11s %5s  %-11s  %-10s %s\n",
                       status->card_count > 0 ? "\n" : "", "web traffic", "days", "", "every",
                       "last run", "next run", "state");
        has_head = true;
        buf_format(out, "%-13s%11lld  %-11s %5s", source->name, (long long)source->day_count, "",
                   model_interval_word(reported->every_ms));
        cell(out, source->last_finished_us, status->now_us, false, 11);
        cell(out, reported->due_us, status->now_us, true, 10);
        buf_char(out, ' ');
        if (!source->is_enabled)
            view_ink(out, style, INK_DIM, "off");
        else if (source->last_finished_us == 0)
            buf_text(out, "never synced");
        else
            view_ink(out, style, source->last_code ? INK_RED : INK_GREEN,
                     source->last_code ? "failing" : "ok");
        buf_char(out, '\n');
    }
}
