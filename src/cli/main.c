// SPDX-License-Identifier: Apache-2.0
// main.c - parses the command line from the tables, runs one command, prints what went wrong, and chooses the exit status.
//
// Options may stand anywhere and are understood by getopt_long from options.def, by their whole names only: a script that abbreviates would break with
// the next option. Each command accepts the global ones and its own. Signals only set a flag that everything which waits looks at; a second Ctrl-C ends
// the process at once. A signal that was ignored when the program started (nohup) stays ignored.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

const struct cli_option_info cli_options[OPTION__COUNT] = {
#define OPTION(id, name, argument, sentence) [OPTION_##id] = {name, argument, sentence},
#define OPTION_GLOBAL_END
#include "cli/options.def"
#undef OPTION
#undef OPTION_GLOBAL_END
};

#define O(id) OPTION_##id,
#define COMMAND_WORD(name, word, arguments, summary, description, options)                         \
    static const enum cli_option name##_options[] = {options OPTION__COUNT};
#define COMMAND(name, arguments, summary, description, options)                                    \
    static const enum cli_option name##_options[] = {options OPTION__COUNT};
#include "cli/commands.def"
#undef COMMAND
#undef O

const struct cli_command cli_commands[] = {
#define COMMAND_WORD(name, word, arguments, summary, description, options)                         \
    {word, arguments, summary, description, name##_options, cli_##name},
#define COMMAND(name, arguments, summary, description, options)                                    \
    {#name, arguments, summary, description, name##_options, cli_##name},
#include "cli/commands.def"
#undef COMMAND
};
const size_t cli_command_count = TILL_COUNT(cli_commands);

volatile sig_atomic_t cli_stop = 0;

enum { MMAP_THRESHOLD_BYTES = 32 * 1024 * 1024 };

static void on_signal(int number)
{
    if (cli_stop)
        _exit(128 + number);
    cli_stop = number;
}

static void catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < TILL_COUNT(caught); i++) {
        struct sigaction before;
        if (sigaction(caught[i], NULL, &before) != 0 || before.sa_handler != SIG_IGN)
            (void)sigaction(caught[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
    // A file size limit is an error of the write, not the end of the program.
    (void)sigaction(SIGXFSZ, &action, NULL);
}

// A standard stream that was closed would give its number to the next file that is opened, and talk would land in the database. The place is held by
// something that fails when it is used.
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_NOCTTY);
    }
}

enum till_code cli_flush(struct cli *cli, struct till_error *e)
{
    size_t done = 0;
    enum till_code code = buf_fail(&cli->out, "the output", e);
    while (code == TILL_OK && done < cli->out.len) {
        ssize_t wrote = write(STDOUT_FILENO, cli->out.data + done, cli->out.len - done);
        if (wrote >= 0)
            done += (size_t)wrote;
        else if (errno == EPIPE)
            code = TILL_FAIL(e, TILL_CANCELED, EPIPE, "%s", "");
        else if (errno == EINTR && cli_stop)
            code = TILL_FAIL(e, TILL_CANCELED, EINTR, "interrupted");
        else if (errno != EINTR)
            code = TILL_FAIL(e, TILL_CONFIG, errno, "could not write to standard output: %s",
                             strerrordesc_np(errno));
    }
    buf_reset(&cli->out);
    return code;
}

void cli_say(const struct cli *cli, const char *format, ...)
{
    char text[TILL_ERROR_TEXT_BYTES];
    va_list arguments;
    struct buf line;
    if (cli->is_quiet)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    (void)text_show(&line, sv_of(text), 0);
    buf_char(&line, '\n');
    (void)!write(STDERR_FILENO, line.data ? line.data : "", line.len);
    buf_release(&line);
}

static bool accepts(const struct cli_command *command, enum cli_option option)
{
    if ((int)option < OPTION__GLOBAL_COUNT)
        return true;
    for (const enum cli_option *own = command->options; *own != OPTION__COUNT; own++) {
        if (*own == option)
            return true;
    }
    return false;
}

static enum till_code check_options(const struct cli *cli, const struct cli_command *command,
                                    struct till_error *e)
{
    for (int i = 0; i < OPTION__COUNT; i++) {
        if (!cli->options[i] || accepts(command, (enum cli_option)i))
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "`till %s` has no option --%s", command->name,
                        cli_options[i].name);
        return till_error_hint(e, "see `till help %s`", command->name);
    }
    return TILL_OK;
}

static void fill_long_options(struct option long_options[static OPTION__COUNT + 1])
{
    memset(long_options, 0, (OPTION__COUNT + 1) * sizeof(struct option));
    for (int i = 0; i < OPTION__COUNT; i++)
        long_options[i] =
            (struct option){.name = cli_options[i].name,
                            .has_arg = cli_options[i].argument ? required_argument : no_argument,
                            .val = 256 + i};
}

static enum till_code unknown_option(const char *word, struct till_error *e)
{
    char name[64] = "";
    if (strncmp(word, "--", 2) == 0)
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = name[0] ? cli_nearest_option(name) : NULL;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "unknown option \"%s\"", word);
    if (near)
        return till_error_hint(
            e, "did you mean --%s? `till help COMMAND` lists a command's options", near);
    return till_error_hint(e, "`till help COMMAND` lists a command's options");
}

static bool is_list(enum cli_option option)
{
    return option == OPTION_product_id || option == OPTION_customer_id ||
           option == OPTION_billing_type || option == OPTION_allowed_host;
}

static enum till_code take_value(struct cli *cli, enum cli_option option, struct till_error *e)
{
    const char *name = cli_options[option].name;
    if (optarg && is_list(option)) {
        if (cli->list_value_count >= CLI_LIST_VALUES)
            return TILL_FAIL(e, TILL_LIMIT, 0, "--%s is given more than %d times", name,
                             CLI_LIST_VALUES);
        cli->list_values[cli->list_value_count++] = (struct cli_list_value){option, optarg};
    } else if (cli->options[option] && optarg) {
        return TILL_FAIL(e, TILL_USAGE, 0, "--%s is given twice", name);
    }
    cli->options[option] = optarg ? optarg : "";
    return TILL_OK;
}

// What getopt_long() gave back for the word (or words) that it has just eaten.
static enum till_code take_option(struct cli *cli, int found, char *const *argv,
                                  struct till_error *e)
{
    const char *word = argv[optind - 1];
    if (found == 'h' || found == 'q')
        found = 256 + (found == 'h' ? (int)OPTION_help : (int)OPTION_quiet);
    if (found == ':') {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s needs a value", word);
        return till_error_hint(e, "`till help COMMAND` says which");
    }
    if (found == '?' && optopt >= 256)
        return TILL_FAIL(e, TILL_USAGE, 0, "--%s takes no value", cli_options[optopt - 256].name);
    if (found == '?' && optopt > 0) {
        char letter[3] = {'-', (char)optopt, '\0'};
        return unknown_option(letter, e);
    }
    if (found < 256)
        return unknown_option(word, e);
    const char *name = cli_options[found - 256].name;
    if (optarg && optarg == word)
        word = argv[optind - 2];
    size_t len = strlen(name);
    if (strncmp(word, "--", 2) == 0 &&
        (strncmp(word + 2, name, len) != 0 || (word[2 + len] != '\0' && word[2 + len] != '=')))
        return unknown_option(word, e);
    return take_value(cli, (enum cli_option)(found - 256), e);
}

// --json decides how errors look, those of the command line too.
static bool asks_for_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

static enum till_code parse(struct cli *cli, int argc, char **argv,
                            const struct cli_command **ret_command, struct till_error *e)
{
    struct option long_options[OPTION__COUNT + 1];
    int found = 0;
    fill_long_options(long_options);
    cli->is_json = asks_for_json(argc, argv);
    opterr = 0;
    while ((found = getopt_long(argc, argv, ":hq", long_options, NULL)) != -1) {
        enum till_code code = take_option(cli, found, argv, e);
        if (code)
            return code;
    }
    cli->is_json = cli->options[OPTION_json] != NULL;
    cli->is_quiet = cli->options[OPTION_quiet] != NULL;
    if (optind >= argc)
        return TILL_OK;
    cli->arguments = argv + optind + 1;
    cli->argument_count = argc - optind - 1;
    *ret_command = cli_find_command(argv[optind]);
    return *ret_command ? check_options(cli, *ret_command, e)
                        : cli_unknown_command(argv[optind], e);
}

static bool wants_color(const char *when, bool is_terminal)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (strcmp(when, "always") == 0)
        return true;
    if (strcmp(when, "never") == 0 || (no_color && no_color[0]))
        return false;
    return is_terminal && terminal && strcmp(terminal, "dumb") != 0;
}

// Before the configuration is known (and where it is not needed): by --color and the environment alone.
static void settle_style(struct cli *cli)
{
    struct winsize size = {0};
    const char *terminal = getenv("TERM");
    const char *when = cli->config ? config_text(cli->config, "color") : cli->options[OPTION_color];
    const char *locale = cli->config ? config_text(cli->config, "locale") : "";
    cli->out_is_terminal = isatty(STDOUT_FILENO) == 1;
    cli->talk_is_terminal = isatty(STDERR_FILENO) == 1;
    cli->talk_can_redraw = cli->talk_is_terminal && terminal && strcmp(terminal, "dumb") != 0;
    cli->style.has_color = wants_color(when ? when : "auto", cli->out_is_terminal);
    cli->talk_style.has_color = wants_color(when ? when : "auto", cli->talk_is_terminal);
    if (cli->out_is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        cli->style.width = size.ws_col;
    if (cli->talk_is_terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
        cli->talk_style.width = size.ws_col;
    cli->style.cell_width = cli->out_is_terminal ? TILL_LIMIT_TABLE_CELL_WIDTH : 0;
    cli->style.has_unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    cli->talk_style.has_unicode = cli->style.has_unicode;
    cli->style.locale = cli->talk_style.locale = locale[0] ? locale : NULL;
}

// Flags that override settings of the same meaning.
static enum till_code apply_flags(struct cli *cli, struct till_error *e)
{
    static const struct {
        enum cli_option option;
        const char *setting;
    } flags[] = {{OPTION_color, "color"},
                 {OPTION_rate, "rate"},
                 {OPTION_keyring, "keyring"},
                 {OPTION_timezone, "timezone"}};
    for (size_t i = 0; i < TILL_COUNT(flags); i++) {
        const char *value = cli->options[flags[i].option];
        enum till_code code =
            value ? config_set_flag(cli->config, flags[i].setting, value, e) : TILL_OK;
        if (code)
            return code;
    }
    return TILL_OK;
}

static enum till_code configure(struct cli *cli, struct till_error *e)
{
    enum till_code code = config_places_find(cli->options[OPTION_home], &cli->places, e);
    if (code == TILL_OK)
        code = config_load(&cli->places, &cli->config, e);
    if (code == TILL_OK)
        code = apply_flags(cli, e);
    if (code == TILL_OK)
        settle_style(cli);
    return code;
}

static void print_version(struct cli *cli)
{
    if (!cli->is_json) {
        buf_text(&cli->out, "till " TILL_VERSION "\n");
        return;
    }
    buf_char(&cli->out, '{');
    view_json_text(&cli->out, "version", TILL_VERSION);
    buf_text(&cli->out, "}\n");
}

// Help must be had with a configuration that is broken.
static bool needs_configuration(const struct cli_command *command)
{
    return command->run != cli_help && command->run != cli_man && command->run != cli_completion;
}

static enum till_code run(struct cli *cli, int argc, char **argv, struct till_error *e)
{
    const struct cli_command *command = NULL;
    enum till_code code = parse(cli, argc, argv, &command, e);
    settle_style(cli);
    if (code)
        return code;
    if (cli->options[OPTION_version]) {
        print_version(cli);
        return cli_flush(cli, e);
    }
    if (cli->options[OPTION_help] || !command) {
        if (command)
            cli_help_command(&cli->out, &cli->style, command);
        else
            cli_help_all(&cli->out, &cli->style);
        return cli_flush(cli, e);
    }
    if (needs_configuration(command))
        code = configure(cli, e);
    if (code == TILL_OK)
        code = command->run(cli, e);
    if (code == TILL_OK || code == TILL_STALE || code == TILL_PARTIAL) {
        struct till_error flush_error = {0};
        if (cli_flush(cli, &flush_error) != TILL_OK) {
            *e = flush_error;
            code = flush_error.code;
        }
    }
    return code;
}

static void print_error(const struct cli *cli, const struct till_error *e)
{
    struct buf line;
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    if (e->text[0] == '\0')
        return;
    if (cli->is_json) {
        buf_text(&line, "{");
        view_json_key(&line, "error");
        buf_text(&line, "{");
        view_json_text(&line, "class", till_code_name(e->code));
        view_json_int(&line, "status", till_code_exit_status(e->code));
        view_json_text(&line, "text", e->text);
        view_json_text(&line, "hint", e->hint);
        buf_text(&line, "}}\n");
    } else {
        view_ink(&line, &cli->talk_style, INK_RED, "till: ");
        (void)text_show(&line, sv_of(e->text), 0);
        buf_char(&line, '\n');
        if (e->hint[0]) {
            view_ink(&line, &cli->talk_style, INK_DIM, "  next: ");
            (void)text_show(&line, sv_of(e->hint), 0);
            buf_char(&line, '\n');
        }
    }
    if (line.failure == TILL_OK)
        (void)!write(STDERR_FILENO, line.data, line.len);
    else // no memory to make it look well: the bare words, from fixed memory
        (void)fprintf(stderr, "till: %s\n", till_code_words(e->code));
    buf_release(&line);
    if (e->file)
        log_event(LOG_LEVEL_DEBUG, "event=error file=%s line=%d detail=%ld", e->file, e->line,
                  e->detail);
}

// The token passes through memory of libraries that cannot be told to keep it out of a core file, so there is none; nor may another process of this user
// look in with ptrace. (The leak sanitizer needs ptrace.)
static void keep_memory_private(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int main(int argc, char **argv)
{
    struct cli cli = {.clock = &clock_system};
    struct till_error e = {0};

    hold_standard_streams();
    keep_memory_private();
    (void)setlocale(LC_ALL, "");
    (void)setlocale(LC_NUMERIC, "C");
    (void)umask(077);
    // Page-sized buffers come and go; given back at once they do not pile up as holes in the heap (a sixth of the peak).
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD_BYTES);
    catch_signals();
    log_set_level_from_environment();
    buf_init(&cli.out, TILL_LIMIT_BUFFER_BYTES);
    enum till_code code = run(&cli, argc, argv, &e);
    if (code != TILL_OK)
        print_error(&cli, &e);
    config_free(cli.config);
    config_places_release(&cli.places);
    buf_release(&cli.out);
    return till_code_exit_status(code);
}
