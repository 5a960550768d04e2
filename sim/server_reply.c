// SPDX-License-Identifier: Apache-2.0
// server_reply.c - building replies.
#include "server_core.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void reply_release(struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        free(reply->headers[i].value);
    }
    sim_out_release(&reply->body);
    *reply = (struct reply){0};
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
    char *copy = reply->header_count < SERVER_REPLY_HEADERS_MAX ? strdup(value) : NULL;
    if (copy == NULL) {
        reply->body.failed = true; // the transport drops such a connection
        return;
    }
    reply->headers[reply->header_count++] = (struct reply_header){name, copy};
}

const char *reply_header_value(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcmp(reply->headers[i].name, name) == 0) {
            return reply->headers[i].value;
        }
    }
    return NULL;
}

void reply_json(struct reply *reply, unsigned status, const char *body)
{
    reply->status = status;
    reply->content_type = "application/json";
    reply->body.len = 0;
    sim_out_text(&reply->body, body);
}

// The other slash form, absolute, with the query as it came.
void reply_redirect(struct reply *reply, const struct request *request,
                    const struct environment *environment)
{
    struct sim_out location = {0};
    const char *start = request->is_old_root ? request->target + strlen("/api") : request->target;
    size_t path_length = strcspn(start, "?");
    bool has_slash = path_length > 0 && start[path_length - 1] == '/';
    if (request->host != NULL) {
        sim_out_text(&location, "http://");
        sim_out_text(&location, request->host);
    } else {
        sim_out_format(&location, "http://127.0.0.1:%u", environment->port);
    }
    sim_out_append(&location, start, has_slash ? path_length - 1 : path_length);
    sim_out_text(&location, has_slash ? "" : "/");
    sim_out_text(&location, start + path_length);
    sim_out_append(&location, "", 1);
    reply->status = 307;
    if (location.failed) {
        reply->body.failed = true;
    } else {
        reply_header(reply, "Location", location.data);
    }
    sim_out_release(&location);
}

void reply_http_date(int64_t unix_s, char ret_text[static 32])
{
    time_t seconds = (time_t)unix_s;
    struct tm parts;
    ret_text[0] = '\0';
    if (gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(ret_text, 32, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
}

int64_t server_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
