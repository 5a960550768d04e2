// SPDX-License-Identifier: Apache-2.0
// completion.c - `till completion bash|zsh|fish`: shell completion written from commands.def and options.def, so that it never lags behind the parser.
//
// Words after a command: its options, the global options, and the names of tables where a command takes them. Sentences go out for zsh and fish, with
// what these shells would take for syntax made harmless.
#include <stdio.h>
#include <string.h>

#include "channels/kinds.h"
#include "cli/cli.h"

static bool takes_tables(const struct cli_command *command)
{
    return strstr(command->arguments, "TABLE") != NULL;
}

// "TABLE|html": the word that may stand where a table may; NULL for none.
static const char *word_beside_tables(const struct cli_command *command)
{
    const char *place = strstr(command->arguments, "TABLE|");
    return place ? place + strlen("TABLE|") : NULL;
}

// The words that may stand after a command that is no table's: what `till channels` does, and the kinds it knows.
static void free_words(const struct cli_command *command, const char *before, const char *after,
                       struct buf *out)
{
    static const char *const verbs[] = {"list", "add", "set", "test", "remove"};
    if (command->run != cli_channels)
        return;
    for (size_t i = 0; i < TILL_COUNT(verbs); i++)
        buf_format(out, "%s%s%s", before, verbs[i], after);
    for (int i = 0; i < CHANNEL_KIND__COUNT; i++)
        buf_format(out, "%s%s%s", before, channel_kinds[i].word, after);
}

// An option whose argument is written "a|b|c" takes one of these words.
static bool has_choices(const struct cli_option_info *info)
{
    return info->argument && strchr(info->argument, '|') != NULL;
}

static void choices(struct buf *out, const struct cli_option_info *info)
{
    for (const char *c = info->argument; *c; c++)
        buf_char(out, *c == '|' ? ' ' : *c);
}

static void bash_choices(struct buf *out)
{
    buf_text(out, "    case ${COMP_WORDS[COMP_CWORD - 1]} in\n");
    for (int i = 0; i < OPTION__COUNT; i++) {
        if (!has_choices(&cli_options[i]))
            continue;
        buf_format(out, "    --%s) COMPREPLY=($(compgen -W \"", cli_options[i].name);
        choices(out, &cli_options[i]);
        buf_text(out, "\" -- \"$word\")); return ;;\n");
    }
    buf_text(out, "    esac\n");
}

static void bash_options(struct buf *out, const struct cli_command *command)
{
    for (int i = 0; i < OPTION__GLOBAL_COUNT; i++)
        buf_format(out, " --%s", cli_options[i].name);
    for (const enum cli_option *own = command->options; *own != OPTION__COUNT; own++)
        buf_format(out, " --%s", cli_options[*own].name);
    for (int i = 0; takes_tables(command) && i < TABLE__COUNT; i++)
        buf_format(out, " %s", model_table((enum table_id)i)->name);
    if (word_beside_tables(command))
        buf_format(out, " %s", word_beside_tables(command));
    free_words(command, " ", "", out);
}

static void bash(struct buf *out)
{
    buf_text(out, "# bash completion of till: eval \"$(till completion bash)\"\n"
                  "_till() {\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} command= i\n"
                  "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "        case ${COMP_WORDS[i]} in\n"
                  "        --home | --color) i=$((i + 1)) ;;\n"
                  "        -*) ;;\n"
                  "        *) command=${COMP_WORDS[i]}; break ;;\n"
                  "        esac\n"
                  "    done\n");
    bash_choices(out);
    buf_text(out, "    case $command in\n"
                  "    '') COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; i < cli_command_count; i++)
        buf_format(out, "%s%s", i > 0 ? " " : "", cli_commands[i].name);
    for (int i = 0; i < OPTION__GLOBAL_COUNT; i++)
        buf_format(out, " --%s", cli_options[i].name);
    buf_text(out, "\" -- \"$word\")) ;;\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "    %s) COMPREPLY=($(compgen -W \"", cli_commands[i].name);
        bash_options(out, &cli_commands[i]);
        buf_text(out, "\" -- \"$word\")) ;;\n");
    }
    buf_text(out, "    esac\n}\ncomplete -o default -F _till till\n");
}

// Between single quotes of a shell, and without what zsh's _arguments and _describe take for syntax.
static void quoted(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            buf_text(out, "'\\''");
        else if (*c == '[' || *c == ']' || *c == ':' || *c == '\\')
            buf_char(out, *c == ':' ? ',' : ' ');
        else
            buf_char(out, *c);
    }
}

static void zsh_option(struct buf *out, enum cli_option option)
{
    const struct cli_option_info *info = &cli_options[option];
    buf_format(out, " \\\n            '--%s[", info->name);
    quoted(out, info->sentence);
    buf_char(out, ']');
    if (has_choices(info)) {
        buf_format(out, ":%s:(", info->name);
        choices(out, info);
        buf_char(out, ')');
    } else if (info->argument) {
        buf_format(out, ":%s:_files", info->argument);
    }
    buf_char(out, '\'');
}

static void zsh(struct buf *out)
{
    buf_text(out, "#compdef till\n"
                  "# zsh completion of till: till completion zsh > \"${fpath[1]}/_till\"\n"
                  "_till() {\n"
                  "    local -a commands\n"
                  "    commands=(");
    for (size_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "\n        '%s:", cli_commands[i].name);
        quoted(out, cli_commands[i].summary);
        buf_char(out, '\'');
    }
    buf_text(out, "\n    )\n"
                  "    if ((CURRENT == 2)); then\n"
                  "        _describe command commands\n"
                  "        return\n"
                  "    fi\n"
                  "    case $words[2] in\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        buf_format(out, "    %s)\n        _arguments", cli_commands[i].name);
        for (int k = 0; k < OPTION__GLOBAL_COUNT; k++)
            zsh_option(out, (enum cli_option)k);
        for (const enum cli_option *own = cli_commands[i].options; *own != OPTION__COUNT; own++)
            zsh_option(out, *own);
        if (takes_tables(&cli_commands[i])) {
            buf_text(out, " \\\n            '*:table:(");
            for (int k = 0; k < TABLE__COUNT; k++)
                buf_format(out, "%s%s", k > 0 ? " " : "", model_table((enum table_id)k)->name);
            if (word_beside_tables(&cli_commands[i]))
                buf_format(out, " %s", word_beside_tables(&cli_commands[i]));
            buf_text(out, ")'");
        }
        if (cli_commands[i].run == cli_channels) {
            buf_text(out, " \\\n            '*:word:(");
            free_words(&cli_commands[i], " ", "", out);
            buf_text(out, ")'");
        }
        buf_text(out, "\n        ;;\n");
    }
    buf_text(out, "    esac\n}\ncompdef _till till\n");
}

static void fish_option(struct buf *out, const char *condition, enum cli_option option)
{
    const struct cli_option_info *info = &cli_options[option];
    buf_format(out, "complete -c till %s -l %s%s", condition, info->name,
               info->argument ? " -r" : "");
    if (has_choices(info)) {
        buf_text(out, " -a '");
        choices(out, info);
        buf_char(out, '\'');
    }
    buf_text(out, " -d '");
    quoted(out, info->sentence);
    buf_text(out, "'\n");
}

static void fish(struct buf *out)
{
    buf_text(out, "# fish completion of till: till completion fish | source\n"
                  "complete -c till -f\n");
    for (int i = 0; i < OPTION__GLOBAL_COUNT; i++)
        fish_option(out, "", (enum cli_option)i);
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        char condition[96];
        (void)snprintf(condition, sizeof(condition), "-n '__fish_seen_subcommand_from %s'",
                       command->name);
        buf_format(out, "complete -c till -n __fish_use_subcommand -a %s -d '", command->name);
        quoted(out, command->summary);
        buf_text(out, "'\n");
        for (const enum cli_option *own = command->options; *own != OPTION__COUNT; own++)
            fish_option(out, condition, *own);
        for (int k = 0; takes_tables(command) && k < TABLE__COUNT; k++)
            buf_format(out, "complete -c till %s -a %s\n", condition,
                       model_table((enum table_id)k)->name);
        if (word_beside_tables(command))
            buf_format(out, "complete -c till %s -a %s\n", condition, word_beside_tables(command));
        char before[160];
        (void)snprintf(before, sizeof before, "complete -c till %s -a ", condition);
        free_words(command, before, "\n", out);
    }
}

enum till_code cli_completion(struct cli *cli, struct till_error *e)
{
    enum till_code code = cli_expect_arguments(cli, 1, 1, "till completion bash|zsh|fish", e);
    if (code)
        return code;
    const char *shell = cli->arguments[0];
    if (strcmp(shell, "bash") == 0)
        bash(&cli->out);
    else if (strcmp(shell, "zsh") == 0)
        zsh(&cli->out);
    else if (strcmp(shell, "fish") == 0)
        fish(&cli->out);
    else {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no completion for \"%s\"", shell);
        return till_error_hint(e, "shells: bash, zsh, fish");
    }
    return TILL_OK;
}
