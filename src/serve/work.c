// SPDX-License-Identifier: Apache-2.0
// work.c - forms to command lines, by a table for the plain ones.
//
// There is no shell: every value is one argument. Options are written --name=VALUE and free arguments stand behind "--", so that nothing a page sends can
// become an option. What a person wrote goes by standard input, where the command line has "-". Which values are
// well-formed is api_check()'s and then the command's own business.
#include "serve/work.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "channels/kinds.h"

struct line { // being written
    const struct api_question *question;
    struct arena *arena;
    struct child_arguments *to;
    struct sv input; // borrowed from the question
    bool is_short_of_memory, is_full;
};

static void add(struct line *line, const char *option, struct sv value)
{
    size_t len = strlen(option);
    char *text = arena_alloc(line->arena, len + value.len + 1);
    line->is_short_of_memory = line->is_short_of_memory || !text;
    line->is_full = line->is_full || line->to->count >= CHILD_ARGUMENTS;
    if (!text || line->is_full)
        return;
    memcpy(text, option, len);
    if (value.len > 0)
        memcpy(text + len, value.ptr, value.len);
    text[len + value.len] = '\0';
    line->to->list[line->to->count++] = text;
}

static void word(struct line *line, const char *text)
{
    add(line, text, SV(""));
}

// Every value of the parameter, each behind the option ("" = as free arguments).
static void values(struct line *line, const char *name, const char *option)
{
    const struct api_question *question = line->question;
    for (size_t i = 0; i < question->parameter_count; i++) {
        const struct api_parameter *parameter = &question->parameters[i];
        if (parameter->value.len > 0 && sv_equal(parameter->name, sv_of(name)))
            add(line, option, parameter->value);
    }
}

static bool is_on(const struct line *line, const char *name)
{
    return sv_equal(api_value(line->question, name), SV("1"));
}

static enum till_code need(const struct api_question *question, const char *const *names,
                           struct till_error *e)
{
    for (; *names; names++) {
        if (api_value(question, *names).ptr)
            continue;
        (void)TILL_FAIL(e, TILL_USAGE, 0, "%s is missing", *names);
        return till_error_hint(e, "send it in the body, as a form does");
    }
    return TILL_OK;
}

// What each service needs to be told, and where its secret is.
static const struct service {
    const char *word, *needed[3];
} services[] = {
    {"polar", {"token", NULL}},
    {"posthog", {"token", "project_id", NULL}},
    {"search-console", {"key_file", NULL}},
    {"plausible", {"token", "site_id", NULL}},
    {"umami", {"token", "website_id", NULL}},
};

static enum till_code connect_line(struct line *line, struct till_error *e)
{
    const struct service *service = &services[0];
    struct sv asked = api_value(line->question, "service");
    for (size_t i = 0; i < TILL_COUNT(services); i++)
        if (asked.ptr && sv_equal(asked, sv_of(services[i].word)))
            service = &services[i];
    enum till_code code = need(line->question, service->needed, e);
    if (code)
        return code;
    word(line, "connect");
    word(line, service->word);
    word(line, "--token-stdin");
    values(line, "host", "--host=");
    values(line, "project_id", "--project-id=");
    values(line, "site", "--site=");
    values(line, "site_id", "--site-id=");
    values(line, "website_id", "--website-id=");
    values(line, "username", "--username=");
    values(line, "environment", "--environment=");
    values(line, "organization_id", "--organization-id=");
    values(line, "api_url", "--api-url=");
    values(line, "name", "--name=");
    line->to->is_writing = true;
    line->input = sv_trim(api_value(line->question, service->needed[0]));
    if (line->input.len > TILL_LIMIT_TOKEN_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, line->input.len, "the token is longer than %d bytes",
                         TILL_LIMIT_TOKEN_BYTES);
    return TILL_OK;
}

static void disconnect_line(struct line *line)
{
    word(line, "disconnect");
    if (is_on(line, "purge"))
        word(line, "--purge");
    word(line, "--");
    values(line, "name", "");
    line->to->is_writing = true;
}

static void sync_line(struct line *line)
{
    word(line, "sync");
    word(line, "--progress");
    values(line, "connection", "--name=");
    if (is_on(line, "full"))
        word(line, "--full");
    if (is_on(line, "check"))
        word(line, "--check");
    word(line, "--");
    values(line, "table", "");
    line->to->is_writing = true;
}

static void tables_line(struct line *line)
{
    struct sv enabled = api_value(line->question, "enabled");
    word(line, "tables");
    values(line, "connection", "--name=");
    values(line, "every", "--every=");
    values(line, "method", "--method=");
    if (enabled.ptr)
        word(line, sv_equal(enabled, SV("1")) ? "--on" : "--off");
    word(line, "--");
    word(line, "set");
    values(line, "table", "");
}

static void verify_line(struct line *line)
{
    word(line, "verify");
    values(line, "connection", "--name=");
    values(line, "from", "--from=");
    values(line, "to", "--to=");
    values(line, "interval", "--interval=");
    values(line, "timezone", "--timezone=");
    values(line, "product_id", "--product-id=");
    values(line, "customer_id", "--customer-id=");
}

// ---- channels ----

enum { FIELD_NAME_BYTES = 64 };
// A field's parameter: the option's name with "_"; what is secret has its word.
static void field_name(enum channel_field field, char ret_name[static FIELD_NAME_BYTES])
{
    const struct channel_field_info *info = &channel_fields[field];
    size_t len = 0;
    for (const char *c = info->is_secret ? info->word : info->option;
         *c && len + 1 < FIELD_NAME_BYTES; c++)
        ret_name[len++] = *c == '-' ? '_' : *c;
    ret_name[len] = '\0';
}

static bool has_field(enum channel_kind kind, const char *name)
{
    char own[FIELD_NAME_BYTES];
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        field_name((enum channel_field)i, own);
        if (channel_fields[i].kind == kind && strcmp(own, name) == 0)
            return true;
    }
    return false;
}

// Options for what is plain; what is of another kind is refused rather than left out.
static enum till_code field_options(struct line *line, enum channel_kind kind, struct till_error *e)
{
    for (int i = 0; i < CHANNEL_FIELD__COUNT; i++) {
        const struct channel_field_info *info = &channel_fields[i];
        char name[FIELD_NAME_BYTES], option[FIELD_NAME_BYTES + 4];
        field_name((enum channel_field)i, name);
        struct sv value = api_value(line->question, name);
        if (value.ptr && !has_field(kind, name))
            return TILL_FAIL(e, TILL_USAGE, 0, "a channel of kind %s has no %s",
                             channel_kinds[kind].word, name);
        if (!value.ptr || info->kind != kind || info->is_secret)
            continue;
        (void)snprintf(option, sizeof option, "--%s=", info->option);
        add(line, option, value);
    }
    return TILL_OK;
}

// One line of standard input for each secret field, in the table's order; "" where it has none.
static enum till_code secret_lines(struct line *line, enum channel_kind kind, struct till_error *e)
{
    AUTO_BUF text; // wiped below
    buf_init(&text, TILL_LIMIT_TOKEN_BYTES);
    enum till_code code =
        buf_reserve(&text, TILL_LIMIT_TOKEN_BYTES) ? TILL_FAIL_MEMORY(e) : TILL_OK;
    for (int i = 0; i < CHANNEL_FIELD__COUNT && code == TILL_OK; i++) {
        const struct channel_field_info *info = &channel_fields[i];
        if (info->kind != kind || !info->is_secret)
            continue;
        char name[FIELD_NAME_BYTES];
        field_name((enum channel_field)i, name);
        struct sv value = api_value(line->question, name);
        value = value.ptr ? sv_trim(value) : SV("");
        if (memchr(value.ptr, '\n', value.len) || memchr(value.ptr, '\r', value.len))
            code = TILL_FAIL(e, TILL_USAGE, 0, "%s is more than one line", info->word);
        else if (i == CHANNEL_FIELD_signing_secret && value.len == 0) // a job's output is kept
            code = TILL_FAIL(e, TILL_USAGE, 0, "%s is missing: the one that asks makes it", name);
        buf_sv(&text, value);
        buf_char(&text, '\n');
    }
    if (code == TILL_OK)
        code = buf_fail(&text, "the channel's secrets", e);
    char *kept = code == TILL_OK ? arena_alloc(line->arena, text.len + 1) : NULL;
    line->is_short_of_memory = line->is_short_of_memory || (code == TILL_OK && !kept);
    if (kept && text.len > 0) {
        memcpy(kept, text.data, text.len);
        line->input = (struct sv){kept, text.len};
    }
    buf_wipe(&text);
    return code;
}

static void digests_of(struct line *line)
{
    struct sv enabled = api_value(line->question, "enabled");
    struct sv names = api_value(line->question, "with_names");
    struct sv ascii = api_value(line->question, "ascii");
    values(line, "digests", "--digests=");
    values(line, "sections", "--sections=");
    values(line, "connection", "--connection=");
    if (names.ptr)
        word(line, sv_equal(names, SV("1")) ? "--with-names" : "--without-names");
    if (ascii.ptr)
        word(line, sv_equal(ascii, SV("1")) ? "--ascii" : "--unicode");
    if (enabled.ptr)
        word(line, sv_equal(enabled, SV("1")) ? "--on" : "--off");
}

static enum till_code channel_line(struct line *line, struct till_error *e)
{
    static const char *const needed[] = {"kind", NULL};
    enum channel_kind kind = CHANNEL_email;
    enum till_code code = need(line->question, needed, e);
    if (code)
        return code;
    if (!channel_kind_parse(api_value(line->question, "kind"), &kind) ||
        channel_kind_is_local(kind))
        return TILL_FAIL(e, TILL_USAGE, 0, "such a channel is added at the command line alone");
    word(line, "channels");
    word(line, "--token-stdin");
    values(line, "name", "--name=");
    code = field_options(line, kind, e);
    digests_of(line);
    if (is_on(line, "no_check"))
        word(line, "--no-check");
    word(line, "--");
    word(line, "add");
    word(line, channel_kinds[kind].word);
    return code ? code : secret_lines(line, kind, e);
}

static void channel_set_line(struct line *line)
{
    word(line, "channels");
    digests_of(line);
    word(line, "--");
    word(line, "set");
    values(line, "name", "");
}

static void channel_word_line(struct line *line, const char *verb)
{
    word(line, "channels");
    word(line, "--");
    word(line, verb);
    values(line, "name", "");
}

static void digest_line(struct line *line, const char *option)
{
    word(line, "digest");
    word(line, option);
    values(line, "channel", "--channel=");
    values(line, "date", "--date=");
    if (is_on(line, "weekly"))
        word(line, "--weekly");
    if (is_on(line, "again"))
        word(line, "--again");
}

static void schedule_line(struct line *line)
{
    struct sv enabled = api_value(line->question, "enabled");
    word(line, "digest");
    values(line, "at", "--at=");
    values(line, "timezone", "--timezone=");
    values(line, "weekdays", "--weekdays=");
    values(line, "weekly_on", "--weekly-on=");
    if (enabled.ptr)
        word(line, sv_equal(enabled, SV("1")) ? "--on" : "--off");
    word(line, "--");
    word(line, "set");
}

// What is about channels and digests; false: something else is asked.
static bool delivery_line(struct line *line, enum till_code *ret_code, struct till_error *e)
{
    static const char *const needed[] = {"name", NULL};
    enum api_route route = line->question->route;
    *ret_code = TILL_OK;
    if (route == API_channel_set || route == API_channel_test || route == API_channel_remove)
        *ret_code = need(line->question, needed, e);
    if (route == API_channel_put)
        *ret_code = channel_line(line, e);
    else if (route == API_channel_set)
        channel_set_line(line);
    else if (route == API_channel_test || route == API_channel_remove)
        channel_word_line(line, route == API_channel_test ? "test" : "remove");
    else if (route == API_digest_send || route == API_digest_preview)
        digest_line(line, route == API_digest_send ? "--send" : "--preview");
    else if (route == API_digest_schedule)
        schedule_line(line);
    else
        return false;
    return true;
}

// Commands that take parameters as free arguments, or one of them to remove.
static const struct plain {
    enum api_route route;
    const char *command, *remove; // the option that removes, or NULL
    const char *needed[3];        // where there are two, the second goes by standard input
} plains[] = {
    {API_doctor, "doctor", NULL, {NULL}},
    {API_annotation_put, "annotate", NULL, {"date", "text", NULL}},
    {API_annotation_remove, "annotate", "--remove=", {"id", NULL}},
    {API_goal_put, "goal", NULL, {"metric", "amount", NULL}},
    {API_goal_remove, "goal", "--remove=", {"metric", NULL}},
    {API_saved_put, "saved", NULL, {"name", "sql", NULL}},
    {API_saved_remove, "saved", "--remove=", {"name", NULL}},
};

static enum till_code plain_line(struct line *line, struct till_error *e)
{
    const struct plain *plain = NULL;
    for (size_t i = 0; i < TILL_COUNT(plains); i++) {
        if (plains[i].route == line->question->route)
            plain = &plains[i];
    }
    if (!plain)
        return TILL_FAIL(e, TILL_USAGE, 0, "there is nothing to do at this address");
    enum till_code code = need(line->question, plain->needed, e);
    if (code)
        return code;
    word(line, plain->command);
    values(line, "currency", "--currency=");
    if (plain->route == API_goal_put)
        values(line, "date", "--until=");
    if (plain->remove) {
        values(line, plain->needed[0], plain->remove);
    } else if (plain->needed[0]) {
        word(line, "--");
        values(line, plain->needed[0], "");
        word(line, "-");
        line->input = api_value(line->question, plain->needed[1]);
    }
    return TILL_OK;
}

enum till_code work_arguments(const struct api_question *question, struct arena *arena,
                              struct child_arguments *ret_arguments, struct sv *ret_input,
                              struct till_error *e)
{
    static const char *const disconnect_needs[] = {"name", NULL};
    static const char *const tables_needs[] = {"table", NULL};
    struct child_arguments arguments = {.count = 0};
    struct line line = {.question = question, .arena = arena, .to = &arguments};
    enum till_code code = TILL_OK;
    if (delivery_line(&line, &code, e)) {
        // done
    } else if (question->route == API_connect) {
        code = connect_line(&line, e);
    } else if (question->route == API_disconnect) {
        code = need(question, disconnect_needs, e);
        disconnect_line(&line);
    } else if (question->route == API_sync) {
        sync_line(&line);
    } else if (question->route == API_tables_set) {
        code = need(question, tables_needs, e);
        tables_line(&line);
    } else if (question->route == API_verify) {
        verify_line(&line);
    } else {
        code = plain_line(&line, e);
    }
    if (code)
        return code;
    if (line.is_short_of_memory)
        return arena_fail(arena, "the command", e);
    if (line.is_full)
        return TILL_FAIL(e, TILL_USAGE, 0, "more than %d arguments", (int)CHILD_ARGUMENTS);
    *ret_arguments = arguments;
    *ret_input = line.input;
    return TILL_OK;
}
