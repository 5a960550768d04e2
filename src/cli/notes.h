// SPDX-License-Identifier: Apache-2.0
// notes.h - private to the commands that write beside the numbers: annotate, goal, saved; `till query` shares one of them.
#ifndef TILL_CLI_NOTES_H
#define TILL_CLI_NOTES_H

#include "cli/cli.h"
#include "store/notes.h"

// As cli_open_store(); never makes a database: CONFIG while nothing is connected.
enum till_code cli_notes_open(const struct cli *cli, enum store_mode mode, struct store **ret_store,
                              struct till_error *e) TILL_MUSTUSE;
// Says what was removed, or fails (USAGE) when there was nothing. what: "annotation 7".
enum till_code cli_notes_removed(struct cli *cli, bool was_there, const char *what,
                                 const char *list_command, struct till_error *e) TILL_MUSTUSE;
// An argument, or with "-" all of standard input, into text, NUL-terminated. what: "the statement".
enum till_code cli_read_text(const char *word, const char *what, struct buf *text,
                             struct till_error *e) TILL_MUSTUSE;

// A command without arguments lists, with two writes, with --remove removes.
struct cli_notes {
    const char *usage;
    enum till_code (*list)(struct cli *cli, struct till_error *e);
    enum till_code (*put)(struct cli *cli, struct till_error *e); // two arguments are there
    enum till_code (*remove)(struct cli *cli, const char *which, struct till_error *e);
};
enum till_code cli_notes_run(struct cli *cli, const struct cli_notes *notes,
                             struct till_error *e) TILL_MUSTUSE;

// Cells of a list.
struct value cli_cell(struct sv text); // "" is null
struct value cli_cell_time(int64_t unix_us, char place[static TIMESTAMP_BYTES + 1]);
enum { CLI_DATE_BYTES = 16 };
void cli_date_text(struct civil_date date, char ret_text[static CLI_DATE_BYTES]);

#endif
