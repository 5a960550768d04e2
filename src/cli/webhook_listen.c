// SPDX-License-Identifier: Apache-2.0
// webhook_listen.c - `till webhook-listen`: Polar's webhooks, checked, stored, answered, applied.
//
// One thread does all of it, in this order: whatever has arrived is checked and stored (one durable commit) and answered; only then, while nothing waits at
// the door, events are applied in small portions, under the lock of the mirror, which is taken for a portion at a time and never waited for: a sync that
// runs applies them itself when it starts, and what came later is applied when it ends. Applying goes through a connection of its own that does not wait for
// the disk: a power cut takes back the newest of it at worst, and the event, which is on the disk, is applied once more. What is refused is answered with the
// reason, which Polar shows beside the delivery, and changes nothing.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/cli.h"
#include "decode/decode.h"
#include "polar/webhook.h"
#include "sync/inbox.h"
#include "web/web.h"

enum { PORT = 8737, WAIT_MS = 200, QUIET_MS = 10, SAY_EVERY_MS = 60000, MOST_UNAPPLIED = 256 };

struct listener {
    struct cli *cli;
    struct store *inbox;  // durable: what it has committed is on the disk
    struct store *mirror; // for applying
    struct store_connection connection;
    struct secret secret;
    const char *path;
    bool has_waiting;  // events to apply
    bool is_over;      // the connection is gone
    int since_applied; // answers since the last portion was applied
    int64_t said_ms;   // when a refusal was last said; 0 = never
};

// ---- answers ----

static void answer_error(struct web_answer *answer, int status, const char *text)
{
    answer->status = status;
    buf_text(&answer->body, "{\"error\":");
    buf_json_string(&answer->body, sv_of(text));
    buf_text(&answer->body, "}\n");
}

// Refusals are worth a line now and then: they mean a wrong secret, or a stranger at the door.
static void refuse_with(struct listener *listener, struct web_answer *answer, int status,
                        const char *text)
{
    int64_t now_ms = clock_monotonic_ms(listener->cli->clock);
    answer_error(answer, status, text);
    log_event(LOG_LEVEL_INFO, "webhook_refused status=%d reason=\"%s\"", status, text);
    if (listener->said_ms != 0 && now_ms - listener->said_ms < SAY_EVERY_MS)
        return;
    listener->said_ms = now_ms;
    cli_say(listener->cli, "till: refused a webhook: %s", text);
}

static bool on_head(void *context, const struct web_request *request, struct web_answer *answer)
{
    const struct listener *listener = context;
    if (!sv_equal(request->path, sv_of(listener->path))) {
        answer_error(answer, 404, "there is nothing here");
        return true;
    }
    if (!sv_equal(request->method, SV("POST"))) {
        answer->allow = "POST";
        answer_error(answer, 405, "webhooks come by POST");
        return true;
    }
    return false;
}

// ---- one webhook ----

// The service sends a webhook again that we could not keep.
static void answer_later(struct listener *listener, struct web_answer *answer,
                         const struct till_error *e)
{
    answer_error(answer, 503, "it could not be stored; send it again later");
    log_event(LOG_LEVEL_ERROR, "webhook_not_stored error=\"%s\"", e->text);
    cli_say(listener->cli, "till: could not store a webhook: %s", e->text);
}

// Whether the organization is still connected: `till disconnect` may have happened meanwhile.
static bool is_connected(struct listener *listener)
{
    struct till_error e = {0};
    struct store_connection now = {0};
    bool is_found = false;
    if (store_connection_get(listener->inbox, listener->connection.name, &now, &is_found, &e))
        return true; // what is wrong shows when it is stored
    return is_found && now.disconnected_at_us == 0 &&
           strcmp(now.organization_id, listener->connection.organization_id) == 0;
}

static void keep(struct listener *listener, struct sv webhook_id, const struct decode_event *event,
                 struct web_answer *answer)
{
    struct till_error e = {0};
    bool is_new = false;
    struct store_webhook webhook = {.body = event->data,
                                    .occurred_us = event->occurred_us,
                                    .received_us = clock_now_us(listener->cli->clock)};
    _Static_assert(sizeof(webhook.webhook_id) > POLAR_WEBHOOK_ID_BYTES, "webhook id");
    _Static_assert(sizeof(webhook.type) > DECODE_TYPE_BYTES, "type");
    memcpy(webhook.organization_id, listener->connection.organization_id,
           sizeof(webhook.organization_id));
    memcpy(webhook.webhook_id, webhook_id.ptr, webhook_id.len);
    memcpy(webhook.type, event->type.ptr, event->type.len);
    if (!is_connected(listener)) {
        listener->is_over = true;
        answer_error(answer, 503, "this organization is not connected any more");
        return;
    }
    if (store_webhook_put(listener->inbox, &webhook, &is_new, &e)) {
        answer_later(listener, answer, &e);
        return;
    }
    log_event(LOG_LEVEL_INFO, "webhook_received type=%s id=%s new=%d", webhook.type,
              webhook.webhook_id, is_new);
    listener->has_waiting = true;
    answer->status = 202;
    buf_format(&answer->body, "{\"received\":true,\"new\":%s}\n", is_new ? "true" : "false");
}

static void on_webhook(void *context, const struct web_request *request, struct web_answer *answer)
{
    static const int statuses[] = {
        [POLAR_WEBHOOK_UNSIGNED] = 401, [POLAR_WEBHOOK_STALE] = 400, [POLAR_WEBHOOK_FORGED] = 403};
    struct listener *listener = context;
    struct till_error e = {0};
    struct decode_event event;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    const struct polar_webhook_headers headers = {
        .id = web_header(request, "webhook-id"),
        .timestamp = web_header(request, "webhook-timestamp"),
        .signature = web_header(request, "webhook-signature"),
    };
    enum polar_webhook_verdict verdict = polar_webhook_verify(
        &listener->secret, &headers, request->body, clock_now_us(listener->cli->clock));
    if (verdict != POLAR_WEBHOOK_GENUINE) {
        refuse_with(listener, answer, statuses[verdict], polar_webhook_words(verdict));
        return;
    }
    enum till_code code = decode_event(request->body, &arena, &event, &e);
    if (code == TILL_MEMORY)
        answer_later(listener, answer, &e);
    else if (code)
        refuse_with(listener, answer, 400, e.text);
    else if (event.organization_id.ptr &&
             !sv_equal(event.organization_id, sv_of(listener->connection.organization_id)))
        refuse_with(listener, answer, 400, "it belongs to another organization");
    else
        keep(listener, headers.id, &event, answer);
}

// ---- the loop ----

// A portion of what waits; nothing while another process holds the mirror.
static enum till_code apply_some(struct listener *listener, bool *ret_is_held, struct till_error *e)
{
    char mine[TILL_LIMIT_LOCK_HOLDER_BYTES];
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES] = "";
    struct fs_lock lock = {.fd = -1};
    struct sync_inbox_counts counts = {0};
    (void)snprintf(mine, sizeof(mine), "till webhook-listen, process %ld", (long)getpid());
    enum till_code code = fs_lock_take(listener->cli->places.lock_file, mine, 0, &lock, holder, e);
    *ret_is_held = code == TILL_LIMIT;
    if (code)
        return *ret_is_held ? TILL_OK : code;
    code = sync_inbox(listener->mirror, sv_of(listener->connection.organization_id),
                      listener->cli->clock, TILL_LIMIT_WEBHOOK_APPLY, &counts, e);
    fs_lock_release(&lock);
    if (code)
        return code;
    listener->has_waiting = !counts.is_empty;
    listener->since_applied = 0;
    if (counts.set_aside > 0)
        cli_say(listener->cli,
                "till: %lld webhooks could not be read; table till_webhooks says why",
                (long long)counts.set_aside);
    return TILL_OK;
}

// A database that is busy or full for a while is no reason to stop listening: the service would disable the endpoint.
static enum till_code serve(struct listener *listener, struct web *web, struct till_error *e)
{
    enum till_code code = TILL_OK;
    bool is_held = false;
    while (!code && !cli_stop && !listener->is_over) {
        struct till_error trouble = {0};
        int answered = 0;
        bool may_apply = listener->has_waiting && !is_held;
        code = web_step(web, may_apply ? QUIET_MS : WAIT_MS, &answered, e);
        listener->since_applied += answered;
        if (code || !listener->has_waiting ||
            (answered > 0 && listener->since_applied < MOST_UNAPPLIED))
            continue;
        if (apply_some(listener, &is_held, &trouble)) {
            is_held = true; // tried again in a moment
            log_event(LOG_LEVEL_ERROR, "webhook_not_applied error=\"%s\"", trouble.text);
        }
    }
    if (!code && listener->is_over) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s is not connected any more",
                        listener->connection.name);
        code = till_error_hint(e, "connect it again: `till connect polar`");
    }
    return code;
}

static void say_address(struct listener *listener, const char *address, uint16_t port)
{
    struct cli *cli = listener->cli;
    bool is_six = strchr(address, ':') != NULL;
    char url[TILL_LIMIT_PATH_BYTES];
    (void)snprintf(url, sizeof(url), is_six ? "http://[%s]:%u%s" : "http://%s:%u%s", address,
                   (unsigned)port, listener->path);
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "url", url);
        buf_text(&cli->out, "}\n");
    } else {
        buf_format(&cli->out, "Waiting for the webhooks of %s at %s\n",
                   listener->connection.organization_name, url);
    }
    if (!web_is_loopback(address))
        cli_say(cli, "till: other machines can reach this address; what Polar has not signed is "
                     "refused");
}

static enum till_code listen_and_serve(struct listener *listener, struct till_error *e)
{
    struct cli *cli = listener->cli;
    struct web *web = NULL;
    int64_t port = PORT;
    struct web_options options = {
        .address = cli->options[OPTION_listen] ? cli->options[OPTION_listen] : "127.0.0.1",
        .body_bytes = TILL_LIMIT_WEBHOOK_BYTES,
        .context = listener,
        .refuse = on_head,
        .answer = on_webhook,
    };
    enum till_code code = TILL_OK;
    if (cli->options[OPTION_port])
        code = cli_count(cli->options[OPTION_port], "--port", UINT16_MAX, &port, e);
    options.port = (uint16_t)port;
    if (code == TILL_OK)
        code = web_open(&options, &web, e);
    if (code)
        return code;
    say_address(listener, options.address, web_port(web));
    code = cli_flush(cli, e);
    if (code == TILL_OK)
        code = serve(listener, web, e);
    web_close(web);
    return code;
}

// ---- the secret ----

void cli_webhook_secret_name(const char *connection, char ret_name[static CLI_SECRET_NAME_BYTES])
{
    (void)snprintf(ret_name, CLI_SECRET_NAME_BYTES, "%s.webhook", connection);
}

static enum till_code fail_no_secret(const char *connection, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the webhook secret of %s is not known", connection);
    return till_error_hint(e, "copy it from the endpoint's page in Polar and give it once with "
                              "--secret-stdin --save");
}

static enum till_code settle_secret(struct listener *listener, struct till_error *e)
{
    struct cli *cli = listener->cli;
    struct vault *vault = NULL;
    char name[CLI_SECRET_NAME_BYTES];
    const char *place = listener->connection.secret_place;
    bool is_found = false;
    bool wants_save = cli->options[OPTION_save] != NULL;
    enum till_code code = cli_read_webhook_secret(cli, &listener->secret, e);
    bool is_given = listener->secret.len > 0;
    if (code || (is_given && !wants_save))
        return code ? code : polar_webhook_secret_check(&listener->secret, e);
    if (is_given)
        code = polar_webhook_secret_check(&listener->secret, e);
    cli_webhook_secret_name(listener->connection.name, name);
    // A token of the environment rests nowhere; the secret then goes where secrets go by the settings.
    bool has_place = strcmp(place, "file") == 0 || strcmp(place, "secret-service") == 0;
    if (code == TILL_OK)
        code = cli_open_vault(cli, has_place ? place : NULL, &vault, e);
    if (code == TILL_OK && is_given)
        code = vault_put(vault, name, &listener->secret, e);
    else if (code == TILL_OK)
        code = vault_get(vault, name, &listener->secret, &is_found, e);
    vault_close(vault);
    if (code == TILL_OK && !is_given && !is_found)
        return fail_no_secret(listener->connection.name, e);
    return code ? code : polar_webhook_secret_check(&listener->secret, e);
}

enum till_code cli_webhook_listen(struct cli *cli, struct till_error *e)
{
    const char *path = cli->options[OPTION_path];
    struct listener listener = {
        .cli = cli, .path = path ? path : "/webhooks/polar", .has_waiting = true};
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till webhook-listen [--port N]", e);
    if (code == TILL_OK && (listener.path[0] != '/' || strlen(listener.path) > 200 ||
                            strpbrk(listener.path, "?#% \"")))
        code = TILL_FAIL(e, TILL_USAGE, 0, "--path: \"%.60s\" is not the path of an address",
                         listener.path);
    if (code == TILL_OK && !fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        code = till_error_hint(e, "connect first: `till connect polar`");
    }
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_WRITE, &listener.inbox, e);
    if (code == TILL_OK)
        code = cli_open_store(cli, STORE_READ_WRITE, &listener.mirror, e);
    if (code == TILL_OK)
        code = cli_connection(cli, listener.inbox, &listener.connection, e);
    if (code == TILL_OK)
        code = settle_secret(&listener, e);
    if (code == TILL_OK)
        code = store_make_durable(listener.inbox, e);
    if (code == TILL_OK)
        code = listen_and_serve(&listener, e);
    secret_release(&listener.secret);
    store_close(listener.mirror);
    store_close(listener.inbox);
    return code;
}
