// SPDX-License-Identifier: Apache-2.0
// status.c - `till status`: a card for each connection; with --max-age also a verdict for cron.
#include "base/fault.h"
#include "base/fs.h"
#include "cli/cli.h"

static enum till_code gather(const struct cli *cli, int64_t max_age_ms,
                             struct report_status *status, struct till_error *e)
{
    struct store *store = NULL;
    if (!fs_exists(cli->places.database))
        return TILL_OK;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = report_status(store, cli->clock, max_age_ms * 1000, status, e);
    store_close(store);
    return code;
}

enum till_code cli_status(struct cli *cli, struct till_error *e)
{
    int64_t max_age_ms = 0;
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till status [--max-age AGE]", e);
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
    bool is_stale = status->is_stale || (max_age_ms > 0 && status->card_count == 0);
    till_free(status);
    if (code == TILL_OK && is_stale) {
        (void)TILL_FAIL(e, TILL_STALE, 0, "the mirror is older than %s",
                        cli->options[OPTION_max_age]);
        return till_error_hint(e, "run `till sync`, and look at `till doctor` when that fails");
    }
    return code;
}
