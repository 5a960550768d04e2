// SPDX-License-Identifier: Apache-2.0
// process.c - fork and exec of our own file, with pipes.
//
// The child asks the kernel for SIGTERM at its parent's death and then looks whether that has happened already: there is no moment in which it could be
// left alone. It leads a group of its own, so that Ctrl-C reaches it through us, once. What it is to read goes into a pipe that holds all of it at once (forms
// are no longer than a pipe), so that nobody waits, and no copy of it stays here. After the fork only calls that are safe there are made, since this process
// has threads.
#include "serve/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

enum { MERCY_MS = 2000, ERROR_BYTES = 16 * 1024 };

struct pipes {
    int in[2], out[2], err[2];
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void close_pipes(struct pipes *pipes)
{
    for (size_t i = 0; i < 2; i++) {
        close_fd(&pipes->in[i]);
        close_fd(&pipes->out[i]);
        close_fd(&pipes->err[i]);
    }
}

static bool open_pipes(struct pipes *pipes)
{
    *pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    return pipe2(pipes->in, O_CLOEXEC) == 0 && pipe2(pipes->out, O_CLOEXEC) == 0 &&
           pipe2(pipes->err, O_CLOEXEC) == 0 && fcntl(pipes->in[1], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) == 0;
}

// In the child.
static void become(const struct pipes *pipes, char *const *arguments, pid_t parent)
{
    static const int usual[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    (void)setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != parent)
        _exit(127);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < TILL_COUNT(usual); i++)
        (void)sigaction(usual[i], &action, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(pipes->in[0], STDIN_FILENO) < 0 || dup2(pipes->out[1], STDOUT_FILENO) < 0 ||
        dup2(pipes->err[1], STDERR_FILENO) < 0)
        _exit(127);
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    (void)execv("/proc/self/exe", arguments);
    _exit(127);
}

static void init_stream(struct process_stream *stream, int *fd, size_t limit_bytes)
{
    *stream = (struct process_stream){.fd = *fd};
    *fd = -1;
    buf_init(&stream->text, limit_bytes);
}

enum till_code process_start(struct process *process, char *const *arguments, struct sv input,
                             struct till_error *e)
{
    struct pipes pipes;
    pid_t parent = getpid();
    pid_t id = -1;
    bool is_open = open_pipes(&pipes);
    if (is_open && input.len > 0 &&
        write(pipes.in[1], input.ptr, input.len) != (ssize_t)input.len) {
        close_pipes(&pipes);
        return TILL_FAIL(e, TILL_LIMIT, 0, "a pipe of this system holds less than %zu bytes",
                         input.len);
    }
    if (is_open)
        id = fork();
    if (id == 0)
        become(&pipes, arguments, parent);
    if (id < 0) {
        int number = errno;
        close_pipes(&pipes);
        return TILL_FAIL(e, TILL_MEMORY, number, "could not start a process: %s",
                         strerrordesc_np(number));
    }
    *process = (struct process){.id = id};
    init_stream(&process->out, &pipes.out[0], TILL_LIMIT_SERVE_JOB_BYTES);
    init_stream(&process->err, &pipes.err[0], ERROR_BYTES);
    process->err.keeps_objects = true;
    close_pipes(&pipes);
    return TILL_OK;
}

bool process_is_alive(const struct process *process)
{
    return process->id > 0;
}

// ---- what it says ----

static void forget_given(struct process_stream *stream)
{
    if (stream->read_bytes == 0)
        return;
    stream->text.len -= stream->read_bytes;
    memmove(stream->text.data, stream->text.data + stream->read_bytes, stream->text.len);
    stream->read_bytes = 0;
}

static void read_stream(struct process_stream *stream)
{
    char chunk[4096];
    forget_given(stream);
    for (int rounds = 0; stream->fd >= 0 && rounds < 64; rounds++) {
        ssize_t got = read(stream->fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close_fd(&stream->fd);
            return;
        }
        if (stream->text.len + (size_t)got <= stream->text.limit_bytes)
            buf_append(&stream->text, chunk, (size_t)got);
        else
            stream->is_cut = true;
    }
}

void process_read(struct process *process)
{
    read_stream(&process->out);
    read_stream(&process->err);
}

bool process_line(struct process_stream *stream, struct sv *ret_line)
{
    if (!stream->text.data || stream->read_bytes >= stream->text.len)
        return false;
    const char *start = stream->text.data + stream->read_bytes;
    size_t left = stream->text.len - stream->read_bytes;
    const char *end = memchr(start, '\n', left);
    if (!end)
        return false;
    if (stream->keeps_objects && start[0] == '{')
        return false;
    *ret_line = (struct sv){start, (size_t)(end - start)};
    stream->read_bytes += ret_line->len + 1;
    return true;
}

struct sv process_document(const struct process *process)
{
    const struct buf *text = &process->out.text;
    struct sv said = sv_trim((struct sv){text->data ? text->data : "", text->len});
    if (said.len < 2 || process->out.is_cut || text->failure)
        return (struct sv){NULL, 0};
    char first = said.ptr[0], last = said.ptr[said.len - 1];
    bool is_document = (first == '{' && last == '}') || (first == '[' && last == ']');
    return is_document ? said : (struct sv){NULL, 0};
}

struct sv process_last_words(const struct process *process)
{
    const struct buf *text = &process->err.text;
    struct sv said = sv_trim((struct sv){text->data ? text->data : "", text->len});
    for (size_t i = said.len; i > 0; i--) {
        if (said.ptr[i - 1] == '\n')
            return (struct sv){said.ptr + i, said.len - i};
    }
    return said;
}

void process_error_json(const struct process *process, struct buf *out)
{
    static const struct sv front = {"{\"error\":", 9};
    struct sv words = process_last_words(process);
    if (sv_starts_with(words, front) && words.len > front.len + 2 &&
        words.ptr[words.len - 1] == '}') {
        buf_append(out, words.ptr + front.len, words.len - front.len - 1);
        return;
    }
    buf_text(out, "{\"class\":\"config\",\"text\":");
    if (words.len > 0)
        buf_json_string(out, words);
    else
        buf_format(out, "\"the process ended with status %d\"", process->exit_status);
    buf_text(out, ",\"hint\":null}");
}

// ---- its end ----

static bool collect(struct process *process)
{
    int status = 0;
    if (process->has_ended || process->id <= 0)
        return process->has_ended;
    pid_t got = waitpid(process->id, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return false;
    process->has_ended = true;
    process->exit_status = got < 0               ? 127
                           : WIFEXITED(status)   ? WEXITSTATUS(status)
                           : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                                 : 127;
    return true;
}

bool process_has_ended(struct process *process)
{
    if (process->id <= 0 || process->out.fd >= 0 || process->err.fd >= 0 || !collect(process))
        return false;
    process->id = 0;
    return true;
}

void process_stop(struct process *process)
{
    int64_t at_ms = clock_monotonic_ms(&clock_system);
    if (process->id <= 0 || process->has_ended)
        return;
    if (process->asked_ms == 0) {
        process->asked_ms = at_ms;
        (void)kill(process->id, SIGTERM);
    } else if (at_ms - process->asked_ms > MERCY_MS) {
        (void)kill(process->id, SIGKILL);
    }
}

bool process_end(struct process *process)
{
    if (process->id <= 0 || collect(process))
        return false;
    process_stop(process);
    return true;
}

void process_release(struct process *process)
{
    if (process->id > 0 && !process->has_ended) {
        (void)kill(process->id, SIGKILL);
        (void)waitpid(process->id, NULL, 0);
    }
    if (process->id > 0 || process->has_ended || process->out.text.data || process->err.text.data) {
        close_fd(&process->out.fd);
        close_fd(&process->err.fd);
    }
    buf_release(&process->out.text);
    buf_release(&process->err.text);
    *process = (struct process){.id = 0};
}
