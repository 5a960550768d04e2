// SPDX-License-Identifier: Apache-2.0
// annotate.c - `till annotate`: what happened on a day, as marks on the charts.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "cli/notes.h"

static const char usage[] = "till annotate [DATE TEXT | --remove ID]";

static enum till_code list(struct cli *cli, struct till_error *e)
{
    static const char *const names[] = {"id", "date", "text", "created_at"};
    struct store_annotations annotations = {0};
    struct store *store = NULL;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = store_annotations(store, NULL, NULL, &arena, &annotations, e);
    store_close(store);
    if (code == TILL_OK)
        code = row_view_begin(&view, names, NULL, TILL_COUNT(names), e);
    for (size_t i = 0; i < annotations.count && code == TILL_OK; i++) {
        const struct store_annotation *annotation = &annotations.list[i];
        char date[CLI_DATE_BYTES], created[TIMESTAMP_BYTES + 1];
        cli_date_text(annotation->date, date);
        struct value values[] = {{.type = VALUE_INTEGER, .integer = annotation->id},
                                 cli_cell(sv_of(date)),
                                 cli_cell(annotation->text),
                                 cli_cell_time(annotation->created_us, created)};
        code = row_view_row(&view, values, e);
    }
    return code ? code : row_view_end(&view, e);
}

static enum till_code take_day(const struct cli *cli, const char *word, struct civil_date *ret_date,
                               struct till_error *e)
{
    struct zone *zone = NULL;
    if (civil_date_parse(word, ret_date))
        return TILL_OK;
    if (strcmp(word, "today") != 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%s\" is not a date", word);
        return till_error_hint(e, "write year, month and day, such as 2026-01-31, or today");
    }
    enum till_code code = zone_open(config_text(cli->config, "timezone"), &zone, e);
    if (code == TILL_OK)
        *ret_date = zone_date(zone, clock_now_us(cli->clock));
    zone_close(zone);
    return code;
}

static void tell(struct cli *cli, int64_t id, const char *date, struct sv text)
{
    if (!cli->is_json) {
        cli_say(cli, "Noted for %s, as number %" PRId64 ": " SV_FORMAT, date, id, SV_ARGS(text));
        return;
    }
    buf_char(&cli->out, '{');
    view_json_int(&cli->out, "id", id);
    view_json_text(&cli->out, "date", date);
    view_json_key(&cli->out, "text");
    buf_json_string(&cli->out, text);
    buf_text(&cli->out, "}\n");
}

static enum till_code put(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct civil_date day = {0};
    char date[CLI_DATE_BYTES];
    int64_t id = 0;
    struct sv text = {0};
    AUTO_BUF input;
    buf_init(&input, TILL_LIMIT_SQL_BYTES);
    enum till_code code = take_day(cli, cli->arguments[0], &day, e);
    if (code == TILL_OK)
        code = cli_read_text(cli->arguments[1], "the text", &input, e);
    if (code == TILL_OK)
        text = sv_trim((struct sv){input.data, input.len});
    if (code == TILL_OK)
        code = cli_notes_open(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = store_annotation_put(store, day, text, clock_now_us(cli->clock), &id, e);
    store_close(store);
    if (code)
        return code;
    cli_date_text(day, date);
    tell(cli, id, date, text);
    return TILL_OK;
}

static enum till_code remove_one(struct cli *cli, const char *word, struct till_error *e)
{
    struct store *store = NULL;
    bool was_there = false;
    int64_t id = 0;
    char what[64];
    if (!sv_to_int64(sv_of(word), &id)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--remove: \"%s\" is not the number of an annotation",
                        word);
        return till_error_hint(e, "`till annotate` lists them with their numbers");
    }
    (void)snprintf(what, sizeof what, "annotation %" PRId64, id);
    enum till_code code = cli_notes_open(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = store_annotation_remove(store, id, &was_there, e);
    store_close(store);
    return code ? code : cli_notes_removed(cli, was_there, what, "till annotate", e);
}

enum till_code cli_annotate(struct cli *cli, struct till_error *e)
{
    static const struct cli_notes notes = {usage, list, put, remove_one};
    return cli_notes_run(cli, &notes, e);
}
