// SPDX-License-Identifier: Apache-2.0
// server_auth_test.c - tokens, scopes, and what an Authorization header means.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth.h"

static void test_checksum_is_crc32_in_base_62(void **state)
{
    (void)state;
    char checksum[7];
    auth_checksum("123456789", 9, checksum); // CRC-32 cbf43926 = 3421780262
    assert_string_equal(checksum, "3jZRME");
    auth_checksum("", 0, checksum);
    assert_string_equal(checksum, "000000");
}

static void test_tokens_live_in_one_environment(void **state)
{
    (void)state;
    struct auth *auth = auth_new();
    auth_scopes scopes;
    char token[AUTH_TOKEN_BYTES], header[AUTH_TOKEN_BYTES + 16], checksum[7];
    assert_true(auth_scopes_parse("orders:read,customers:read", &scopes));
    assert_true(auth_token_new(auth, 0, scopes, token));
    assert_int_equal(strlen(token), 53);
    assert_int_equal(strncmp(token, "polar_oat_", 10), 0);
    auth_checksum(token + 10, 37, checksum);
    assert_string_equal(token + 47, checksum);
    snprintf(header, sizeof(header), "bEaReR %s", token);
    struct auth_identity identity = auth_identify(auth, 0, header);
    assert_int_equal(identity.kind, AUTH_TOKEN);
    assert_true(identity.scopes == scopes);
    assert_int_equal(auth_identify(auth, 1, header).kind, AUTH_INVALID);
    assert_true(auth_token_edit(auth, token, 0));
    assert_true(auth_identify(auth, 0, header).scopes == 0);
    assert_true(auth_token_revoke(auth, token));
    assert_int_equal(auth_identify(auth, 0, header).kind, AUTH_INVALID);
    assert_false(auth_token_revoke(auth, "polar_oat_nothing"));
    auth_free(auth);
}

static void test_anonymous_headers(void **state)
{
    (void)state;
    struct auth *auth = auth_new();
    static const char *const headers[] = {NULL,      "",          "Basic dXNlcg==",     "Bearer",
                                          "Bearer ", "Bearer   ", "Bearer t\xC3\xB6ken"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        assert_int_equal(auth_identify(auth, 0, headers[i]).kind, AUTH_ANONYMOUS);
    }
    assert_int_equal(auth_identify(auth, 0, "Bearer anything").kind, AUTH_INVALID);
    auth_free(auth);
}

static void test_scope_sets(void **state)
{
    (void)state;
    auth_scopes read, events, full, write, minimal, none = 1;
    assert_true(auth_scopes_parse("read", &read));
    assert_true(auth_scopes_parse("events", &events));
    assert_true(auth_scopes_parse("full", &full));
    assert_true(auth_scopes_parse("write", &write));
    assert_true(auth_scopes_parse("minimal", &minimal));
    assert_true(auth_scopes_parse("", &none));
    assert_false(auth_scopes_parse("orders:read,nonsense:read", &full));
    assert_int_equal(__builtin_popcountll(read), 8);
    assert_true(events == (read | auth_scope_bit("events:read")));
    assert_true((full & events) == events && (full & auth_scope_bit("metrics:read")) != 0);
    assert_true((full & auth_scope_bit("orders:write")) == 0 &&
                (write & auth_scope_bit("orders:write")) != 0);
    assert_true(minimal == auth_scope_bit("orders:read"));
    assert_true(none == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum_is_crc32_in_base_62),
        cmocka_unit_test(test_tokens_live_in_one_environment),
        cmocka_unit_test(test_anonymous_headers),
        cmocka_unit_test(test_scope_sets),
    };
    return cmocka_run_group_tests_name("sim server auth", tests, NULL, NULL);
}
