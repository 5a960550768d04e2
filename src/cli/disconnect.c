// SPDX-License-Identifier: Apache-2.0
// disconnect.c - `till disconnect NAME`: the secret goes first, from wherever it is; then the connection; the rows stay unless --purge.
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"

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

enum till_code cli_disconnect(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_connection connection = {0};
    struct fs_lock lock = {.fd = -1};
    char holder[128];
    bool is_known = false;
    bool had_secret = false;
    bool purge = cli->options[OPTION_purge] != NULL;
    enum till_code code = cli_expect_arguments(cli, 1, 1, "till disconnect NAME [--purge]", e);
    if (code == TILL_OK)
        code = cli_open_store(
            cli, fs_exists(cli->places.database) ? STORE_READ_WRITE : STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = store_connection_get(store, cli->arguments[0], &connection, &is_known, e);
    if (code == TILL_OK && !is_known) {
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
    if (code)
        return code;
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "name", connection.name);
        view_json_bool(&cli->out, "token_removed", had_secret);
        view_json_bool(&cli->out, "purged", purge);
        buf_text(&cli->out, "}\n");
        return TILL_OK;
    }
    buf_format(&cli->out, "Disconnected %s. %s %s\n", connection.name,
               had_secret
                   ? "The stored token is removed; revoke it in Polar too if nothing else uses it."
                   : "There was no stored token.",
               purge ? "Its rows are removed."
                     : "Its rows are kept; `till disconnect NAME --purge` removes them.");
    return TILL_OK;
}
