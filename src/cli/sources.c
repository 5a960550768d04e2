// SPDX-License-Identifier: Apache-2.0
// sources.c - what commands do with connected sources of web traffic: find them, open their client, run one, and show how they are.
//
// They are not organizations: a source has a schedule and a state of its own, so commands that sync or show connections come here after Polar's.
#include "cli/sources.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"

enum { NAME_COLUMNS = 14, LABEL_COLUMNS = 16 };

enum till_code cli_check_free(struct store *store, const char *name, struct till_error *e)
{
    struct store_source source;
    bool is_found = false;
    enum till_code code = store_source_get(store, name, &source, &is_found, e);
    if (code || !is_found)
        return code;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s is already a source of web traffic (%s) here", name,
                    traffic_service_title(source.service));
    return till_error_hint(e, "choose another name with --name");
}

enum till_code cli_sources(const struct cli *cli, struct store *store, bool is_all,
                           struct store_sources *ret_sources, struct till_error *e)
{
    const char *name = cli->options[OPTION_name];
    size_t kept = 0;
    enum till_code code = store_source_list(store, ret_sources, e);
    if (code)
        return code;
    for (size_t i = 0; i < ret_sources->count; i++) {
        const struct store_source *source = &ret_sources->list[i];
        if ((name && strcmp(source->name, name) != 0) ||
            (!is_all && source->disconnected_at_us != 0))
            continue;
        if (kept != i)
            ret_sources->list[kept] = ret_sources->list[i];
        kept++;
    }
    ret_sources->count = kept;
    return TILL_OK;
}

enum till_code cli_connection_or_source(const struct cli *cli, struct store *store,
                                        struct cli_connections *ret_connections,
                                        struct till_error *e)
{
    struct till_error ignored = {0};
    ret_connections->count = 0;
    enum till_code code = cli_connections(cli, store, ret_connections, e);
    if (code != TILL_CONFIG)
        return code;
    struct store_sources *sources = till_calloc(1, sizeof *sources);
    if (!sources)
        return TILL_FAIL_MEMORY(e);
    if (cli_sources(cli, store, false, sources, &ignored) == TILL_OK && sources->count > 0) {
        till_error_clear(e);
        code = TILL_OK;
    }
    till_free(sources);
    return code;
}

static enum till_code stored_secret(const struct cli *cli, const struct store_source *source,
                                    struct secret *ret_secret, struct till_error *e)
{
    struct vault *vault = NULL;
    bool is_found = false;
    enum till_code code = cli_open_vault(cli, source->secret_place, &vault, e);
    if (code == TILL_OK)
        code = vault_get(vault, source->name, ret_secret, &is_found, e);
    vault_close(vault);
    if (code)
        return till_error_context(e, "could not read the key of %s", source->name);
    if (is_found)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the key of %s is not where it was put (%s)", source->name,
                    source->secret_place);
    return till_error_hint(e, "connect again: `till connect %s`",
                           traffic_service_word(source->service));
}

enum till_code cli_open_source(const struct cli *cli, const struct store_source *source,
                               struct traffic **ret_traffic, struct till_error *e)
{
    AUTO_SECRET secret = {0};
    struct traffic_options options = {
        .service = source->service,
        .url = source->api_url,
        .property = source->property,
        .secret = &secret,
        .timezone = source->timezone,
        .http = {.user_agent = "till/" TILL_VERSION, .clock = cli->clock, .stop = &cli_stop},
    };
    enum till_code code = stored_secret(cli, source, &secret, e);
    return code ? code : traffic_open(&options, ret_traffic, e);
}

enum till_code cli_sync_source(const struct cli *cli, struct store *store,
                               struct store_source *source, bool is_whole,
                               struct sync_source_result *ret_result, struct till_error *e)
{
    struct traffic *traffic = NULL;
    enum till_code code = cli_open_source(cli, source, &traffic, e);
    if (code) {
        sync_source_fail(store, source, cli->clock, e);
        ret_result->code = code;
        ret_result->error = *e;
        return code;
    }
    const struct sync_source_options options = {.store = store,
                                                .traffic = traffic,
                                                .source = source,
                                                .clock = cli->clock,
                                                .stop = &cli_stop,
                                                .is_whole = is_whole};
    code = sync_source_run(&options, ret_result, e);
    traffic_close(traffic);
    return code;
}

// ---- views ----

static void counted(struct buf *out, int64_t count, const char *one, const char *many)
{
    view_count(out, count);
    buf_format(out, " %s", count == 1 ? one : many);
}

static void note(struct buf *out, const struct view_style *style, enum view_ink ink,
                 const char *word, const char *text)
{
    buf_repeat(out, ' ', NAME_COLUMNS);
    view_ink(out, style, ink, word);
    buf_char(out, ' ');
    view_wrap(out, sv_of(text), NAME_COLUMNS + strlen(word) + 1, NAME_COLUMNS);
}

void cli_source_result_text(struct buf *out, const struct view_style *style,
                            const struct store_source *source,
                            const struct sync_source_result *result)
{
    buf_format(out, "%-*s ", NAME_COLUMNS - 1, source->name);
    counted(out, result->days, "day", "days");
    buf_text(out, ", ");
    counted(out, result->rows, "row", "rows");
    buf_text(out, ", ");
    counted(out, result->requests, "request", "requests");
    buf_text(out, " in ");
    view_duration(out, result->duration_ms);
    buf_char(out, '\n');
    if (result->is_rezoned)
        note(out, style, INK_YELLOW, "note:",
             "the service cuts its days in another time zone now: all of them were asked for anew");
    if (result->code == TILL_OK)
        return;
    note(out, style, INK_RED,
         result->code == TILL_CANCELED ? "stopped:" : "failed:", result->error.text);
    if (result->error.hint[0])
        note(out, style, INK_DIM, "next:", result->error.hint);
}

void cli_source_result_json(struct buf *out, const struct store_source *source,
                            const struct sync_source_result *result)
{
    buf_char(out, '{');
    view_json_text(out, "connection", source->name);
    view_json_text(out, "service", traffic_service_word(source->service));
    view_json_text(out, "state", result->code ? "failed" : "ok");
    view_json_int(out, "days", result->days);
    view_json_int(out, "rows", result->rows);
    view_json_int(out, "requests", result->requests);
    view_json_int(out, "windows", result->windows);
    view_json_int(out, "duration_ms", result->duration_ms);
    view_json_bool(out, "rezoned", result->is_rezoned);
    view_json_text(out, "error_class", result->code ? till_code_name(result->code) : NULL);
    view_json_text(out, "error", result->code ? result->error.text : NULL);
    view_json_text(out, "hint", result->code ? result->error.hint : NULL);
    buf_char(out, '}');
}
