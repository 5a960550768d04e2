// SPDX-License-Identifier: Apache-2.0
// verify.c - our metrics beside Polar's own.
#include <stdio.h>
#include <string.h>

#include "views/metrics.h"

enum { SLUG_COLUMNS = 41, NUMBER_COLUMNS = 15 };

static void number_text(char *text, size_t bytes, bool is_known, double number)
{
    AUTO_BUF out;
    buf_init(&out, 64);
    bool is_whole = number > -9e15 && number < 9e15 && number >= (double)(int64_t)number &&
                    number <= (double)(int64_t)number;
    if (is_whole)
        view_number(&out, (struct metrics_number){.integer = (int64_t)number});
    else
        view_number(&out, (struct metrics_number){.is_real = true, .real = number});
    (void)snprintf(text, bytes, "%s", is_known && out.data ? out.data : "");
}

struct drift_words {
    char ours[40], theirs[40], difference[40], worst[TIMESTAMP_BYTES + 1];
};

static void fill_words(const struct report_drift *line, struct drift_words *words)
{
    number_text(words->ours, sizeof words->ours, line->has_ours, line->ours);
    number_text(words->theirs, sizeof words->theirs, line->has_theirs, line->theirs);
    number_text(words->difference, sizeof words->difference, line->has_ours && line->has_theirs,
                line->difference);
    if (line->worst_us == 0 || !timestamp_format(line->worst_us, words->worst))
        words->worst[0] = '\0';
}

static void number_json(struct buf *out, const char *key, const char *text)
{
    view_json_key(out, key);
    buf_text(out, text[0] ? text : "null");
}

void view_verify_json(struct buf *out, const struct report_verify *verify)
{
    buf_text(out, "{\"metrics\":[");
    for (size_t i = 0; i < verify->line_count; i++) {
        const struct report_drift *line = &verify->lines[i];
        struct drift_words words;
        fill_words(line, &words);
        buf_text(out, i > 0 ? ",\n{" : "{");
        view_json_text(out, "slug", model_metric(line->id)->slug);
        number_json(out, "ours", words.ours);
        number_json(out, "theirs", words.theirs);
        number_json(out, "difference", words.difference);
        view_json_bool(out, "exact", line->is_exact);
        view_json_text(out, "reason", line->reason);
        view_json_int(out, "differing_periods", (int64_t)line->differing_periods);
        view_json_text(out, "worst_period", words.worst);
        buf_char(out, '}');
    }
    buf_char(out, ']');
    view_json_int(out, "drift", (int64_t)verify->drift_count);
    buf_text(out, "}\n");
}

enum till_code view_verify_rows(struct row_view *view, const struct report_verify *verify,
                                struct till_error *e)
{
    static const char *const names[] = {
        "slug",        "ours", "theirs", "difference", "exact", "reason", "differing_periods",
        "worst_period"};
    enum till_code code = row_view_begin(view, names, NULL, TILL_COUNT(names), e);
    for (size_t i = 0; i < verify->line_count && code == TILL_OK; i++) {
        const struct report_drift *line = &verify->lines[i];
        struct drift_words words;
        fill_words(line, &words);
        bool has_both = line->has_ours && line->has_theirs;
        struct value values[] = {
            {.type = VALUE_TEXT, .text = sv_of(model_metric(line->id)->slug)},
            {.type = line->has_ours ? VALUE_REAL : VALUE_NULL, .real = line->ours},
            {.type = line->has_theirs ? VALUE_REAL : VALUE_NULL, .real = line->theirs},
            {.type = has_both ? VALUE_REAL : VALUE_NULL, .real = line->difference},
            {.type = VALUE_INTEGER, .integer = line->is_exact},
            {.type = line->reason[0] ? VALUE_TEXT : VALUE_NULL, .text = sv_of(line->reason)},
            {.type = VALUE_INTEGER, .integer = (int64_t)line->differing_periods},
            {.type = words.worst[0] ? VALUE_TEXT : VALUE_NULL, .text = sv_of(words.worst)},
        };
        code = row_view_row(view, values, e);
    }
    return code ? code : row_view_end(view, e);
}

static void line_text(struct buf *out, const struct view_style *style,
                      const struct report_drift *line)
{
    struct drift_words words;
    bool is_off = line->differing_periods > 0 || line->difference > 0 || line->difference < 0;
    fill_words(line, &words);
    buf_format(out, "%-*s%*s%*s  ", SLUG_COLUMNS, model_metric(line->id)->slug, NUMBER_COLUMNS,
               words.ours, NUMBER_COLUMNS, words.theirs);
    if (!line->has_ours)
        view_ink(out, style, INK_DIM, "not available");
    else if (!line->has_theirs)
        view_ink(out, style, INK_YELLOW, "Polar did not answer it");
    else if (!is_off)
        view_ink(out, style, INK_GREEN, line->is_exact ? "equal" : "equal ~");
    else
        view_ink(out, style, line->is_exact ? INK_RED : INK_YELLOW,
                 line->is_exact ? "differs" : "differs ~");
    buf_char(out, '\n');
    if (line->is_exact && is_off)
        buf_format(out, "  by %s%s%s; %zu periods differ\n", words.difference,
                   words.worst[0] ? ", most in the period from " : "", words.worst,
                   line->differing_periods);
}

void view_verify_text(struct buf *out, const struct view_style *style,
                      const struct report_metrics *report, const struct report_verify *verify)
{
    const struct report_metrics_query *query = &report->query;
    buf_format(out, "%04d-%02d-%02d to %04d-%02d-%02d by %s, %s; money in cents of US dollars\n\n",
               (int)query->from.year, (int)query->from.month, (int)query->from.day,
               (int)query->to.year, (int)query->to.month, (int)query->to.day,
               metrics_interval_word(query->interval), zone_name(query->zone));
    buf_format(out, "%-*s%*s%*s\n", SLUG_COLUMNS, "metric", NUMBER_COLUMNS, "ours", NUMBER_COLUMNS,
               "Polar's");
    for (size_t i = 0; i < verify->line_count; i++)
        line_text(out, style, &verify->lines[i]);
    if (verify->drift_count == 0)
        buf_text(out, "\nAll exact metrics agree. ~ marks approximate ones: `till metrics` says "
                      "why.\n");
    else
        buf_format(out,
                   "\n%zu exact metrics differ. If the mirror is older than Polar's answer, "
                   "`till sync` first.\n",
                   verify->drift_count);
}
