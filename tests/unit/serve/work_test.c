// SPDX-License-Identifier: Apache-2.0
// work_test.c - forms to command lines: nothing a page sends becomes an option, and neither a token nor what a person wrote is in them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "serve/work.h"

struct made {
    enum till_code code;
    struct till_error e;
    struct child_arguments arguments;
    struct sv input;
    struct arena arena;
    char text[2048];
};

static struct made make(enum api_route route, const char *form)
{
    struct made made = {.code = TILL_OK};
    struct api_question question = {.route = route};
    arena_init(&made.arena, 1024 * 1024);
    assert_int_equal(api_parameters(sv_of(form), &made.arena, &question.parameters,
                                    &question.parameter_count, &made.e),
                     TILL_OK);
    made.code = work_arguments(&question, &made.arena, &made.arguments, &made.input, &made.e);
    AUTO_BUF text;
    buf_init(&text, sizeof(made.text) - 1);
    for (size_t i = 0; i < made.arguments.count; i++) {
        buf_text(&text, i > 0 ? " " : "");
        buf_text(&text, made.arguments.list[i]);
    }
    assert_int_equal(text.failure, TILL_OK);
    memcpy(made.text, text.data ? text.data : "", text.len + 1);
    return made;
}

static void release(struct made *made)
{
    arena_release(&made->arena);
}

static void lines(void **state)
{
    static const struct {
        enum api_route route;
        const char *form, *line;
        bool is_writing;
        const char *input;
    } table[] = {
        {API_connect,
         "token=polar_x&environment=sandbox&organization_id=&api_url=http://127.0.0.1:1&name=shop",
         "connect polar --token-stdin --environment=sandbox --api-url=http://127.0.0.1:1 "
         "--name=shop",
         true, "polar_x"},
        {API_disconnect, "name=polar", "disconnect -- polar", true, NULL},
        {API_disconnect, "name=--home=x&purge=1", "disconnect --purge -- --home=x", true, NULL},
        {API_sync, "", "sync --progress --", true, NULL},
        {API_sync, "connection=a&full=1&check=0&table=orders&table=refunds",
         "sync --progress --name=a --full -- orders refunds", true, NULL},
        {API_tables_set, "table=orders&every=5m&enabled=0", "tables --every=5m --off -- set orders",
         false, NULL},
        {API_doctor, "", "doctor", false, NULL},
        {API_verify, "from=2026-01-01&to=2026-02-01&connection=a",
         "verify --name=a --from=2026-01-01 --to=2026-02-01", false, NULL},
        {API_annotation_put, "date=2026-01-01&text=--help", "annotate -- 2026-01-01 -", false,
         "--help"},
        {API_annotation_remove, "id=7", "annotate --remove=7", false, NULL},
        {API_goal_put, "metric=revenue&amount=5000&currency=eur&date=2026-12-31",
         "goal --currency=eur --until=2026-12-31 -- revenue -", false, "5000"},
        {API_goal_remove, "metric=revenue", "goal --remove=revenue", false, NULL},
        {API_saved_put, "name=best&sql=SELECT+1", "saved -- best -", false, "SELECT 1"},
        {API_saved_remove, "name=-x", "saved --remove=-x", false, NULL},
        {API_channel_put,
         "kind=telegram&name=--x&chat=-5&bot_token=+1:a%0a&digests=both&sections=money,tops&"
         "with_names=0&ascii=1&enabled=1",
         "channels --token-stdin --name=--x --chat=-5 --digests=both --sections=money,tops "
         "--without-names --ascii --on -- add telegram",
         false, "1:a\n"},
        {API_channel_put, "kind=ntfy&topic=t&api_url=http://127.0.0.1:1&no_check=1&connection=a",
         "channels --token-stdin --api-url=http://127.0.0.1:1 --connection=a --no-check -- add "
         "ntfy",
         false, "t\n\n"},
        {API_channel_put, "kind=email&smtp_host=a&to_address=b&sender=c&username=d&password=e+f",
         "channels --token-stdin --smtp-host=a --to-address=b --sender=c --username=d -- add email",
         false, "e f\n"},
        {API_channel_put, "kind=webhook&url=https://a&signing_secret=whsec_a",
         "channels --token-stdin --url=https://a -- "
         "add webhook",
         false, "whsec_a\n"},
        {API_channel_set, "name=--help&enabled=0&with_names=1",
         "channels --with-names --off -- set --help", false, NULL},
        {API_channel_test, "name=a", "channels -- test a", false, NULL},
        {API_channel_remove, "name=a", "channels -- remove a", false, NULL},
        {API_digest_send, "channel=a&date=2026-01-01&weekly=1&again=1",
         "digest --send --channel=a --date=2026-01-01 --weekly --again", false, NULL},
        {API_digest_preview, "", "digest --preview", false, NULL},
        {API_digest_schedule, "at=07:30&timezone=UTC&weekdays=mon-fri&weekly_on=never&enabled=1",
         "digest --at=07:30 --timezone=UTC --weekdays=mon-fri --weekly-on=never --on -- set", false,
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(table); i++) {
        struct made made = make(table[i].route, table[i].form);
        assert_int_equal(made.code, TILL_OK);
        assert_string_equal(made.text, table[i].line);
        assert_int_equal(made.arguments.is_writing, table[i].is_writing);
        assert_true(sv_equal(made.input, sv_of(table[i].input)));
        release(&made);
    }
}

static void a_token_goes_another_way(void **state)
{
    struct made made = make(API_connect, "token=+polar_oat_x%0a&name=a");
    (void)state;
    assert_int_equal(made.code, TILL_OK);
    assert_null(strstr(made.text, "polar_oat"));
    assert_true(sv_equal(made.input, SV("polar_oat_x")));
    release(&made);
}

static void what_is_missing(void **state)
{
    static const struct {
        enum api_route route;
        const char *form, *word;
    } table[] = {
        {API_connect, "name=a", "token"},
        {API_disconnect, "", "name"},
        {API_tables_set, "every=5m", "table"},
        {API_annotation_put, "date=2026-01-01", "text"},
        {API_annotation_remove, "", "id"},
        {API_goal_put, "metric=revenue", "amount"},
        {API_saved_put, "name=x&sql=", "sql"},
        {API_overview, "", "nothing"},
        {API_channel_put, "name=a", "kind"},
        {API_channel_set, "enabled=1", "name"},
        {API_channel_test, "", "name"},
        {API_channel_remove, "", "name"},
        {API_channel_put, "kind=file&path=/x", "command line alone"},
        {API_channel_put, "kind=command", "command line alone"},
        {API_channel_put, "kind=slack&bot_token=1", "no bot_token"},
        {API_channel_put, "kind=webhook&url=a&signing_secret=a%0ab", "one line"},
        {API_channel_put, "kind=webhook&url=a&signing_secret=+", "signing_secret"},
    };
    (void)state;
    for (size_t i = 0; i < TILL_COUNT(table); i++) {
        struct made made = make(table[i].route, table[i].form);
        assert_int_equal(made.code, TILL_USAGE);
        assert_non_null(strstr(made.e.text, table[i].word));
        assert_int_equal(made.input.len, 0);
        release(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(a_token_goes_another_way),
        cmocka_unit_test(what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
