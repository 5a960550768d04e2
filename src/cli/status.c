// SPDX-License-Identifier: Apache-2.0
// status.c - `till status`: a card for each connection; with --max-age also a verdict for cron, with --format openmetrics what Prometheus reads.
#include <stdio.h>

#include <string.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "cli/deliver.h"
#include "cli/sources.h"
#include "views/openmetrics.h"

static enum till_code gather(const struct cli *cli, int64_t max_age_ms,
                             struct report_status *status, struct buf *digests,
                             struct till_error *e)
{
    int trouble_count = 0;
    struct store *store = NULL;
    struct cli_connections named;
    const struct report_status_options options = {.name = cli->options[OPTION_name],
                                                  .max_age_us = max_age_ms * 1000,
                                                  .default_every_ms = cli_default_every_ms(cli)};
    if (!fs_exists(cli->places.database) && !options.name)
        return TILL_OK;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK && options.name)
        code = cli_connection_or_source(cli, store, &named, e);
    if (code == TILL_OK)
        code = report_status(store, cli->clock, &options, status, e);
    if (code == TILL_OK)
        code = cli_delivery_troubles(cli, store, digests, &trouble_count, e);
    store_close(store);
    return code;
}

// Names who is old, unless that is clear.
static enum till_code say_stale(const struct cli *cli, const struct report_status *status,
                                struct till_error *e)
{
    char who[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < status->card_count && len < sizeof(who); i++) {
        if (status->cards[i].is_stale)
            len += (size_t)snprintf(who + len, sizeof(who) - len, "%s%s", len > 0 ? ", " : " of ",
                                    status->cards[i].connection.name);
    }
    (void)TILL_FAIL(e, TILL_STALE, 0, "the mirror%s is older than %s",
                    status->card_count > 1 ? who : "", cli->options[OPTION_max_age]);
    return till_error_hint(e, "run `till sync`, and look at `till doctor` when that fails");
}

enum status_format { AS_TEXT, AS_JSON, AS_OPENMETRICS };

static enum till_code take_format(const struct cli *cli, enum status_format *ret_format,
                                  struct till_error *e)
{
    static const char *const words[] = {"table", "json", "openmetrics"};
    const char *word = cli->options[OPTION_format];
    *ret_format = cli->is_json ? AS_JSON : AS_TEXT;
    for (size_t i = 0; word && i < TILL_COUNT(words); i++) {
        *ret_format = (enum status_format)i;
        if (strcmp(word, words[i]) == 0)
            return TILL_OK;
    }
    if (!word)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--format: \"%s\" is not a format of the status", word);
    return till_error_hint(e, "formats: table, json, openmetrics");
}

// On a fresh home too: then it says that the program is there, and nothing else.
static enum till_code gather_meters(const struct cli *cli, int64_t max_age_ms,
                                    struct report_meters *meters, struct till_error *e)
{
    struct store *store = NULL;
    struct zone *zone = NULL;
    struct cli_connections named;
    const struct report_status_options options = {.name = cli->options[OPTION_name],
                                                  .max_age_us = max_age_ms * 1000,
                                                  .default_every_ms = cli_default_every_ms(cli)};
    if (!fs_exists(cli->places.database) && !options.name)
        return TILL_OK;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = zone_open(config_text(cli->config, "timezone"), &zone, e);
    if (code == TILL_OK && options.name)
        code = cli_connection_or_source(cli, store, &named, e);
    if (code == TILL_OK)
        code = report_meters(store, cli->clock, zone, &options, meters, e);
    zone_close(zone);
    store_close(store);
    return code;
}

static enum till_code print_meters(struct cli *cli, int64_t max_age_ms, struct till_error *e)
{
    struct report_meters *meters = till_calloc(1, sizeof(*meters));
    if (!meters)
        return TILL_FAIL_MEMORY(e);
    enum till_code code = gather_meters(cli, max_age_ms, meters, e);
    const struct report_status *status = &meters->status;
    if (code == TILL_OK)
        view_openmetrics(&cli->out, meters, TILL_VERSION);
    if (code == TILL_OK &&
        (status->is_stale || (max_age_ms > 0 && status->card_count + status->source_count == 0)))
        code = say_stale(cli, status, e);
    till_free(meters);
    return code;
}

enum till_code cli_status(struct cli *cli, struct till_error *e)
{
    int64_t max_age_ms = 0;
    enum status_format format = AS_TEXT;
    enum till_code code =
        cli_expect_arguments(cli, 0, 0, "till status [--name NAME] [--max-age AGE]", e);
    if (code == TILL_OK && cli->options[OPTION_max_age])
        code = cli_duration(cli->options[OPTION_max_age], "--max-age", &max_age_ms, e);
    if (code == TILL_OK)
        code = take_format(cli, &format, e);
    if (code == TILL_OK && format == AS_OPENMETRICS)
        return print_meters(cli, max_age_ms, e);
    if (code)
        return code;
    struct report_status *status = till_calloc(1, sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    AUTO_BUF digests;
    buf_init(&digests, TILL_LIMIT_BUFFER_BYTES);
    code = gather(cli, max_age_ms, status, &digests, e);
    if (code == TILL_OK && format == AS_JSON)
        view_status_json(&cli->out, status);
    else if (code == TILL_OK)
        view_status_text(&cli->out, &cli->style, status);
    if (code == TILL_OK && format == AS_TEXT && digests.len > 0)
        buf_format(&cli->out, "\n%s", digests.data);
    if (code == TILL_OK &&
        (status->is_stale || (max_age_ms > 0 && status->card_count + status->source_count == 0)))
        code = say_stale(cli, status, e);
    till_free(status);
    return code;
}
