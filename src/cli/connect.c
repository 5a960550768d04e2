// SPDX-License-Identifier: Apache-2.0
// connect.c - `till connect polar`: nothing is saved before the token has shown that it works, for the organization and environment that was meant.
//
// Order: shape (offline), identity and probes (network), mismatch checks, then the secret, then the connection row. The database is opened before the
// secret is stored, so that a database that cannot be written does not leave a token behind.
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/sources.h"

struct connecting {
    const char *environment, *other_environment;
    const char *url;
    bool is_other_url;     // --api-url: there is no other environment to try
    bool from_environment; // the token came from $POLAR_ACCESS_TOKEN
    struct secret token;
    struct polar_identity identity;
    struct store_connection connection;
    struct buf place; // the vault's own words
};

static enum till_code choose_environment(const struct cli *cli, struct connecting *connecting,
                                         struct till_error *e)
{
    const char *environment =
        cli->options[OPTION_environment] ? cli->options[OPTION_environment] : "production";
    connecting->environment = environment;
    connecting->url = cli_environment_url(cli, environment);
    if (!connecting->url) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--environment: \"%s\" is not an environment",
                        environment);
        return till_error_hint(e, "environments: production, sandbox");
    }
    connecting->other_environment =
        strcmp(environment, "production") == 0 ? "sandbox" : "production";
    if (cli->options[OPTION_api_url]) {
        connecting->url = cli->options[OPTION_api_url];
        connecting->is_other_url = true;
    }
    if (strlen(connecting->url) >= sizeof(connecting->connection.api_url))
        return TILL_FAIL(e, TILL_USAGE, 0, "the address is longer than %zu bytes",
                         sizeof(connecting->connection.api_url) - 1);
    return http_check_url(connecting->url, e);
}

enum till_code cli_check_name(const char *name, struct till_error *e)
{
    size_t len = strlen(name);
    // A dash in front would be an option to the next command; secrets of channels are kept under "channel:NAME".
    if (len > 0 && len < STORE_NAME_BYTES && name[0] != '-' &&
        strncmp(name, "channel:", strlen("channel:")) != 0 &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.:") == len)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--name: \"%.80s\" is not a name", name);
    return till_error_hint(e, "write up to %d small letters, digits and any of _ - . :, no - first",
                           STORE_NAME_BYTES - 1);
}

static enum till_code check_wanted_organization(const char *id, struct till_error *e)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    bool is_uuid = !id || strlen(id) == sizeof(shape) - 1;
    for (size_t i = 0; id && is_uuid && i < sizeof(shape) - 1; i++)
        is_uuid = shape[i] == '-' ? id[i] == '-' : strchr("0123456789abcdefABCDEF", id[i]) != NULL;
    if (is_uuid)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--organization-id: \"%.80s\" is not a UUID", id);
    return till_error_hint(e, "Polar shows it under Settings, General");
}

static enum till_code check_shape(const struct cli *cli, const struct connecting *connecting,
                                  struct till_error *e)
{
    char why[256];
    switch (polar_token_check(secret_bytes(&connecting->token), why)) {
    case POLAR_TOKEN_GOOD:
        return TILL_OK;
    case POLAR_TOKEN_BAD_CHECKSUM:
        cli_say(cli, "till: warning: %s", why);
        return TILL_OK;
    case POLAR_TOKEN_BAD_SHAPE:
        break;
    }
    (void)TILL_FAIL(e, TILL_USAGE, 0, "this is not an organization access token: %s", why);
    return till_error_hint(
        e, "copy it again from Polar: Settings, Developers; it begins with polar_oat_");
}

// The token was refused: one try against the other environment tells whether that is where it belongs.
static enum till_code explain_refusal(const struct cli *cli, const struct connecting *connecting,
                                      struct till_error *e)
{
    struct polar *other = NULL;
    struct till_error ignored = {0};
    if (connecting->is_other_url)
        return e->code;
    enum till_code code =
        cli_open_polar(cli, cli_environment_url(cli, connecting->other_environment),
                       &connecting->token, &other, &ignored);
    if (code == TILL_OK)
        code = polar_knock(other, &ignored);
    polar_close(other);
    if (code != TILL_OK)
        return e->code;
    (void)TILL_FAIL(e, TILL_AUTH, 401, "this token belongs to Polar's %s, not to %s",
                    connecting->other_environment, connecting->environment);
    return till_error_hint(e, "run `till connect polar --environment %s`",
                           connecting->other_environment);
}

static enum till_code identify(const struct cli *cli, struct connecting *connecting,
                               struct till_error *e)
{
    struct polar *polar = NULL;
    enum till_code code = cli_open_polar(cli, connecting->url, &connecting->token, &polar, e);
    if (code == TILL_OK)
        code = polar_identify(polar, &connecting->identity, e);
    if (code == TILL_OK) // what this spent counts for those who come after
        code = cli_share_budget(cli, polar, connecting->identity.organization_id, e);
    polar_close(polar);
    if (code == TILL_AUTH)
        return explain_refusal(cli, connecting, e);
    return code;
}

static enum till_code check_organization(const struct cli *cli, struct connecting *connecting,
                                         struct till_error *e)
{
    const char *wanted = cli->options[OPTION_organization_id];
    struct polar_identity *identity = &connecting->identity;
    if (identity->organization_id[0] == '\0' && !wanted) {
        (void)TILL_FAIL(e, TILL_AUTH, 0,
                        "the token works, but nothing that it may read names its organization");
        return till_error_hint(
            e, "add the scope organizations:read to the token, or pass --organization-id");
    }
    if (identity->organization_id[0] == '\0') {
        sv_to_lower((struct sv){wanted, strnlen(wanted, POLAR_ID_BYTES - 1)},
                    identity->organization_id);
        return TILL_OK;
    }
    if (!wanted || sv_equal_ignoring_case(sv_of(wanted), sv_of(identity->organization_id)))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_AUTH, 0, "the token belongs to organization %s%s%s%s, not to %s",
                    identity->organization_id, identity->organization_name[0] ? " (" : "",
                    identity->organization_name, identity->organization_name[0] ? ")" : "", wanted);
    return till_error_hint(e, "use that organization's token, or leave --organization-id out");
}

static void append_word(char *words, size_t bytes, const char *word)
{
    size_t len = strlen(words);
    (void)snprintf(words + len, bytes - len, "%s%s", len > 0 ? " " : "", word);
}

static void fill_connection(const struct cli *cli, struct connecting *connecting)
{
    struct store_connection *connection = &connecting->connection;
    const struct polar_identity *identity = &connecting->identity;
    memset(connection, 0, sizeof(*connection));
    (void)snprintf(connection->name, sizeof(connection->name), "%s", cli_name_option(cli));
    (void)snprintf(connection->service, sizeof(connection->service), "polar");
    (void)snprintf(connection->environment, sizeof(connection->environment), "%s",
                   connecting->environment);
    (void)snprintf(connection->api_url, sizeof(connection->api_url), "%s", connecting->url);
    (void)snprintf(connection->organization_id, sizeof(connection->organization_id), "%s",
                   identity->organization_id);
    (void)snprintf(connection->organization_name, sizeof(connection->organization_name), "%s",
                   identity->organization_name);
    connection->connected_at_us = clock_now_us(cli->clock);
    for (int i = 0; i < TABLE__COUNT; i++) {
        const struct polar_probe *probe = &identity->probes[i];
        if (probe->access == POLAR_HELD)
            append_word(connection->scopes, sizeof(connection->scopes), probe->table->scope);
        else if (probe->access == POLAR_MISSING && !probe->table->is_optional)
            append_word(connection->missing_scopes, sizeof(connection->missing_scopes),
                        probe->table->scope);
    }
}

// The same name must stay the same organization in the same environment: rows of two shops must never mix.
static enum till_code check_previous(const struct connecting *connecting, struct store *store,
                                     struct store_connection *ret_previous, bool *ret_found,
                                     struct till_error *e)
{
    const struct store_connection *connection = &connecting->connection;
    enum till_code code = cli_check_free(store, connection->name, e);
    if (code == TILL_OK)
        code = store_connection_get(store, connection->name, ret_previous, ret_found, e);
    if (code || !*ret_found)
        return code;
    if (strcmp(ret_previous->organization_id, connection->organization_id) == 0 &&
        strcmp(ret_previous->environment, connection->environment) == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0,
                    "%s is already organization %s (%s) here, and this token is of %s (%s)",
                    connection->name, ret_previous->organization_id, ret_previous->environment,
                    connection->organization_id, connection->environment);
    return till_error_hint(
        e, "keep both with --name OTHER or another --home; or `till disconnect %s --purge` first",
        connection->name);
}

static enum till_code store_token(const struct cli *cli, struct connecting *connecting,
                                  struct till_error *e)
{
    struct vault *vault = NULL;
    struct store_connection *connection = &connecting->connection;
    if (connecting->from_environment) {
        (void)snprintf(connection->secret_place, sizeof(connection->secret_place), "environment");
        buf_text(&connecting->place,
                 "not stored: it was taken from $POLAR_ACCESS_TOKEN, which later runs need too");
        return TILL_OK;
    }
    enum till_code code = cli_open_vault(cli, NULL, &vault, e);
    if (code == TILL_OK)
        code = vault_put(vault, connection->name, &connecting->token, e);
    if (code == TILL_OK) {
        (void)snprintf(connection->secret_place, sizeof(connection->secret_place), "%s",
                       vault_place_word(vault_place(vault)));
        vault_describe(vault, &connecting->place);
    }
    vault_close(vault);
    return code ? till_error_context(e, "could not store the token (nothing was saved)") : TILL_OK;
}

// The token is elsewhere now: the copy in the old place must not linger.
static void remove_old_token(const struct cli *cli, const struct store_connection *previous,
                             const struct store_connection *now)
{
    struct vault *vault = NULL;
    struct till_error e = {0};
    bool is_found = false;
    if (strcmp(previous->secret_place, now->secret_place) == 0 ||
        strcmp(previous->secret_place, "environment") == 0 || previous->secret_place[0] == '\0')
        return;
    enum till_code code = cli_open_vault(cli, previous->secret_place, &vault, &e);
    if (code == TILL_OK)
        code = vault_remove(vault, previous->name, &is_found, &e);
    vault_close(vault);
    if (code)
        cli_say(cli, "till: warning: the old token is still in %s: %s", previous->secret_place,
                e.text);
}

// A new connection could not be written: its token must not stay behind alone.
static void take_token_back(const struct cli *cli, const struct store_connection *connection)
{
    struct vault *vault = NULL;
    struct till_error ignored = {0};
    bool is_found = false;
    if (strcmp(connection->secret_place, "environment") == 0 ||
        cli_open_vault(cli, connection->secret_place, &vault, &ignored) != TILL_OK)
        return;
    (void)!vault_remove(vault, connection->name, &is_found, &ignored);
    vault_close(vault);
}

static enum till_code save(const struct cli *cli, struct connecting *connecting,
                           struct till_error *e)
{
    struct store *store = NULL;
    struct store_connection previous = {0};
    bool is_known = false;
    enum till_code code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK && fs_is_open_folder(cli->places.data_folder))
        cli_say(cli,
                "till: warning: other users of this machine can put files into %s (chmod go-w it)",
                cli->places.data_folder);
    if (code == TILL_OK)
        code = check_previous(connecting, store, &previous, &is_known, e);
    if (code == TILL_OK)
        code = store_token(cli, connecting, e);
    if (code == TILL_OK) {
        code = store_connection_put(store, &connecting->connection, e);
        if (code && !is_known)
            take_token_back(cli, &connecting->connection);
    }
    if (code == TILL_OK && is_known)
        remove_old_token(cli, &previous, &connecting->connection);
    store_close(store);
    return code;
}

static const char *const access_words[] = {
    [POLAR_HELD] = "held", [POLAR_MISSING] = "missing", [POLAR_UNKNOWN] = "unknown"};

enum { SCOPE_COLUMNS = 31 };

static void scope_line(struct buf *out, const struct view_style *style,
                       const struct polar_probe *probe)
{
    buf_text(out, "  ");
    view_ink(out, style,
             probe->access == POLAR_HELD      ? INK_GREEN
             : probe->access == POLAR_MISSING ? INK_YELLOW
                                              : INK_RED,
             probe->access == POLAR_HELD      ? "held   "
             : probe->access == POLAR_MISSING ? "missing"
                                              : "unknown");
    buf_format(out, "  %-20s", probe->table->scope);
    if (probe->access == POLAR_HELD && probe->row_count >= 0) {
        AUTO_BUF count;
        buf_init(&count, 64);
        view_count(&count, probe->row_count);
        buf_format(out, "%12s %s", count.data ? count.data : "", probe->table->name);
    } else if (probe->access == POLAR_MISSING) {
        buf_text(out, probe->table->is_optional ? "optional: " : "");
        view_wrap(out, sv_of(probe->table->missing_cost),
                  SCOPE_COLUMNS + (probe->table->is_optional ? strlen("optional: ") : 0),
                  SCOPE_COLUMNS);
        return;
    } else if (probe->access == POLAR_UNKNOWN) {
        view_wrap(out, sv_of(probe->error.text), SCOPE_COLUMNS, SCOPE_COLUMNS);
        return;
    }
    buf_char(out, '\n');
}

static void print_text(struct cli *cli, const struct connecting *connecting)
{
    struct buf *out = &cli->out;
    const struct polar_identity *identity = &connecting->identity;
    buf_text(out, "Connected to ");
    (void)text_show(out,
                    sv_of(identity->organization_name[0]
                              ? identity->organization_name
                              : "an organization whose name may not be read"),
                    0);
    buf_format(out, " (%s, %s)\n\n", connecting->environment, identity->organization_id);
    for (int i = 0; i < TABLE__COUNT; i++)
        scope_line(out, &cli->style, &identity->probes[i]);
    AUTO_BUF words;
    buf_init(&words, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&words, "The token is ");
    buf_sv(&words, (struct sv){connecting->place.data ? connecting->place.data : "",
                               connecting->place.len});
    buf_char(out, '\n');
    view_wrap(out, (struct sv){words.data ? words.data : "", words.len}, 0, 0);
    buf_reset(&words);
    buf_format(&words,
               "It also opens %s, which till never reads: a token with only the read scopes above "
               "is enough, and safer.",
               identity->more_than_needed);
    if (identity->has_more_than_needed)
        view_wrap(out, (struct sv){words.data ? words.data : "", words.len}, 0, 0);
    const char *name = connecting->connection.name;
    if (strcmp(name, "polar") == 0)
        buf_text(out, "\nNext: till sync\n");
    else
        buf_format(out, "\nNext: till sync --name %s\n", name);
}

static void print_json(struct cli *cli, const struct connecting *connecting)
{
    struct buf *out = &cli->out;
    const struct polar_identity *identity = &connecting->identity;
    buf_char(out, '{');
    view_json_text(out, "name", connecting->connection.name);
    view_json_text(out, "environment", connecting->environment);
    view_json_text(out, "api_url", connecting->url);
    view_json_text(out, "organization_id", identity->organization_id);
    view_json_text(out, "organization_name", identity->organization_name);
    view_json_text(out, "token_place", connecting->connection.secret_place);
    view_json_bool(out, "has_more_than_needed", identity->has_more_than_needed);
    view_json_text(out, "more_than_needed", identity->more_than_needed);
    view_json_int(out, "requests", identity->requests);
    view_json_key(out, "scopes");
    buf_char(out, '[');
    for (int i = 0; i < TABLE__COUNT; i++) {
        const struct polar_probe *probe = &identity->probes[i];
        buf_text(out, i > 0 ? ",{" : "{");
        view_json_text(out, "table", probe->table->name);
        view_json_text(out, "scope", probe->table->scope);
        view_json_text(out, "access", access_words[probe->access]);
        view_json_bool(out, "optional", probe->table->is_optional);
        if (probe->row_count >= 0)
            view_json_int(out, "rows", probe->row_count);
        if (probe->access != POLAR_HELD)
            view_json_text(out, "cost", probe->table->missing_cost);
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}

enum till_code cli_connect(struct cli *cli, struct till_error *e)
{
    struct connecting connecting = {0};
    enum traffic_service service = TRAFFIC__COUNT;
    enum till_code code = cli_expect_arguments(cli, 1, 1, "till connect SERVICE [options]", e);
    if (code)
        return code;
    if (traffic_service_parse(sv_of(cli->arguments[0]), &service))
        return cli_connect_traffic(cli, service, e);
    if (strcmp(cli->arguments[0], "polar") != 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%s\" is not a service that can be connected",
                        cli->arguments[0]);
        return till_error_hint(e, "services: polar, posthog, search-console, plausible, umami");
    }
    buf_init(&connecting.place, TILL_LIMIT_BUFFER_BYTES);
    code = cli_check_name(cli_name_option(cli), e);
    if (code == TILL_OK)
        code = check_wanted_organization(cli->options[OPTION_organization_id], e);
    if (code == TILL_OK)
        code = choose_environment(cli, &connecting, e);
    if (code == TILL_OK)
        code = cli_read_token(cli, &connecting.token, &connecting.from_environment, e);
    if (code == TILL_OK)
        code = check_shape(cli, &connecting, e);
    if (code == TILL_OK)
        code = identify(cli, &connecting, e);
    if (code == TILL_OK)
        code = check_organization(cli, &connecting, e);
    if (code == TILL_OK) {
        fill_connection(cli, &connecting);
        code = save(cli, &connecting, e);
    }
    if (code == TILL_OK && cli->is_json)
        print_json(cli, &connecting);
    else if (code == TILL_OK)
        print_text(cli, &connecting);
    secret_release(&connecting.token);
    buf_release(&connecting.place);
    return code;
}
