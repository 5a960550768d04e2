// SPDX-License-Identifier: Apache-2.0
// server_json.h - JSON strings into an output buffer, as Python's json.dumps(ensure_ascii=False) writes them.
#ifndef SIM_SERVER_JSON_H
#define SIM_SERVER_JSON_H

#include "world.h"

// Appends `text` (UTF-8) with its quotes. Bytes that are not UTF-8 become U+FFFD, so the output is always valid.
void json_append_string(struct sim_out *out, const char *text);
// Appends a short literal.
#define json_append_literal(out, literal) sim_out_append((out), "" literal, sizeof(literal) - 1)

#endif
