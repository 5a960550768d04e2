// SPDX-License-Identifier: Apache-2.0
// cli.h - what every command is given (private to this room): parsed options, places, configuration, standard output.
//
// Commands return a code and fill the error; main.c alone prints errors and chooses the exit status. Data goes to cli->out and is flushed by
// cli_flush(); talk goes to standard error through cli_say(), which --quiet silences.
#ifndef TILL_CLI_CLI_H
#define TILL_CLI_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "config/config.h"
#include "model/intervals.h"
#include "model/traffic.h"
#include "polar/polar.h"
#include "report/metrics.h"
#include "store/store.h"
#include "sync/sync.h"
#include "vault/vault.h"
#include "views/views.h"

enum cli_option {
#define OPTION(id, name, argument, sentence) OPTION_##id,
#define OPTION_GLOBAL_END                    OPTION__GLOBAL_COUNT, OPTION__AFTER_GLOBAL = OPTION__GLOBAL_COUNT - 1,
#include "cli/options.def"
#undef OPTION
#undef OPTION_GLOBAL_END
    OPTION__COUNT
};

struct cli_option_info {
    const char *name;
    const char *argument; // NULL = a switch
    const char *sentence;
};
extern const struct cli_option_info cli_options[OPTION__COUNT];

enum { CLI_LIST_VALUES = 256 };
struct cli_list_value { // of an option that may be given several times
    enum cli_option option;
    const char *value;
};
struct cli {
    const char
        *options[OPTION__COUNT]; // NULL = not given; switches hold ""; of a list the last value
    struct cli_list_value list_values[CLI_LIST_VALUES];
    size_t list_value_count;
    char **arguments; // after the command
    int argument_count;
    struct config_places places;
    struct config *config;
    const struct clock *clock;
    bool is_quiet, is_json;
    bool out_is_terminal, talk_is_terminal;
    bool talk_can_redraw;         // standard error is a terminal that moves its cursor
    struct view_style style;      // of standard output
    struct view_style talk_style; // of standard error
    struct buf out;
};

struct cli_command {
    const char *name, *arguments, *summary, *description;
    const enum cli_option *options; // ends with OPTION__COUNT
    enum till_code (*run)(struct cli *cli, struct till_error *e);
};
extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

#define COMMAND(name, arguments, summary, description, options)                                    \
    enum till_code cli_##name(struct cli *cli, struct till_error *e) TILL_MUSTUSE;
#include "cli/commands.def"
#undef COMMAND

// Set by SIGINT and SIGTERM: everything that waits looks at it.
extern volatile sig_atomic_t cli_stop;

// ---- output ----
// Writes cli->out to standard output and empties it. A closed pipe is CANCELED without text (main exits quietly).
enum till_code cli_flush(struct cli *cli, struct till_error *e) TILL_MUSTUSE;
void cli_say(const struct cli *cli, const char *format, ...) TILL_PRINTF(2, 3);
// --format, else --json, else table on a terminal and csv when piped.
enum till_code cli_format(const struct cli *cli, enum view_format *ret_format,
                          struct till_error *e) TILL_MUSTUSE;
// "26h", "10s", "250ms", "15m", "7d", bare numbers are seconds.
enum till_code cli_duration(const char *text, const char *what, int64_t *ret_ms,
                            struct till_error *e) TILL_MUSTUSE;
enum till_code cli_count(const char *text, const char *what, int64_t most, int64_t *ret_count,
                         struct till_error *e) TILL_MUSTUSE;
enum till_code cli_expect_arguments(const struct cli *cli, int least, int most, const char *usage,
                                    struct till_error *e) TILL_MUSTUSE;

// "there is no table ...", with the nearest one as the hint.
enum till_code cli_unknown_table(const char *name, struct till_error *e) TILL_MUSTUSE;

// ---- metrics.c: the question that --from, --to, --interval and the filters ask ----
struct cli_metrics_question {
    struct report_metrics_query query; // connection is left to the caller
    struct zone *zone;
    struct arena arena; // ids
};
// The arguments are slugs. cli_metrics_question_release() also after a failure.
enum till_code cli_metrics_question(const struct cli *cli,
                                    struct cli_metrics_question *ret_question,
                                    struct till_error *e) TILL_MUSTUSE;
void cli_metrics_question_release(struct cli_metrics_question *question);
// --in; 0 when it is not given.
enum till_code cli_currency(const struct cli *cli, metrics_currency *ret_currency,
                            struct till_error *e) TILL_MUSTUSE;

// ---- connect_traffic.c: `till connect` for services that count visits ----
enum till_code cli_connect_traffic(struct cli *cli, enum traffic_service service,
                                   struct till_error *e) TILL_MUSTUSE;

// ---- export_html.c: the overview as one file ----
enum till_code cli_export_html(struct cli *cli, struct till_error *e) TILL_MUSTUSE;

// ---- process.c: programs that till starts ----
// In the child between fork and exec: what this program ignores, the child should not.
void cli_reset_signals(void);
// Waits for the child; ends it (a negative number: its whole group) when the deadline (monotonic ms, 0 = none) passes or cli_stop is set. Gives the exit
// status, 128 + signal, or -1.
int cli_wait_child(pid_t target, int64_t deadline_ms);
// In the child: leads a group of its own, with the terminal when we have it. In the parent: waits for it, and takes the terminal back.
void cli_lead_group(void);
int cli_wait_group(pid_t child, int64_t deadline_ms);

// ---- session.c: what commands open ----
enum till_code cli_open_store(const struct cli *cli, enum store_mode mode, struct store **ret_store,
                              struct till_error *e) TILL_MUSTUSE;
// Names are typed, shown in tables, and name a secret: USAGE for one that is none.
enum till_code cli_check_name(const char *name, struct till_error *e) TILL_MUSTUSE;
// Every connection a command is about: the one called --name, else all that are connected. CONFIG when there is none; names are listed then.
struct cli_connections {
    struct store_connection list[REPORT_CARDS];
    size_t count;
};
enum till_code cli_connections(const struct cli *cli, struct store *store,
                               struct cli_connections *ret_connections,
                               struct till_error *e) TILL_MUSTUSE;
// For commands about one: --name, else the only one that is connected. CONFIG when there is none, USAGE when several could be meant.
enum till_code cli_connection(const struct cli *cli, struct store *store,
                              struct store_connection *ret_connection,
                              struct till_error *e) TILL_MUSTUSE;
// place: the word stored with a connection, or NULL to choose by --keyring and configuration.
enum till_code cli_open_vault(const struct cli *cli, const char *place, struct vault **ret_vault,
                              struct till_error *e) TILL_MUSTUSE;
enum till_code cli_stored_token(const struct cli *cli, const struct store_connection *connection,
                                struct secret *ret_token, struct till_error *e) TILL_MUSTUSE;
enum till_code cli_open_polar(const struct cli *cli, const char *url, const struct secret *token,
                              struct polar **ret_polar, struct till_error *e) TILL_MUSTUSE;
// sync.c: brings these tables of one connection up to date, without lock and without output; NULL wanted = all that are switched on.
enum till_code cli_sync_connection(struct cli *cli, struct store *store,
                                   const struct store_connection *connection,
                                   const bool wanted[TABLE__COUNT], enum sync_method method,
                                   struct sync_summary *ret_summary,
                                   struct till_error *e) TILL_MUSTUSE;
// From now on this client counts its requests together with all other till processes that talk to the organization.
enum till_code cli_share_budget(const struct cli *cli, struct polar *polar,
                                const char *organization_id, struct till_error *e) TILL_MUSTUSE;
// The configured address of an environment; NULL for an unknown word.
const char *cli_environment_url(const struct cli *cli, const char *environment);
const char *cli_name_option(const struct cli *cli);
// The setting sync_every.
int64_t cli_default_every_ms(const struct cli *cli);

// ---- token.c: where a token comes from ----
// *ret_from_environment: it came from $POLAR_ACCESS_TOKEN. White space at both ends is dropped; the shape is not checked here.
enum till_code cli_read_token(const struct cli *cli, struct secret *ret_token,
                              bool *ret_from_environment, struct till_error *e) TILL_MUSTUSE;
// A line from the terminal, which shows it. USAGE without one.
enum till_code cli_ask_line(const char *question, char *ret_line, size_t bytes,
                            struct till_error *e) TILL_MUSTUSE;
// The same for services other than Polar: never from the environment. question stands on the terminal.
enum till_code cli_read_key(const struct cli *cli, const char *question, const char *empty_hint,
                            struct secret *ret_key, struct till_error *e) TILL_MUSTUSE;
// Several secrets of one thing, a line each: from --token-stdin, --token-file or --token-command, else each from a hidden prompt. *ret_secret holds the lines,
// "" for those that were not given; it stays untouched when all are. USAGE when a needed one is missing.
struct cli_secret_line {
    const char *word, *what; // "bot_token", "the bot's token, from @BotFather"
    bool is_needed;
    bool is_hidden; // never asked for; a line may still give it
};
enum till_code cli_read_lines(const struct cli *cli, const struct cli_secret_line *lines,
                              size_t count, struct secret *ret_secret,
                              struct till_error *e) TILL_MUSTUSE;
// From --secret-stdin, --secret-file or $POLAR_WEBHOOK_SECRET; untouched (and TILL_OK) when none of them is given.
enum till_code cli_read_webhook_secret(const struct cli *cli, struct secret *ret_secret,
                                       struct till_error *e) TILL_MUSTUSE;
// From standard input (--password-stdin, its first line) or a prompt.
enum till_code cli_read_password(const struct cli *cli, struct secret *ret_password,
                                 struct till_error *e) TILL_MUSTUSE;
// The name under which a connection's webhook secret is kept beside its token: "polar.webhook".
enum { CLI_SECRET_NAME_BYTES = STORE_NAME_BYTES + 16 };
void cli_webhook_secret_name(const char *connection, char ret_name[static CLI_SECRET_NAME_BYTES]);

// ---- help.c ----
const struct cli_command *cli_find_command(const char *name);
void cli_help_command(struct buf *out, const struct view_style *style,
                      const struct cli_command *command);
void cli_help_all(struct buf *out, const struct view_style *style);
// "there is no command ...", with the nearest one as the hint.
enum till_code cli_unknown_command(const char *word, struct till_error *e) TILL_MUSTUSE;
// The option (among all) that is nearest to a mistyped name, or NULL.
const char *cli_nearest_option(const char *name);

#endif
