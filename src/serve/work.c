// SPDX-License-Identifier: Apache-2.0
// work.c - forms to command lines, by a table for the plain ones.
//
// There is no shell: every value is one argument. Options are written --name=VALUE and free arguments stand behind "--", so that nothing a page sends can
// become an option. What a person wrote goes by standard input, where the command line has "-". Which values are
// well-formed is api_check()'s and then the command's own business.
#include "serve/work.h"

#include <string.h>

#include "base/limits.h"

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
    if (question->route == API_connect) {
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
