// SPDX-License-Identifier: Apache-2.0
// ini.h - walks the entries of INI text with their lines. Private to this room.
#ifndef TILL_CONFIG_INI_H
#define TILL_CONFIG_INI_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sv.h"

// Called for each "name = value"; anything but TILL_OK ends the walk with that error. All three texts are borrowed.
typedef enum till_code ini_entry(void *context, int line, struct sv section, struct sv name,
                                 struct sv value, struct till_error *e);

// `file` is for messages. CONFIG names the line of a syntax error, a line that is too long, or a NUL.
enum till_code ini_walk(const char *file, struct sv text, ini_entry *entry, void *context,
                        struct till_error *e) TILL_MUSTUSE;
// Copies text to `out` with the value of one entry replaced, all else byte for byte: the first for which is_wanted("name" or
// "section.name") holds, or a new line "name = value" after the last entry without a section.
typedef bool ini_is_wanted(const void *context, struct sv full_name);
void ini_replace(struct sv text, ini_is_wanted *is_wanted, const void *context, const char *name,
                 const char *value, struct buf *out);

#endif
