// SPDX-License-Identifier: Apache-2.0
// session_test.c - the token's file, cookies as browsers send them, and the password.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "serve/session.h"

struct fixture {
    char folder[64], path[96];
    struct session session;
    struct till_error e;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.folder = "/tmp/till-session-XXXXXX"};
    *state = &fixture;
    return mkdtemp(fixture.folder) ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = {"serve-token", "serve-password"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TILL_COUNT(names); i++) {
        (void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->folder, names[i]);
        (void)unlink(fixture->path);
    }
    return rmdir(fixture->folder);
}

static void put(struct fixture *fixture, const char *name, const char *text)
{
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->folder, name);
    assert_int_equal(fs_write(fixture->path, sv_of(text), &fixture->e), TILL_OK);
}

static enum till_code open_it(struct fixture *fixture, bool is_new)
{
    fixture->e = (struct till_error){0};
    return session_open(fixture->folder, 8455, is_new, &fixture->session, &fixture->e);
}

static void a_token_is_kept(void **state)
{
    struct fixture *fixture = *state;
    char first[SESSION_TOKEN_CHARS + 1];
    assert_int_equal(open_it(fixture, false), TILL_OK);
    memcpy(first, fixture->session.token, sizeof(first));
    assert_int_equal(strspn(first, "0123456789abcdef"), SESSION_TOKEN_CHARS);
    assert_int_equal(open_it(fixture, false), TILL_OK);
    assert_string_equal(fixture->session.token, first);
    assert_int_equal(open_it(fixture, true), TILL_OK);
    assert_string_not_equal(fixture->session.token, first);
    put(fixture, "serve-token", "too short\n"); // damaged: a new one
    assert_int_equal(open_it(fixture, false), TILL_OK);
    assert_int_equal(strlen(fixture->session.token), SESSION_TOKEN_CHARS);
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/serve-token", fixture->folder);
    assert_int_equal(chmod(fixture->path, 0640), 0);
    assert_int_equal(open_it(fixture, false), TILL_CONFIG);
    assert_non_null(strstr(fixture->e.hint, "chmod"));
}

static void cookies_and_headers(void **state)
{
    struct fixture *fixture = *state;
    char text[512], line[SESSION_COOKIE_LINE_BYTES];
    struct session *session = &fixture->session;
    const struct sv none = {NULL, 0};
    assert_int_equal(open_it(fixture, false), TILL_OK);
    const char *token = session->token;
    static const char *const good[] = {"%s=%s", "a=b; %s=%s", "%s=%s; a=b", "a; b=;%s=%s;c"};
    for (size_t i = 0; i < TILL_COUNT(good); i++) {
        const char *mark = strstr(good[i], "%s=%s");
        (void)snprintf(text, sizeof(text), "%.*s%s=%s%s", (int)(mark - good[i]), good[i],
                       session->cookie, token, mark + 5);
        if (!session_is_in(session, sv_of(text), none))
            fail_msg("%s", text);
    }
    (void)snprintf(text, sizeof(text), "%s=%.63s", session->cookie, token);
    assert_false(session_is_in(session, sv_of(text), none));
    (void)snprintf(text, sizeof(text), "%s=%s0", session->cookie, token);
    assert_false(session_is_in(session, sv_of(text), none));
    (void)snprintf(text, sizeof(text), "x%s=%s; %s", session->cookie, token, session->cookie);
    assert_false(session_is_in(session, sv_of(text), none));
    assert_false(session_is_in(session, none, none));
    assert_false(session_is_in(session, SV(""), SV("")));
    (void)snprintf(text, sizeof(text), "bEaReR  %s ", token);
    assert_true(session_is_in(session, none, sv_of(text)));
    (void)snprintf(text, sizeof(text), "Basic %s", token);
    assert_false(session_is_in(session, none, sv_of(text)));
    session_cookie_line(session, false, line);
    assert_non_null(strstr(line, token));
    assert_non_null(strstr(line, "; HttpOnly; SameSite=Strict; Path=/"));
    session_cookie_line(session, true, line);
    assert_null(strstr(line, token));
    assert_non_null(strstr(line, "Max-Age=0"));
}

static void a_password(void **state)
{
    struct fixture *fixture = *state;
    struct session_password password;
    AUTO_BUF text;
    buf_init(&text, 4096);
    assert_int_equal(session_password_read(fixture->folder, &password, &fixture->e), TILL_OK);
    assert_false(password.is_set);
    assert_false(session_is_password(&password, SV("")));
    assert_int_equal(session_password_write(fixture->folder, SV("seven77"), &fixture->e),
                     TILL_USAGE);
    assert_int_equal(session_password_write(fixture->folder, SV("right horse"), &fixture->e),
                     TILL_OK);
    assert_int_equal(session_password_read(fixture->folder, &password, &fixture->e), TILL_OK);
    assert_true(password.is_set);
    assert_true(session_is_password(&password, SV("right horse")));
    assert_false(session_is_password(&password, SV("right horsf")));
    assert_false(session_is_password(&password, SV("right horse ")));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/serve-password", fixture->folder);
    assert_int_equal(fs_read(fixture->path, &text, &fixture->e), TILL_OK);
    assert_null(strstr(text.data, "horse"));
    static const char *const damaged[] = {"", "argon2id 3 65536 00 00\n", "argon2id 3\n",
                                          "plain 3 65536 00 00\n"};
    for (size_t i = 0; i < TILL_COUNT(damaged); i++) {
        put(fixture, "serve-password", damaged[i]);
        assert_int_equal(session_password_read(fixture->folder, &password, &fixture->e),
                         TILL_CONFIG);
    }
}

static void ten_tries_in_a_minute(void **state)
{
    struct session session = {.token = ""};
    (void)state;
    for (int i = 0; i < TILL_LIMIT_SERVE_PASSWORDS; i++)
        assert_true(session_may_try(&session, 1000 + i));
    assert_false(session_may_try(&session, 30000));
    assert_false(session_may_try(&session, 61000));
    assert_true(session_may_try(&session, 61001)); // the first is over a minute old
    assert_false(session_may_try(&session, 61001));
    session_forgive(&session);
    assert_true(session_may_try(&session, 61002));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(cookies_and_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_password, setup, teardown),
        cmocka_unit_test(ten_tries_in_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
