// SPDX-License-Identifier: Apache-2.0
// listen.c - opens the listening socket by hand, so that a taken port or a forbidden one gets words of its own. Numeric addresses only: a name could
// mean another interface tomorrow.
#include "web/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "web/web.h"

// NULL when it is not a numeric address.
static struct addrinfo *resolve(const char *address, uint16_t port)
{
    char service[8];
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
    return getaddrinfo(address, service, &hints, &found) == 0 ? found : NULL;
}

bool web_is_loopback(const char *address)
{
    bool is_loopback = false;
    struct addrinfo *found = resolve(address, 0);
    if (found && found->ai_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, found->ai_addr, sizeof(four));
        is_loopback = ntohl(four.sin_addr.s_addr) >> 24 == 127;
    } else if (found && found->ai_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, found->ai_addr, sizeof(six));
        is_loopback = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
    }
    if (found)
        freeaddrinfo(found);
    return is_loopback;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    memcpy(&four, &address, sizeof(four));
    memcpy(&six, &address, sizeof(six));
    return ntohs(address.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

static enum till_code fail_listen(const char *address, uint16_t port, int number,
                                  struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, number, "could not listen on %s port %u: %s", address,
                    (unsigned)port, strerrordesc_np(number));
    if (number == EADDRINUSE)
        return till_error_hint(e, "another program has this port: choose another one with --port");
    if (number == EACCES)
        return till_error_hint(e, "ports below 1024 belong to the system: choose a higher one, "
                                  "and let a reverse proxy stand before it");
    return till_error_hint(e, "choose an address of this machine, such as 127.0.0.1");
}

enum till_code listen_open(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port,
                           struct till_error *e)
{
    const int on = 1;
    struct addrinfo *found = resolve(address, port);
    if (!found) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "\"%.60s\" is not an address to listen on", address);
        return till_error_hint(e, "give a numeric one, such as 127.0.0.1, ::1 or 0.0.0.0");
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_listening = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                        bind(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                        listen(fd, TILL_LIMIT_WEB_BACKLOG) == 0;
    int number = errno;
    freeaddrinfo(found);
    if (!is_listening) {
        if (fd >= 0)
            (void)close(fd);
        return fail_listen(address, port, number, e);
    }
    *ret_fd = fd;
    *ret_port = bound_port(fd);
    return TILL_OK;
}
