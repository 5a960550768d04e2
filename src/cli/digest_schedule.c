// SPDX-License-Identifier: Apache-2.0
// digest_schedule.c - `till digest schedule` and `till digest set`: when digests are sent, when the next one is due, and what became of the last ones.
#include <stdio.h>
#include <string.h>

#include "api/channels.h"
#include "base/limits.h"
#include "cli/digest_parts.h"

enum { WEEKDAYS = 7, ALL_WEEKDAYS = 0x7f, WORKDAYS = 0x1f, SHORT_LETTERS = 3, HOUR_MINUTES = 60 };
static const char *const weekday_names[WEEKDAYS] = {"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};

// ---- words ----

// "mon" ... "monday", in any case.
static bool take_weekday(struct sv word, int *ret_weekday)
{
    for (int i = 0; i < WEEKDAYS; i++) {
        struct sv name = sv_of(weekday_names[i]);
        bool is_it = word.len >= SHORT_LETTERS && word.len <= name.len;
        for (size_t k = 0; k < word.len && is_it; k++)
            is_it = (word.ptr[k] | 0x20) == name.ptr[k];
        if (is_it) {
            *ret_weekday = i;
            return true;
        }
    }
    return false;
}

// "mon-fri", "fri-mon", "tue"
static bool take_span(struct sv word, uint32_t *weekdays)
{
    int from = 0, to = 0;
    const char *dash = memchr(word.ptr, '-', word.len);
    size_t length = dash ? (size_t)(dash - word.ptr) : word.len;
    if (!take_weekday((struct sv){word.ptr, length}, &from))
        return false;
    to = from;
    if (dash && !take_weekday((struct sv){dash + 1, word.len - length - 1}, &to))
        return false;
    for (int day = from;; day = (day + 1) % WEEKDAYS) {
        *weekdays |= (uint32_t)1 << day;
        if (day == to)
            return true;
    }
}

static bool take_weekdays(const char *text, uint32_t *ret_weekdays)
{
    uint32_t weekdays = 0;
    struct sv rest = sv_of(text);
    if (strcmp(text, "all") == 0 || strcmp(text, "none") == 0) {
        *ret_weekdays = strcmp(text, "all") == 0 ? ALL_WEEKDAYS : 0;
        return true;
    }
    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t length = comma ? (size_t)(comma - rest.ptr) : rest.len;
        if (!take_span(sv_trim((struct sv){rest.ptr, length}), &weekdays))
            return false;
        length += comma ? 1 : 0;
        rest = (struct sv){rest.ptr + length, rest.len - length};
    }
    *ret_weekdays = weekdays;
    return weekdays != 0;
}

// "08:00", "8:00", "8"
static bool take_minute(const char *text, int *ret_minute)
{
    int numbers[2] = {0, 0};
    size_t at = 0;
    for (int i = 0; i < 2; i++) {
        size_t digits = 0;
        for (; digits < 2 && text[at] >= '0' && text[at] <= '9'; digits++, at++)
            numbers[i] = numbers[i] * 10 + (text[at] - '0');
        if (digits == 0 || (i == 1 && digits != 2))
            return false;
        if (i == 0 && text[at] == '\0')
            break;
        if (i == 0 && text[at++] != ':')
            return false;
    }
    *ret_minute = numbers[0] * HOUR_MINUTES + numbers[1];
    return text[at] == '\0' && numbers[0] < 24 && numbers[1] < HOUR_MINUTES;
}

static void put_weekdays(struct buf *out, uint32_t weekdays)
{
    bool has_any = false;
    if (weekdays == ALL_WEEKDAYS || weekdays == WORKDAYS) {
        buf_text(out, weekdays == WORKDAYS ? "from Monday to Friday" : "every day");
        return;
    }
    for (int i = 0; i < WEEKDAYS; i++) {
        if (((weekdays >> i) & 1) == 0)
            continue;
        buf_format(out, "%s%c%s", has_any ? ", " : "on ", weekday_names[i][0] - 0x20,
                   weekday_names[i] + 1);
        has_any = true;
    }
    if (!has_any)
        buf_text(out, "never");
}

// ---- showing it ----

struct showing {
    struct cli *cli;
    struct cli_delivery delivery;
    struct deliver_due days, weeks;
    int64_t now_us;
};

static void put_next(struct showing *s, const char *what, const struct deliver_due *due)
{
    struct buf *out = &s->cli->out;
    if (due->next_us == INT64_MAX)
        return;
    buf_format(out, "Next of a %s: ", what);
    cli_delivery_moment(out, s->delivery.zone, due->next_us);
    buf_text(out, ", ");
    view_in(out, due->next_us, s->now_us);
    buf_char(out, '\n');
}

static enum till_code put_channel(struct showing *s, const struct store_channel *channel,
                                  struct till_error *e)
{
    struct buf *out = &s->cli->out;
    struct store_deliveries newest;
    enum till_code code =
        store_deliveries(s->delivery.store, channel->name, 1, &s->delivery.arena, &newest, e);
    if (code)
        return code;
    buf_format(out, "%s (%s", channel->name, channel->kind);
    if (!channel->is_enabled)
        buf_text(out, ", off");
    buf_format(out, ", %s%s%s): ", channel->gets_days ? "days" : "",
               channel->gets_days && channel->gets_weeks ? " and " : "",
               channel->gets_weeks ? "weeks" : "");
    if (newest.count == 0) {
        buf_text(out, "nothing went out yet\n");
        return TILL_OK;
    }
    struct deliver_result result = {.delivery = newest.list[0]};
    cli_digest_name(out, &newest.list[0].key);
    buf_char(out, ' ');
    if (newest.list[0].state == STORE_DELIVERY_SENT) {
        buf_text(out, "sent on ");
        cli_delivery_moment(out, s->delivery.zone, newest.list[0].last_us);
    } else {
        cli_delivery_words(out, s->delivery.zone, &result, s->now_us);
    }
    buf_char(out, '\n');
    return TILL_OK;
}

static enum till_code show_text(struct showing *s, struct till_error *e)
{
    struct buf *out = &s->cli->out;
    const struct store_digest_schedule *schedule = &s->delivery.schedule;
    enum till_code code = TILL_OK;
    if (!schedule->is_on) {
        buf_text(out, "Digests are switched off: `till digest set --on`\n");
    } else {
        buf_format(out, "Digests of a day are sent at %02d:%02d (%s), ",
                   schedule->minute / HOUR_MINUTES, schedule->minute % HOUR_MINUTES,
                   zone_name(s->delivery.zone));
        put_weekdays(out, schedule->weekdays);
        buf_text(out, "; of a week ");
        put_weekdays(out,
                     schedule->weekly_weekday < 0 ? 0 : (uint32_t)1 << schedule->weekly_weekday);
        buf_text(out, ".\n");
        put_next(s, "day", &s->days);
        put_next(s, "week", &s->weeks);
    }
    if (s->delivery.channels.count == 0)
        buf_text(out, "No channel is there: `till channels add`\n");
    for (size_t i = 0; i < s->delivery.channels.count && code == TILL_OK; i++)
        code = put_channel(s, &s->delivery.channels.list[i], e);
    return code;
}

static void schedule_json(struct showing *s)
{
    struct buf *out = &s->cli->out;
    const struct store_digest_schedule *schedule = &s->delivery.schedule;
    char at[16];
    bool has_any = false;
    (void)snprintf(at, sizeof at, "%02d:%02d", schedule->minute / HOUR_MINUTES % 24,
                   schedule->minute % HOUR_MINUTES);
    view_json_bool(out, "enabled", schedule->is_on);
    view_json_text(out, "at", at);
    view_json_text(out, "timezone", zone_name(s->delivery.zone));
    view_json_bool(out, "own_timezone", schedule->timezone[0] != '\0');
    view_json_key(out, "weekdays");
    buf_char(out, '[');
    for (int i = 0; i < WEEKDAYS; i++) {
        if (((schedule->weekdays >> i) & 1) == 0)
            continue;
        buf_format(out, "%s\"%s\"", has_any ? "," : "", weekday_names[i]);
        has_any = true;
    }
    buf_char(out, ']');
    view_json_text(out, "weekly_on",
                   schedule->weekly_weekday < 0 ? "" : weekday_names[schedule->weekly_weekday]);
    view_json_time(out, "next_day", s->days.next_us == INT64_MAX ? 0 : s->days.next_us);
    view_json_time(out, "next_week", s->weeks.next_us == INT64_MAX ? 0 : s->weeks.next_us);
}

static enum till_code show_json(struct showing *s, struct till_error *e)
{
    struct buf *out = &s->cli->out;
    enum till_code code = TILL_OK;
    buf_char(out, '{');
    schedule_json(s);
    view_json_key(out, "channels");
    buf_char(out, '[');
    for (size_t i = 0; i < s->delivery.channels.count && code == TILL_OK; i++) {
        if (i > 0)
            buf_char(out, ',');
        code = api_channel_json(s->delivery.store, &s->delivery.channels.list[i], 1, out, e);
    }
    buf_text(out, "]}\n");
    return code;
}

static enum till_code show(struct showing *s, struct till_error *e)
{
    const struct cli_delivery *d = &s->delivery;
    s->now_us = clock_now_us(s->cli->clock);
    deliver_due(&d->schedule, d->zone, STORE_DIGEST_DAY, s->now_us, &s->days);
    deliver_due(&d->schedule, d->zone, STORE_DIGEST_WEEK, s->now_us, &s->weeks);
    return s->cli->is_json ? show_json(s, e) : show_text(s, e);
}

static const enum cli_option of_set[] = {OPTION_at, OPTION_weekdays, OPTION_weekly_on, OPTION_on,
                                         OPTION_off};

enum till_code cli_digest_schedule(struct cli *cli, struct till_error *e)
{
    struct showing s = {.cli = cli};
    for (size_t i = 0; i < TILL_COUNT(of_set); i++) {
        if (!cli->options[of_set[i]])
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s changes the schedule", cli_options[of_set[i]].name);
        return till_error_hint(e, "usage: till digest set --%s ...", cli_options[of_set[i]].name);
    }
    enum till_code code = cli_delivery_open(cli, STORE_READ_ONLY, &s.delivery, e);
    if (code == TILL_OK)
        code = show(&s, e);
    cli_delivery_close(&s.delivery);
    return code;
}

// ---- changing it ----

static enum till_code take_change(const struct cli *cli, struct store_digest_schedule *schedule,
                                  struct till_error *e)
{
    const char *at = cli->options[OPTION_at], *weekdays = cli->options[OPTION_weekdays];
    const char *weekly_on = cli->options[OPTION_weekly_on];
    const char *timezone = cli->options[OPTION_timezone];
    if (at && !take_minute(at, &schedule->minute)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--at: \"%s\" is not a time of the day", at);
        return till_error_hint(e, "write hours and minutes, such as 08:00 or 17:30");
    }
    if (weekdays && !take_weekdays(weekdays, &schedule->weekdays)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--weekdays: \"%s\" are not days of the week", weekdays);
        return till_error_hint(e, "write mon-fri, or mon,wed,fri, or all, or none");
    }
    if (weekly_on && strcmp(weekly_on, "never") == 0) {
        schedule->weekly_weekday = -1;
    } else if (weekly_on && !take_weekday(sv_of(weekly_on), &schedule->weekly_weekday)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--weekly-on: \"%s\" is not a day of the week",
                        weekly_on);
        return till_error_hint(e, "write monday ... sunday, or never");
    }
    if (timezone && strlen(timezone) >= sizeof schedule->timezone)
        return TILL_FAIL(e, TILL_USAGE, 0, "--timezone: that is no time zone");
    if (timezone)
        (void)snprintf(schedule->timezone, sizeof schedule->timezone, "%s", timezone);
    if (cli->options[OPTION_on] && cli->options[OPTION_off])
        return TILL_FAIL(e, TILL_USAGE, 0, "--on and --off exclude each other");
    if (cli->options[OPTION_on] || cli->options[OPTION_off])
        schedule->is_on = cli->options[OPTION_on] != NULL;
    return TILL_OK;
}

enum till_code cli_digest_set(struct cli *cli, struct till_error *e)
{
    static const char usage[] = "till digest set [--at 08:00] [--timezone ZONE] [--weekdays "
                                "mon-fri] [--weekly-on monday|never] [--on|--off]";
    struct showing s = {.cli = cli};
    bool has_any = cli->options[OPTION_timezone] != NULL;
    for (size_t i = 0; i < TILL_COUNT(of_set); i++)
        has_any = has_any || cli->options[of_set[i]];
    if (!has_any) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "what is to be set?");
        return till_error_hint(e, "usage: %s", usage);
    }
    struct store_digest_schedule checked = {0};
    enum till_code code = take_change(cli, &checked, e);
    if (code == TILL_OK)
        code = cli_delivery_open(cli, STORE_READ_WRITE, &s.delivery, e);
    if (code == TILL_OK)
        code = take_change(cli, &s.delivery.schedule, e);
    if (code == TILL_OK)
        code = store_digest_schedule_put(s.delivery.store, &s.delivery.schedule, e);
    if (code == TILL_OK)
        code = show(&s, e);
    cli_delivery_close(&s.delivery);
    return code;
}
