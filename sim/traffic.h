// SPDX-License-Identifier: Apache-2.0
// traffic.h - the four traffic services beside the shop: PostHog (two regions), Search Console, Plausible and Umami, on ports of their own.
#ifndef SIM_TRAFFIC_H
#define SIM_TRAFFIC_H

#include "faults.h"
#include "world.h"

enum traffic_service {
    TRAFFIC_POSTHOG,
    TRAFFIC_POSTHOG_EU,
    TRAFFIC_GOOGLE,
    TRAFFIC_PLAUSIBLE,
    TRAFFIC_UMAMI,
    TRAFFIC_SERVICE__COUNT
};

struct traffic; // opaque: keys, tokens, settings; under a lock of its own
struct server;
struct request;
struct reply;
struct query;

struct traffic_options {
    const char *umami_version; // NULL = 3
    bool is_limited;           // the services' documented limits apply
};

extern const char *const traffic_service_names[TRAFFIC_SERVICE__COUNT];

// Makes the keys. NULL when there is no memory or no randomness.
struct traffic *traffic_new(const struct traffic_options *options);
void traffic_free(struct traffic *traffic);
// Answers one request to a service. The world must not change meanwhile. What the fault plan decided stands in the reply.
void traffic_answer(struct traffic *traffic, const struct sim_world *world,
                    enum traffic_service service, const struct request *request,
                    struct reply *reply);
// A query that was running (reply.is_query_running) has been answered.
void traffic_query_ended(struct traffic *traffic);
// What a service says when the fault plan asks for a status.
void traffic_answer_fault(struct traffic *traffic, enum traffic_service service,
                          struct reply *reply);
// Appends `"posthog":{...},"google":{...},...` for the greeting, with Google's key when `has_google_key`.
void traffic_describe(struct traffic *traffic, const uint16_t ports[TRAFFIC_SERVICE__COUNT],
                      bool has_google_key, struct sim_out *out);
// Appends the private key of Google's service account (PEM), which is made when it is first asked for: that takes longer than the whole rest of a
// start. False when it cannot be made.
bool traffic_google_key(struct traffic *traffic, struct sim_out *out);
// GET /_sim/traffic and POST /_sim/traffic. NULL when done, else why not.
const char *traffic_truth(struct traffic *traffic, const struct sim_world *world,
                          const struct query *query, struct sim_out *out);
const char *traffic_control(struct traffic *traffic, const struct query *query,
                            struct sim_out *out);

#endif
