// SPDX-License-Identifier: Apache-2.0
// channels.c - `till channels`: where digests go, listed, changed and removed. Adding and testing are in files of their own.
//
// The list opens no vault: where a channel goes was written down without its secret when it was added.
#include "cli/channels.h"

#include <stdio.h>
#include <string.h>

#include "api/channels.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"

static const char usage[] = "till channels [list|add KIND|set NAME|test NAME|remove NAME]";
enum { LABEL_COLUMNS = 16, ALL_SECTIONS = (1 << CHANNEL_SECTIONS) - 1 };

// ---- secrets ----

void cli_channel_secret_name(const char *channel, char ret_name[static CLI_CHANNEL_SECRET_BYTES])
{
    (void)snprintf(ret_name, CLI_CHANNEL_SECRET_BYTES, "channel:%s", channel);
}

enum till_code cli_channel_secret(const struct cli *cli, const struct store_channel *channel,
                                  struct secret *ret_secret, struct till_error *e)
{
    struct vault *vault = NULL;
    char name[CLI_CHANNEL_SECRET_BYTES];
    bool is_found = false;
    cli_channel_secret_name(channel->name, name);
    enum till_code code = cli_open_vault(cli, channel->secret_place, &vault, e);
    if (code == TILL_OK)
        code = vault_get(vault, name, ret_secret, &is_found, e);
    vault_close(vault);
    if (code)
        return till_error_context(e, "could not read the secret of the channel %s", channel->name);
    if (is_found)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the secret of the channel %s is not where it was put (%s)",
                    channel->name, channel->secret_place);
    return till_error_hint(e, "add it again: `till channels add %s --name %s`", channel->kind,
                           channel->name);
}

enum till_code cli_remove_channel_secret(const struct cli *cli, const char *place,
                                         const char *channel, bool *ret_found, struct till_error *e)
{
    struct vault *vault = NULL;
    char name[CLI_CHANNEL_SECRET_BYTES];
    cli_channel_secret_name(channel, name);
    enum till_code code = cli_open_vault(cli, place, &vault, e);
    if (code == TILL_OK)
        code = vault_remove(vault, name, ret_found, e);
    vault_close(vault);
    return code;
}

// ---- finding ----

enum till_code cli_find_channel(struct store *store, const char *name,
                                struct store_channel *ret_channel, struct till_error *e)
{
    struct store_channels all = {.count = 0};
    char names[TILL_ERROR_HINT_BYTES / 2] = "none";
    size_t len = 0;
    bool is_found = false;
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = store_channel_get(store, name, ret_channel, &is_found, e);
    if (code || is_found)
        return code;
    code = store_channels(store, &arena, &all, e);
    if (code)
        return code;
    for (size_t i = 0; i < all.count && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "",
                                all.list[i].name);
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "there is no channel called \"%s\"", name);
    return till_error_hint(e, "channels: %s; `till channels add KIND` adds one", names);
}

static enum till_code open_store(const struct cli *cli, enum store_mode mode,
                                 struct store **ret_store, struct till_error *e)
{
    if (fs_exists(cli->places.database))
        return cli_open_store(cli, mode, ret_store, e);
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "there are no channels yet");
    return till_error_hint(e, "add one: `till channels add KIND`; `till help channels` says which");
}

// ---- what a channel gets ----

static enum till_code parse_sections(const char *list, uint32_t *ret_sections, struct till_error *e)
{
    struct sv rest = sv_of(list), word;
    uint32_t sections = 0;
    while (sv_split(&rest, ',', &word)) {
        uint32_t bits = sv_equal(sv_trim(word), SV("all")) ? ALL_SECTIONS : 0;
        for (int i = 0; i < CHANNEL_SECTIONS; i++)
            if (sv_equal(sv_trim(word), sv_of(channel_sections[i])))
                bits = UINT32_C(1) << i;
        sections |= bits;
        if (bits != 0)
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--sections: there is no section \"" SV_FORMAT "\"",
                        SV_ARGS(word));
        return till_error_hint(e, "sections: %s, %s, %s, %s, %s, %s; or all", channel_sections[0],
                               channel_sections[1], channel_sections[2], channel_sections[3],
                               channel_sections[4], channel_sections[5]);
    }
    if (sections == 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "--sections: no section is named");
    *ret_sections = sections == ALL_SECTIONS ? 0 : sections;
    return TILL_OK;
}

static enum till_code parse_connection(const char *name, struct store *store,
                                       struct store_channel *channel, struct till_error *e)
{
    struct store_connection connection = {0};
    bool is_found = false;
    enum till_code code = TILL_OK;
    if (strcmp(name, "all") == 0) {
        channel->connection[0] = '\0';
        return TILL_OK;
    }
    if (store)
        code = store_connection_get(store, name, &connection, &is_found, e);
    if (code)
        return code;
    if (!is_found || connection.disconnected_at_us != 0) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "--connection: %s is not connected", name);
        return till_error_hint(e, "`till status` lists what is connected");
    }
    (void)snprintf(channel->connection, sizeof channel->connection, "%s", connection.name);
    return TILL_OK;
}

static enum till_code parse_digests(const char *word, struct store_channel *channel,
                                    struct till_error *e)
{
    bool is_both = strcmp(word, "both") == 0;
    channel->gets_days = is_both || strcmp(word, "days") == 0;
    channel->gets_weeks = is_both || strcmp(word, "weeks") == 0;
    if (channel->gets_days || channel->gets_weeks)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--digests: \"%s\" is not a choice", word);
    return till_error_hint(e, "choices: days, weeks, both");
}

// A switch and what undoes it.
static enum till_code take_switch(const struct cli *cli, enum cli_option on, enum cli_option off,
                                  bool *is_on, int *count, struct till_error *e)
{
    if (cli->options[on] && cli->options[off])
        return TILL_FAIL(e, TILL_USAGE, 0, "say either --%s or --%s", cli_options[on].name,
                         cli_options[off].name);
    if (!cli->options[on] && !cli->options[off])
        return TILL_OK;
    *is_on = cli->options[on] != NULL;
    *count += 1;
    return TILL_OK;
}

enum till_code cli_apply_channel_options(const struct cli *cli, struct store *store,
                                         struct store_channel *channel, int *ret_count,
                                         struct till_error *e)
{
    const char *digests = cli->options[OPTION_digests];
    const char *sections = cli->options[OPTION_sections];
    const char *connection = cli->options[OPTION_connection];
    bool was_enabled = channel->is_enabled;
    int count = (digests != NULL) + (sections != NULL) + (connection != NULL);
    enum till_code code = digests ? parse_digests(digests, channel, e) : TILL_OK;
    if (code == TILL_OK && sections)
        code = parse_sections(sections, &channel->sections, e);
    if (code == TILL_OK && connection)
        code = parse_connection(connection, store, channel, e);
    if (code == TILL_OK)
        code = take_switch(cli, OPTION_with_names, OPTION_without_names, &channel->has_names,
                           &count, e);
    if (code == TILL_OK)
        code = take_switch(cli, OPTION_ascii, OPTION_unicode, &channel->is_ascii, &count, e);
    if (code == TILL_OK)
        code = take_switch(cli, OPTION_on, OPTION_off, &channel->is_enabled, &count, e);
    if (code)
        return code;
    // What was due while it was off is not for it.
    if (channel->is_enabled && !was_enabled)
        channel->created_us = clock_now_us(cli->clock);
    *ret_count = count;
    return TILL_OK;
}

void cli_channel_gets(const struct store_channel *channel, struct buf *out)
{
    bool has_any = false;
    buf_text(out, channel->gets_days && channel->gets_weeks ? "days and weeks; "
                  : channel->gets_weeks                     ? "weeks; "
                                                            : "days; ");
    if (channel->sections == 0)
        buf_text(out, "all sections");
    for (int i = 0; i < CHANNEL_SECTIONS; i++) {
        if ((channel->sections >> i & 1) == 0)
            continue;
        buf_format(out, "%s%s", has_any ? ", " : "", channel_sections[i]);
        has_any = true;
    }
    if (channel->connection[0])
        buf_format(out, "; of %s alone", channel->connection);
    buf_text(out,
             channel->has_names ? "; names of customers shown" : "; names of customers masked");
    if (channel->is_ascii)
        buf_text(out, "; in plain ASCII");
}

// ---- the list ----

static void label(struct buf *out, const char *word)
{
    buf_format(out, "  %-*s", LABEL_COLUMNS - 2, word);
}

static void delivery_text(struct cli *cli, const struct store_delivery *delivery)
{
    struct buf *out = &cli->out;
    enum store_delivery_state state = delivery->state;
    int64_t now_us = clock_now_us(cli->clock);
    bool is_well = state == STORE_DELIVERY_SENT;
    label(out, "last digest");
    buf_format(out, "%s to %04d-%02d-%02d ",
               delivery->key.period == STORE_DIGEST_WEEK ? "the week" : "the day",
               delivery->key.date.year, delivery->key.date.month, delivery->key.date.day);
    view_ink(out, &cli->style, is_well ? INK_GREEN : INK_RED,
             state == STORE_DELIVERY_COMMITTED ? "under way, or uncertain"
                                               : store_delivery_word(state));
    buf_char(out, ' ');
    view_ago(out, delivery->last_us, now_us);
    if (state == STORE_DELIVERY_WAITING && delivery->next_try_us > 0) {
        buf_text(out, ", again ");
        view_in(out, delivery->next_try_us, now_us);
    }
    buf_char(out, '\n');
    if (is_well || !delivery->error[0])
        return;
    label(out, "");
    view_wrap(out, sv_of(delivery->error), LABEL_COLUMNS, LABEL_COLUMNS);
}

static enum till_code channel_text(struct cli *cli, struct store *store,
                                   const struct store_channel *channel, struct till_error *e)
{
    struct buf *out = &cli->out;
    struct channel_values values = {.where = NULL};
    struct store_deliveries deliveries = {.count = 0};
    enum channel_kind kind = CHANNEL_email;
    AUTO_ARENA arena;
    AUTO_BUF gets;
    AUTO_BUF shown;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&gets, TILL_LIMIT_BUFFER_BYTES);
    buf_init(&shown, TILL_LIMIT_BUFFER_BYTES);
    if (!channel_kind_parse(sv_of(channel->kind), &kind))
        return TILL_FAIL(e, TILL_FORMAT, 0, "%s is of a kind that this version does not know: %s",
                         channel->name, channel->kind);
    enum till_code code = channel_values_parse(kind, sv_of(channel->settings), &arena, &values, e);
    if (code == TILL_OK)
        code = store_deliveries(store, channel->name, 1, &arena, &deliveries, e);
    if (code)
        return code;
    view_ink(out, &cli->style, INK_BOLD, channel->name);
    buf_text(out, channel->is_enabled ? "\n" : "  switched off\n");
    label(out, "kind");
    buf_format(out, "%s\n", channel_kinds[kind].label);
    label(out, "where");
    (void)text_show(&shown, sv_of(values.where ? values.where : ""), 0);
    view_wrap(out, (struct sv){shown.data ? shown.data : "", shown.len}, LABEL_COLUMNS,
              LABEL_COLUMNS);
    label(out, "gets");
    cli_channel_gets(channel, &gets);
    view_wrap(out, (struct sv){gets.data ? gets.data : "", gets.len}, LABEL_COLUMNS, LABEL_COLUMNS);
    if (channel->secret_place[0]) {
        label(out, "secret");
        buf_format(out, "%s\n", channel->secret_place);
    }
    if (deliveries.count > 0) {
        delivery_text(cli, &deliveries.list[0]);
    } else {
        label(out, "last digest");
        buf_text(out, "none yet\n");
    }
    code = buf_fail(&gets, "a channel", e);
    return code ? code : buf_fail(&shown, "a channel", e);
}

static enum till_code print_list(struct cli *cli, struct store *store,
                                 const struct store_channels *all, struct till_error *e)
{
    enum till_code code = TILL_OK;
    if (cli->is_json)
        buf_text(&cli->out, "{\"channels\":[");
    else if (all->count == 0)
        buf_text(&cli->out, "No channels yet. `till channels add KIND` adds one: email, slack, "
                            "discord,\ntelegram, ntfy, webhook, file or command.\n");
    for (size_t i = 0; i < all->count && code == TILL_OK; i++) {
        if (i > 0)
            buf_char(&cli->out, cli->is_json ? ',' : '\n');
        code = cli->is_json ? api_channel_json(store, &all->list[i], 1, &cli->out, e)
                            : channel_text(cli, store, &all->list[i], e);
    }
    if (cli->is_json)
        buf_text(&cli->out, "]}\n");
    return code;
}

static enum till_code list(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_channels all = {.count = 0};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = TILL_OK;
    if (fs_exists(cli->places.database)) {
        code = cli_open_store(cli, STORE_READ_ONLY, &store, e);
        if (code == TILL_OK)
            code = store_channels(store, &arena, &all, e);
    }
    if (code == TILL_OK)
        code = print_list(cli, store, &all, e);
    store_close(store);
    return code;
}

// ---- changing and removing ----

static enum till_code set(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_channel channel = {.kind = ""};
    int count = 0;
    enum till_code code = open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = cli_find_channel(store, cli->arguments[1], &channel, e);
    if (code == TILL_OK)
        code = cli_apply_channel_options(cli, store, &channel, &count, e);
    if (code == TILL_OK && count == 0) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "nothing to set");
        code = till_error_hint(e, "say --digests, --sections, --connection, --with-names, "
                                  "--without-names, --ascii, --unicode, --on or --off");
    }
    if (code == TILL_OK)
        code = store_channel_put(store, &channel, e);
    if (code == TILL_OK && cli->is_json) {
        code = api_channel_json(store, &channel, 1, &cli->out, e);
        buf_char(&cli->out, '\n');
    } else if (code == TILL_OK) {
        buf_format(&cli->out, "%s is %s. It gets: ", channel.name,
                   channel.is_enabled ? "on" : "off");
        cli_channel_gets(&channel, &cli->out);
        buf_text(&cli->out, ".\n");
    }
    store_close(store);
    return code;
}

static enum till_code remove_channel(struct cli *cli, struct till_error *e)
{
    struct store *store = NULL;
    struct store_channel channel = {.kind = ""};
    bool had_secret = false, was_there = false;
    enum till_code code = open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = cli_find_channel(store, cli->arguments[1], &channel, e);
    if (code == TILL_OK && channel.secret_place[0]) {
        code = cli_remove_channel_secret(cli, channel.secret_place, channel.name, &had_secret, e);
        if (code)
            (void)till_error_context(e, "could not remove the secret (nothing was changed)");
    }
    if (code == TILL_OK)
        code = store_channel_remove(store, channel.name, &was_there, e);
    store_close(store);
    if (code)
        return code;
    if (cli->is_json) {
        buf_char(&cli->out, '{');
        view_json_text(&cli->out, "name", channel.name);
        view_json_bool(&cli->out, "secret_removed", had_secret);
        buf_text(&cli->out, "}\n");
    } else {
        buf_format(&cli->out, "Removed %s%s.\n", channel.name, had_secret ? " and its secret" : "");
    }
    return TILL_OK;
}

// ---- which of them ----

enum verb { LIST = 1, ADD = 2, SET = 4, TEST = 8, REMOVE = 16 };

// An option that the verb has no use for is a mistake, not to be passed over.
static enum till_code check_options(const struct cli *cli, enum verb verb, const char *word,
                                    struct till_error *e)
{
    static const struct {
        enum cli_option option;
        unsigned verbs;
    } uses[] = {
        {OPTION_digests, ADD | SET},       {OPTION_sections, ADD | SET},
        {OPTION_connection, ADD | SET},    {OPTION_with_names, ADD | SET},
        {OPTION_without_names, ADD | SET}, {OPTION_ascii, ADD | SET},
        {OPTION_unicode, ADD | SET},       {OPTION_on, ADD | SET},
        {OPTION_off, ADD | SET},           {OPTION_keyring, ADD | SET | TEST | REMOVE | LIST},
    };
    const struct cli_command *command = cli_find_command("channels");
    for (const enum cli_option *own = command->options; *own != OPTION__COUNT; own++) {
        unsigned verbs = ADD;
        for (size_t i = 0; i < TILL_COUNT(uses); i++)
            verbs = uses[i].option == *own ? uses[i].verbs : verbs;
        if (!cli->options[*own] || (verbs & verb) != 0)
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "`till channels %s` has no use for --%s", word,
                        cli_options[*own].name);
        if (verb == SET)
            return till_error_hint(e, "to change where it goes, add it again under its name");
        return till_error_hint(e, "usage: %s", usage);
    }
    return TILL_OK;
}

enum till_code cli_channels(struct cli *cli, struct till_error *e)
{
    static const struct {
        const char *word;
        enum verb verb;
        int arguments;
        enum till_code (*run)(struct cli *cli, struct till_error *e);
    } verbs[] = {
        {"list", LIST, 1, list},
        {"add", ADD, 2, cli_channels_add},
        {"set", SET, 2, set},
        {"test", TEST, 2, cli_channels_test},
        {"remove", REMOVE, 2, remove_channel},
    };
    const char *word = cli->argument_count > 0 ? cli->arguments[0] : "list";
    for (size_t i = 0; i < TILL_COUNT(verbs); i++) {
        if (strcmp(verbs[i].word, word) != 0)
            continue;
        enum till_code code = check_options(cli, verbs[i].verb, word, e);
        if (code == TILL_OK && cli->argument_count > 0 && verbs[i].verb != ADD)
            code = cli_expect_arguments(cli, verbs[i].arguments, verbs[i].arguments, usage, e);
        return code ? code : verbs[i].run(cli, e);
    }
    (void)TILL_FAIL(e, TILL_USAGE, 0, "`till channels` knows no \"%s\"", word);
    return till_error_hint(e, "usage: %s", usage);
}
