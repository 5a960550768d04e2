// SPDX-License-Identifier: Apache-2.0
// today.c - `till today`.
#include "base/fault.h"
#include "cli/cli.h"
#include "report/exchange.h"
#include "views/exchange.h"

struct shown {
    struct report_today today;
    struct report_exchange exchange;
    struct report_today_traffic traffic;
    struct cli_connections connections;
};

static enum till_code convert(const struct cli *cli, struct store *store, const struct zone *zone,
                              struct shown *shown, struct till_error *e)
{
    metrics_currency into = 0;
    enum till_code code = cli_currency(cli, &into, e);
    if (code || into == 0)
        return code;
    return report_today_exchange(store, &shown->today, shown->connections.list,
                                 shown->connections.count, zone, into, &shown->exchange, e);
}

enum till_code cli_today(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct zone *zone = NULL;
    enum till_code code = cli_expect_arguments(
        cli, 0, 0, "till today [--name NAME] [--in CURRENCY] [--timezone ZONE]", e);
    if (code)
        return code;
    struct shown *shown = till_calloc(1, sizeof(*shown));
    if (!shown)
        return TILL_FAIL_MEMORY(e);
    code = zone_open(config_text(cli->config, "timezone"), &zone, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = cli_connections(cli, store, &shown->connections, e);
    if (code == TILL_OK)
        code = report_today(store, cli->clock, zone, cli->options[OPTION_name], &shown->today, e);
    if (code == TILL_OK)
        code = report_today_traffic(store, shown->connections.list, shown->connections.count, zone,
                                    shown->today.now_us, &shown->traffic, e);
    if (code == TILL_OK)
        code = convert(cli, store, zone, shown, e);
    if (code == TILL_OK && cli->is_json)
        view_today_converted_json(&cli->out, &shown->today, &shown->exchange, &shown->traffic);
    else if (code == TILL_OK)
        view_today_converted_text(&cli->out, &cli->style, &shown->today, &shown->exchange,
                                  &shown->traffic);
    store_close(store);
    zone_close(zone);
    till_free(shown);
    return code;
}
