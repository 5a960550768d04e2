// SPDX-License-Identifier: Apache-2.0
// work.h - what a page asks for, as the command line of the till process that does it. Private to this room.
#ifndef TILL_SERVE_WORK_H
#define TILL_SERVE_WORK_H

#include "api/api.h"
#include "base/arena.h"
#include "base/sv.h"
#include "serve/children.h"

// The question has passed api_check(). What is nobody else's business (a token, what a person wrote, an amount) is not among the arguments, which all users of
// a machine can see: it goes into *ret_input, borrowed from the question, for standard input. USAGE: something is missing.
enum till_code work_arguments(const struct api_question *question, struct arena *arena,
                              struct child_arguments *ret_arguments, struct sv *ret_input,
                              struct till_error *e) TILL_MUSTUSE;

#endif
