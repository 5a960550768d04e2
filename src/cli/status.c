// SPDX-License-Identifier: Apache-2.0
// status.c - `till status`: a card for each connection; with --max-age also a verdict for cron.
#include <stdio.h>

#include "base/fault.h"
#include "base/fs.h"
#include "cli/cli.h"

static enum till_code gather(const struct cli *cli, int64_t max_age_ms,
                             struct report_status *status, struct till_error *e)
{
    struct store *store = NULL;
    struct cli_connections named;
    const struct report_status_options options = {.name = cli->options[OPTION_name],
                                                  .max_age_us = max_age_ms * 1000,
                                                  .default_every_ms = cli_default_every_ms(cli)};
    if (!fs_exists(cli->places.database) && !options.name)
        return TILL_OK;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK && options.name)
        code = cli_connections(cli, store, &named, e);
    if (code == TILL_OK)
        code = report_status(store, cli->clock, &options, status, e);
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

enum till_code cli_status(struct cli *cli, struct till_error *e)
{
    int64_t max_age_ms = 0;
    enum till_code code =
        cli_expect_arguments(cli, 0, 0, "till status [--name NAME] [--max-age AGE]", e);
    if (code == TILL_OK && cli->options[OPTION_max_age])
        code = cli_duration(cli->options[OPTION_max_age], "--max-age", &max_age_ms, e);
    if (code)
        return code;
    struct report_status *status = till_calloc(1, sizeof(*status));
    if (!status)
        return TILL_FAIL_MEMORY(e);
    code = gather(cli, max_age_ms, status, e);
    if (code == TILL_OK && cli->is_json)
        view_status_json(&cli->out, status);
    else if (code == TILL_OK)
        view_status_text(&cli->out, &cli->style, status);
    if (code == TILL_OK && (status->is_stale || (max_age_ms > 0 && status->card_count == 0)))
        code = say_stale(cli, status, e);
    till_free(status);
    return code;
}
