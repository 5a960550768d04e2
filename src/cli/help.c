// SPDX-License-Identifier: Apache-2.0
// help.c - `till help` and `till man`, both from commands.def and options.def: what help says is what the parser does.
#include <string.h>

#include "base/limits.h"
#include "cli/cli.h"

enum { NAME_COLUMNS = 26, FARTHEST_TYPO = 3 };

const struct cli_command *cli_find_command(const char *name)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}

static const char *nearest(const char *word, const char *known, size_t *least, const char *before)
{
    size_t away = sv_edit_distance(sv_of(word), sv_of(known));
    if (away >= *least)
        return before;
    *least = away;
    return known;
}

enum till_code cli_unknown_command(const char *word, struct till_error *e)
{
    const char *near = NULL;
    size_t least = FARTHEST_TYPO;
    for (size_t i = 0; i < cli_command_count; i++)
        near = nearest(word, cli_commands[i].name, &least, near);
    (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no command \"%s\"", word);
    if (near)
        return till_error_hint(e, "did you mean `till %s`? `till help` lists all commands", near);
    return till_error_hint(e, "`till help` lists all commands");
}

const char *cli_nearest_option(const char *name)
{
    const char *near = NULL;
    size_t least = FARTHEST_TYPO;
    for (int i = 0; i < OPTION__COUNT; i++)
        near = nearest(name, cli_options[i].name, &least, near);
    return near;
}

static void help_option(struct buf *out, enum cli_option option)
{
    const struct cli_option_info *info = &cli_options[option];
    size_t before = out->len;
    buf_format(out, "  --%s%s%s", info->name, info->argument ? " " : "",
               info->argument ? info->argument : "");
    size_t used = out->len - before;
    if (used + 1 > NAME_COLUMNS) {
        buf_char(out, '\n');
        used = 0;
    }
    buf_repeat(out, ' ', NAME_COLUMNS - used);
    view_wrap(out, sv_of(info->sentence), NAME_COLUMNS, NAME_COLUMNS);
}

void cli_help_command(struct buf *out, const struct view_style *style,
                      const struct cli_command *command)
{
    view_ink(out, style, INK_BOLD, "till ");
    view_ink(out, style, INK_BOLD, command->name);
    buf_format(out, "%s%s%s\n\n", command->arguments[0] ? " " : "", command->arguments,
               command->options[0] != OPTION__COUNT ? " [options]" : "");
    view_wrap(out, sv_of(command->description), 0, 0);
    if (command->options[0] != OPTION__COUNT)
        buf_text(out, "\nOptions\n");
    for (const enum cli_option *option = command->options; *option != OPTION__COUNT; option++)
        help_option(out, *option);
    buf_text(out, "\nEverywhere\n");
    for (int i = 0; i < OPTION__GLOBAL_COUNT; i++)
        help_option(out, (enum cli_option)i);
}

void cli_help_all(struct buf *out, const struct view_style *style)
{
    view_ink(out, style, INK_BOLD, "till");
    buf_text(out, " keeps your Polar.sh revenue on your own machine.\n\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "  %-16s", cli_commands[i].name);
        view_wrap(out, sv_of(cli_commands[i].summary), 18, 18);
    }
    buf_text(out, "\nStart with `till demo`, or `till connect polar` and `till sync`.\n"
                  "`till help COMMAND` explains one; `till man` is the whole manual.\n");
}

enum till_code cli_help(struct cli *cli, struct till_error *e)
{
    enum till_code code = cli_expect_arguments(cli, 0, 1, "till help [COMMAND]", e);
    if (code)
        return code;
    if (cli->argument_count == 0) {
        cli_help_all(&cli->out, &cli->style);
        return TILL_OK;
    }
    const struct cli_command *command = cli_find_command(cli->arguments[0]);
    if (!command)
        return cli_unknown_command(cli->arguments[0], e);
    cli_help_command(&cli->out, &cli->style, command);
    return TILL_OK;
}

// ---- the manual page, in mdoc ----

// Text with what roff would take for a request or an escape made harmless.
static void roff(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\\')
            buf_text(out, "\\e");
        else if (*c == '-')
            buf_text(out, "\\-");
        else if (*c == '`' || *c == '\'')
            buf_text(out, *c == '`' ? "\\(oq" : "\\(aq");
        else
            buf_char(out, *c);
    }
    buf_char(out, '\n');
}

// One sentence a line, as manual pages want it.
static void roff_sentences(struct buf *out, const char *text)
{
    AUTO_BUF sentence;
    buf_init(&sentence, TILL_LIMIT_BUFFER_BYTES);
    for (const char *c = text; *c; c++) {
        buf_char(&sentence, *c);
        if ((*c == '.' || *c == ':') && c[1] == ' ') {
            roff(out, sentence.data ? sentence.data : "");
            buf_reset(&sentence);
            c += 1;
        }
    }
    if (sentence.len > 0)
        roff(out, sentence.data);
}

static void man_options(struct buf *out, const enum cli_option *options, size_t count)
{
    buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < count; i++) {
        const struct cli_option_info *info = &cli_options[options[i]];
        buf_format(out, ".It Fl \\-%s", info->name);
        if (info->argument)
            buf_format(out, " Ar %s", info->argument);
        buf_char(out, '\n');
        roff_sentences(out, info->sentence);
    }
    buf_text(out, ".El\n");
}

static void man_commands(struct buf *out)
{
    buf_text(out, ".Sh COMMANDS\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        size_t count = 0;
        while (command->options[count] != OPTION__COUNT)
            count += 1;
        buf_format(out, ".Ss till %s\n", command->name);
        if (command->arguments[0])
            buf_format(out, ".Bd -literal -offset indent\ntill %s %s\n.Ed\n.Pp\n", command->name,
                       command->arguments);
        roff_sentences(out, command->description);
        if (count > 0)
            man_options(out, command->options, count);
    }
}

static void man_settings(struct buf *out)
{
    size_t count = 0;
    const struct setting *settings = config_settings(&count);
    buf_text(out, ".Sh ENVIRONMENT AND SETTINGS\nA setting is taken from a flag, the environment, "
                  "the configuration file, or its default.\n"
                  ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < count; i++) {
        buf_format(out, ".It Ic %s\n", settings[i].name);
        roff_sentences(out, settings[i].sentence);
        if (settings[i].environment)
            buf_format(out, "Environment:\n.Ev %s .\n", settings[i].environment);
        if (settings[i].fallback[0])
            buf_format(out, "Default:\n.Ql %s .\n", settings[i].fallback);
    }
    buf_text(out, ".El\n");
}

enum till_code cli_man(struct cli *cli, struct till_error *e)
{
    enum cli_option global[OPTION__GLOBAL_COUNT];
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till man", e);
    if (code)
        return code;
    for (int i = 0; i < OPTION__GLOBAL_COUNT; i++)
        global[i] = (enum cli_option)i;
    struct buf *out = &cli->out;
    buf_text(out, ".Dd $Mdocdate$\n.Dt TILL 1\n.Os\n.Sh NAME\n.Nm till\n.Nd keep a Polar.sh "
                  "organization's revenue on its owner's machine\n"
                  ".Sh SYNOPSIS\n.Nm\n.Op Fl \\-home Ar DIR\n.Op Fl \\-json\n.Op Fl \\-quiet\n.Ar "
                  "command\n.Op Ar argument ...\n"
                  ".Sh DESCRIPTION\n.Nm\nmirrors the tables of a Polar.sh organization into a "
                  "local SQLite database, read\\-only toward Polar,\n"
                  "and answers from it.\nThe token never leaves the machine except to "
                  "Polar.\n.Pp\nOptions for every command:\n");
    man_options(out, global, OPTION__GLOBAL_COUNT);
    man_commands(out);
    man_settings(out);
    buf_text(out, ".Sh FILES\nWith\n.Fl \\-home\nor\n.Ev TILL_HOME\neverything is in that "
                  "folder; else the XDG folders are used.\n"
                  ".Bl -tag -width Ds\n.It Pa till.db\nThe mirror, an SQLite database.\n.It Pa "
                  "config.ini\nSettings.\n.El\n"
                  ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (int i = 0; i < TILL_CODE__COUNT; i++)
        buf_format(out, ".It %d\n%s\n", till_code_exit_status((enum till_code)i),
                   till_code_words((enum till_code)i));
    buf_text(out, ".El\n.Sh EXAMPLES\n.Dl till connect polar\n.Dl till sync\n.Dl till today\n"
                  ".Dl till query \\(dqSELECT currency, sum(net_amount) FROM orders WHERE paid "
                  "GROUP BY currency\\(dq\n");
    return TILL_OK;
}
