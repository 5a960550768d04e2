// SPDX-License-Identifier: Apache-2.0
// fault_test.c - every allocation of opening and composing may fail, and every step of handing over: each time an error, nothing left behind, and an outcome
// that is true.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/limits.h"
#include "channels/channels.h"

#ifdef TILL_FAULTS
enum { MOST_ALLOCATIONS = 2000 };

static const struct sv lines[] = {{"Net revenue <5%>", 16}, {"*three*", 7}};
static const struct channel_section sections[] = {{{"", 0}, lines, 2}, {{"Money", 5}, lines, 2}};
static const struct channel_message message = {.id = {"one", 3},
                                               .title = {"Tuesday", 7},
                                               .sections = sections,
                                               .section_count = 2,
                                               .text = {"text", 4},
                                               .markdown = {"text", 4},
                                               .html = {"text", 4},
                                               .json = {"{}", 2},
                                               .date = {"2026-11-17", 10}};

static char path[64], written[64]; // as it is asked for, and as it is

// Shapes alone: nothing of it is anybody's.
static const struct {
    enum channel_kind kind;
    enum channel_field field;
    const char *value, *secret;
} kinds[] = {
    {CHANNEL_slack, CHANNEL_FIELD__COUNT, NULL, "http://127.0.0.1:9/services/a"},
    {CHANNEL_discord, CHANNEL_FIELD__COUNT, NULL, "http://127.0.0.1:9/api/webhooks/1/a"},
    {CHANNEL_telegram, CHANNEL_FIELD_chat, "42", "1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {CHANNEL_ntfy, CHANNEL_FIELD_ntfy_api_url, "http://127.0.0.1:9", "topic\na:b"},
    {CHANNEL_webhook, CHANNEL_FIELD_url, "http://127.0.0.1:9/", "whsec_AAAAAAAAAAAAAAAAAAAAAAAA"},
    {CHANNEL_file, CHANNEL_FIELD_path, path, NULL},
    {CHANNEL_command, CHANNEL_FIELD_command, "cat > /dev/null", NULL},
};

static enum till_code open_kind(size_t index, struct channel **ret_channel, struct till_error *e)
{
    struct channel_options options = {.kind = kinds[index].kind, .user_agent = "till"};
    AUTO_SECRET secret = {0};
    enum till_code code =
        kinds[index].secret ? secret_set(&secret, sv_of(kinds[index].secret), e) : TILL_OK;
    if (kinds[index].field != CHANNEL_FIELD__COUNT)
        options.values.list[kinds[index].field] = kinds[index].value;
    options.secret = kinds[index].secret ? &secret : NULL;
    return code ? code : channel_open(&options, ret_channel, e);
}

static enum till_code compose(size_t index, struct till_error *e)
{
    struct channel *channel = NULL;
    struct channel_parts parts = {0};
    struct arena arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = open_kind(index, &channel, e);
    if (code == TILL_OK)
        code = channel_compose(channel, &message, &arena, &parts, e);
    if (code == TILL_OK)
        assert_true(parts.count > 0);
    channel_close(channel);
    arena_release(&arena);
    return code;
}

static int commits;
static enum till_code count_commit(void *context, struct till_error *e)
{
    (void)context, (void)e;
    commits++;
    return TILL_OK;
}

static enum channel_outcome send_once(size_t index, const char *point, long nth,
                                      enum till_code *ret_code)
{
    struct channel *channel = NULL;
    struct channel_parts parts = {0};
    struct channel_result result = {0};
    struct till_error e = {0};
    struct arena arena;
    const struct channel_commit commit = {.call = count_commit};
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    assert_int_equal(open_kind(index, &channel, &e), TILL_OK);
    assert_int_equal(channel_compose(channel, &message, &arena, &parts, &e), TILL_OK);
    commits = 0;
    fault_arm(point, nth, false);
    *ret_code = channel_send(channel, &message, &parts, 0, &commit, &result, &e);
    fault_disarm();
    channel_close(channel);
    arena_release(&arena);
    return result.outcome;
}
#endif

static void every_allocation_of_composing_may_fail(void **state)
{
    (void)state;
#ifdef TILL_FAULTS
    for (size_t i = 0; i < TILL_COUNT(kinds); i++) {
        struct till_error e = {0};
        enum till_code code = TILL_MEMORY;
        long nth = 0;
        while (code == TILL_MEMORY && nth < MOST_ALLOCATIONS) {
            nth++;
            e = (struct till_error){0};
            fault_arm("malloc", nth, false);
            code = compose(i, &e);
            fault_disarm();
        }
        if (code)
            fail_msg("%s: %s", channel_kinds[kinds[i].kind].word, e.text);
        assert_true(nth > 2);
    }
#else
    skip();
#endif
}

static void what_was_not_handed_over_is_not_sent(void **state)
{
    (void)state;
#ifdef TILL_FAULTS
    for (size_t i = 0; i < TILL_COUNT(kinds); i++) {
        bool is_http = kinds[i].secret != NULL;
        for (long nth = 1; nth < MOST_ALLOCATIONS; nth++) {
            enum till_code code = TILL_OK;
            enum channel_outcome outcome = send_once(i, "malloc", nth, &code);
            if (code == TILL_MEMORY && commits == 0)
                assert_int_equal(outcome, CHANNEL_NOT_SENT);
            else if (code != TILL_MEMORY)
                nth = MOST_ALLOCATIONS; // past the last one
            if (nth == MOST_ALLOCATIONS)
                assert_int_equal(code, is_http ? TILL_NETWORK : TILL_OK);
        }
    }
    (void)unlink(written);
#else
    skip();
#endif
}

static void every_step_may_fail(void **state)
{
    (void)state;
#ifdef TILL_FAULTS
    static const struct {
        size_t kind;
        const char *point;
        int commits;
    } rows[] = {{0, "http.new", 0},    {0, "http.easy", 0},     {0, "http.begin", 0},
                {0, "http.multi", 0},  {5, "channel.write", 0}, {6, "channel.input", 0},
                {6, "channel.fork", 1}};
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        enum till_code code = TILL_OK;
        assert_int_equal(send_once(rows[i].kind, rows[i].point, 1, &code), CHANNEL_NOT_SENT);
        assert_int_not_equal(code, TILL_OK);
        assert_int_equal(commits, rows[i].commits);
    }
    assert_int_equal(access(written, F_OK), -1);
#else
    skip();
#endif
}

int main(void)
{
#ifdef TILL_FAULTS
    (void)snprintf(path, sizeof path, "/tmp/till-fault-%ld-{date}.txt", (long)getpid());
    (void)snprintf(written, sizeof written, "/tmp/till-fault-%ld-2026-11-17.txt", (long)getpid());
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_composing_may_fail),
        cmocka_unit_test(what_was_not_handed_over_is_not_sent),
        cmocka_unit_test(every_step_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
