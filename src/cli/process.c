// SPDX-License-Identifier: Apache-2.0
// process.c - programs that till starts (the token command, the demo's steps): started with clean signals, and always collected.
//
// A step of the demo stays in our process group. A command leads a group of its own, so that what it starts ends with it, and that group gets the terminal
// while it runs, so that it may ask for a passphrase there. Waiting looks at the clock and at cli_stop every few milliseconds: a child that outlives
// either is asked to end, and made to a moment later.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

enum { LOOK_MS = 10, MERCY_MS = 2000 };

void cli_reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigaction(SIGXFSZ, &action, NULL);
}

// Gives the terminal to a group; a program that is not in the foreground would be stopped for it, unless it ignores that.
static void give_terminal(pid_t group)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    (void)sigemptyset(&ignore.sa_mask);
    if (sigaction(SIGTTOU, &ignore, &before) != 0)
        return;
    (void)tcsetpgrp(STDIN_FILENO, group);
    (void)sigaction(SIGTTOU, &before, NULL);
}

static bool holds_terminal(void)
{
    return isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void cli_lead_group(void)
{
    bool has_terminal = holds_terminal();
    if (setpgid(0, 0) == 0 && has_terminal)
        give_terminal(getpid());
}

int cli_wait_group(pid_t child, int64_t deadline_ms)
{
    (void)setpgid(child, child); // the child does so too; whoever comes first
    int status = cli_wait_child(-child, deadline_ms);
    if (isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == child)
        give_terminal(getpgrp());
    return status;
}

int cli_wait_child(pid_t target, int64_t deadline_ms)
{
    pid_t child = target < 0 ? -target : target;
    int status = 0;
    int64_t asked_ms = 0;
    for (;;) {
        pid_t got = waitpid(child, &status, WNOHANG);
        int64_t now_ms = clock_monotonic_ms(&clock_system);
        if (got == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (got < 0 && errno != EINTR)
            return -1;
        if (asked_ms == 0 && (cli_stop || (deadline_ms > 0 && now_ms > deadline_ms))) {
            asked_ms = now_ms;
            (void)kill(target, SIGTERM);
        } else if (asked_ms > 0 && now_ms - asked_ms > MERCY_MS) {
            (void)kill(target, SIGKILL);
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
}
