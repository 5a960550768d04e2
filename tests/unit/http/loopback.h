// SPDX-License-Identifier: Apache-2.0
// loopback.h - a small HTTP server for tests: a child process on 127.0.0.1, port 0, with one process for each connection.
//
// The test gives a function that is called in the server for every request and writes whatever it likes, also what no server should. What
// the server saw is in shared memory. Everything ends with loopback_stop() or after 60 seconds.
#ifndef TILL_TESTS_LOOPBACK_H
#define TILL_TESTS_LOOPBACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LOOPBACK_TIMES = 4096, LOOPBACK_TEXT = 8192 };

struct loopback_seen {
    atomic_int connections, requests, in_flight, most_in_flight, with_authorization;
    _Atomic int64_t at_us[LOOPBACK_TIMES]; // when request n (from 0) arrived, CLOCK_MONOTONIC
    char text[LOOPBACK_TEXT];              // the newest request, head in whole
};

struct loopback_request {
    int fd;
    int number; // from 1, over all connections
    const char *text, *path;
    struct loopback_seen *seen;
    const void *context;
};
// Answers; returns whether the connection stays open.
typedef bool loopback_answer(const struct loopback_request *request);

struct loopback {
    pid_t pid;
    int port;
    struct loopback_seen *seen;
    char url[64]; // "http://127.0.0.1:PORT"
};

void loopback_start(struct loopback *loopback, loopback_answer *answer, const void *context);
void loopback_stop(struct loopback *loopback);
// Whole answer with Content-Length; headers end with "\r\n" each, "" for none.
bool loopback_reply(const struct loopback_request *request, int status, const char *headers,
                    const char *body);
bool loopback_reply_bytes(const struct loopback_request *request, int status, const char *headers,
                          const void *body, size_t bytes);
bool loopback_write(int fd, const void *data, size_t bytes);
bool loopback_text(int fd, const char *text);
// Closes with a TCP reset.
void loopback_reset(int fd);
void loopback_sleep_ms(int ms);
int64_t loopback_now_us(void);
// The most arrivals within any window_us.
int loopback_most_within(const struct loopback_seen *seen, int64_t window_us);

#endif
