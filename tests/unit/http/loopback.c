// SPDX-License-Identifier: Apache-2.0
// loopback.c - a small HTTP server for tests; see loopback.h. Blocking sockets and a process for each connection: slow and impossible to deadlock.
#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_SECONDS = 60 };

int64_t loopback_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void loopback_sleep_ms(int ms)
{
    struct timespec rest = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
        continue;
}

bool loopback_write(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t done = send(fd, at, bytes, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        at += done;
        bytes -= (size_t)done;
    }
    return true;
}

bool loopback_text(int fd, const char *text)
{
    return loopback_write(fd, text, strlen(text));
}

bool loopback_reply_bytes(const struct loopback_request *request, int status, const char *headers,
                          const void *body, size_t bytes)
{
    char head[4096];
    snprintf(head, sizeof head, "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n%s\r\n", status,
             bytes, headers);
    return loopback_text(request->fd, head) && loopback_write(request->fd, body, bytes);
}

bool loopback_reply(const struct loopback_request *request, int status, const char *headers,
                    const char *body)
{
    return loopback_reply_bytes(request, status, headers, body, strlen(body));
}

void loopback_reset(int fd)
{
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

// Is the request here as a whole: its head, and as much of a body as it announces?
static bool loopback_is_whole(const char *text, size_t len)
{
    static const char length[] = "Content-Length: ";
    const char *end = strstr(text, "\r\n\r\n"), *announced = strstr(text, length);
    if (!end)
        return false;
    long body = announced && announced < end ? strtol(announced + sizeof length - 1, NULL, 10) : 0;
    return len >= (size_t)(end - text) + 4 + (size_t)body;
}

// Reads one request; false at the end of the connection.
static bool loopback_read(int fd, char text[static LOOPBACK_TEXT])
{
    size_t len = 0;
    while (len < LOOPBACK_TEXT - 1) {
        ssize_t got =
            recv(fd, text + len, LOOPBACK_TEXT - 1 - len, 0); // the client does not pipeline
        if (got <= 0)
            return false;
        len += (size_t)got;
        text[len] = '\0';
        if (loopback_is_whole(text, len))
            return true;
    }
    return false;
}

static bool loopback_one(struct loopback_request *request, char text[static LOOPBACK_TEXT],
                         loopback_answer *answer)
{
    char path[2048] = "";
    struct loopback_seen *seen = request->seen;
    request->number = atomic_fetch_add(&seen->requests, 1) + 1;
    if (request->number <= LOOPBACK_TIMES)
        atomic_store(&seen->at_us[request->number - 1], loopback_now_us());
    int now = atomic_fetch_add(&seen->in_flight, 1) + 1, most = atomic_load(&seen->most_in_flight);
    while (now > most && !atomic_compare_exchange_weak(&seen->most_in_flight, &most, now))
        continue;
    if (strstr(text, "Authorization:"))
        atomic_fetch_add(&seen->with_authorization, 1);
    memcpy(seen->text, text, strlen(text) + 1);
    size_t method = strncmp(text, "GET ", 4) == 0 ? 4 : strncmp(text, "POST ", 5) == 0 ? 5 : 0;
    const char *end = method > 0 ? strchr(text + method, ' ') : NULL;
    if (end && (size_t)(end - text) - method < sizeof path) {
        memcpy(path, text + method, (size_t)(end - text) - method);
        path[(size_t)(end - text) - method] = '\0';
    }
    request->text = text;
    request->path = path;
    bool is_open = answer(request);
    atomic_fetch_sub(&seen->in_flight, 1);
    return is_open;
}

static void loopback_connection(int fd, loopback_answer *answer, struct loopback_seen *seen,
                                const void *context)
{
    char text[LOOPBACK_TEXT];
    struct loopback_request request = {.fd = fd, .seen = seen, .context = context};
    atomic_fetch_add(&seen->connections, 1);
    while (loopback_read(fd, text) && loopback_one(&request, text, answer))
        continue;
    close(fd);
}

static void loopback_serve(int listener, loopback_answer *answer, struct loopback_seen *seen,
                           const void *context)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    alarm(LIFE_SECONDS);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        int one =
            1; // head and body are two writes: without this the second waits for a delayed acknowledgement
        if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one))
            continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            alarm(LIFE_SECONDS);
            close(listener);
            loopback_connection(fd, answer, seen, context);
            _exit(0);
        }
        close(fd);
    }
}

void loopback_start(struct loopback *loopback, loopback_answer *answer, const void *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    loopback->seen = mmap(NULL, sizeof *loopback->seen, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (listener < 0 || loopback->seen == MAP_FAILED ||
        bind(listener, (struct sockaddr *)&address, len) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&address, &len))
        abort();
    loopback->port = ntohs(address.sin_port);
    snprintf(loopback->url, sizeof loopback->url, "http://127.0.0.1:%d", loopback->port);
    loopback->pid = fork();
    if (loopback->pid < 0)
        abort();
    if (loopback->pid == 0)
        loopback_serve(listener, answer, loopback->seen, context);
    close(listener);
}

void loopback_stop(struct loopback *loopback)
{
    kill(loopback->pid, SIGKILL); // its connections die with it
    waitpid(loopback->pid, NULL, 0);
    munmap(loopback->seen, sizeof *loopback->seen);
}

int loopback_most_within(const struct loopback_seen *seen, int64_t window_us)
{
    int count = atomic_load(&seen->requests), most = 0;
    for (int i = 0; i < count && i < LOOPBACK_TIMES; i++) {
        int within = 0;
        for (int j = 0; j < count && j < LOOPBACK_TIMES; j++) {
            int64_t after_us = seen->at_us[j] - seen->at_us[i];
            within += after_us >= 0 && after_us < window_us;
        }
        most = within > most ? within : most;
    }
    return most;
}
