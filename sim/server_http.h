// SPDX-License-Identifier: Apache-2.0
// server_http.h - what the transport's files share: an exchange on one connection, and connections that sleep.
#ifndef SIM_SERVER_HTTP_H
#define SIM_SERVER_HTTP_H

#include "server_core.h"

#include <microhttpd.h>

// Sleeping connections: suspended now, resumed by a thread of the transport when their time has come.
struct sleepers;
struct sleepers *sleepers_new(void); // NULL on failure
// Wakes all and refuses new ones; call before the daemons stop.
void sleepers_stop(struct sleepers *sleepers);
void sleepers_free(struct sleepers *sleepers);
// Only from within a handler of that connection. False when the transport is stopping or the ceiling is reached: it goes on awake.
bool sleepers_add(struct sleepers *sleepers, struct MHD_Connection *connection, int64_t ms);

// True when the reply must leave through a stream because it is too large to hold, or has to go wrong on the way.
bool stream_is_needed(const struct reply *reply);
// Takes over the reply's body. NULL when memory ran out.
struct MHD_Response *stream_response(struct sleepers *sleepers, struct MHD_Connection *connection,
                                     struct reply *reply);

#endif
