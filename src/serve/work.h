// SPDX-License-Identifier: Apache-2.0
// work.h - what a page asks for, as the command line of the till process that does it. Private to this room.
#ifndef TILL_SERVE_WORK_H
#define TILL_SERVE_WORK_H

#include "api/api.h"
#include "base/arena.h"
#include "base/secret.h"
#include "serve/children.h"

// The question has passed api_check(). A token goes into *ret_input (zeroed before) and nowhere else. USAGE: something is missing.
enum till_code work_arguments(const struct api_question *question, struct arena *arena,
                              struct child_arguments *ret_arguments, struct secret *ret_input,
                              struct till_error *e) TILL_MUSTUSE;

#endif
