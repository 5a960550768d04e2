// SPDX-License-Identifier: Apache-2.0
// plausible.c - Plausible: its place until its client is there.
#include "traffic/source.h"

static enum till_code not_yet(struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_USAGE, 0, "Plausible cannot be connected with this program");
    return till_error_hint(e, "services: posthog");
}

static enum till_code validate(struct traffic *traffic, struct arena *arena,
                               struct traffic_identity *ret_identity, struct till_error *e)
{
    (void)traffic;
    (void)arena;
    (void)ret_identity;
    return not_yet(e);
}

static enum till_code fetch(struct traffic *traffic, const struct traffic_window *window,
                            struct arena *arena, struct traffic_batch *ret_batch,
                            struct till_error *e)
{
    (void)traffic;
    (void)window;
    (void)arena;
    (void)ret_batch;
    return not_yet(e);
}

const struct traffic_source traffic_plausible = {
    .terms = {.default_url = "https://plausible.io",
              .timezone = NULL,
              .requests_per_minute = 10,
              .history_days = 490,
              .reread_days = 2},
    .validate = validate,
    .fetch = fetch,
};
