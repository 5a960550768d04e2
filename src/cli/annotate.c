// SPDX-License-Identifier: Apache-2.0
// annotate.c - `till annotate`: what happened on a day, as marks on the charts; and what the commands for notes share.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "cli/notes.h"

static const char usage[] = "till annotate [DATE TEXT | --remove ID]";

// ---- shared ----

enum till_code cli_notes_open(const struct cli *cli, enum store_mode mode, struct store **ret_store,
                              struct till_error *e)
{
    if (!fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    return cli_open_store(cli, mode, ret_store, e);
}

enum till_code cli_notes_removed(struct cli *cli, bool was_there, const char *what,
                                 const char *list_command, struct till_error *e)
{
    if (!was_there) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no %s", what);
        return till_error_hint(e, "`%s` lists what there is", list_command);
    }
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "removed", what);
        buf_text(&cli->out, "}\n");
    } else {
        cli_say(cli, "Removed %s.", what);
    }
    return TILL_OK;
}

struct value cli_cell(struct sv text)
{
    return text.len > 0 ? (struct value){.type = VALUE_TEXT, .text = text}
                        : (struct value){.type = VALUE_NULL};
}

struct value cli_cell_time(int64_t unix_us, char place[static TIMESTAMP_BYTES + 1])
{
    bool is_known = unix_us != 0 && timestamp_format(unix_us, place);
    return cli_cell(is_known ? (struct sv){place, TIMESTAMP_BYTES} : SV(""));
}

void cli_date_text(struct civil_date date, char ret_text[static CLI_DATE_BYTES])
{
    (void)snprintf(ret_text, CLI_DATE_BYTES, "%04d-%02d-%02d", date.year % 10000, date.month % 100,
                   date.day % 100);
}

// ---- the command ----

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
    struct sv text = sv_trim(sv_of(cli->arguments[1]));
    enum till_code code = take_day(cli, cli->arguments[0], &day, e);
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
    const char *removed = cli->options[OPTION_remove];
    int least = cli->argument_count > 0 && !removed ? 2 : 0;
    enum till_code code = cli_expect_arguments(cli, least, removed ? 0 : 2, usage, e);
    if (code)
        return code;
    if (removed)
        return remove_one(cli, removed, e);
    return cli->argument_count > 0 ? put(cli, e) : list(cli, e);
}
