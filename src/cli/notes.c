// SPDX-License-Identifier: Apache-2.0
// notes.c - what `till annotate`, `till goal` and `till saved` share: which of their three ways is meant, texts by standard input, cells of their lists.
#include "cli/notes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/timestamp.h"

enum till_code cli_notes_run(struct cli *cli, const struct cli_notes *notes, struct till_error *e)
{
    const char *removed = cli->options[OPTION_remove];
    bool is_new = cli->argument_count > 0 && !removed;
    enum till_code code =
        cli_expect_arguments(cli, is_new ? 2 : 0, removed ? 0 : 2, notes->usage, e);
    if (code)
        return code;
    if (removed)
        return notes->remove(cli, removed, e);
    return is_new ? notes->put(cli, e) : notes->list(cli, e);
}

enum till_code cli_notes_open(const struct cli *cli, enum store_mode mode, struct store **ret_store,
                              struct till_error *e)
{
    if (!fs_exists(cli->places.database)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "nothing is connected yet");
        return till_error_hint(e, "connect first: `till connect polar`");
    }
    return cli_open_store(cli, mode, ret_store, e);
}

enum till_code cli_notes_removed(struct cli *cli, bool was_there, const char *what,
                                 const char *list_command, struct till_error *e)
{
    if (!was_there) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no %s", what);
        return till_error_hint(e, "`%s` lists what there is", list_command);
    }
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "removed", what);
        buf_text(&cli->out, "}\n");
    } else {
        cli_say(cli, "Removed %s.", what);
    }
    return TILL_OK;
}

struct value cli_cell(struct sv text)
{
    return text.len > 0 ? (struct value){.type = VALUE_TEXT, .text = text}
                        : (struct value){.type = VALUE_NULL};
}

struct value cli_cell_time(int64_t unix_us, char place[static TIMESTAMP_BYTES + 1])
{
    bool is_known = unix_us != 0 && timestamp_format(unix_us, place);
    return cli_cell(is_known ? (struct sv){place, TIMESTAMP_BYTES} : SV(""));
}

void cli_date_text(struct civil_date date, char ret_text[static CLI_DATE_BYTES])
{
    (void)snprintf(ret_text, CLI_DATE_BYTES, "%04d-%02d-%02d", date.year % 10000, date.month % 100,
                   date.day % 100);
}

enum till_code cli_read_text(const char *word, const char *what, struct buf *text,
                             struct till_error *e)
{
    if (strcmp(word, "-") != 0) {
        buf_text(text, word);
        return buf_fail(text, what, e);
    }
    while (text->failure == TILL_OK) {
        char chunk[4096];
        ssize_t got = read(STDIN_FILENO, chunk, sizeof(chunk));
        if (cli_stop)
            return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted while reading %s", what);
        if (got < 0 && errno != EINTR)
            return TILL_FAIL(e, TILL_CONFIG, errno, "could not read %s from standard input: %s",
                             what, strerrordesc_np(errno));
        if (got == 0)
            break;
        buf_append(text, chunk, got > 0 ? (size_t)got : 0);
    }
    if (text->len > 0 && memchr(text->data, '\0', text->len))
        return TILL_FAIL(e, TILL_USAGE, 0, "%s has a NUL character in it", what);
    buf_text(text, ""); // an empty one is text too
    return buf_fail(text, what, e);
}
