// SPDX-License-Identifier: Apache-2.0
// serve.c - `till serve`: settings and options for the server, the address for its owner.
//
// The key of the session stands in the fragment of the address, which no browser sends anywhere. --open must not put it on a command line, where other users
// of the machine see it: the browser is given a small private file that leads to the address.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "serve/serve.h"

struct dashboard {
    struct cli *cli;
    const char *hosts[CLI_LIST_VALUES];
    size_t host_count;
};

// ---- the password ----

static enum till_code set_password(const struct cli *cli, struct till_error *e)
{
    AUTO_SECRET password = {0};
    enum till_code code = cli_read_password(cli, &password, e);
    if (code == TILL_OK)
        code = serve_set_password(cli->places.data_folder, secret_bytes(&password), e);
    if (code == TILL_OK)
        cli_say(cli, "till: the password is set; a server that runs already must be started again");
    return code;
}

// ---- the address ----

// Not waited for: a browser may stay.
static void start_browser(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        cli_reset_signals();
        if (fork() == 0) {
            (void)setsid();
            (void)execlp("xdg-open", "xdg-open", path, (char *)NULL);
        }
        _exit(0);
    }
    if (child > 0)
        (void)cli_wait_child(child, 0);
}

static enum till_code open_page(const struct cli *cli, const char *address, struct till_error *e)
{
    AUTO_BUF path;
    AUTO_BUF page;
    buf_init(&path, TILL_LIMIT_PATH_BYTES);
    buf_init(&page, TILL_LIMIT_PATH_BYTES);
    buf_format(&path, "%s/serve-open.html", cli->places.data_folder);
    buf_format(&page,
               "<!doctype html>\n<meta charset=\"utf-8\">\n<title>till</title>\n"
               "<meta http-equiv=\"refresh\" content=\"0; url=%s\">\n<a href=\"%s\">till</a>\n",
               address, address);
    enum till_code code = buf_fail(&path, "a path", e);
    if (code == TILL_OK)
        code = buf_fail(&page, "a page", e);
    if (code == TILL_OK)
        code = fs_write(path.data, (struct sv){page.data, page.len}, e);
    if (code == TILL_OK)
        start_browser(path.data);
    return code;
}

static enum till_code on_ready(void *context, const struct serve_place *place, struct till_error *e)
{
    struct dashboard *dashboard = context;
    struct cli *cli = dashboard->cli;
    char address[512];
    (void)snprintf(address, sizeof(address), "%s#token=%s", place->url, place->token);
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "url", place->url);
        view_json_text(&cli->out, "token", place->token);
        buf_text(&cli->out, "}\n");
    } else if (
        cli->is_quiet) { // a service's output ends in a journal, where the key does not belong
        buf_format(&cli->out, "%s\n", place->url);
    } else {
        buf_format(&cli->out, "%s\n", address);
        cli_say(cli,
                "till: open this address in a browser of this machine; Ctrl-C ends the server");
    }
    if (!place->is_loopback && dashboard->host_count == 0)
        cli_say(cli, "till: other machines can reach this address, by the names that "
                     "--allowed-host allows");
    enum till_code code = cli_flush(cli, e);
    if (code == TILL_OK && cli->options[OPTION_open])
        code = open_page(cli, address, e);
    memory_wipe(address, sizeof(address));
    return code;
}

static void on_remark(void *context, const char *text)
{
    const struct dashboard *dashboard = context;
    cli_say(dashboard->cli, "till: %s", text);
}

// ---- the options ----

static void take_hosts(struct dashboard *dashboard)
{
    const struct cli *cli = dashboard->cli;
    const char *configured = config_text(cli->config, "serve_allowed_host");
    for (size_t i = 0; i < cli->list_value_count; i++) {
        if (cli->list_values[i].option == OPTION_allowed_host)
            dashboard->hosts[dashboard->host_count++] = cli->list_values[i].value;
    }
    if (dashboard->host_count == 0 && configured[0])
        dashboard->hosts[dashboard->host_count++] = configured;
}

// A database of an older till is brought up to date once, before anybody can ask: the server itself only reads.
static enum till_code settle_database(const struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct till_error first = {0};
    if (!fs_exists(cli->places.database))
        return TILL_OK;
    enum till_code code = cli_open_store(cli, STORE_READ_ONLY, &store, &first);
    if (code)
        code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    store_close(store);
    return code;
}

static enum till_code run(struct dashboard *dashboard, struct till_error *e)
{
    struct cli *cli = dashboard->cli;
    int64_t port = config_integer(cli->config, "serve_port");
    int64_t webhook_port = -1;
    enum till_code code = TILL_OK;
    if (cli->options[OPTION_port])
        code = cli_count(cli->options[OPTION_port], "--port", UINT16_MAX, &port, e);
    if (code == TILL_OK && cli->options[OPTION_webhooks])
        code = cli_count(cli->options[OPTION_webhooks], "--webhooks", UINT16_MAX, &webhook_port, e);
    if (code == TILL_OK)
        code = settle_database(cli, e);
    if (code)
        return code;
    take_hosts(dashboard);
    const char *listen = cli->options[OPTION_listen];
    const struct serve_options options = {
        .home = cli->places.home,
        .data_folder = cli->places.data_folder,
        .database = cli->places.database,
        .timezone = config_text(cli->config, "timezone"),
        .locale = config_text(cli->config, "locale"),
        .default_every_ms = cli_default_every_ms(cli),
        .clock = cli->clock,
        .address = listen ? listen : config_text(cli->config, "serve_listen"),
        .port = (uint16_t)port,
        .allowed_hosts = dashboard->hosts,
        .allowed_count = dashboard->host_count,
        .has_new_token = cli->options[OPTION_new_token] != NULL,
        .is_watching = !cli->options[OPTION_no_watch],
        .webhook_port = (int)webhook_port,
        .stop = &cli_stop,
        .context = dashboard,
        .ready = on_ready,
        .say = on_remark,
    };
    code = serve_run(&options, e);
    if (code == TILL_OK && cli_stop == SIGINT)
        return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    return code;
}

enum till_code cli_serve(struct cli *cli, struct till_error *e)
{
    struct dashboard dashboard = {.cli = cli};
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till serve [--port N]", e);
    if (code)
        return code;
    if (cli->options[OPTION_password_stdin] && !cli->options[OPTION_set_password])
        return TILL_FAIL(e, TILL_USAGE, 0, "--password-stdin belongs to --set-password");
    return cli->options[OPTION_set_password] ? set_password(cli, e) : run(&dashboard, e);
}
