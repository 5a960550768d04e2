// SPDX-License-Identifier: Apache-2.0
// server.h - the state of a running server, which the files of this room share. Private to it, and to the loop's thread.
#ifndef TILL_SERVE_SERVER_H
#define TILL_SERVE_SERVER_H

#include "api/api.h"
#include "base/limits.h"
#include "serve/cache.h"
#include "serve/children.h"
#include "serve/guard.h"
#include "serve/readers.h"
#include "serve/serve.h"
#include "serve/session.h"
#include "serve/watcher.h"
#include "web/web.h"

enum { TAG_LIST_BYTES = 256 };
struct waiter { // a request whose answer is being computed; free when ticket is 0
    uint64_t ticket, flight;
    enum api_route route;
    bool is_in;                         // has a session
    char if_none_match[TAG_LIST_BYTES]; // "" = not asked
};
struct flight { // one computation, for everybody who asked the same; free when number is 0
    uint64_t number, stamp;
    int64_t begun_ms;
    enum api_route route;
    struct buf key;
};

struct serve {
    const struct serve_options *options;
    struct web *web;
    uint16_t port;
    struct guard_policy guard;
    struct zone *zone; // to say its name
    struct session session;
    struct readers *readers;
    struct children *children;
    struct cache *cache;
    struct watcher watcher;
    struct waiter waiters[TILL_LIMIT_SERVE_CONNECTIONS];
    struct flight flights[TILL_LIMIT_SERVE_CONNECTIONS];
    uint64_t last_flight;
    size_t patient; // tasks in that lane
    int64_t looked_ms, commented_ms;
    char said[CHILD_JOB][TILL_ERROR_TEXT_BYTES];  // the last remark on each keeper
    char scratch[TILL_LIMIT_SERVE_SCRATCH_BYTES]; // a header line of the answer being made
};

int64_t serve_now_ms(const struct serve *serve);

// ---- answers.c: what is said, and how ----
void answer_error(struct web_answer *answer, int status, const struct till_error *e);
void answer_refusal(struct web_answer *answer, int status, enum till_code code, const char *text);
// An answer of a READ route: 304 when the reader has it already.
void answer_cached(struct web_answer *answer, struct cached *cached, const char *if_none_match);
// A file of the dashboard, or a page of it.
void answer_page(struct serve *serve, const struct web_request *request, struct web_answer *answer);
extern const struct web_field serve_fields[]; // of every answer
extern const size_t serve_field_count;

// ---- questions.c: READ routes, and others that need a reader ----
struct question { // what a request asks; parameters in the arena
    struct arena arena;
    struct api_question ask;
};
// Parses query string or form. False: *answer says why not.
bool question_parse(const struct web_request *request, enum api_route route,
                    struct question *ret_question, struct web_answer *answer);
void question_release(struct question *question);
void question_read(struct serve *serve, const struct web_request *request, enum api_route route,
                   struct web_answer *answer);
void question_password(struct serve *serve, const struct web_request *request, struct sv password,
                       struct web_answer *answer);
// Answers of readers that have come.
void questions_finish(struct serve *serve);

// ---- routes.c ----
bool route_refuse(void *context, const struct web_request *request, struct web_answer *answer);
void route_answer(void *context, const struct web_request *request, struct web_answer *answer);
// The answer of /api/state around the members that the reader said of connections and sources; connections.ptr NULL = without a session.
void route_state(const struct serve *serve, struct sv connections, struct buf *out);
bool route_is_in(const struct serve *serve, const struct web_request *request);

// ---- serve.c ----
// Looks at the database, and tells the open pages when it has changed.
void serve_look(struct serve *serve);

#endif
