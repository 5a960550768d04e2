// SPDX-License-Identifier: Apache-2.0
// session.c - the token's file, cookies, and Argon2id.
//
// The cookie holds the token itself: there is one owner, and nothing to look up. It has no end of its own; `till serve --new-token` ends all sessions.
// The password's file has one line: "argon2id PASSES MEMORY_KIB SALT HASH", so that its cost can grow without making old files useless.
#include "serve/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/secret.h"
#include "crypto/crypto.h"

enum { PASSES = 3, MEMORY_KIB = 64 * 1024, FILE_BYTES = 512, WINDOW_MS = 60000 };

static void to_hex(const unsigned char *bytes, size_t count, char *place)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        place[2 * i] = digits[bytes[i] >> 4];
        place[2 * i + 1] = digits[bytes[i] & 15];
    }
    place[2 * count] = '\0';
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(struct sv text, unsigned char *place, size_t count)
{
    if (text.len != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        int high = digit_of(text.ptr[2 * i]), low = digit_of(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        place[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static enum till_code path_of(const char *folder, const char *name,
                              char ret_path[static TILL_LIMIT_PATH_BYTES], struct till_error *e)
{
    int len = snprintf(ret_path, TILL_LIMIT_PATH_BYTES, "%s/%s", folder, name);
    if (len < 0 || len >= TILL_LIMIT_PATH_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "the path of %s is too long", name);
    return TILL_OK;
}

// A missing file is *ret_found false.
static enum till_code read_private(const char *path, struct buf *text, bool *ret_found,
                                   struct till_error *e)
{
    enum till_code code = fs_read(path, text, e);
    *ret_found = code == TILL_OK;
    if (code == TILL_CONFIG && e->detail == ENOENT) {
        till_error_clear(e);
        return TILL_OK;
    }
    if (code == TILL_OK && fs_is_exposed(path)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s can be read by others", path);
        code =
            till_error_hint(e, "chmod 600 %s, then make a new one: `till serve --new-token`", path);
    }
    return code;
}

// ---- the token ----

static bool is_token_text(struct sv text)
{
    unsigned char bytes[SESSION_TOKEN_CHARS / 2];
    bool is_one = from_hex(text, bytes, sizeof(bytes));
    memory_wipe(bytes, sizeof(bytes));
    return is_one;
}

static enum till_code make_token(const char *path, struct session *session, struct till_error *e)
{
    unsigned char bytes[SESSION_TOKEN_CHARS / 2];
    char line[SESSION_TOKEN_CHARS + 2];
    crypto_random(bytes, sizeof(bytes));
    to_hex(bytes, sizeof(bytes), session->token);
    (void)snprintf(line, sizeof(line), "%s\n", session->token);
    enum till_code code = fs_write(path, sv_of(line), e);
    memory_wipe(bytes, sizeof(bytes));
    memory_wipe(line, sizeof(line));
    return code ? till_error_context(e, "could not keep the session token") : TILL_OK;
}

static enum till_code take_token(const char *path, bool is_new, struct session *session,
                                 struct till_error *e)
{
    struct buf text;
    bool is_found = false;
    enum till_code code = TILL_OK;
    buf_init(&text, FILE_BYTES);
    if (!is_new)
        code = read_private(path, &text, &is_found, e);
    struct sv token = sv_trim((struct sv){text.data ? text.data : "", text.len});
    is_found = is_found && is_token_text(token);
    if (code == TILL_OK && is_found)
        memcpy(session->token, token.ptr, SESSION_TOKEN_CHARS);
    buf_wipe(&text);
    return code || is_found ? code : make_token(path, session, e);
}

enum till_code session_open(const char *folder, uint16_t port, bool is_new,
                            struct session *ret_session, struct till_error *e)
{
    char path[TILL_LIMIT_PATH_BYTES];
    struct session session = {.password = {.is_set = false}};
    enum till_code code = crypto_start(e);
    if (code == TILL_OK)
        code = path_of(folder, "serve-token", path, e);
    if (code == TILL_OK)
        code = take_token(path, is_new, &session, e);
    if (code == TILL_OK)
        code = session_password_read(folder, &session.password, e);
    (void)snprintf(session.cookie, sizeof(session.cookie), "till_session_%u", (unsigned)port);
    if (code == TILL_OK)
        *ret_session = session;
    memory_wipe(&session, sizeof(session));
    return code;
}

void session_close(struct session *session)
{
    memory_wipe(session, sizeof(*session));
}

bool session_is_token(const struct session *session, struct sv given)
{
    return given.len == SESSION_TOKEN_CHARS &&
           crypto_equal(given.ptr, session->token, SESSION_TOKEN_CHARS);
}

bool session_is_in(const struct session *session, struct sv cookies, struct sv authorization)
{
    struct sv rest = cookies, part;
    size_t name = strlen(session->cookie);
    if (authorization.ptr && authorization.len > 7 &&
        sv_equal_ignoring_case((struct sv){authorization.ptr, 7}, SV("bearer ")) &&
        session_is_token(session,
                         sv_trim((struct sv){authorization.ptr + 7, authorization.len - 7})))
        return true;
    while (rest.ptr && rest.len > 0 && sv_split(&rest, ';', &part)) {
        part = sv_trim(part);
        if (part.len > name && memcmp(part.ptr, session->cookie, name) == 0 &&
            part.ptr[name] == '=' &&
            session_is_token(session, (struct sv){part.ptr + name + 1, part.len - name - 1}))
            return true;
    }
    return false;
}

void session_cookie_line(const struct session *session, bool is_end,
                         char ret_line[static SESSION_COOKIE_LINE_BYTES])
{
    (void)snprintf(ret_line, SESSION_COOKIE_LINE_BYTES,
                   "%s=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d", session->cookie,
                   is_end ? "" : session->token, is_end ? 0 : 365 * 24 * 3600);
}

// ---- the password ----

bool session_may_try(struct session *session, int64_t now_ms)
{
    for (size_t i = 0; i < TILL_COUNT(session->tried_ms); i++) {
        if (session->tried_ms[i] == 0 || now_ms - session->tried_ms[i] > WINDOW_MS) {
            session->tried_ms[i] = now_ms;
            return true;
        }
    }
    return false;
}

void session_forgive(struct session *session)
{
    memset(session->tried_ms, 0, sizeof(session->tried_ms));
}

bool session_is_password(const struct session_password *password, struct sv given)
{
    unsigned char hash[CRYPTO_KEY_BYTES];
    bool is_right =
        password->is_set &&
        crypto_stretch(given, password->salt, password->passes, password->memory_kib, hash) &&
        crypto_equal(hash, password->hash, sizeof(hash));
    memory_wipe(hash, sizeof(hash));
    return is_right;
}

enum till_code session_password_write(const char *folder, struct sv password, struct till_error *e)
{
    enum { LEAST_BYTES = 8 };
    char path[TILL_LIMIT_PATH_BYTES], line[FILE_BYTES];
    char salt_hex[2 * CRYPTO_SALT_BYTES + 1], hash_hex[2 * CRYPTO_KEY_BYTES + 1];
    unsigned char salt[CRYPTO_SALT_BYTES], hash[CRYPTO_KEY_BYTES];
    if (password.len < LEAST_BYTES) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "the password is too short");
        return till_error_hint(e, "take %d characters or more: other machines can try it",
                               (int)LEAST_BYTES);
    }
    enum till_code code = crypto_start(e);
    if (code == TILL_OK)
        code = fs_make_folder(folder, e);
    if (code == TILL_OK)
        code = path_of(folder, "serve-password", path, e);
    if (code)
        return code;
    crypto_random(salt, sizeof(salt));
    if (!crypto_stretch(password, salt, PASSES, MEMORY_KIB, hash))
        return TILL_FAIL_MEMORY(e);
    to_hex(salt, sizeof(salt), salt_hex);
    to_hex(hash, sizeof(hash), hash_hex);
    (void)snprintf(line, sizeof(line), "argon2id %d %d %s %s\n", (int)PASSES, (int)MEMORY_KIB,
                   salt_hex, hash_hex);
    memory_wipe(hash, sizeof(hash));
    return fs_write(path, sv_of(line), e);
}

static bool parse_password(struct sv line, struct session_password *ret_password)
{
    struct sv words[5] = {0}, rest = sv_trim(line);
    int64_t passes = 0, memory_kib = 0;
    for (size_t i = 0; i < TILL_COUNT(words); i++) {
        if (!sv_split(&rest, ' ', &words[i]))
            return false;
    }
    if (!sv_equal(words[0], SV("argon2id")) || !sv_to_int64(words[1], &passes) ||
        !sv_to_int64(words[2], &memory_kib) || passes < 1 || passes > TILL_LIMIT_KEY_PASSES ||
        memory_kib < 8 || memory_kib > TILL_LIMIT_KEY_MEMORY_KIB ||
        !from_hex(words[3], ret_password->salt, sizeof(ret_password->salt)) ||
        !from_hex(words[4], ret_password->hash, sizeof(ret_password->hash)))
        return false;
    ret_password->passes = (uint32_t)passes;
    ret_password->memory_kib = (uint32_t)memory_kib;
    ret_password->is_set = true;
    return true;
}

enum till_code session_password_read(const char *folder, struct session_password *ret_password,
                                     struct till_error *e)
{
    char path[TILL_LIMIT_PATH_BYTES];
    bool is_found = false;
    struct session_password password = {.is_set = false};
    AUTO_BUF text;
    buf_init(&text, FILE_BYTES);
    enum till_code code = path_of(folder, "serve-password", path, e);
    if (code == TILL_OK)
        code = read_private(path, &text, &is_found, e);
    if (code == TILL_OK && is_found &&
        !parse_password((struct sv){text.data, text.len}, &password)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "%s is damaged", path);
        code = till_error_hint(e, "set the password again: `till serve --set-password`");
    }
    if (code == TILL_OK)
        *ret_password = password;
    return code;
}
