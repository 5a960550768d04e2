// SPDX-License-Identifier: Apache-2.0
// session.c - what commands open: the database, the vault, the service; each with words for when it is not there yet.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"

enum till_code cli_open_store(const struct cli *cli, enum store_mode mode, struct store **ret_store,
                              struct till_error *e)
{
    if (mode == STORE_READ_WRITE) {
        enum till_code code = fs_make_folder(cli->places.data_folder, e);
        if (code)
            return till_error_context(e, "could not make the data folder");
    } else if (!fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "there is no database yet at %s", cli->places.database);
        return till_error_hint(e, "connect first: `till connect polar`, then `till sync`; or look "
                                  "around with `till demo`");
    }
    return store_open(cli->places.database, mode, ret_store, e);
}

const char *cli_name_option(const struct cli *cli)
{
    return cli->options[OPTION_name] ? cli->options[OPTION_name] : "polar";
}

// "polar, shop2"; "none" without any.
static void name_list(const struct cli_connections *connections, char *ret_text, size_t bytes)
{
    size_t len = 0;
    (void)snprintf(ret_text, bytes, "none");
    for (size_t i = 0; i < connections->count && len < bytes; i++)
        len += (size_t)snprintf(ret_text + len, bytes - len, "%s%s", i > 0 ? ", " : "",
                                connections->list[i].name);
}

static enum till_code not_connected(const char *name, bool is_known,
                                    const struct cli_connections *connections, struct till_error *e)
{
    char names[TILL_ERROR_HINT_BYTES / 2];
    name_list(connections, names, sizeof(names));
    (void)TILL_FAIL(e, TILL_CONFIG, 0, is_known ? "%s is disconnected" : "%s is not connected",
                    name);
    return till_error_hint(e, "connected: %s; connect it: `till connect polar%s%.64s`", names,
                           strcmp(name, "polar") == 0 ? "" : " --name ",
                           strcmp(name, "polar") == 0 ? "" : name);
}

enum till_code cli_connections(const struct cli *cli, struct store *store,
                               struct cli_connections *ret_connections, struct till_error *e)
{
    const char *name = cli->options[OPTION_name];
    struct cli_connections live = {.count = 0};
    size_t count = 0;
    bool is_known = false;
    enum till_code code = store_connection_list(store, live.list, REPORT_CARDS, &count, e);
    if (code)
        return code;
    for (size_t i = 0; i < count; i++) {
        is_known = is_known || (name && strcmp(live.list[i].name, name) == 0);
        if (live.list[i].disconnected_at_us == 0)
            live.list[live.count++] = live.list[i];
    }
    if (live.count == 0 && !name) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    for (size_t i = 0; name && i < live.count; i++) {
        if (strcmp(live.list[i].name, name) != 0)
            continue;
        ret_connections->list[0] = live.list[i];
        ret_connections->count = 1;
        return TILL_OK;
    }
    if (name)
        return not_connected(name, is_known, &live, e);
    *ret_connections = live;
    return TILL_OK;
}

enum till_code cli_connection(const struct cli *cli, struct store *store,
                              struct store_connection *ret_connection, struct till_error *e)
{
    struct cli_connections connections = {.count = 0};
    char names[TILL_ERROR_HINT_BYTES / 2];
    enum till_code code = cli_connections(cli, store, &connections, e);
    if (code)
        return code;
    if (connections.count == 1) {
        *ret_connection = connections.list[0];
        return TILL_OK;
    }
    name_list(&connections, names, sizeof(names));
    (void)TILL_FAIL(e, TILL_USAGE, 0, "%zu organizations are connected: %s", connections.count,
                    names);
    return till_error_hint(e, "say which with --name");
}

int64_t cli_default_every_ms(const struct cli *cli)
{
    int64_t every_ms = 0;
    (void)model_interval_parse(sv_of(config_text(cli->config, "sync_every")), &every_ms);
    return every_ms;
}

static enum till_code read_passphrase(const struct cli *cli, struct secret *ret_passphrase,
                                      bool *ret_has_one, struct till_error *e)
{
    const char *path = config_text(cli->config, "passphrase_file");
    *ret_has_one = false;
    if (!path[0])
        return TILL_OK;
    struct buf text;
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    enum till_code code = fs_read(path, &text, e);
    if (code == TILL_OK && fs_is_exposed(path)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the passphrase file %s can be read by others", path);
        code = till_error_hint(e, "chmod 600 %s", path);
    }
    if (code == TILL_OK && sv_trim((struct sv){text.data ? text.data : "", text.len}).len == 0)
        code = TILL_FAIL(e, TILL_CONFIG, 0, "the passphrase file %s is empty", path);
    if (code == TILL_OK)
        code = secret_set(ret_passphrase, sv_trim((struct sv){text.data, text.len}), e);
    buf_wipe(&text);
    *ret_has_one = code == TILL_OK;
    return code ? till_error_context(e, "could not use the passphrase file") : TILL_OK;
}

enum till_code cli_open_vault(const struct cli *cli, const char *place, struct vault **ret_vault,
                              struct till_error *e)
{
    AUTO_SECRET passphrase = {0};
    bool has_passphrase = false;
    struct vault_options options = {
        .folder = cli->places.secrets_folder,
        .profile = cli->places.data_folder,
    };
    enum till_code code =
        vault_choice_parse(place ? place : config_text(cli->config, "keyring"), &options.choice, e);
    if (code == TILL_OK)
        code = read_passphrase(cli, &passphrase, &has_passphrase, e);
    if (code)
        return code;
    options.passphrase = has_passphrase ? &passphrase : NULL;
    return vault_open(&options, ret_vault, e);
}

enum till_code cli_stored_token(const struct cli *cli, const struct store_connection *connection,
                                struct secret *ret_token, struct till_error *e)
{
    struct vault *vault = NULL;
    bool is_found = false;
    if (strcmp(connection->secret_place, "environment") == 0) {
        const char *token = getenv("POLAR_ACCESS_TOKEN");
        if (token && token[0])
            return secret_set(ret_token, sv_trim(sv_of(token)), e);
        (void)TILL_FAIL(e, TILL_CONFIG, 0,
                        "%s was connected with $POLAR_ACCESS_TOKEN, which is not set now",
                        connection->name);
        return till_error_hint(
            e, "set the variable, or store a token: `till connect polar --token-stdin`");
    }
    enum till_code code = cli_open_vault(cli, connection->secret_place, &vault, e);
    if (code == TILL_OK)
        code = vault_get(vault, connection->name, ret_token, &is_found, e);
    vault_close(vault);
    if (code)
        return till_error_context(e, "could not read the token of %s", connection->name);
    if (is_found)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the token of %s is not where it was put (%s)",
                    connection->name, connection->secret_place);
    return till_error_hint(e, "connect again: `till connect polar`");
}

const char *cli_environment_url(const struct cli *cli, const char *environment)
{
    if (strcmp(environment, "production") == 0)
        return config_text(cli->config, "polar_production_url");
    if (strcmp(environment, "sandbox") == 0)
        return config_text(cli->config, "polar_sandbox_url");
    return NULL;
}

enum till_code cli_open_polar(const struct cli *cli, const char *url, const struct secret *token,
                              struct polar **ret_polar, struct till_error *e)
{
    struct polar_options options = {
        .url = url,
        .token = token,
        .api_version = config_text(cli->config, "api_version"),
        .http = {.user_agent = "till/" TILL_VERSION,
                 .requests_per_minute = config_integer(cli->config, "rate"),
                 .in_flight = (int)config_integer(cli->config, "in_flight"),
                 .clock = cli->clock,
                 .stop = &cli_stop},
    };
    return polar_open(&options, ret_polar, e);
}

enum till_code cli_share_budget(const struct cli *cli, struct polar *polar,
                                const char *organization_id, struct till_error *e)
{
    AUTO_BUF path;
    size_t id_len = strspn(organization_id, "0123456789abcdef-");
    buf_init(&path, TILL_LIMIT_PATH_BYTES);
    buf_format(&path, "%s/rate-%s", cli->places.data_folder, organization_id);
    if (id_len == 0 || organization_id[id_len] != '\0' || !fs_exists(cli->places.data_folder))
        return TILL_OK; // nothing that could be a name, or nowhere to put it
    enum till_code code = buf_fail(&path, "a path", e);
    return code ? code : polar_share_budget(polar, path.data, e);
}
