// SPDX-License-Identifier: Apache-2.0
// failure_test.c - every way in which a connection can fail: its class, its words, its hint, and whether it is tried again.
#include "support.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(loopback_answer *answer, const struct http_options *options, int attempts,
                  const char *words)
{
    struct http_response response = ask(answer, options, NULL, NULL);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_int_equal(response.code, response.error.code);
    assert_int_equal(response.attempts, attempts);
    if (!strstr(response.error.text, words))
        fail_msg("\"%s\" does not say \"%s\"", response.error.text, words);
    assert_non_null(strstr(response.error.text, "127.0.0.1"));
    assert_true(response.error.hint[0]);
    http_response_release(&response);
}

static bool answer_nothing(const struct loopback_request *r)
{
    (void)r;
    return false;
}
static bool answer_reset(const struct loopback_request *r)
{
    loopback_reset(r->fd);
    return false;
}
static bool answer_reset_inside(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"items\":");
    loopback_sleep_ms(20);
    loopback_reset(r->fd);
    return false;
}
static bool answer_short(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"items\":[]}");
    return false;
}
static bool answer_short_chunked(const struct loopback_request *r)
{
    loopback_text(r->fd,
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"items\":[]}\r\n");
    return false;
}
static bool answer_bad_chunk(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    return false;
}
static bool answer_garbage(const struct loopback_request *r)
{
    loopback_text(r->fd, "220 mail.example ESMTP\r\n");
    return false;
}
static bool answer_cut_header(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nContent-Ty");
    return false;
}
static void broken_answers(void **state)
{
    (void)state;
    struct http_options options = {.attempts = 4};
    check(answer_nothing, &options, 4, "without an answer");
    check(answer_reset, &options, 4, "failed 4 times");
    check(answer_reset_inside, &options, 4, "broke while the answer arrived");
    check(answer_short, &options, 4, "before it was whole");
    check(answer_short_chunked, &options, 4, "before it was whole");
    check(answer_bad_chunk, &options, 4, "could not reach");
    check(answer_garbage, &options, 3, "does not speak HTTP");
    check(answer_cut_header, &options, 4, "could not reach");
}

static bool answer_breaks_once(const struct loopback_request *r)
{
    return r->number == 1 ? answer_short(r) : loopback_reply(r, 200, "", "whole");
}
static void nothing_is_left_of_a_broken_answer(void **state)
{
    (void)state;
    struct http_response response = ask(answer_breaks_once, NULL, NULL, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.error.code, TILL_OK);
    assert_string_equal(response.body.data, "whole");
    assert_int_equal(response.attempts, 2);
    http_response_release(&response);
}

static bool answer_silence(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    loopback_sleep_ms(20000);
    return false;
}
static bool answer_trickle(const struct loopback_request *r)
{
    loopback_text(r->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 100 && loopback_text(r->fd, " "); i++)
        loopback_sleep_ms(r->path[1] == 'q' ? 10 : 50);
    return true;
}
static void stall_and_trickle(void **state)
{
    (void)state;
    struct http_options options = {.attempts = 2, .stall_timeout_ms = 200};
    int64_t begin_us = loopback_now_us();
    check(answer_silence, &options, 2, "nothing arrived for 200 ms");
    assert_in_range((loopback_now_us() - begin_us) / 1000, 400, 1500);
    options =
        (struct http_options){.attempts = 2, .stall_timeout_ms = 200, .request_timeout_ms = 500};
    check(answer_trickle, &options, 2, "not whole after 500 ms");
    struct http_request request = {.url = "/quick"};
    options.request_timeout_ms =
        5000; // slow but steady: longer than the stall limit in whole, never silent
    struct http_response response = ask(answer_trickle, &options, &request, NULL);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.attempts, 1);
    http_response_release(&response);
}

static struct http_response ask_url(const char *url, const struct http_options *options)
{
    struct till_error e = {0};
    struct http *http = client(options);
    struct http_request request = {.url = url};
    assert_int_equal(http_submit(http, &request, &e), TILL_OK);
    struct http_response response = next(http);
    http_free(http);
    return response;
}

static void refused_and_unresolvable(void **state)
{
    (void)state;
    char url[64];
    struct loopback server;
    struct http_options options = {.attempts = 2};
    loopback_start(&server, answer_nothing, NULL);
    loopback_stop(&server); // its port is now closed
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    struct http_response response = ask_url(url, &options);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_int_equal(response.attempts, 2);
    assert_non_null(strstr(response.error.text, "could not connect"));
    http_response_release(&response);
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    response = ask_url("https://name.invalid/", NULL);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_int_equal(response.attempts, 3);
    assert_non_null(strstr(response.error.text, "name.invalid"));
    assert_non_null(strstr(response.error.hint, "DNS"));
    http_response_release(&response);
}

// ---- TLS, with a certificate made on the spot ----

struct tls {
    char folder[32], key[64], certificate[64];
    pid_t pid;
    int port;
};

static int run(const char *const *words)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr))
            execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool tls_make(struct tls *tls, const char *subject)
{
    snprintf(tls->folder, sizeof tls->folder, "/tmp/till-test-XXXXXX");
    assert_non_null(mkdtemp(tls->folder));
    snprintf(tls->key, sizeof tls->key, "%s/key", tls->folder);
    snprintf(tls->certificate, sizeof tls->certificate, "%s/certificate", tls->folder);
    const char *words[] = {"openssl",
                           "req",
                           "-x509",
                           "-newkey",
                           "ec",
                           "-pkeyopt",
                           "ec_paramgen_curve:P-256",
                           "-nodes",
                           "-keyout",
                           tls->key,
                           "-out",
                           tls->certificate,
                           "-days",
                           "2",
                           "-subj",
                           "/CN=test",
                           "-addext",
                           subject,
                           NULL};
    return run(words) == 0;
}

static void tls_serve(struct tls *tls, const char *option)
{
    int out[2];
    char line[256] = "";
    assert_int_equal(pipe(out), 0);
    tls->pid = fork();
    if (tls->pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        alarm(60);
        if (freopen("/dev/null", "w", stderr))
            execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-key", tls->key,
                   "-cert", tls->certificate, "-www", option, "-cipher", "ALL:@SECLEVEL=0",
                   (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *lines = fdopen(out[0], "r");
    assert_non_null(lines);
    while (tls->port == 0 && fgets(line, sizeof line, lines)) {
        const char *colon = strncmp(line, "ACCEPT", 6) == 0 ? strrchr(line, ':') : NULL;
        tls->port = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
    }
    fclose(lines);
    assert_int_not_equal(tls->port, 0);
}

static void tls_stop(struct tls *tls)
{
    kill(tls->pid, SIGKILL);
    waitpid(tls->pid, NULL, 0);
    remove(tls->key);
    remove(tls->certificate);
    remove(tls->folder);
    unsetenv("SSL_CERT_FILE");
}

static struct http_response tls_ask(const char *subject, const char *option, bool is_trusted)
{
    struct tls tls = {0};
    char url[64];
    if (!tls_make(&tls, subject)) {
        remove(tls.folder);
        print_message("the openssl program is not installed\n");
        skip();
    }
    tls_serve(&tls, option);
    if (is_trusted)
        setenv("SSL_CERT_FILE", tls.certificate, 1);
    snprintf(url, sizeof url, "https://localhost:%d/", tls.port);
    struct http_options options = {.attempts = 2};
    struct http_response response = ask_url(url, &options);
    tls_stop(&tls);
    return response;
}

static void tls_trusted(void **state)
{
    (void)state;
    struct http_response response = tls_ask("subjectAltName=DNS:localhost", "-no_ssl3", true);
    assert_int_equal(response.code, TILL_OK);
    assert_int_equal(response.status, 200);
    http_response_release(&response);
}

static void check_tls_refused(const char *subject, bool is_trusted)
{
    struct http_response response = tls_ask(subject, "-no_ssl3", is_trusted);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_int_equal(response.attempts, 1);
    assert_non_null(strstr(response.error.text, "certificate"));
    assert_non_null(strstr(response.error.hint, "ca-certificates"));
    http_response_release(&response);
}
static void tls_untrusted(void **state)
{
    (void)state;
    check_tls_refused("subjectAltName=DNS:localhost", false);
}
static void tls_other_name(void **state)
{
    (void)state;
    check_tls_refused("subjectAltName=DNS:other.example", true);
}
static void tls_too_old(void **state)
{
    (void)state;
    struct http_response response = tls_ask("subjectAltName=DNS:localhost", "-tls1_1", true);
    assert_int_equal(response.code, TILL_NETWORK);
    assert_non_null(strstr(response.error.hint, "TLS 1.2"));
    http_response_release(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_answers),    cmocka_unit_test(nothing_is_left_of_a_broken_answer),
        cmocka_unit_test(stall_and_trickle), cmocka_unit_test(refused_and_unresolvable),
        cmocka_unit_test(tls_trusted),       cmocka_unit_test(tls_untrusted),
        cmocka_unit_test(tls_other_name),    cmocka_unit_test(tls_too_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
