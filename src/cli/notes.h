// SPDX-License-Identifier: Apache-2.0
// notes.h - private to the commands that write beside the numbers: annotate, goal, saved.
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
// An argument, or with "-" standard input, into sql (query.c).
enum till_code cli_read_statement(const char *word, struct buf *sql,
                                  struct till_error *e) TILL_MUSTUSE;

// Cells of a list.
struct value cli_cell(struct sv text); // "" is null
struct value cli_cell_time(int64_t unix_us, char place[static TIMESTAMP_BYTES + 1]);
enum { CLI_DATE_BYTES = 16 };
void cli_date_text(struct civil_date date, char ret_text[static CLI_DATE_BYTES]);

#endif
