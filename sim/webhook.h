// SPDX-License-Identifier: Apache-2.0
// webhook.h - Polar's webhooks of one shop: endpoints, the events that mutations make, and the signed requests they become.
//
// The simulator does not send them: a delivery is handed out whole (address, headers, body), and the test posts it, so that it decides when, over what
// connection, and what happens on the way. All calls need the world's lock for writing.
#ifndef SIM_WEBHOOK_H
#define SIM_WEBHOOK_H

#include "world.h"

enum {
    WEBHOOK_ENDPOINTS_MAX = 8,
    WEBHOOK_QUEUE_MAX = 200000,
    WEBHOOK_URL_BYTES = 256,
    WEBHOOK_SECRET_BYTES = 128,
};

struct webhooks; // of one environment

struct webhooks *webhooks_new(void); // NULL when out of memory
void webhooks_free(struct webhooks *webhooks);

struct webhook_endpoint_options {
    const char *url;    // http:// on loopback only
    const char *secret; // NULL = a new one
    const char *events; // comma list of types, or "all"
    bool
        is_standard; // signs with the standard's key (base64 of what follows whsec_), not with Polar's
};
// From now on mutations make events for it. *ret_secret: the one in use. False: *ret_reason says why.
bool webhooks_register(struct webhooks *webhooks, const struct sim_world *world,
                       const struct webhook_endpoint_options *options, const char **ret_secret,
                       const char **ret_reason);
// After each mutation: queues the events of what has changed since the last call, with the bodies of this moment.
void webhooks_collect(struct webhooks *webhooks, const struct sim_world *world);

struct webhook_delivery {
    uint64_t seed;
    bool is_shuffled;            // else in the order of creation
    unsigned duplicates_percent; // so many are sent twice, with the same webhook-id
    unsigned drop_percent;       // so many never arrive
    int64_t age_seconds;         // the signature was made so long ago
    int64_t now_seconds;         // the real clock
};
// Appends one JSON line for each request and empties the queue.
void webhooks_deliver(struct webhooks *webhooks, const struct webhook_delivery *delivery,
                      struct sim_out *out);

// webhook_events.c: what a shop looked like, and which events lead from there to what it is.
struct webhook_past;
struct webhook_past *webhook_past_new(const struct sim_world *world);
void webhook_past_free(struct webhook_past *past);
typedef void webhook_tell(void *context, const char *type, enum sim_table table, uint32_t row);
void webhook_events_since(const struct webhook_past *past, const struct sim_world *world,
                          webhook_tell *tell, void *context);

#endif
