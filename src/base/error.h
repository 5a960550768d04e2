// SPDX-License-Identifier: Apache-2.0
// error.h - errors are values: a class to branch on, a cause in words, and what to do next.
//
// A struct till_error belongs to the caller, starts as {0} and never allocates, so that even "out of memory" can be described. Functions that
// can fail return enum till_code (TILL_OK is 0) and take the error last. The first cause sets the code, place and text; outer rooms add
// context in front of the text with till_error_context(). Only the cli room prints. Texts follow PostgreSQL's message style: lower case, no full
// stop, "could not ..." for what may work later, values quoted; they never hold a secret.
#ifndef TILL_BASE_ERROR_H
#define TILL_BASE_ERROR_H

#include <stdbool.h>

#include "base/attr.h"

// name, stable word for JSON, exit status of the process, may the same call work if it is simply tried again?,
// words for a person
#define TILL_CODES(X)                                                                              \
    X(OK, "ok", 0, false, "ok")                                                                    \
    X(USAGE, "usage", 2, false, "bad usage")                                                       \
    X(CONFIG, "config", 3, false, "bad configuration")                                             \
    X(AUTH, "auth", 4, false, "not authorised")                                                    \
    X(NETWORK, "network", 5, true, "network failure")                                              \
    X(REMOTE, "remote", 6, true, "the service answered with an error")                             \
    X(FORMAT, "format", 7, false, "the answer could not be understood")                            \
    X(STORE, "store", 8, false, "the database failed")                                             \
    X(MEMORY, "memory", 9, false, "out of memory")                                                 \
    X(LIMIT, "limit", 10, false, "a limit was reached")                                            \
    X(PARTIAL, "partial", 11, false, "some tables failed")                                         \
    X(STALE, "stale", 12, false, "the data is stale")                                              \
    X(CANCELED, "canceled", 130, false, "interrupted")

#define TILL_CODE_MEMBER(name, word, status, retry, words) TILL_##name,
enum till_code { TILL_CODES(TILL_CODE_MEMBER) TILL_CODE__COUNT };
#undef TILL_CODE_MEMBER

enum { TILL_ERROR_TEXT_BYTES = 640, TILL_ERROR_HINT_BYTES = 384 };

struct till_error {
    enum till_code code;
    long detail;      // errno, CURLcode, SQLite extended code or HTTP status of the first cause
    const char *file; // where the first cause was seen; shown with TILL_LOG=debug only
    int line;
    char text[TILL_ERROR_TEXT_BYTES]; // "could not list orders: the service answered 503"
    char hint[TILL_ERROR_HINT_BYTES]; // the next thing to do, one sentence; may be empty
};

// Sets code, detail, place and text (and clears the hint); returns code. Cuts a text that is too long at a character boundary.
enum till_code till_error_set(struct till_error *e, enum till_code code, long detail,
                              const char *file, int line, const char *format, ...)
    TILL_PRINTF(6, 7);
// Puts "context: " in front of the text; returns e->code.
enum till_code till_error_context(struct till_error *e, const char *format, ...) TILL_PRINTF(2, 3);
// Sets the hint; returns e->code.
enum till_code till_error_hint(struct till_error *e, const char *format, ...) TILL_PRINTF(2, 3);
void till_error_clear(struct till_error *e);

int till_code_exit_status(enum till_code code);
bool till_code_may_retry(enum till_code code);
const char *till_code_words(enum till_code code);
const char *till_code_name(enum till_code code); // "network"; stable, used in JSON output

// What was set, said where every caller's compiler and analyser can see it: a failure is never TILL_OK.
static inline enum till_code till_error_is(enum till_code code, enum till_code set)
{
    (void)set;
    return code;
}
#define TILL_FAIL(e, code, detail, ...)                                                            \
    till_error_is((code),                                                                          \
                  till_error_set((e), (code), (long)(detail), __FILE__, __LINE__, __VA_ARGS__))
#define TILL_FAIL_MEMORY(e) TILL_FAIL((e), TILL_MEMORY, 0, "out of memory")

#endif
