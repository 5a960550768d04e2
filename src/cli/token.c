// SPDX-License-Identifier: Apache-2.0
// token.c - where a token, or another secret, comes from: standard input, a file, a command, the environment, or a prompt that does not echo. Never
// the command line, because other users see that in the process list and shells keep it in their history.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"

// Reads to the end (or, from a terminal, to the end of the line) with a ceiling and a deadline (0 = none).
static enum till_code read_all(int fd, bool one_line, int64_t deadline_ms, const char *what,
                               struct buf *text, struct till_error *e)
{
    for (;;) {
        char chunk[256];
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = deadline_ms ? deadline_ms - clock_monotonic_ms(&clock_system) : 200;
        if (cli_stop)
            return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted while waiting for %s", what);
        if (deadline_ms && left_ms <= 0)
            return TILL_FAIL(e, TILL_LIMIT, 0, "%s did not come in time", what);
        if (poll(&ready, 1, left_ms > 200 ? 200 : (int)left_ms) <= 0)
            continue;
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return TILL_FAIL(e, TILL_CONFIG, errno, "could not read %s: %s", what,
                             strerrordesc_np(errno));
        buf_append(text, chunk, (size_t)got);
        bool has_line = got > 0 && memchr(chunk, '\n', (size_t)got);
        memory_wipe(chunk, sizeof(chunk));
        if (got == 0 || (one_line && has_line))
            return buf_fail(text, what, e);
        if (text->failure)
            return buf_fail(text, what, e);
    }
}

static enum till_code from_prompt(const char *question, const char *what, const char *instead,
                                  struct buf *text, struct till_error *e)
{
    struct termios shown;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &shown) != 0) {
        if (fd >= 0)
            (void)close(fd);
        (void)TILL_FAIL(e, TILL_USAGE, 0, "no %s was given, and there is no terminal to ask on",
                        what);
        return till_error_hint(e, "use %s", instead);
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    // In this order: what is typed (or pasted) as soon as the question stands must find the echo off already.
    if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0) {
        (void)close(fd);
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not hide what is typed: %s",
                         strerrordesc_np(errno));
    }
    (void)!write(fd, question, strlen(question));
    enum till_code code = read_all(fd, true, 0, what, text, e);
    (void)tcsetattr(fd, TCSAFLUSH, &shown);
    (void)!write(fd, "\n", 1);
    (void)close(fd);
    return code;
}

static enum till_code finish_command(pid_t child, int64_t deadline_ms, enum till_code code,
                                     struct till_error *e)
{
    // After a failure there is nothing to wait for: the deadline is past.
    int status = cli_wait_group(child, code ? 1 : deadline_ms);
    if (code)
        return code;
    if (cli_stop)
        return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted while the token command ran");
    if (status == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, status, "the token command failed (status %d)", status);
    return till_error_hint(e, "run it by hand and see what it says");
}

static enum till_code from_command(const char *command, struct buf *text, struct till_error *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not make a pipe: %s",
                         strerrordesc_np(errno));
    pid_t child = fork();
    if (child == 0) {
        cli_lead_group();
        cli_reset_signals();
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not start the token command: %s",
                         strerrordesc_np(errno));
    }
    int64_t deadline_ms = clock_monotonic_ms(&clock_system) + TILL_LIMIT_TOKEN_COMMAND_MS;
    enum till_code code = read_all(ends[0], false, deadline_ms, "the token", text, e);
    (void)close(ends[0]);
    return finish_command(child, deadline_ms, code, e);
}

static enum till_code from_file(const struct cli *cli, const char *path, struct buf *text,
                                struct till_error *e)
{
    enum till_code code = fs_read(path, text, e);
    if (code == TILL_OK && fs_is_exposed(path))
        cli_say(cli, "till: warning: %s can be read by other users of this machine; chmod 600 it",
                path);
    return code;
}

enum till_code cli_ask_line(const char *question, char *ret_line, size_t bytes,
                            struct till_error *e)
{
    struct buf text;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return TILL_FAIL(e, TILL_USAGE, errno, "there is no terminal to ask on");
    buf_init(&text, bytes);
    (void)!write(fd, question, strlen(question));
    enum till_code code = read_all(fd, true, 0, "an answer", &text, e);
    (void)close(fd);
    struct sv line = sv_trim((struct sv){text.data ? text.data : "", text.len});
    if (code == TILL_OK)
        (void)snprintf(ret_line, bytes, SV_FORMAT, SV_ARGS(line));
    buf_release(&text);
    return code;
}

// How one kind of token is asked for.
struct wanted {
    const char *question, *what, *instead;
    const char *variable; // of the environment, or NULL
    const char *empty_hint;
};

// What stands at the named source, whole; *ret_is_there false where none is named.
static enum till_code read_named(const struct cli *cli, const char *what, struct buf *text,
                                 bool *ret_is_there, struct till_error *e)
{
    const char *file = cli->options[OPTION_token_file];
    const char *command = cli->options[OPTION_token_command];
    bool from_stdin = cli->options[OPTION_token_stdin] != NULL;
    *ret_is_there = true;
    if ((file ? 1 : 0) + (command ? 1 : 0) + (from_stdin ? 1 : 0) > 1)
        return TILL_FAIL(e, TILL_USAGE, 0,
                         "give only one of --token-stdin, --token-file and --token-command");
    if (from_stdin && isatty(STDIN_FILENO) != 1)
        return read_all(STDIN_FILENO, false, 0, what, text, e);
    if (file)
        return from_file(cli, file, text, e);
    if (command)
        return from_command(command, text, e);
    *ret_is_there = false;
    return TILL_OK;
}

static enum till_code read_token(const struct cli *cli, const struct wanted *wanted,
                                 struct secret *ret_token, bool *ret_from_environment,
                                 struct till_error *e)
{
    const char *variable = wanted->variable ? getenv(wanted->variable) : NULL;
    enum till_code code = TILL_OK;
    bool is_there = false;
    struct buf text;

    *ret_from_environment = false;
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    if (buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES / 2) != TILL_OK)
        code = TILL_FAIL_MEMORY(e);
    else
        code = read_named(cli, "the token", &text, &is_there, e);
    if (code == TILL_OK && !is_there && variable && variable[0] &&
        !cli->options[OPTION_token_stdin]) {
        *ret_from_environment = true;
        buf_text(&text, variable);
        code = buf_fail(&text, "the token", e);
    } else if (code == TILL_OK && !is_there) {
        code = from_prompt(wanted->question, wanted->what, wanted->instead, &text, e);
    }
    struct sv token = sv_trim((struct sv){text.data ? text.data : "", text.len});
    if (code == TILL_OK && token.len == 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "the %s is empty", wanted->what);
        code = till_error_hint(e, "%s", wanted->empty_hint);
    }
    if (code == TILL_OK)
        code = secret_set(ret_token, token, e);
    buf_wipe(&text);
    return code;
}

// "bot_token" for people: "bot token".
enum { WORD_BYTES = 32 };
static const char *spoken(const char *word, char place[static WORD_BYTES])
{
    (void)snprintf(place, WORD_BYTES, "%s", word);
    for (char *c = place; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    return place;
}

// Each asked by itself; what need not be given may stay empty, or unasked where nobody can be.
static enum till_code ask_lines(const struct cli_secret_line *lines, size_t count, struct buf *text,
                                struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        struct till_error why = {0};
        char word[WORD_BYTES];
        AUTO_BUF question;
        buf_init(&question, TILL_LIMIT_BUFFER_BYTES);
        buf_format(&question, "%c%s (it is not shown%s): ", toupper(lines[i].what[0]),
                   lines[i].what + 1, lines[i].is_needed ? "" : "; Enter for none");
        code = buf_fail(&question, "a question", e);
        if (code)
            break;
        size_t before = text->len;
        enum till_code asked =
            lines[i].is_hidden
                ? TILL_OK
                : from_prompt(question.data, spoken(lines[i].word, word),
                              "--token-stdin, --token-file or --token-command", text, &why);
        if (asked && (asked != TILL_USAGE || lines[i].is_needed)) {
            *e = why;
            return asked;
        }
        if (text->len == before || text->data[text->len - 1] != '\n')
            buf_char(text, '\n');
    }
    return code ? code : buf_fail(text, "the secrets", e);
}

// Lines of text into ret_secret, each trimmed, with a line end between them.
static enum till_code take_lines(const struct cli_secret_line *lines, size_t count, struct sv text,
                                 struct secret *ret_secret, struct till_error *e)
{
    struct buf joined;
    struct sv rest = text, line;
    bool has_any = false;
    enum till_code code = TILL_OK;
    buf_init(&joined, TILL_LIMIT_TOKEN_BYTES);
    if (buf_reserve(&joined, TILL_LIMIT_TOKEN_BYTES / 2) != TILL_OK)
        return TILL_FAIL_MEMORY(e);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        line = sv_split(&rest, '\n', &line) ? sv_trim(line) : SV("");
        has_any = has_any || line.len > 0;
        buf_text(&joined, i > 0 ? "\n" : "");
        buf_sv(&joined, line);
        if (lines[i].is_needed && line.len == 0) {
            char word[WORD_BYTES];
            (void)TILL_FAIL(e, TILL_USAGE, 0, "the %s is missing", spoken(lines[i].word, word));
            code = till_error_hint(e, "it is %s", lines[i].what);
        }
    }
    if (code == TILL_OK && sv_trim(rest).len > 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there are more lines than it has secrets (%zu)", count);
        code = till_error_hint(e, "give one line for each, in the order of `till help channels`");
    }
    if (code == TILL_OK)
        code = buf_fail(&joined, "the secrets", e);
    if (code == TILL_OK && has_any)
        code = secret_set(ret_secret, (struct sv){joined.data, joined.len}, e);
    buf_wipe(&joined);
    return code;
}

enum till_code cli_read_lines(const struct cli *cli, const struct cli_secret_line *lines,
                              size_t count, struct secret *ret_secret, struct till_error *e)
{
    bool is_there = false;
    struct buf text;
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    enum till_code code = buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES / 2) != TILL_OK
                              ? TILL_FAIL_MEMORY(e)
                              : read_named(cli, "the secrets", &text, &is_there, e);
    if (code == TILL_OK && !is_there)
        code = ask_lines(lines, count, &text, e);
    if (code == TILL_OK)
        code = take_lines(lines, count, (struct sv){text.data ? text.data : "", text.len},
                          ret_secret, e);
    buf_wipe(&text);
    return code;
}

enum till_code cli_read_token(const struct cli *cli, struct secret *ret_token,
                              bool *ret_from_environment, struct till_error *e)
{
    static const struct wanted wanted = {
        .question = "Organization access token (it is not shown): ",
        .what = "token",
        .instead = "--token-stdin, --token-file, --token-command or $POLAR_ACCESS_TOKEN",
        .variable = "POLAR_ACCESS_TOKEN",
        .empty_hint = "make one in Polar: Settings, Developers, new organization access token with "
                      "read scopes",
    };
    return read_token(cli, &wanted, ret_token, ret_from_environment, e);
}

enum till_code cli_read_key(const struct cli *cli, const char *question, const char *empty_hint,
                            struct secret *ret_key, struct till_error *e)
{
    bool ignored = false;
    const struct wanted wanted = {.question = question,
                                  .what = "key",
                                  .instead = "--token-stdin, --token-file or --token-command",
                                  .empty_hint = empty_hint};
    return read_token(cli, &wanted, ret_key, &ignored, e);
}

enum till_code cli_read_password(const struct cli *cli, struct secret *ret_password,
                                 struct till_error *e)
{
    enum till_code code = TILL_OK;
    struct buf text;
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    if (buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES / 2) != TILL_OK)
        code = TILL_FAIL_MEMORY(e);
    else if (cli->options[OPTION_password_stdin])
        code = read_all(STDIN_FILENO, isatty(STDIN_FILENO) == 1, 0, "the password", &text, e);
    else
        code = from_prompt("Password for other machines (it is not shown): ", "password",
                           "--password-stdin", &text, e);
    size_t len = text.data ? strcspn(text.data, "\r\n") : 0;
    if (code == TILL_OK)
        code = secret_set(ret_password, (struct sv){text.data ? text.data : "", len}, e);
    buf_wipe(&text);
    return code;
}

enum till_code cli_read_webhook_secret(const struct cli *cli, struct secret *ret_secret,
                                       struct till_error *e)
{
    static const char what[] = "the webhook secret";
    const char *file = cli->options[OPTION_secret_file];
    const char *variable = getenv("POLAR_WEBHOOK_SECRET");
    bool from_stdin = cli->options[OPTION_secret_stdin] != NULL;
    enum till_code code = TILL_OK;
    struct buf text;
    if (file && from_stdin)
        return TILL_FAIL(e, TILL_USAGE, 0, "give only one of --secret-stdin and --secret-file");
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    if (buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES / 2) != TILL_OK)
        code = TILL_FAIL_MEMORY(e);
    else if (from_stdin)
        code = read_all(STDIN_FILENO, isatty(STDIN_FILENO) == 1, 0, what, &text, e);
    else if (file)
        code = from_file(cli, file, &text, e);
    else if (variable)
        buf_text(&text, variable);
    if (code == TILL_OK)
        code = buf_fail(&text, what, e);
    struct sv secret = sv_trim((struct sv){text.data ? text.data : "", text.len});
    if (code == TILL_OK && secret.len == 0 && (from_stdin || file)) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s is empty", what);
        code = till_error_hint(e, "copy it from the endpoint's page in Polar: Settings, Webhooks");
    }
    if (code == TILL_OK && secret.len > 0)
        code = secret_set(ret_secret, secret, e);
    buf_wipe(&text);
    return code;
}
