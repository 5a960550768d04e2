// SPDX-License-Identifier: Apache-2.0
// channels.h - one channel in JSON, the same for `till channels --json` and GET /api/channels. No secret is in it: none is in the database.
#ifndef TILL_API_CHANNELS_H
#define TILL_API_CHANNELS_H

#include "store/channels.h"

// {"name":"team","kind":"telegram","where":"chat 42","enabled":true,"digests":"days","sections":["money",...],...,"deliveries":[newest first]}
enum till_code api_channel_json(struct store *store, const struct store_channel *channel,
                                size_t delivery_limit, struct buf *out,
                                struct till_error *e) TILL_MUSTUSE;
void api_delivery_json(const struct store_delivery *delivery, struct buf *out);

#endif
