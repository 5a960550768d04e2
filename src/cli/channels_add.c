// SPDX-License-Identifier: Apache-2.0
// channels_add.c - `till channels add KIND`: what the kind needs is said by options, what is secret comes like tokens, and the service is asked whether it
// takes us before anything is saved.
//
// The order is connect.c's: shape, network, then the secret, then the row. A name that is taken gets the new channel, whole: nothing of the old one stays,
// but that digests which were due before it are still not for it.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/channels.h"

enum { LINES = 8 }; // secret fields of one kind, at most

static const char *const examples[CHANNEL_KIND__COUNT] = {
    [CHANNEL_email] =
        "--smtp-host smtp.fastmail.com --username me@example.com --to-address me@example.com",
    [CHANNEL_slack] = "",
    [CHANNEL_discord] = "",
    [CHANNEL_telegram] = "--chat 123456789",
    [CHANNEL_ntfy] = "",
    [CHANNEL_webhook] = "--url https://example.com/digest",
    [CHANNEL_file] = "--path ~/digest-{date}.md --format markdown",
    [CHANNEL_command] = "--command 'mail -s \"$TILL_DIGEST_TITLE\" me@example.com'",
};

struct adding {
    enum channel_kind kind;
    struct channel_values values;
    struct secret secret;
    struct store_channel channel;
    struct buf place; // the vault's own words
    struct arena arena;
    bool is_made;     // the secret: it is shown once
    bool was_asked;   // the service
    bool is_replaced; // there was one of that name
};

// ---- what the options say ----

// OPTION__COUNT: it never stands on the command line.
static enum cli_option option_of(enum channel_field field)
{
    const char *name = channel_fields[field].option;
    for (int i = 0; name && i < OPTION__COUNT; i++)
        if (strcmp(cli_options[i].name, name) == 0)
            return (enum cli_option)i;
    return OPTION__COUNT;
}

static bool takes(enum channel_kind kind, enum cli_option option)
{
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++)
        if (channel_fields[i].kind == kind && option_of((enum channel_field)i) == option)
            return true;
    return false;
}

// "--chat is not of a slack channel", and which kinds have it.
static enum till_code check_foreign(const struct cli *cli, enum channel_kind kind,
                                    struct till_error *e)
{
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        enum cli_option option = option_of((enum channel_field)i);
        if (option == OPTION__COUNT || !cli->options[option] || takes(kind, option))
            continue;
        char kinds[TILL_ERROR_HINT_BYTES / 2] = "";
        size_t len = 0;
        for (int k = 0; k < CHANNEL_KIND__COUNT && len < sizeof kinds; k++)
            if (takes((enum channel_kind)k, option))
                len += (size_t)snprintf(kinds + len, sizeof kinds - len, "%s%s",
                                        len > 0 ? ", " : "", channel_kinds[k].word);
        (void)TILL_FAIL(e, TILL_USAGE, 0, "a channel of kind %s has no --%s",
                        channel_kinds[kind].word, cli_options[option].name);
        return till_error_hint(e, "--%s is for: %s", cli_options[option].name, kinds);
    }
    return TILL_OK;
}

// A file is meant from here, and written from wherever `till watch` was started.
static enum till_code make_absolute(struct adding *adding, enum channel_field field,
                                    struct till_error *e)
{
    char folder[TILL_LIMIT_PATH_BYTES];
    const char *path = adding->values.list[field];
    if (!path || !path[0] || path[0] == '/' || path[0] == '~')
        return TILL_OK;
    if (!getcwd(folder, sizeof folder))
        return TILL_FAIL(e, TILL_CONFIG, 0, "could not tell which folder this is");
    AUTO_BUF whole;
    buf_init(&whole, TILL_LIMIT_PATH_BYTES);
    buf_format(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
    enum till_code code = buf_fail(&whole, "a path", e);
    char *kept = code == TILL_OK ? arena_copy(&adding->arena, whole.data, whole.len) : NULL;
    if (code == TILL_OK && !kept)
        code = arena_fail(&adding->arena, "a path", e);
    adding->values.list[field] = kept;
    return code;
}

static enum till_code choose(const struct cli *cli, struct adding *adding, struct till_error *e)
{
    enum channel_kind kind = adding->kind;
    enum till_code code = check_foreign(cli, kind, e);
    for (int i = 0; i < CHANNEL_FIELD__COUNT && code == TILL_OK; i++) {
        const struct channel_field_info *info = &channel_fields[i];
        enum cli_option option = option_of((enum channel_field)i);
        if (info->kind != kind || info->is_secret || option == OPTION__COUNT)
            continue;
        const char *value = cli->options[option];
        adding->values.list[i] = value;
        if (!info->is_needed || (value && value[0]))
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "--%s is missing: %s", info->option, info->sentence);
        code = till_error_hint(e, "for example: till channels add %s %s", channel_kinds[kind].word,
                               examples[kind]);
    }
    if (code == TILL_OK)
        code = make_absolute(adding, CHANNEL_FIELD_path, e);
    if (code == TILL_OK)
        code = make_absolute(adding, CHANNEL_FIELD_ca_file, e);
    return code;
}

static enum till_code read_secrets(const struct cli *cli, struct adding *adding,
                                   struct till_error *e)
{
    static const enum cli_option sources[] = {OPTION_token_stdin, OPTION_token_file,
                                              OPTION_token_command};
    struct cli_secret_line lines[LINES];
    size_t count = 0;
    for (int i = 0; i < CHANNEL_FIELD__COUNT && count < LINES; i++) {
        const struct channel_field_info *info = &channel_fields[i];
        if (info->kind != adding->kind || !info->is_secret)
            continue;
        bool is_password = i == CHANNEL_FIELD_password;
        bool has_user = cli->options[OPTION_username] && cli->options[OPTION_username][0];
        lines[count++] =
            (struct cli_secret_line){.word = info->word,
                                     .what = info->sentence,
                                     .is_needed = info->is_needed || (is_password && has_user),
                                     .is_hidden = is_password && !has_user};
    }
    for (size_t i = 0; count == 0 && i < TILL_COUNT(sources); i++)
        if (cli->options[sources[i]])
            return TILL_FAIL(e, TILL_USAGE, 0, "a channel of kind %s has no secret: leave out --%s",
                             channel_kinds[adding->kind].word, cli_options[sources[i]].name);
    if (count > 0) {
        enum till_code code = cli_read_lines(cli, lines, count, &adding->secret, e);
        if (code)
            return code;
    }
    if (adding->kind != CHANNEL_webhook || adding->secret.len > 0)
        return TILL_OK;
    adding->is_made = true;
    return channel_make_secret(adding->kind, &adding->secret, e);
}

// ---- the service ----

static enum till_code ask(const struct cli *cli, struct adding *adding, struct till_error *e)
{
    struct channel *channel = NULL;
    const struct channel_options options = {
        .kind = adding->kind,
        .name = adding->channel.name,
        .values = adding->values,
        .secret = adding->secret.len > 0 ? &adding->secret : NULL,
        .clock = cli->clock,
        .stop = &cli_stop,
        .user_agent = "till/" TILL_VERSION,
    };
    AUTO_BUF where;
    buf_init(&where, STORE_CHANNEL_SETTINGS_BYTES);
    enum till_code code = channel_open(&options, &channel, e);
    if (code == TILL_OK) {
        channel_describe(channel, &where);
        code = buf_fail(&where, "where it goes", e);
    }
    if (code == TILL_OK && !cli->options[OPTION_no_check])
        code = channel_check(channel, &adding->was_asked, e);
    channel_close(channel);
    if (code)
        return code;
    adding->values.where = arena_copy(&adding->arena, where.data ? where.data : "", where.len);
    return adding->values.where ? TILL_OK : arena_fail(&adding->arena, "where it goes", e);
}

// ---- keeping ----

static enum till_code fill(const struct cli *cli, struct adding *adding, struct till_error *e)
{
    struct store_channel *channel = &adding->channel;
    AUTO_BUF settings;
    buf_init(&settings, STORE_CHANNEL_SETTINGS_BYTES - 1);
    channel_values_json(adding->kind, &adding->values, &settings);
    if (settings.failure == TILL_LIMIT)
        return TILL_FAIL(e, TILL_USAGE, 0, "what the channel needs has more than %d bytes",
                         STORE_CHANNEL_SETTINGS_BYTES - 1);
    enum till_code code = buf_fail(&settings, "a channel", e);
    if (code)
        return code;
    memcpy(channel->settings, settings.data, settings.len);
    (void)snprintf(channel->kind, sizeof channel->kind, "%s", channel_kinds[adding->kind].word);
    channel->created_us = clock_now_us(cli->clock);
    return TILL_OK;
}

static enum till_code keep_secret(const struct cli *cli, struct adding *adding,
                                  struct till_error *e)
{
    struct vault *vault = NULL;
    struct store_channel *channel = &adding->channel;
    char name[CLI_CHANNEL_SECRET_BYTES];
    if (adding->secret.len == 0)
        return TILL_OK;
    cli_channel_secret_name(channel->name, name);
    enum till_code code = cli_open_vault(cli, NULL, &vault, e);
    if (code == TILL_OK)
        code = vault_put(vault, name, &adding->secret, e);
    if (code == TILL_OK) {
        (void)snprintf(channel->secret_place, sizeof channel->secret_place, "%s",
                       vault_place_word(vault_place(vault)));
        vault_describe(vault, &adding->place);
    }
    vault_close(vault);
    return code ? till_error_context(e, "could not store the secret (nothing was saved)") : TILL_OK;
}

// Nothing must stay behind that no channel knows of.
static void forget_secret(const struct cli *cli, const char *place, const char *name)
{
    struct till_error e = {0};
    bool was_there = false;
    if (place[0] && cli_remove_channel_secret(cli, place, name, &was_there, &e) != TILL_OK)
        cli_say(cli, "till: warning: a secret may still be in %s: %s", place, e.text);
}

// The row could not be written: what it would have named goes, what the old one names is put back.
static void undo_secret(const struct cli *cli, const struct adding *adding,
                        const struct store_channel *previous, const struct secret *old)
{
    struct vault *vault = NULL;
    struct till_error e = {0};
    char name[CLI_CHANNEL_SECRET_BYTES];
    const struct store_channel *channel = &adding->channel;
    if (old->len == 0 || strcmp(previous->secret_place, channel->secret_place) != 0) {
        forget_secret(cli, channel->secret_place, channel->name);
        return;
    }
    cli_channel_secret_name(channel->name, name);
    enum till_code code = cli_open_vault(cli, previous->secret_place, &vault, &e);
    if (code == TILL_OK)
        code = vault_put(vault, name, old, &e);
    vault_close(vault);
    if (code)
        cli_say(cli, "till: warning: %s lost its secret: %s", channel->name, e.text);
}

static enum till_code save(const struct cli *cli, struct adding *adding, struct store *store,
                           struct till_error *e)
{
    struct store_channel previous = {.kind = ""};
    struct store_channel *channel = &adding->channel;
    struct till_error ignored = {0};
    AUTO_SECRET old = {0};
    enum till_code code =
        store_channel_get(store, channel->name, &previous, &adding->is_replaced, e);
    if (code == TILL_OK && adding->is_replaced && previous.is_enabled)
        channel->created_us = previous.created_us;
    // One that cannot be read is no loss: the channel could not use it either.
    if (code == TILL_OK && previous.secret_place[0])
        (void)!cli_channel_secret(cli, &previous, &old, &ignored);
    if (code == TILL_OK)
        code = keep_secret(cli, adding, e);
    if (code)
        return code;
    code = store_channel_put(store, channel, e);
    if (code)
        undo_secret(cli, adding, &previous, &old);
    else if (strcmp(previous.secret_place, channel->secret_place) != 0)
        forget_secret(cli, previous.secret_place, channel->name);
    return code;
}

// ---- telling ----

static void print_json(struct cli *cli, const struct adding *adding)
{
    struct buf *out = &cli->out;
    const struct store_channel *channel = &adding->channel;
    buf_char(out, '{');
    view_json_text(out, "name", channel->name);
    view_json_text(out, "kind", channel->kind);
    view_json_text(out, "where", adding->values.where);
    view_json_bool(out, "replaced", adding->is_replaced);
    view_json_bool(out, "checked", adding->was_asked);
    view_json_text(out, "secret_place", channel->secret_place);
    view_json_key(out, "secret");
    if (adding->is_made)
        buf_json_string(out, secret_bytes(&adding->secret));
    else
        buf_text(out, "null");
    buf_text(out, "}\n");
}

static void print_text(struct cli *cli, const struct adding *adding)
{
    struct buf *out = &cli->out;
    const struct store_channel *channel = &adding->channel;
    AUTO_BUF words;
    buf_init(&words, TILL_LIMIT_BUFFER_BYTES);
    buf_format(out, "%s %s: ", adding->is_replaced ? "Replaced" : "Added", channel->name);
    (void)text_show(out, sv_of(adding->values.where), 0);
    buf_text(out, ".\nIt gets: ");
    cli_channel_gets(channel, out);
    buf_text(out, ".\n");
    if (adding->is_made) {
        buf_text(out, "\nThe secret that signs, shown this once (the receiver needs it):\n  ");
        buf_sv(out, secret_bytes(&adding->secret));
        buf_char(out, '\n');
    }
    if (adding->secret.len > 0) {
        buf_text(&words, "The secret is ");
        buf_sv(&words,
               (struct sv){adding->place.data ? adding->place.data : "", adding->place.len});
        buf_char(out, '\n');
        view_wrap(out, (struct sv){words.data ? words.data : "", words.len}, 0, 0);
    }
    buf_format(out, "\nNext: till channels test %s\n", channel->name);
}

static enum till_code tell(struct cli *cli, const struct adding *adding, struct till_error *e)
{
    if (!adding->was_asked && !cli->options[OPTION_no_check])
        cli_say(cli,
                "till: nobody could be asked whether this works; `till channels test %s` shows",
                adding->channel.name);
    if (cli->is_json)
        print_json(cli, adding);
    else
        print_text(cli, adding);
    if (!adding->is_made)
        return TILL_OK;
    enum till_code code = cli_flush(cli, e);
    buf_wipe(&cli->out);
    return code;
}

static enum till_code add(struct cli *cli, struct adding *adding, struct till_error *e)
{
    struct store *store = NULL;
    int said = 0;
    enum till_code code = choose(cli, adding, e);
    if (code == TILL_OK && fs_exists(cli->places.database))
        code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = cli_apply_channel_options(cli, store, &adding->channel, &said, e);
    if (code == TILL_OK)
        code = read_secrets(cli, adding, e);
    if (code == TILL_OK)
        code = ask(cli, adding, e);
    if (code == TILL_OK)
        code = fill(cli, adding, e);
    if (code == TILL_OK && !store) // made only now: nothing is saved before it is known to work
        code = cli_open_store(cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = save(cli, adding, store, e);
    store_close(store);
    return code ? code : tell(cli, adding, e);
}

enum till_code cli_channels_add(struct cli *cli, struct till_error *e)
{
    struct adding *adding = &(struct adding){.channel = {.gets_days = true, .is_enabled = true}};
    char kinds[TILL_ERROR_HINT_BYTES / 2] = "";
    size_t len = 0;
    for (int i = 0; i < CHANNEL_KIND__COUNT && len < sizeof kinds; i++)
        len += (size_t)snprintf(kinds + len, sizeof kinds - len, "%s%s", i > 0 ? ", " : "",
                                channel_kinds[i].word);
    if (cli->argument_count != 2 || !channel_kind_parse(sv_of(cli->arguments[1]), &adding->kind)) {
        if (cli->argument_count == 2)
            (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no kind of channel \"%s\"",
                            cli->arguments[1]);
        else
            (void)TILL_FAIL(e, TILL_USAGE, 0, "say one kind of channel");
        return till_error_hint(e, "kinds: %s", kinds);
    }
    const char *name =
        cli->options[OPTION_name] ? cli->options[OPTION_name] : channel_kinds[adding->kind].word;
    enum till_code code = cli_check_name(name, e);
    if (code)
        return code;
    (void)snprintf(adding->channel.name, sizeof adding->channel.name, "%s", name);
    buf_init(&adding->place, TILL_LIMIT_BUFFER_BYTES);
    arena_init(&adding->arena, TILL_LIMIT_ARENA_BYTES);
    code = add(cli, adding, e);
    secret_release(&adding->secret);
    buf_release(&adding->place);
    arena_release(&adding->arena);
    return code;
}
