// SPDX-License-Identifier: Apache-2.0
// demo.c - `till demo`: the real program against the simulator, in a folder of its own. Nothing here is special to the demo: it runs this very
// binary, command by command, as a person would type them, and shows what they print. It ends in the dashboard, over a shop that goes on living: the
// simulator lets something happen every few seconds and sends the webhooks of it, as Polar does, to the server's own listener.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"

enum {
    START_MS = 60000,
    GREETING_BYTES = 16384,
    STEP_ARGUMENTS = 8,
    LIVE_EVERY_MS = 4000,
    WEBHOOK_SECRET_LETTERS = 32
};

#define TRAFFIC_SITE "shop.example"

struct demo {
    struct cli *cli;
    char folder[TILL_LIMIT_PATH_BYTES];
    char self[TILL_LIMIT_PATH_BYTES];
    char simulator[TILL_LIMIT_PATH_BYTES + 16];
    char orders[32], seed[32];
    pid_t process;    // of the simulator
    int to_simulator; // it ends when this closes
    int from_simulator;
    struct arena arena;
    const char *url, *token; // in the arena; the token is the simulator's, made at its start
    const char *traffic_url, *traffic_key;           // of its Plausible
    char webhook_secret[WEBHOOK_SECRET_LETTERS + 8]; // of this run; "" until the shop lives
};

struct step {
    const char *arguments[STEP_ARGUMENTS];
    const char *secret; // for its standard input, or NULL
    const char *remark;
};

static enum till_code find_programs(struct demo *demo, struct till_error *e)
{
    ssize_t len = readlink("/proc/self/exe", demo->self, sizeof(demo->self) - 1);
    if (len <= 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not find this program's own file: %s",
                         strerrordesc_np(errno));
    demo->self[len] = '\0';
    const char *given = getenv("TILL_SIM");
    const char *slash = strrchr(demo->self, '/');
    (void)snprintf(demo->simulator, sizeof(demo->simulator), "%.*s/till-sim",
                   (int)(slash - demo->self), demo->self);
    if (given && given[0])
        (void)snprintf(demo->simulator, sizeof(demo->simulator), "%s", given);
    if (access(demo->simulator, X_OK) == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, errno, "the simulator is not at %s", demo->simulator);
    return till_error_hint(e, "it is built and installed together with till: `./dev build`");
}

static enum till_code make_folder(struct demo *demo, struct till_error *e)
{
    const char *given = demo->cli->options[OPTION_home];
    const char *temporary = getenv("TMPDIR");
    if (given) {
        (void)snprintf(demo->folder, sizeof(demo->folder), "%s", given);
        return fs_make_folder(demo->folder, e);
    }
    (void)snprintf(demo->folder, sizeof(demo->folder), "%s/till-demo-XXXXXX",
                   temporary && temporary[0] ? temporary : "/tmp");
    if (!mkdtemp(demo->folder))
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not make a folder for the demo: %s",
                         strerrordesc_np(errno));
    return TILL_OK;
}

static enum till_code start_simulator(struct demo *demo, struct till_error *e)
{
    int down[2];
    int up[2];
    if (pipe2(down, O_CLOEXEC) != 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not make a pipe: %s",
                         strerrordesc_np(errno));
    if (pipe2(up, O_CLOEXEC) != 0) {
        (void)close(down[0]);
        (void)close(down[1]);
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not make a pipe: %s",
                         strerrordesc_np(errno));
    }
    demo->process = fork();
    if (demo->process == 0) {
        (void)setpgid(0, 0); // Ctrl-C is for us: the steps still need it
        cli_reset_signals();
        (void)dup2(down[0], STDIN_FILENO);
        (void)dup2(up[1], STDOUT_FILENO);
        (void)execl(demo->simulator, "till-sim", "--orders", demo->orders, "--seed", demo->seed,
                    "--sandbox-orders", "10", "--limiter", "none", "--exit-with-stdin", "--json",
                    (char *)NULL);
        _exit(127);
    }
    (void)close(down[0]);
    (void)close(up[1]);
    demo->to_simulator = down[1];
    demo->from_simulator = up[0];
    if (demo->process < 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not start the simulator: %s",
                         strerrordesc_np(errno));
    return TILL_OK;
}

// Text between key and the next quote, copied. decode_string_at() is no help here: it never hands out a token.
static const char *quoted_after(struct demo *demo, const struct buf *line, const char *key)
{
    const char *at = memmem(line->data, line->len, key, strlen(key));
    const char *end = at ? strchr(at + strlen(key), '"') : NULL;
    return end ? arena_copy(&demo->arena, at + strlen(key), (size_t)(end - at) - strlen(key))
               : NULL;
}

static enum till_code take_greeting(struct demo *demo, const struct buf *line, struct till_error *e)
{
    demo->url = quoted_after(demo, line, "{\"production\":{\"url\":\"");
    demo->token = quoted_after(demo, line, "\"events\":\"");
    demo->traffic_url = quoted_after(demo, line, "\"plausible\":{\"url\":\"");
    demo->traffic_key = quoted_after(demo, line, "\"" TRAFFIC_SITE "\",\"key\":\"");
    if (demo->url && demo->token && demo->traffic_url && demo->traffic_key)
        return TILL_OK;
    return TILL_FAIL(e, TILL_FORMAT, 0, "the simulator's greeting could not be understood");
}

// The simulator's first line says where it listens and which tokens it made.
static enum till_code read_greeting(struct demo *demo, struct till_error *e)
{
    AUTO_BUF line;
    buf_init(&line, GREETING_BYTES);
    int64_t deadline_ms = clock_monotonic_ms(demo->cli->clock) + START_MS;
    bool is_whole = false;
    while (!is_whole) {
        char chunk[1024];
        struct pollfd ready = {.fd = demo->from_simulator, .events = POLLIN};
        if (cli_stop)
            return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
        if (clock_monotonic_ms(demo->cli->clock) > deadline_ms)
            return TILL_FAIL(e, TILL_LIMIT, 0, "the simulator did not start within %d s",
                             START_MS / 1000);
        if (poll(&ready, 1, 200) <= 0)
            continue;
        ssize_t got = read(demo->from_simulator, chunk, sizeof(chunk));
        if (got <= 0)
            return TILL_FAIL(e, TILL_CONFIG, 0, "the simulator ended before it listened");
        buf_append(&line, chunk, (size_t)got);
        is_whole = memchr(chunk, '\n', (size_t)got) != NULL;
        enum till_code code = buf_fail(&line, "the simulator's greeting", e);
        if (code)
            return code;
    }
    return take_greeting(demo, &line, e);
}

static void announce(struct demo *demo, const struct step *step)
{
    struct buf *out = &demo->cli->out;
    AUTO_BUF command;
    buf_init(&command, 4096);
    buf_text(&command, "$ till");
    for (size_t i = 0; i < STEP_ARGUMENTS && step->arguments[i]; i++) {
        bool is_quoted = strchr(step->arguments[i], ' ') != NULL;
        buf_format(&command, is_quoted ? " \"%s\"" : " %s", step->arguments[i]);
    }
    buf_char(out, '\n');
    view_ink(out, &demo->cli->style, INK_BOLD, command.data ? command.data : "");
    buf_format(out, "%s%s\n", step->remark ? "   # " : "", step->remark ? step->remark : "");
}

// The step sees the demo's folder and nothing of the user's own settings but how things look.
static bool enter_folder(const struct demo *demo)
{
    static const char *const looks[] = {"timezone", "locale", "color"};
    size_t count = 0;
    const struct setting *settings = config_settings(&count);
    bool is_done = unsetenv("POLAR_ACCESS_TOKEN") == 0;
    for (size_t i = 0; i < count && is_done; i++) {
        bool is_look = false;
        for (size_t k = 0; k < TILL_COUNT(looks); k++)
            is_look = is_look || strcmp(settings[i].name, looks[k]) == 0;
        if (settings[i].environment && !is_look)
            is_done = unsetenv(settings[i].environment) == 0;
    }
    if (demo->webhook_secret[0])
        is_done = is_done && setenv("POLAR_WEBHOOK_SECRET", demo->webhook_secret, 1) == 0;
    return is_done && setenv("TILL_HOME", demo->folder, 1) == 0 &&
           setenv("TILL_KEYRING", "file", 1) == 0 && setenv("TILL_RATE", "max", 1) == 0;
}

static _Noreturn void run_child(const struct demo *demo, const struct step *step, int token_fd)
{
    const char *arguments[STEP_ARGUMENTS + 2] = {"till"};
    for (size_t i = 0; i < STEP_ARGUMENTS && step->arguments[i]; i++)
        arguments[i + 1] = step->arguments[i];
    cli_reset_signals();
    (void)dup2(token_fd, STDIN_FILENO);
    if (!enter_folder(demo))
        _exit(126);
    char *copies[STEP_ARGUMENTS + 2] = {0};
    for (size_t i = 0; arguments[i]; i++)
        copies[i] = strdup(arguments[i]);
    (void)execv(demo->self, copies);
    _exit(127);
}

static enum till_code run_step(struct demo *demo, const struct step *step, struct till_error *e)
{
    int ends[2];
    if (cli_stop)
        return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    announce(demo, step);
    enum till_code code = cli_flush(demo->cli, e);
    if (code)
        return code;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not make a pipe: %s",
                         strerrordesc_np(errno));
    pid_t child = fork();
    if (child == 0)
        run_child(demo, step, ends[0]);
    (void)close(ends[0]);
    if (step->secret && child > 0)
        (void)!write(ends[1], step->secret, strlen(step->secret));
    (void)close(ends[1]);
    if (child < 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "could not start a step: %s",
                         strerrordesc_np(errno));
    int status = cli_wait_child(child, 0);
    if (cli_stop)
        return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    if (status == 0)
        return TILL_OK;
    return TILL_FAIL(e, TILL_PARTIAL, status, "the step ended with status %d", status);
}

static enum till_code run_steps(struct demo *demo, struct till_error *e)
{
    const struct step steps[] = {
        {{"connect", "polar", "--api-url", demo->url, "--token-stdin"}, demo->token, NULL},
        {{"connect", "plausible", "--site-id", TRAFFIC_SITE, "--api-url", demo->traffic_url,
          "--token-stdin"},
         demo->traffic_key,
         NULL},
        {{"sync"}, NULL, NULL},
        {{"sync"}, NULL, "again: a request or two for each table"},
        {{"today"}, NULL, NULL},
        {{"query", "SELECT currency, subscriptions, mrr_amount FROM v_mrr", "--format", "table"},
         NULL,
         NULL},
        {{"status"}, NULL, NULL},
    };
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(steps) && code == TILL_OK; i++)
        code = run_step(demo, &steps[i], e);
    return code;
}

// A port of loopback that nobody has at this moment; 0 when there is none.
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, length) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &length) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_bound ? ntohs(address.sin_port) : 0;
}

static void make_webhook_secret(struct demo *demo)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t at = (size_t)snprintf(demo->webhook_secret, sizeof(demo->webhook_secret), "whsec_");
    for (size_t i = 0; i < WEBHOOK_SECRET_LETTERS; i++)
        demo->webhook_secret[at++] = letters[arc4random_uniform(sizeof(letters) - 1)];
    demo->webhook_secret[at] = '\0';
}

// The dashboard, until somebody ends it: that is this demo's ordinary end.
static enum till_code run_dashboard(struct demo *demo, struct till_error *e)
{
    char port[8];
    unsigned number = free_port();
    if (number == 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "no port is free on this machine");
    (void)snprintf(port, sizeof(port), "%u", number);
    make_webhook_secret(demo);
    if (dprintf(demo->to_simulator, "live %d http://127.0.0.1:%s/webhooks/polar %s\n",
                LIVE_EVERY_MS, port, demo->webhook_secret) < 0)
        return TILL_FAIL(e, TILL_CONFIG, errno, "the simulator has ended");
    bool has_screen =
        demo->cli->out_is_terminal && (getenv("DISPLAY") || getenv("WAYLAND_DISPLAY"));
    const struct step step = {
        {"serve", "--port", "0", "--webhooks", port, has_screen ? "--open" : NULL},
        NULL,
        "something happens in this shop every few seconds"};
    enum till_code code = run_step(demo, &step, e);
    return cli_stop ? TILL_OK : code;
}

static void stop_simulator(struct demo *demo)
{
    if (demo->process <= 0)
        return;
    (void)close(demo->to_simulator);
    (void)close(demo->from_simulator);
    (void)cli_wait_child(demo->process, 1); // the deadline is past: it is asked to end
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

// Removes what the demo made: the folder is its own, made by mkdtemp. Links are removed, not followed.
static void remove_folder(const char *folder)
{
    enum { OPEN_FOLDERS = 8 };
    (void)nftw(folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static enum till_code size_of(struct demo *demo, struct till_error *e)
{
    const char *orders = demo->cli->options[OPTION_orders];
    const char *seed = demo->cli->options[OPTION_seed];
    int64_t number = 0;
    enum till_code code = cli_count(orders ? orders : "2000", "--orders", 1000000, &number, e);
    (void)snprintf(demo->orders, sizeof(demo->orders), "%lld", (long long)number);
    if (code == TILL_OK)
        code = cli_count(seed ? seed : "1", "--seed", INT64_MAX, &number, e);
    (void)snprintf(demo->seed, sizeof(demo->seed), "%lld", (long long)number);
    return code;
}

enum till_code cli_demo(struct cli *cli, struct till_error *e)
{
    struct demo demo = {.cli = cli};
    bool is_made = false;
    bool keep = cli->options[OPTION_keep] != NULL || cli->options[OPTION_home] != NULL;
    enum till_code code =
        cli_expect_arguments(cli, 0, 0, "till demo [--once] [--orders N] [--seed N] [--keep]", e);
    if (code)
        return code;
    if (cli->is_json) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "the demo is for people: it has no JSON");
        return till_error_hint(e, "`till demo --keep` leaves a database to ask with --json");
    }
    arena_init(&demo.arena, TILL_LIMIT_ARENA_BYTES);
    code = size_of(&demo, e);
    if (code == TILL_OK)
        code = find_programs(&demo, e);
    if (code == TILL_OK)
        code = make_folder(&demo, e);
    is_made = code == TILL_OK;
    if (code == TILL_OK)
        code = start_simulator(&demo, e);
    if (code == TILL_OK)
        code = read_greeting(&demo, e);
    if (code == TILL_OK)
        code = run_steps(&demo, e);
    if (code == TILL_OK && !cli->options[OPTION_once])
        code = run_dashboard(&demo, e);
    stop_simulator(&demo);
    if (is_made && keep)
        buf_format(&cli->out,
                   "\nThe demo's database stays in %s/till.db\n"
                   "Ask it: till --home %s query 'SELECT * FROM v_daily_revenue LIMIT 7'\n",
                   demo.folder, demo.folder);
    else if (is_made)
        remove_folder(demo.folder);
    if (code == TILL_OK)
        buf_text(&cli->out, "\nYour own shop: till connect polar\n");
    arena_release(&demo.arena);
    return code;
}
