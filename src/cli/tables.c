// SPDX-License-Identifier: Apache-2.0
// tables.c - `till tables`: the state and the schedule of each table; `till tables set TABLE ...` changes the schedule.
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/sources.h"
#include "sync/schedule.h"

static const char usage[] =
    "till tables [set TABLE ... --every INTERVAL|--method METHOD|--on|--off]";

// What `tables set` changes; what is not said stays as it is.
struct change {
    bool has_every, has_method, has_switch;
    int64_t every_ms;
    enum store_method method;
    bool is_on;
};

static enum till_code parse_every(const struct cli *cli, struct change *change,
                                  struct till_error *e)
{
    const char *word = cli->options[OPTION_every];
    change->has_every = word != NULL;
    if (!word || model_interval_parse(sv_of(word), &change->every_ms))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--every: \"%s\" is not an interval", word);
    return till_error_hint(e, "intervals: " MODEL_INTERVAL_WORDS);
}

static enum till_code parse_method(const struct cli *cli, struct change *change,
                                   struct till_error *e)
{
    static const enum store_method methods[] = {STORE_INCREMENTAL, STORE_FULL};
    const char *word = cli->options[OPTION_method];
    change->has_method = word != NULL;
    for (size_t i = 0; word && i < TILL_COUNT(methods); i++) {
        change->method = methods[i];
        if (strcmp(word, store_method_word(methods[i])) == 0)
            return TILL_OK;
    }
    if (!word)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--method: \"%s\" is not a method", word);
    return till_error_hint(e, "methods: incremental, full");
}

static enum till_code parse_change(const struct cli *cli, struct change *change,
                                   struct till_error *e)
{
    bool on = cli->options[OPTION_on] != NULL;
    bool off = cli->options[OPTION_off] != NULL;
    enum till_code code = parse_every(cli, change, e);
    if (code == TILL_OK)
        code = parse_method(cli, change, e);
    if (code)
        return code;
    change->has_switch = on || off;
    change->is_on = on;
    if (on && off)
        (void)TILL_FAIL(e, TILL_USAGE, 0, "say either --on or --off");
    else if (cli->argument_count < 2)
        (void)TILL_FAIL(e, TILL_USAGE, 0, "something is missing after the command");
    else if (!change->has_every && !change->has_method && !change->has_switch)
        (void)TILL_FAIL(e, TILL_USAGE, 0, "nothing to set: say --every, --method, --on or --off");
    else
        return TILL_OK;
    return till_error_hint(e, "usage: %s", usage);
}

static enum till_code set_table(struct store *store, const struct store_connection *connection,
                                const struct table *table, const struct change *change,
                                struct store_table_state *ret_state, struct till_error *e)
{
    struct sv organization_id = sv_of(connection->organization_id);
    enum till_code code = store_table_state(store, organization_id, table, ret_state, e);
    if (code)
        return code;
    if (change->has_every)
        ret_state->every_ms = change->every_ms;
    if (change->has_method)
        ret_state->method = change->method;
    if (change->has_switch)
        ret_state->is_enabled = change->is_on;
    if (change->has_every || change->has_method)
        code = store_table_schedule(store, organization_id, table, ret_state->method,
                                    ret_state->every_ms, e);
    if (code == TILL_OK && change->has_switch)
        code = store_table_enable(store, organization_id, table, change->is_on, e);
    return code;
}

// What is told of a table or a source of web traffic; method NULL: it has none.
struct told {
    const char *name, *method;
    bool is_enabled;
    int64_t every_ms;
};

static void tell(struct cli *cli, const struct told *told)
{
    const char *every = model_interval_word(told->every_ms);
    if (cli->is_json) {
        if (cli->out.len > 0 && cli->out.data[cli->out.len - 1] == '}')
            buf_char(&cli->out, ',');
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, told->method ? "table" : "source", told->name);
        view_json_bool(&cli->out, "enabled", told->is_enabled);
        view_json_text(&cli->out, "every", every);
        if (told->method)
            view_json_text(&cli->out, "method", told->method);
        buf_char(&cli->out, '}');
    } else if (!told->is_enabled) {
        cli_say(cli, "%s is off; its rows are kept.", told->name);
    } else {
        cli_say(cli, "%s is on: every %s%s%s.", told->name, every, told->method ? ", " : "",
                told->method ? told->method : "");
    }
}

// One of Polar's tables, or by its name a source of web traffic.
static enum till_code set_one(struct cli *cli, struct store *store,
                              const struct store_connection *connection, const char *name,
                              const struct change *change, struct till_error *e)
{
    const struct table *table = model_table_by_name(sv_of(name));
    struct store_table_state state = {0};
    struct store_source source = {0};
    bool is_source = false;
    enum till_code code = TILL_OK;
    if (table && !connection->name[0]) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "no organization is connected");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    if (table) {
        code = set_table(store, connection, table, change, &state, e);
        struct told told = {.name = name,
                            .method = store_method_word(state.method),
                            .is_enabled = state.is_enabled,
                            .every_ms =
                                state.every_ms > 0 ? state.every_ms : cli_default_every_ms(cli)};
        if (code == TILL_OK)
            tell(cli, &told);
        return code;
    }
    code = store_source_get(store, name, &source, &is_source, e);
    if (code || !is_source) // it was there when the words were looked at
        return code ? code : cli_unknown_table(name, e);
    source.is_enabled = change->has_switch ? change->is_on : source.is_enabled;
    source.every_ms = change->has_every ? change->every_ms : source.every_ms;
    code = store_source_schedule(store, name, source.is_enabled, source.every_ms, e);
    struct told told = {.name = name,
                        .is_enabled = source.is_enabled,
                        .every_ms = source.every_ms > 0 ? source.every_ms
                                                        : (int64_t)SCHEDULE_SOURCE_EVERY_MS};
    if (code == TILL_OK)
        tell(cli, &told);
    return code;
}

// That every word names a table or a source for which the change makes sense, before anything is changed; and the organization whose tables are meant:
// none is needed when only sources are named.
static enum till_code meant(const struct cli *cli, struct store *store, const struct change *change,
                            struct store_connection *ret_connection, struct till_error *e)
{
    bool has_table = false;
    for (int i = 1; i < cli->argument_count; i++) {
        const char *name = cli->arguments[i];
        struct store_source source = {0};
        bool is_source = false;
        if (model_table_by_name(sv_of(name))) {
            has_table = true;
            continue;
        }
        enum till_code code = store_source_get(store, name, &source, &is_source, e);
        if (code || !is_source)
            return code ? code : cli_unknown_table(name, e);
        if (change->has_method)
            return TILL_FAIL(e, TILL_USAGE, 0, "%s is a source of web traffic: it has no method",
                             name);
    }
    return has_table ? cli_connection(cli, store, ret_connection, e) : TILL_OK;
}

static enum till_code set_tables(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_connection connection = {0};
    struct change change = {0};
    enum till_code code = parse_change(cli, &change, e);
    if (code)
        return code;
    if (!fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = meant(cli, store, &change, &connection, e);
    if (code == TILL_OK && cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "connection", connection.name);
        view_json_key(&cli->out, "tables");
        buf_char(&cli->out, '[');
    }
    for (int i = 1; i < cli->argument_count && code == TILL_OK; i++)
        code = set_one(cli, store, &connection, cli->arguments[i], &change, e);
    if (code == TILL_OK && cli->is_json)
        buf_text(&cli->out, "]}\n");
    store_close(store);
    return code;
}

// What a person wants to see of each table, within 80 columns; the other formats have every column of view_table_columns.
static void print_text(struct cli *cli, const struct report_status *status)
{
    for (size_t i = 0; i < status->card_count; i++) {
        const struct report_card *card = &status->cards[i];
        if (status->card_count > 1)
            buf_format(&cli->out, "%s%s\n", i > 0 ? "\n" : "", card->connection.name);
        view_tables_text(&cli->out, &cli->style, card, status->now_us);
    }
    view_source_lines(&cli->out, &cli->style, status);
}

static enum till_code print_rows(const struct report_status *status, struct row_view *view,
                                 struct till_error *e)
{
    enum till_code code = row_view_begin(view, view_table_columns, NULL, VIEW_TABLE_COLUMNS, e);
    for (size_t i = 0; i < status->card_count && code == TILL_OK; i++) {
        for (int table = 0; table < TABLE__COUNT && code == TILL_OK; table++) {
            struct value values[VIEW_TABLE_COLUMNS];
            struct view_table_text text;
            view_table_values(&status->cards[i], (enum table_id)table, &text, values);
            code = row_view_row(view, values, e);
        }
    }
    return code ? code : row_view_end(view, e);
}

static enum till_code list_tables(struct cli *cli, struct report_status *status,
                                  struct till_error *e)
{
    struct store *store = NULL;
    struct cli_connections named;
    const struct report_status_options options = {.name = cli->options[OPTION_name],
                                                  .default_every_ms = cli_default_every_ms(cli)};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    enum till_code code = cli_format(cli, &view.format, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK && options.name)
        code = cli_connection_or_source(cli, store, &named, e);
    if (code == TILL_OK)
        code = report_status(store, cli->clock, &options, status, e);
    store_close(store);
    if (code == TILL_OK && view.format == VIEW_TABLE)
        print_text(cli, status);
    else if (code == TILL_OK)
        code = print_rows(status, &view, e);
    return code;
}

enum till_code cli_tables(struct cli *cli, struct till_error *e)
{
    static const enum cli_option of_set[] = {OPTION_every, OPTION_method, OPTION_on, OPTION_off};
    if (cli->argument_count > 0 && strcmp(cli->arguments[0], "set") == 0)
        return set_tables(cli, e);
    enum till_code code = cli_expect_arguments(cli, 0, 0, usage, e);
    if (code)
        return code;
    for (size_t i = 0; i < TILL_COUNT(of_set); i++) {
        if (!cli->options[of_set[i]])
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s needs a table", cli_options[of_set[i]].name);
        return till_error_hint(e, "usage: %s", usage);
    }
    struct report_status *status = till_calloc(1, sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    code = list_tables(cli, status, e);
    till_free(status);
    return code;
}
