// SPDX-License-Identifier: Apache-2.0
// live.c - a shop that goes on living: every few seconds what happens to shops happens to this one, in real time, and its webhooks are sent.
//
// For the demo, where nobody drives the simulator. One step lets the shop's clock catch up with the real one, lets one thing happen, and posts the signed
// requests that came of it, one after the other. A receiver that does not answer within a second is passed over: Polar would try again, and a
// demo's next sync finds what was missed.
#include "server.h"

#include "server_core.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <yyjson.h>

enum { ANSWER_SECONDS = 1, REFUND_EVERY = 9, PATH_BYTES = 200 };

static const char everyday[] = "checkout,purchase,checkout_move,renewal,plan,cancel,recovery";

bool server_live_begin(struct server *server, const char *url, const char *secret,
                       const char **ret_reason)
{
    struct environment *environment = &server->environments[PRODUCTION];
    const struct webhook_endpoint_options options = {.url = url, .secret = secret};
    const char *used = NULL;
    pthread_rwlock_wrlock(&environment->lock);
    bool is_done =
        webhooks_register(environment->webhooks, environment->world, &options, &used, ret_reason);
    pthread_rwlock_unlock(&environment->lock);
    return is_done;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct timeval wait = {.tv_sec = ANSWER_SECONDS};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void put_headers(struct sim_out *out, yyjson_val *headers)
{
    size_t index, count;
    yyjson_val *name, *value;
    yyjson_obj_foreach(headers, index, count, name, value)
    {
        sim_out_format(out, "%s: %s\r\n", yyjson_get_str(name), yyjson_get_str(value));
    }
}

// One delivery as webhooks_deliver() prints it. The address is one of loopback: registering saw to that.
static void post(yyjson_val *delivery)
{
    const char *url = yyjson_get_str(yyjson_obj_get(delivery, "url"));
    yyjson_val *body = yyjson_obj_get(delivery, "body");
    const char *colon = url != NULL ? strrchr(url, ':') : NULL;
    const char *path = colon != NULL ? strchr(colon, '/') : NULL;
    int fd = colon != NULL ? connect_to((unsigned)strtoul(colon + 1, NULL, 10)) : -1;
    if (fd < 0 || !yyjson_is_str(body)) {
        return;
    }
    struct sim_out out = {0};
    sim_out_format(&out, "POST %.*s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n",
                   PATH_BYTES, path != NULL ? path : "/");
    put_headers(&out, yyjson_obj_get(delivery, "headers"));
    sim_out_format(&out, "Content-Length: %zu\r\n\r\n", yyjson_get_len(body));
    sim_out_append(&out, yyjson_get_str(body), yyjson_get_len(body));
    char answer[512];
    bool is_sent = !out.failed && send(fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
    while (is_sent && recv(fd, answer, sizeof(answer), 0) > 0) {
        continue;
    }
    sim_out_release(&out);
    close(fd);
}

static void post_all(const struct sim_out *lines)
{
    const char *at = lines->data, *end = at + lines->len;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        yyjson_doc *document = yyjson_read(at, length, 0);
        if (document != NULL) {
            post(yyjson_doc_get_root(document));
        }
        yyjson_doc_free(document);
        at += length + 1;
    }
}

void server_live_step(struct server *server)
{
    struct environment *environment = &server->environments[PRODUCTION];
    struct sim_out lines = {0};
    struct sim_mutation mutation = {.count = 1};
    struct sim_mutated done;
    uint64_t step = server->live_steps++;
    mutation.seed = server->options.seed + step;
    (void)world_kinds_parse(step % REFUND_EVERY == REFUND_EVERY - 1 ? "refund" : everyday,
                            &mutation.kinds);
    pthread_rwlock_wrlock(&environment->lock);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t behind = now.tv_sec - world_now_us(environment->world) / 1000000;
    mutation.seconds = behind > 0 ? behind : 0;
    world_mutate_kinds(environment->world, &mutation, &done);
    webhooks_collect(environment->webhooks, environment->world);
    const struct webhook_delivery delivery = {.seed = step, .now_seconds = now.tv_sec};
    webhooks_deliver(environment->webhooks, &delivery, &lines);
    pthread_rwlock_unlock(&environment->lock);
    if (!lines.failed && lines.len > 0) {
        post_all(&lines);
    }
    sim_out_release(&lines);
}
