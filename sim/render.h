// SPDX-License-Identifier: Apache-2.0
// render.h - the pieces of JSON that rows of several tables share.
#ifndef SIM_RENDER_H
#define SIM_RENDER_H

#include "render_out.h"
#include "world_names.h"

void render_metadata(struct sim_out *out, const struct metadata_pair *pairs, size_t count);
void render_customer(const struct sim_world *w, uint32_t customer, struct sim_out *out);
// `,"user_id":…,"user":{…}`
void render_user(const struct sim_world *w, uint32_t customer, struct sim_out *out);
// Line 1 and so on of the customer's country, or null.
void render_address(const struct country_info *country, bool is_known, struct sim_out *out);
void render_discount(const struct sim_world *w, uint8_t discount, struct sim_out *out);
// The fields that a subscription and its copy inside an order share, without braces.
void render_subscription_core(const struct sim_world *w, uint32_t subscription,
                              struct sim_out *out);
void render_custom_fields(const struct sim_world *w, unsigned product, uint64_t hash,
                          struct sim_out *out);
// A fragment that may hold a Discord token, which reads differently each time.
void render_with_token(const struct sim_world *w, const struct fragment *fragment,
                       struct sim_out *out);

void render_organization(const struct sim_world *w, struct sim_out *out);
void render_order(const struct sim_world *w, uint32_t index, struct sim_out *out);
void render_subscription(const struct sim_world *w, uint32_t index, struct sim_out *out);
void render_refund(const struct sim_world *w, uint32_t index, struct sim_out *out);
void render_checkout(const struct sim_world *w, uint32_t index, struct sim_out *out);
void render_event(const struct sim_world *w, uint32_t index, struct sim_out *out);

enum { TOKEN_BYTES = 43 };

#endif
