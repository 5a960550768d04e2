// SPDX-License-Identifier: Apache-2.0
// room.h - private to deliver: what a digest is called on its way.
#ifndef TILL_DELIVER_ROOM_H
#define TILL_DELIVER_ROOM_H

#include <stdint.h>

#include "store/channels.h"

enum { DELIVER_ID_BYTES = 64 };
// "till-day-2026-11-17-0f1e2d3c4b5a6978": the same at each try; tells nobody who it is about.
void deliver_id(const struct store_delivery_key *key, char ret_id[static DELIVER_ID_BYTES]);
uint64_t deliver_hash(uint64_t seed, const char *text); // no secret is kept by it

#endif
