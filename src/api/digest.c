// SPDX-License-Identifier: Apache-2.0
// digest.c - the digest of a day or of a week, as `till digest --json`, and beside it what the page draws and says: the revenue of the days up to it, which
// lines have something to tell of which time, the remark on the whole, and the newest day that a digest can be asked of.
#include "views/digest.h"
#include "api/questions.h"
#include "base/fault.h"
#include "report/digest.h"
#include "store/channels.h"

static void days_json(struct buf *out, const struct digest *digest)
{
    view_json_key(out, "days");
    buf_char(out, '[');
    for (int i = 0; i < DIGEST_BARS && digest->main != 0; i++) {
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_date(out, "date", civil_date_add_days(digest->date, i + 1 - DIGEST_BARS));
        view_json_int(out, "revenue_minor", digest->bars[i]);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

// Which lines the text has under each heading: "shown":[["day","month"],...], one for each of `lines`.
static void shown_json(struct buf *out, const struct digest *digest)
{
    static const char *const words[] = {"day", "week", "month"};
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    const size_t count = digest_windows(digest, windows);
    view_json_key(out, "shown");
    buf_char(out, '[');
    for (size_t i = 0; i < digest->line_count; i++) {
        const char *separator = "";
        buf_text(out, i > 0 ? ",[" : "[");
        for (size_t k = 0; k < count; k++)
            if (digest_is_shown(digest, &digest->lines[i], windows[k])) {
                buf_format(out, "%s\"%s\"", separator, words[windows[k]]);
                separator = ",";
            }
        buf_char(out, ']');
    }
    buf_char(out, ']');
}

static void write_answer(struct buf *out, const struct digest *digest, struct civil_date latest)
{
    buf_char(out, '{');
    view_digest_members(out, digest);
    shown_json(out, digest);
    days_json(out, digest);
    view_json_text(out, "remark", view_digest_remark(digest));
    view_json_text(out, "nothing", view_digest_nothing(digest));
    view_json_date(out, "latest_date", latest);
    buf_text(out, "}\n");
}

// The zone in which digests are sent, when one was set for them and the question names none: the page says what the mail said.
static enum till_code open_own_zone(struct api_work *work, struct zone **ret_zone,
                                    struct till_error *e)
{
    struct store_digest_schedule schedule;
    if (api_value(work->question, "timezone").ptr)
        return TILL_OK;
    enum till_code code = store_digest_schedule(work->store, &schedule, e);
    return code == TILL_OK && schedule.timezone[0] ? zone_open(schedule.timezone, ret_zone, e)
                                                   : code;
}

static enum till_code answer(struct api_work *work, const struct zone *zone, struct digest *digest,
                             struct till_error *e)
{
    const struct civil_date latest = civil_date_add_days(zone_date(zone, work->now_us), -1);
    struct report_digest_question question = {
        .connection = &work->connection,
        .zone = zone,
        .date = latest,
        .is_weekly = sv_equal(api_value(work->question, "weekly"), SV("1")),
        .has_names = true,
        .clock = work->question->clock};
    (void)api_date(work, "date", &question.date);
    enum till_code code = api_text(work, "traffic_source", &question.source, e);
    if (code == TILL_OK)
        code = report_digest(work->store, &question, work->arena, digest, e);
    if (code == TILL_OK)
        write_answer(work->out, digest, latest);
    return code;
}

enum till_code api_digest(struct api_work *work, struct till_error *e)
{
    struct zone *own = NULL;
    struct digest *digest = till_calloc(1, sizeof *digest);
    enum till_code code = digest ? api_connection(work, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK)
        code = open_own_zone(work, &own, e);
    if (code == TILL_OK)
        code = answer(work, own ? own : work->zone, digest, e);
    zone_close(own);
    till_free(digest);
    return code;
}
