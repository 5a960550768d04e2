// SPDX-License-Identifier: Apache-2.0
// today.c - `till today`.
#include "base/fault.h"
#include "cli/cli.h"

enum till_code cli_today(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct zone *zone = NULL;
    struct cli_connections connections; // for its words when there is none
    enum till_code code =
        cli_expect_arguments(cli, 0, 0, "till today [--name NAME] [--timezone ZONE]", e);
    if (code)
        return code;
    struct report_today *today = till_calloc(1, sizeof(*today));
    if (!today)
        return TILL_FAIL_MEMORY(e);
    code = zone_open(config_text(cli->config, "timezone"), &zone, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = cli_connections(cli, store, &connections, e);
    if (code == TILL_OK)
        code = report_today(store, cli->clock, zone, cli->options[OPTION_name], today, e);
    if (code == TILL_OK && cli->is_json)
        view_today_json(&cli->out, today);
    else if (code == TILL_OK)
        view_today_text(&cli->out, &cli->style, today);
    store_close(store);
    zone_close(zone);
    till_free(today);
    return code;
}
