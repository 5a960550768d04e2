// SPDX-License-Identifier: Apache-2.0
// main.c - till-sim's command line. It prints one line of JSON when it accepts connections, and runs until SIGTERM, SIGINT, or (with
// --exit-with-stdin) the end of its standard input, so that a test that dies takes its simulator with it.
#include "query.h"
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    ORDERS_MAX = 5000000,
    YEARS_MAX = 20,
    FAULT_FILE_BYTES_MAX = 1024 * 1024,
    SPECS_MAX = 24,
    LATENCY_MS_MAX = 60000,
    ORDER_BYTES = 512
};

static const char usage[] =
    "usage: till-sim [options]\n"
    "A loopback Polar over a seeded shop. Prints one JSON line when it accepts connections.\n"
    "  --port N              production's port (0: any free one)\n"
    "  --sandbox-port N      the sandbox's port (0: any free one)\n"
    "  --seed S              of everything that is made up (1)\n"
    "  --orders N            orders in production (1000); other tables follow\n"
    "  --sandbox-orders N    orders in the sandbox (50)\n"
    "  --years N             how far back the shop goes (3)\n"
    "  --now TIME            the shop's clock at the start, ISO 8601 (the real time)\n"
    "  --limiter real|none   Polar's rate limits (real)\n"
    "  --latency MS          wait before each answer (0)\n"
    "  --tokens SPEC         one more token: NAME=SCOPE,SCOPE[@sandbox]; may be repeated\n"
    "  --umami-version N     2 and before: other statistics (3)\n"
    "  --google-key          print the service account's private key, too (making it takes time)\n"
    "  --faults FILE         a fault plan (JSON)\n"
    "  --without-newest-shapes  leave out what SDK 0.49.0 does not know\n"
    "  --exit-with-stdin     end when standard input does; a line `live EVERY_MS URL SECRET` "
    "there\n"
    "                        makes the shop go on living and send its webhooks to URL\n"
    "  --json                accepted: the line is always JSON\n"
    "  --help\n";

struct arguments {
    struct server_options options;
    const char *specs[SPECS_MAX];
    size_t spec_count;
    const char *faults;
    bool ends_with_stdin, is_help;
};

enum option_id {
    OPTION_PORT = 1000,
    OPTION_SANDBOX_PORT,
    OPTION_SEED,
    OPTION_ORDERS,
    OPTION_SANDBOX_ORDERS,
    OPTION_YEARS,
    OPTION_NOW,
    OPTION_LIMITER,
    OPTION_LATENCY,
    OPTION_TOKENS,
    OPTION_FAULTS,
    OPTION_UMAMI_VERSION,
    OPTION_GOOGLE_KEY,
    OPTION_WITHOUT_NEWEST,
    OPTION_EXIT_WITH_STDIN,
    OPTION_JSON,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"sandbox-port", required_argument, NULL, OPTION_SANDBOX_PORT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"orders", required_argument, NULL, OPTION_ORDERS},
    {"sandbox-orders", required_argument, NULL, OPTION_SANDBOX_ORDERS},
    {"years", required_argument, NULL, OPTION_YEARS},
    {"now", required_argument, NULL, OPTION_NOW},
    {"limiter", required_argument, NULL, OPTION_LIMITER},
    {"latency", required_argument, NULL, OPTION_LATENCY},
    {"tokens", required_argument, NULL, OPTION_TOKENS},
    {"umami-version", required_argument, NULL, OPTION_UMAMI_VERSION},
    {"google-key", no_argument, NULL, OPTION_GOOGLE_KEY},
    {"faults", required_argument, NULL, OPTION_FAULTS},
    {"without-newest-shapes", no_argument, NULL, OPTION_WITHOUT_NEWEST},
    {"exit-with-stdin", no_argument, NULL, OPTION_EXIT_WITH_STDIN},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static bool read_number(const char *text, uint64_t most, uint64_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || number > most) {
        return false;
    }
    *ret_number = number;
    return true;
}

// The options that take a number. False when the value does not fit.
static bool set_number(struct server_options *options, int id, const char *text)
{
    static const struct {
        int id;
        uint64_t most;
    } ceilings[] = {
        {OPTION_PORT, UINT16_MAX},           {OPTION_SANDBOX_PORT, UINT16_MAX},
        {OPTION_SEED, UINT64_MAX},           {OPTION_ORDERS, ORDERS_MAX},
        {OPTION_SANDBOX_ORDERS, ORDERS_MAX}, {OPTION_YEARS, YEARS_MAX},
        {OPTION_LATENCY, LATENCY_MS_MAX},
    };
    uint64_t number = 0;
    size_t i = 0;
    while (ceilings[i].id != id) {
        i++;
    }
    if (!read_number(text, ceilings[i].most, &number)) {
        return false;
    }
    if (id == OPTION_PORT || id == OPTION_SANDBOX_PORT) {
        options->ports[id == OPTION_SANDBOX_PORT] = (uint16_t)number;
    } else if (id == OPTION_ORDERS || id == OPTION_SANDBOX_ORDERS) {
        options->worlds[id == OPTION_SANDBOX_ORDERS].order_count = (uint32_t)number;
    } else if (id == OPTION_YEARS) {
        options->worlds[0].years = options->worlds[1].years = (uint32_t)number;
    } else if (id == OPTION_LATENCY) {
        options->latency_ms = (int64_t)number;
    } else {
        options->seed = options->worlds[0].seed = options->worlds[1].seed = number;
    }
    return true;
}

static bool set_now(struct server_options *options, const char *text)
{
    struct query_problems problems = {0};
    int64_t now_us = 0;
    bool is_good = query_read_datetime(&(struct query_place){"option", "now", NULL}, text, false,
                                       &now_us, &problems);
    query_problems_release(&problems);
    options->worlds[0].now_us = options->worlds[1].now_us = now_us;
    return is_good;
}

static bool set_option(struct arguments *arguments, int id, const char *text)
{
    struct server_options *options = &arguments->options;
    switch (id) {
    case OPTION_NOW:
        return set_now(options, text);
    case OPTION_LIMITER:
        options->is_limited = strcmp(text, "real") == 0;
        return options->is_limited || strcmp(text, "none") == 0;
    case OPTION_TOKENS:
        if (arguments->spec_count == SPECS_MAX) {
            return false;
        }
        arguments->specs[arguments->spec_count++] = text;
        return true;
    case OPTION_FAULTS:
        arguments->faults = text;
        return true;
    case OPTION_UMAMI_VERSION:
        options->umami_version = text;
        return true;
    case OPTION_GOOGLE_KEY:
        options->has_google_key = true;
        return true;
    case OPTION_WITHOUT_NEWEST:
        options->worlds[0].without_newest_shapes = options->worlds[1].without_newest_shapes = true;
        return true;
    case OPTION_EXIT_WITH_STDIN:
        arguments->ends_with_stdin = true;
        return true;
    case OPTION_JSON:
        return true;
    case OPTION_HELP:
        arguments->is_help = true;
        return true;
    default:
        return set_number(options, id, text);
    }
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    int id;
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (id == '?') {
            return false;
        }
        if (!set_option(arguments, id, optarg)) {
            fprintf(stderr, "till-sim: a value cannot be used: %s\n", optarg != NULL ? optarg : "");
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "till-sim: %s is not an option\n", argv[optind]);
        return false;
    }
    return true;
}

static bool load_faults(struct server *server, const char *path)
{
    const char *reason = "cannot be read";
    bool is_loaded = false;
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(FAULT_FILE_BYTES_MAX) : NULL;
    if (text != NULL) {
        size_t length = fread(text, 1, FAULT_FILE_BYTES_MAX, file);
        is_loaded = server_load_faults(server, text, length, &reason);
    }
    free(text);
    if (file != NULL) {
        fclose(file);
    }
    if (!is_loaded) {
        fprintf(stderr, "till-sim: %s: %s\n", path, reason);
    }
    return is_loaded;
}

static bool prepare(struct server *server, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->spec_count; i++) {
        if (!server_add_token(server, arguments->specs[i])) {
            fprintf(stderr, "till-sim: not a token: %s (want NAME=SCOPE,SCOPE[@sandbox])\n",
                    arguments->specs[i]);
            return false;
        }
    }
    return arguments->faults == NULL || load_faults(server, arguments->faults);
}

// Lines on standard input. The one there is: `live EVERY_MS URL SECRET`, from when on the shop lives and sends its webhooks there.
struct orders {
    char text[ORDER_BYTES];
    size_t length;
    int live_ms; // -1 = it does not
};

static void obey(struct server *server, struct orders *orders)
{
    char *rest = NULL;
    const char *verb = strtok_r(orders->text, " ", &rest);
    const char *every = strtok_r(NULL, " ", &rest), *url = strtok_r(NULL, " ", &rest);
    const char *secret = strtok_r(NULL, " ", &rest), *reason = "unknown";
    uint64_t every_ms = 0;
    if (verb == NULL || strcmp(verb, "live") != 0 || secret == NULL ||
        !read_number(every, LATENCY_MS_MAX, &every_ms)) {
        fputs("till-sim: the line is not `live EVERY_MS URL SECRET`\n", stderr);
    } else if (!server_live_begin(server, url, secret, &reason)) {
        fprintf(stderr, "till-sim: %s\n", reason);
    } else {
        orders->live_ms = every_ms > 0 ? (int)every_ms : 1;
    }
}

// False at the end of input. A line that is too long is cut, and so not understood.
static bool read_orders(struct server *server, struct orders *orders)
{
    char bytes[256];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n') {
            orders->text[orders->length] = '\0';
            orders->length = 0;
            obey(server, orders);
        } else if (orders->length + 1 < sizeof(orders->text)) {
            orders->text[orders->length++] = bytes[i];
        }
    }
    return true;
}

// Until a signal or the end of input. The signals are blocked in all threads and read here.
static void wait_for_end(struct server *server, int signals, bool ends_with_stdin)
{
    struct orders orders = {.live_ms = -1};
    struct pollfd sources[2] = {{.fd = signals, .events = POLLIN},
                                {.fd = ends_with_stdin ? STDIN_FILENO : -1, .events = POLLIN}};
    for (;;) {
        int count = poll(sources, 2, orders.live_ms);
        if (count < 0 && errno != EINTR) {
            return;
        }
        if (count == 0) {
            server_live_step(server);
        }
        if (count > 0 && sources[0].revents != 0) {
            return;
        }
        if (count > 0 && sources[1].revents != 0 && !read_orders(server, &orders)) {
            return;
        }
    }
}

static int run(struct server *server, const struct arguments *arguments, int signals)
{
    if (!prepare(server, arguments)) {
        return 2;
    }
    struct sim_out line = {0};
    server_describe(server, &line);
    bool is_printed =
        !line.failed && fwrite(line.data, 1, line.len, stdout) == line.len && fflush(stdout) == 0;
    sim_out_release(&line);
    if (!is_printed) {
        return 1;
    }
    wait_for_end(server, signals, arguments->ends_with_stdin);
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .options = {.is_limited = true,
                    .seed = 1,
                    .worlds = {{.seed = 1, .order_count = 1000},
                               {.seed = 1, .order_count = 50, .is_sandbox = true}}},
    };
    if (!read_arguments(argc, argv, &arguments) || arguments.is_help) {
        fputs(usage, arguments.is_help ? stdout : stderr);
        return arguments.is_help ? 0 : 2;
    }
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &ending, SFD_CLOEXEC);
    const char *reason = NULL;
    struct server *server = signals >= 0 ? server_start(&arguments.options, &reason) : NULL;
    if (server == NULL) {
        fprintf(stderr, "till-sim: %s\n", reason != NULL ? reason : "signals cannot be waited for");
        return 1;
    }
    int status = run(server, &arguments, signals);
    server_stop(server);
    close(signals);
    return status;
}
