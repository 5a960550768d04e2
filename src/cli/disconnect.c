// SPDX-License-Identifier: Apache-2.0
// disconnect.c - `till disconnect NAME`: the secret goes first, from wherever it is; then the connection; the rows stay unless --purge.
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/sources.h"

static enum till_code remove_secret(const struct cli *cli,
                                    const struct store_connection *connection, bool *ret_found,
                                    struct till_error *e)
{
    struct vault *vault = NULL;
    char webhook[CLI_SECRET_NAME_BYTES];
    bool had_webhook = false;
    *ret_found = false;
    if (connection->secret_place[0] == '\0' || strcmp(connection->secret_place, "environment") == 0)
        return TILL_OK;
    enum till_code code = cli_open_vault(cli, connection->secret_place, &vault, e);
    if (code == TILL_OK)
        code = vault_remove(vault, connection->name, ret_found, e);
    cli_webhook_secret_name(connection->name, webhook);
    if (code == TILL_OK)
        code = vault_remove(vault, webhook, &had_webhook, e);
    vault_close(vault);
    return code ? till_error_context(e, "could not remove the token (nothing was changed)")
                : TILL_OK;
}

static void tell(struct cli *cli, const char *name, const char *service, bool had_secret)
{
    bool is_purge = cli->options[OPTION_purge] != NULL;
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "name", name);
        view_json_bool(&cli->out, "token_removed", had_secret);
        view_json_bool(&cli->out, "purged", is_purge);
        buf_text(&cli->out, "}\n");
        return;
    }
    buf_format(&cli->out, "Disconnected %s. ", name);
    if (had_secret)
        buf_format(&cli->out,
                   "The stored token is removed; revoke it in %s too if nothing else uses it. ",
                   service);
    else
        buf_text(&cli->out, "There was no stored token. ");
    buf_text(&cli->out, is_purge
                            ? "Its rows are removed.\n"
                            : "Its rows are kept; `till disconnect NAME --purge` removes them.\n");
}

// Without --purge the connection stays as a mark that its rows are kept but not reported.
static enum till_code forget(const struct cli *cli, struct store *store,
                             struct store_connection *connection, bool purge, struct till_error *e)
{
    if (purge)
        return store_connection_remove(store, connection->name, true, e);
    connection->disconnected_at_us = clock_now_us(cli->clock);
    connection->secret_place[0] = '\0';
    return store_connection_put(store, connection, e);
}

// A source of web traffic: the same in the same order.
static enum till_code disconnect_source(struct cli *cli, struct store *store,
                                        const struct store_source *source, struct till_error *e)
{
    struct vault *vault = NULL;
    struct fs_lock lock = {.fd = -1};
    char holder[128];
    bool had_secret = false;
    bool is_purge = cli->options[OPTION_purge] != NULL;
    enum till_code code = fs_lock_take(cli->places.lock_file, "till disconnect",
                                       TILL_LIMIT_LOCK_WAIT_MS, &lock, holder, e);
    if (code == TILL_OK && source->secret_place[0]) {
        code = cli_open_vault(cli, source->secret_place, &vault, e);
        if (code == TILL_OK)
            code = vault_remove(vault, source->name, &had_secret, e);
        vault_close(vault);
        if (code)
            (void)till_error_context(e, "could not remove the key (nothing was changed)");
    }
    if (code == TILL_OK)
        code = store_source_remove(store, source->name, is_purge, clock_now_us(cli->clock), e);
    fs_lock_release(&lock);
    if (code == TILL_OK)
        tell(cli, source->name, traffic_service_title(source->service), had_secret);
    return code;
}

enum till_code cli_disconnect(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_connection connection = {0};
    struct fs_lock lock = {.fd = -1};
    char holder[128];
    struct store_source source = {0};
    bool is_known = false;
    bool is_source = false;
    bool had_secret = false;
    bool purge = cli->options[OPTION_purge] != NULL;
    enum till_code code = cli_expect_arguments(cli, 1, 1, "till disconnect NAME [--purge]", e);
    if (code == TILL_OK)
        code = cli_open_store(
            cli, fs_exists(cli->places.database) ? STORE_READ_WRITE : STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = store_connection_get(store, cli->arguments[0], &connection, &is_known, e);
    if (code == TILL_OK && !is_known)
        code = store_source_get(store, cli->arguments[0], &source, &is_source, e);
    if (code == TILL_OK && is_source)
        code = disconnect_source(cli, store, &source, e);
    if (code || is_source) {
        store_close(store);
        return code;
    }
    if (!is_known) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "there is no connection called \"%s\"",
                        cli->arguments[0]);
        code = till_error_hint(e, "`till status` lists the connections");
    }
    if (code == TILL_OK)
        code = fs_lock_take(cli->places.lock_file, "till disconnect", TILL_LIMIT_LOCK_WAIT_MS,
                            &lock, holder, e);
    if (code == TILL_OK)
        code = remove_secret(cli, &connection, &had_secret, e);
    if (code == TILL_OK)
        code = forget(cli, store, &connection, purge, e);
    fs_lock_release(&lock);
    store_close(store);
    if (code == TILL_OK)
        tell(cli, connection.name, "Polar", had_secret);
    return code;
}
