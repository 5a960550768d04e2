// SPDX-License-Identifier: Apache-2.0
// session.h - who may ask: the session token, its cookie, and the password that other machines need. Private to this room.
//
// The token is 256 random bits in a file of the owner (0600), so that an open page outlives a restart. Whoever can read that file can read the database as
// well. It is handed over in the fragment of the address, which browsers send to nobody; the page trades it for a cookie that scripts cannot read and
// other sites cannot use. A password, where one is set, is traded for the same cookie.
#ifndef TILL_SERVE_SESSION_H
#define TILL_SERVE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/sv.h"

enum { SESSION_TOKEN_CHARS = 64, SESSION_COOKIE_BYTES = 32, SESSION_HASH_BYTES = 32 };

struct session_password {
    bool is_set;
    uint32_t passes, memory_kib; // of Argon2id
    unsigned char salt[16], hash[SESSION_HASH_BYTES];
};
struct session {
    char token[SESSION_TOKEN_CHARS + 1];
    char cookie
        [SESSION_COOKIE_BYTES]; // its name: with our port, since browsers keep one set of cookies for all ports of a host
    struct session_password password;
    int64_t tried_ms[TILL_LIMIT_SERVE_PASSWORDS]; // when passwords were looked at; 0 = free
};

// Reads the token, or makes one (always with is_new), and the password's hash. CONFIG when another user could read the files.
enum till_code session_open(const char *folder, uint16_t port, bool is_new,
                            struct session *ret_session, struct till_error *e) TILL_MUSTUSE;
void session_close(struct session *session);
// Constant time.
bool session_is_token(const struct session *session, struct sv given);
// By the headers Cookie and Authorization; .ptr may be NULL.
bool session_is_in(const struct session *session, struct sv cookies, struct sv authorization);
// "NAME=TOKEN; HttpOnly; SameSite=Strict; Path=/"; of a session that ends: the same without a token.
enum { SESSION_COOKIE_LINE_BYTES = 192 };
void session_cookie_line(const struct session *session, bool is_end,
                         char ret_line[static SESSION_COOKIE_LINE_BYTES]);

// One more password may be looked at now. Counts it.
bool session_may_try(struct session *session, int64_t now_ms);
// The last one was right: it does not count.
void session_forgive(struct session *session);
// Takes its time (Argon2id): not in the loop. Reads nothing but the password's hash, so that any thread may.
bool session_is_password(const struct session_password *password, struct sv given);
// Makes the file with the hash. USAGE when it is too short to keep anybody out.
enum till_code session_password_write(const char *folder, struct sv password,
                                      struct till_error *e) TILL_MUSTUSE;
// False when there is none.
enum till_code session_password_read(const char *folder, struct session_password *ret_password,
                                     struct till_error *e) TILL_MUSTUSE;

#endif
