// SPDX-License-Identifier: Apache-2.0
// command.c - a command, run with sh, that reads the digest from its standard input.
//
// The text lies in a file without a name, so that a command that reads none of it, or only some, fails nothing. The command leads a process group of its own,
// which ends with it when its time is up. Its environment is ours without what speaks of this program and its services, for tokens may be there;
// three variables say what the digest is. Exit status 0 means delivered; any other means not, with the last line of what it said on standard error.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/stop.h"
#include "base/text.h"
#include "channels/channel.h"

enum {
    LOOK_MS = 20,
    MERCY_MS = 2000,
    SAID_BYTES = 1024, // of standard error that are kept
    SHOWN_COLUMNS = 200,
    STATUS_USAGE = 64, // sysexits.h
    STATUS_CONFIG = 78,
    STATUS_NOT_RUN = 126,
    STATUS_NOT_FOUND = 127,
};

static enum till_code command_open(struct channel *channel, struct till_error *e)
{
    const struct channel_message none = {.text = SV("")};
    const char *form = channel_get(channel, CHANNEL_FIELD_command_form);
    struct sv text;
    if (channel_document(&none, form, &text))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "\"%.40s\" is no format", form);
    return till_error_hint(e, "it is text, markdown, html or json");
}

static void command_describe(const struct channel *channel, struct buf *out)
{
    (void)text_show(out, sv_of(channel_get(channel, CHANNEL_FIELD_command)), 60);
}

static enum till_code command_compose(const struct channel *channel,
                                      const struct channel_message *message, struct arena *arena,
                                      struct channel_parts *ret_parts, struct till_error *e)
{
    AUTO_BUF address;
    AUTO_BUF headers;
    struct sv text = SV("");
    buf_init(&address, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&headers, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&address, "sh -c '");
    buf_text(&address, channel_get(channel, CHANNEL_FIELD_command));
    buf_char(&address, '\'');
    buf_text(&headers, "TILL_DIGEST_TITLE=");
    buf_sv(&headers, message->title);
    buf_text(&headers, "\nTILL_DIGEST_DATE=");
    buf_sv(&headers, message->date);
    buf_text(&headers, "\nTILL_DIGEST_ID=");
    buf_sv(&headers, message->id);
    (void)channel_document(message, channel_get(channel, CHANNEL_FIELD_command_form), &text);
    return channel_one_part(&address, &headers, text, arena, ret_parts, e);
}

// ---- the environment ----

static bool is_ours(const char *variable)
{
    static const char *const prefixes[] = {"TILL_", "POLAR_", "CREDENTIALS_DIRECTORY="};
    for (size_t i = 0; i < TILL_COUNT(prefixes); i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static char *make_variable(const char *name, struct sv value, struct arena *arena)
{
    size_t len = strlen(name);
    char *text = arena_alloc(arena, len + value.len + 2);
    if (!text)
        return NULL;
    memcpy(text, name, len);
    text[len] = '=';
    for (size_t i = 0; i < value.len; i++)
        text[len + 1 + i] = (unsigned char)value.ptr[i] < ' ' ? ' ' : value.ptr[i];
    text[len + 1 + value.len] = '\0';
    return text;
}

static char **make_environment(const struct channel_message *message, struct arena *arena)
{
    size_t count = 0, kept = 0;
    while (environ && environ[count])
        count++;
    char **list = arena_calloc(arena, count + 4, sizeof *list);
    if (!list)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_ours(environ[i]))
            list[kept++] = environ[i];
    list[kept] = make_variable("TILL_DIGEST_TITLE", message->title, arena);
    list[kept + 1] = make_variable("TILL_DIGEST_DATE", message->date, arena);
    list[kept + 2] = make_variable("TILL_DIGEST_ID", message->id, arena);
    return list[kept] && list[kept + 1] && list[kept + 2] ? list : NULL;
}

// ---- running ----

struct run {
    const struct channel *channel;
    int input, said[2]; // said[0] is read here
    pid_t child;
    char last[SAID_BYTES]; // of standard error
    size_t last_bytes;
    bool is_late, is_stopped;
};

static enum till_code fail_start(int error, struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, error, "could not start the command: %s",
                    strerrordesc_np(error));
    return till_error_hint(e, "it is tried again later");
}

static enum till_code make_input(struct run *run, struct sv text, struct till_error *e)
{
    run->input =
        fault_point("channel.input") ? (errno = EMFILE, -1) : memfd_create("digest", MFD_CLOEXEC);
    if (run->input < 0)
        return fail_start(errno, e);
    while (text.len > 0) {
        ssize_t put = write(run->input, text.ptr, text.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail_start(errno, e);
        text = (struct sv){text.ptr + put, text.len - (size_t)put};
    }
    if (lseek(run->input, 0, SEEK_SET) != 0)
        return fail_start(errno, e);
    return pipe2(run->said, O_CLOEXEC) == 0 ? TILL_OK : fail_start(errno, e);
}

// Between fork and exec: nothing here may take a lock or memory.
static void become(const struct run *run, const char *command, char **environment)
{
    static const int signals[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    char sh[] = "sh", dash_c[] = "-c";
    char *text = (char *)(uintptr_t)command; // execve() takes it as it takes all arguments
    char *const arguments[] = {sh, dash_c, text, NULL};
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&none);
    for (size_t i = 0; i < TILL_COUNT(signals); i++)
        (void)sigaction(signals[i], &action, NULL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0 && dup2(run->input, STDIN_FILENO) >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 &&
        dup2(run->said[1], STDERR_FILENO) >= 0)
        (void)execve("/bin/sh", arguments, environment);
    _exit(STATUS_NOT_FOUND);
}

// Keeps the newest bytes. False at the end.
static bool hear(struct run *run)
{
    char text[SAID_BYTES / 2];
    ssize_t got = read(run->said[0], text, sizeof text);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    size_t bytes = (size_t)got;
    if (run->last_bytes + bytes > sizeof run->last) {
        size_t drop = run->last_bytes + bytes - sizeof run->last;
        memmove(run->last, run->last + drop, run->last_bytes - drop);
        run->last_bytes -= drop;
    }
    memcpy(run->last + run->last_bytes, text, bytes);
    run->last_bytes += bytes;
    return got > 0;
}

static void end_when_due(struct run *run, int64_t deadline_ms, int64_t *asked_ms)
{
    int64_t now_ms = clock_monotonic_ms(&clock_system);
    bool is_late = now_ms > deadline_ms, is_stopped = stop_is_set(run->channel->stop);
    if (*asked_ms == 0 && (is_late || is_stopped)) {
        *asked_ms = now_ms;
        run->is_late = !is_stopped;
        run->is_stopped = is_stopped;
        (void)kill(-run->child, SIGTERM);
    } else if (*asked_ms > 0 && now_ms - *asked_ms > MERCY_MS) {
        (void)kill(-run->child, SIGKILL);
    }
}

// The wait status. What the command has left running may hold standard error open: its own end is what counts.
static int wait_for(struct run *run)
{
    int64_t deadline_ms = clock_monotonic_ms(&clock_system) + TILL_LIMIT_CHANNEL_MS, asked_ms = 0;
    struct pollfd said = {.fd = run->said[0], .events = POLLIN};
    (void)fcntl(run->said[0], F_SETFL, O_NONBLOCK);
    for (;;) {
        int status = 0;
        pid_t got = waitpid(run->child, &status, WNOHANG);
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == run->child) {
            while (poll(&said, 1, 0) > 0 && hear(run))
                ;
            return status;
        }
        if (poll(&said, 1, LOOK_MS) > 0 && !hear(run))
            said.fd = -1; // closed, and still at work
        end_when_due(run, deadline_ms, &asked_ms);
    }
}

// The last line on standard error, as it may be shown.
static void last_line(const struct run *run, struct buf *out)
{
    struct sv rest = {run->last, run->last_bytes}, line, last = SV("");
    while (sv_split(&rest, '\n', &line))
        if (sv_trim(line).len > 0)
            last = sv_trim(line);
    if (last.len > 0) {
        buf_text(out, ": ");
        (void)text_show(out, last, SHOWN_COLUMNS);
    }
}

static enum till_code judge(const struct run *run, int status, struct channel_result *ret_result,
                            struct till_error *e)
{
    AUTO_BUF said;
    buf_init(&said, TILL_LIMIT_BUFFER_BYTES);
    if (run->is_stopped || run->is_late || status == -1) {
        ret_result->outcome = CHANNEL_UNCERTAIN;
        (void)TILL_FAIL(e, run->is_stopped ? TILL_CANCELED : TILL_REMOTE, 0, "the command %s",
                        run->is_late      ? "did not end in time"
                        : run->is_stopped ? "was interrupted"
                                          : "ended unseen");
        return till_error_hint(
            e, "it may have done its work all the same: look there before it is run again");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TILL_OK;
    last_line(run, &said);
    const char *words = said.data ? said.data : "";
    if (WIFSIGNALED(status)) {
        ret_result->outcome = CHANNEL_UNCERTAIN;
        (void)TILL_FAIL(e, TILL_REMOTE, WTERMSIG(status), "the command was ended by signal %d%s",
                        WTERMSIG(status), words);
        return till_error_hint(e, "see what it had done before it is run again");
    }
    int number = WEXITSTATUS(status);
    if (number == STATUS_NOT_FOUND || number == STATUS_NOT_RUN || number == STATUS_USAGE ||
        number == STATUS_CONFIG)
        ret_result->outcome = CHANNEL_REFUSED;
    (void)TILL_FAIL(e, TILL_REMOTE, number, "the command failed with status %d%s", number, words);
    return till_error_hint(e, "run it by hand, with a text on its standard input");
}

static enum till_code start(struct run *run, const struct channel_message *message,
                            const struct channel_commit *commit, struct till_error *e)
{
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    char **environment = make_environment(message, &arena);
    if (!environment)
        return arena_fail(&arena, "the command's environment", e);
    enum till_code code = commit ? commit->call(commit->context, e) : TILL_OK;
    if (code)
        return code;
    run->child = fault_point("channel.fork") ? (errno = EAGAIN, -1) : fork();
    if (run->child == 0)
        become(run, channel_get(run->channel, CHANNEL_FIELD_command), environment);
    if (run->child < 0)
        return fail_start(errno, e);
    (void)setpgid(run->child, run->child); // the child does so too; whoever comes first
    return TILL_OK;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static enum till_code command_send(struct channel *channel, const struct channel_message *message,
                                   const struct channel_part *part,
                                   const struct channel_commit *commit,
                                   struct channel_result *ret_result, struct till_error *e)
{
    struct run run = {.channel = channel, .input = -1, .said = {-1, -1}};
    enum till_code code = make_input(&run, part->body, e);
    if (code == TILL_OK)
        code = start(&run, message, commit, e);
    close_end(&run.input);
    close_end(&run.said[1]);
    if (code == TILL_OK)
        code = judge(&run, wait_for(&run), ret_result, e);
    close_end(&run.said[0]);
    return code;
}

const struct channel_service channel_command = {
    .open = command_open,
    .describe = command_describe,
    .compose = command_compose,
    .send = command_send,
};
