// SPDX-License-Identifier: Apache-2.0
// connect_google.c - the secret of `till connect search-console`: a service account's key from its file, or a person's consent from the browser.
//
// For a consent till listens on a free port of loopback, and the browser comes back there. On a machine without a browser the address is opened
// elsewhere, and what that browser ends at (a page that cannot be reached) is pasted here. Whoever else asks this port gets nothing: only an answer with
// our state counts.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/connect_google.h"
#include "traffic/consent.h"
#include "web/web.h"

enum { STEP_MS = 200, QUERY_BYTES = 4096 };

struct waiting {
    struct consent *consent;
    char query[QUERY_BYTES]; // the answer, once it is here
};

static enum till_code read_file(const struct cli *cli, const char *path, struct buf *text,
                                struct till_error *e)
{
    enum till_code code = buf_reserve(text, TILL_LIMIT_TOKEN_BYTES / 2) ? TILL_FAIL_MEMORY(e)
                                                                        : fs_read(path, text, e);
    if (code == TILL_OK && fs_is_exposed(path))
        cli_say(cli, "till: warning: %s can be read by other users of this machine; chmod 600 it",
                path);
    return code;
}

static void take(struct waiting *waiting, struct sv query)
{
    if (waiting->query[0] || query.len >= sizeof waiting->query ||
        !consent_is_answer(waiting->consent, query))
        return;
    memcpy(waiting->query, query.ptr, query.len);
    waiting->query[query.len] = '\0';
}

static bool refuse(void *context, const struct web_request *request, struct web_answer *answer)
{
    (void)context;
    if (sv_equal(request->method, SV("GET")))
        return false;
    answer->status = 405;
    answer->allow = "GET";
    return true;
}

static void on_request(void *context, const struct web_request *request, struct web_answer *answer)
{
    static const char done[] = "<!doctype html><meta charset=utf-8><title>till</title>"
                               "<p>That is all: go back to the terminal. This page can be closed.";
    static const char no[] = "<!doctype html><meta charset=utf-8><title>till</title>"
                             "<p>This is not the answer that till waits for.";
    struct waiting *waiting = context;
    struct sv query = {request->query.ptr ? request->query.ptr : "", request->query.len};
    bool is_ours = sv_equal(request->path, SV("/")) && consent_is_answer(waiting->consent, query);
    if (is_ours)
        take(waiting, query);
    answer->status = is_ours ? 200 : 404;
    answer->type = "text/html; charset=utf-8";
    web_answer_field(answer, "Referrer-Policy", "no-referrer");
    web_answer_field(answer, "Content-Security-Policy", "default-src 'none'");
    answer->lasting = sv_of(is_ours ? done : no);
}

// What was pasted: the whole address, or what is behind its question mark.
static void on_input(struct waiting *waiting, struct buf *line)
{
    char chunk[512];
    ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
    if (got <= 0)
        return;
    buf_append(line, chunk, (size_t)got);
    char *end = line->data ? memchr(line->data, '\n', line->len) : NULL;
    if (!end)
        return;
    struct sv text = sv_trim((struct sv){line->data, (size_t)(end - line->data)});
    const char *mark = memchr(text.ptr, '?', text.len);
    if (mark)
        text = (struct sv){mark + 1, text.len - (size_t)(mark + 1 - text.ptr)};
    take(waiting, text);
    buf_wipe(line);
    buf_init(line, QUERY_BYTES * 2);
}

static void tell_address(const struct cli *cli, const struct consent *consent)
{
    AUTO_BUF words;
    buf_init(&words, TILL_LIMIT_BUFFER_BYTES);
    buf_format(&words,
               "Open this address in a browser, and agree:\n\n%s\n\n"
               "On another machine the browser ends at a page that cannot be reached: paste that "
               "page's whole address here.\n",
               consent_url(consent));
    if (words.failure == TILL_OK && !cli->is_quiet)
        (void)!write(STDERR_FILENO, words.data, words.len);
}

static enum till_code wait_for(const struct cli *cli, struct web *web, struct waiting *waiting,
                               struct till_error *e)
{
    int64_t until_ms = clock_monotonic_ms(cli->clock) + TILL_LIMIT_CONSENT_MS;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    struct buf line;
    enum till_code code = TILL_OK;
    buf_init(&line, QUERY_BYTES * 2);
    while (code == TILL_OK && !waiting->query[0]) {
        int answered = 0;
        if (cli_stop)
            code = TILL_FAIL(e, TILL_CANCELED, 0, "interrupted while waiting for the consent");
        else if (clock_monotonic_ms(cli->clock) > until_ms)
            code = TILL_FAIL(e, TILL_LIMIT, 0, "the consent did not come in time");
        else
            code = web_step_with(web, &input, 1, STEP_MS, &answered, e);
        if (code == TILL_OK && (input.revents & (POLLIN | POLLHUP))) {
            size_t before = line.len;
            on_input(waiting, &line);
            if (line.len == before && !waiting->query[0])
                input.fd = -1; // its end
        }
        input.revents = 0;
    }
    for (int i = 0; i < 3 && code == TILL_OK; i++) { // the browser's page on its way
        int answered = 0;
        code = web_step(web, STEP_MS / 4, &answered, e);
    }
    buf_wipe(&line);
    return code;
}

static enum till_code by_consent(const struct cli *cli, struct sv client, struct secret *ret_secret,
                                 struct till_error *e)
{
    struct waiting waiting = {.consent = NULL};
    struct web *web = NULL;
    char redirect[64];
    const struct web_options options = {.address = "127.0.0.1",
                                        .body_bytes = 1024,
                                        .context = &waiting,
                                        .refuse = refuse,
                                        .answer = on_request};
    const struct http_options http = {
        .user_agent = "till/" TILL_VERSION, .clock = cli->clock, .stop = &cli_stop, .in_flight = 1};
    enum till_code code = web_open(&options, &web, e);
    if (code)
        return code;
    (void)snprintf(redirect, sizeof redirect, "http://127.0.0.1:%u", (unsigned)web_port(web));
    code = consent_new(client, redirect, &waiting.consent, e);
    if (code == TILL_OK) {
        tell_address(cli, waiting.consent);
        code = wait_for(cli, web, &waiting, e);
    }
    web_close(web);
    if (code == TILL_OK)
        code = consent_finish(waiting.consent, sv_of(waiting.query), &http, ret_secret, e);
    memory_wipe(waiting.query, sizeof waiting.query);
    consent_free(waiting.consent);
    return code;
}

enum till_code cli_google_secret(const struct cli *cli, struct secret *ret_secret,
                                 struct till_error *e)
{
    const char *key = cli->options[OPTION_service_account];
    const char *client = cli->options[OPTION_client_file];
    bool is_person = cli->options[OPTION_oauth] != NULL;
    struct buf text;
    if (is_person && key)
        return TILL_FAIL(e, TILL_USAGE, 0, "give only one of --service-account and --oauth");
    if (is_person && !client) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--oauth needs an OAuth client of yours");
        return till_error_hint(e, "say --client-file FILE; Google Cloud: APIs and services, "
                                  "Credentials, OAuth client ID, Desktop app");
    }
    if (!is_person && !key && cli->options[OPTION_token_stdin])
        return cli_read_key(cli, "", "give it the JSON key of a service account", ret_secret, e);
    if (!is_person && !key) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "how to sign in to Google?");
        return till_error_hint(e,
                               "say --service-account FILE with the JSON key of a service "
                               "account (Google Cloud: IAM, Service accounts, Keys), or --oauth");
    }
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    enum till_code code = read_file(cli, is_person ? client : key, &text, e);
    struct sv bytes = {text.data ? text.data : "", text.len};
    if (code == TILL_OK)
        code = is_person ? by_consent(cli, bytes, ret_secret, e) : secret_set(ret_secret, bytes, e);
    buf_wipe(&text);
    return code;
}
