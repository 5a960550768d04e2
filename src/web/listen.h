// SPDX-License-Identifier: Apache-2.0
// listen.h - the listening socket. Private to this room.
#ifndef TILL_WEB_LISTEN_H
#define TILL_WEB_LISTEN_H

#include <stdint.h>

#include "base/error.h"

// Bound, listening, non-blocking, close-on-exec. *ret_port is the real one.
enum till_code listen_open(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port,
                           struct till_error *e) TILL_MUSTUSE;

#endif
