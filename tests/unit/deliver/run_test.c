// SPDX-License-Identifier: Apache-2.0
// run_test.c - one digest to one channel: every outcome of a try, processes that die at every place, and the rule that counts: nothing goes twice.
//
// The functions of room channels, and report_digest(), are this file's own: a service whose memory outlives processes, with a counter for each part.
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "deliver/deliver.h"

enum { PARTS_MAX = 4 };
enum death { ALIVE, BEFORE_COMMIT, AFTER_COMMIT, AFTER_ARRIVAL };

// In memory that a child shares.
static struct service {
    int arrived[PARTS_MAX];
    char id[128];
    size_t part_count;
    enum channel_outcome outcome; // of the next part
    bool arrives;                 // where the outcome is uncertain: it is there all the same
    int64_t retry_after_ms;
    enum till_code code;
    size_t at_part; // the outcome and the death are of this part; others go
    enum death death;
    int secrets, opened;
} * service;

static bool is_repeatable;
static struct {
    enum till_code digest, secret, open;
} failing;

struct channel {
    int unused;
};
static struct channel the_channel;

enum till_code channel_open(const struct channel_options *options, struct channel **ret_channel,
                            struct till_error *e)
{
    if (failing.open)
        return TILL_FAIL(e, failing.open, 0, "could not open");
    assert_non_null(options->secret);
    assert_string_equal("https://example.com/x",
                        channel_value(&options->values, CHANNEL_FIELD_url));
    service->opened++;
    *ret_channel = &the_channel;
    return TILL_OK;
}

void channel_close(struct channel *channel)
{
    (void)channel;
}

bool channel_is_repeatable(enum channel_kind kind)
{
    (void)kind;
    return is_repeatable;
}

enum till_code channel_compose(const struct channel *channel, const struct channel_message *message,
                               struct arena *arena, struct channel_parts *ret_parts,
                               struct till_error *e)
{
    (void)channel;
    assert_true(message->title.len > 0 && message->text.len > 0 && message->json.len > 0);
    ret_parts->list = arena_calloc(arena, service->part_count, sizeof *ret_parts->list);
    if (!ret_parts->list)
        return arena_fail(arena, "parts", e);
    ret_parts->count = service->part_count;
    for (size_t i = 0; i < ret_parts->count; i++)
        ret_parts->list[i] = (struct channel_part){
            .address = SV("example.com"), .headers = SV("webhook-id: x"), .body = message->text};
    return TILL_OK;
}

static void die_if(enum death death, size_t number)
{
    if (service->death == death && number == service->at_part)
        _exit(42);
}

enum till_code channel_send(struct channel *channel, const struct channel_message *message,
                            const struct channel_parts *parts, size_t number,
                            const struct channel_commit *commit, struct channel_result *ret_result,
                            struct till_error *e)
{
    (void)channel;
    enum channel_outcome outcome = number == service->at_part ? service->outcome : CHANNEL_SENT;
    assert_in_range(number, 0, parts->count - 1);
    (void)snprintf(service->id, sizeof service->id, SV_FORMAT, SV_ARGS(message->id));
    ret_result->outcome = CHANNEL_NOT_SENT;
    ret_result->retry_after_ms = -1;
    die_if(BEFORE_COMMIT, number);
    enum till_code code = commit->call(commit->context, e);
    if (code)
        return code;
    die_if(AFTER_COMMIT, number);
    if (outcome == CHANNEL_SENT || (outcome == CHANNEL_UNCERTAIN && service->arrives))
        service->arrived[number]++;
    die_if(AFTER_ARRIVAL, number);
    ret_result->outcome = outcome;
    ret_result->retry_after_ms = outcome == CHANNEL_SENT ? -1 : service->retry_after_ms;
    if (outcome == CHANNEL_SENT)
        return TILL_OK;
    return TILL_FAIL(e, service->code, 0, "the service did not take it");
}

enum till_code report_digest(struct store *store, const struct report_digest_question *question,
                             struct arena *arena, struct digest *ret_digest, struct till_error *e)
{
    static struct digest digest;
    (void)store;
    (void)arena;
    if (failing.digest)
        return TILL_FAIL(e, failing.digest, 0, "could not gather the digest");
    digest.connection = sv_of(question->connection->name);
    digest.organization = SV("Caf\xc3\xa9");
    digest.zone = SV("UTC");
    digest.date = question->date;
    for (int i = 0; i < DIGEST_WINDOW__COUNT; i++)
        digest.spans[i] = digest_span((enum digest_window)i, question->date);
    *ret_digest = digest;
    return TILL_OK;
}

static enum till_code give_secret(void *context, const struct store_channel *channel,
                                  struct secret *ret_secret, struct till_error *e)
{
    (void)context;
    (void)channel;
    service->secrets++;
    if (failing.secret)
        return TILL_FAIL(e, failing.secret, 0, "the vault is locked");
    return secret_set(ret_secret, SV("made here"), e);
}

// ---- a clock, a store, a request ----

static int64_t now_us = NOON_US;
static int64_t read_now(const struct clock *clock)
{
    (void)clock;
    return now_us;
}
static const struct clock test_clock = {.now_us = read_now};

struct scene {
    struct fixture f;
    struct zone *zone;
    struct store_connection connection;
    struct store_channel channel;
    struct view_style style;
    struct deliver_options options;
    struct deliver_request request;
    struct deliver_result result;
};

static void scene_open(struct scene *s)
{
    memset(s, 0, sizeof *s);
    memset(service, 0, sizeof *service);
    memset(&failing, 0, sizeof failing);
    is_repeatable = false;
    now_us = NOON_US;
    fixture_open(&s->f);
    assert_ok(&s->f, zone_open("UTC", &s->zone, &s->f.e));
    service->part_count = 1;
    service->retry_after_ms = -1;
    service->code = TILL_NETWORK;
    s->connection = (struct store_connection){.name = "polar", .organization_id = ORGANIZATION};
    s->channel = (struct store_channel){.name = "chat",
                                        .kind = "webhook",
                                        .settings = "{\"url\":\"https://example.com/x\"}",
                                        .secret_place = "file"};
    s->style.has_unicode = true;
    s->options = (struct deliver_options){.store = s->f.store,
                                          .clock = &test_clock,
                                          .zone = s->zone,
                                          .style = &s->style,
                                          .secret = give_secret};
    s->request = (struct deliver_request){
        .connection = &s->connection, .date = {2025, 12, 31}, .channel = &s->channel};
}

static void scene_close(struct scene *s)
{
    zone_close(s->zone);
    fixture_close(&s->f);
}

static enum till_code run(struct scene *s)
{
    till_error_clear(&s->f.e);
    enum till_code code = deliver_run(&s->options, &s->request, &s->result, &s->f.e);
    assert_int_equal(code, s->result.code);
    return code;
}

static void assert_log(struct scene *s, enum store_delivery_state state, int parts_sent, int tries)
{
    struct store_delivery found;
    bool is_found = false;
    assert_ok(&s->f,
              store_delivery_get(s->f.store, &s->result.delivery.key, &found, &is_found, &s->f.e));
    assert_true(is_found);
    assert_memory_equal(&found, &s->result.delivery, sizeof found);
    assert_string_equal(store_delivery_word(state), store_delivery_word(found.state));
    assert_int_equal(parts_sent, found.parts_sent);
    assert_int_equal(tries, found.tries);
    assert_int_equal(state == STORE_DELIVERY_WAITING, found.next_try_us != 0);
}

static void test_once(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s);
    assert_ok(&s.f, run(&s));
    assert_false(s.result.was_there);
    assert_log(&s, STORE_DELIVERY_SENT, 1, 1);
    assert_int_equal(1, service->secrets);
    assert_int_equal(0, strncmp(service->id, "till-day-2025-12-31-", 20));
    assert_null(strstr(service->id, "chat"));
    now_us += 1000000;
    assert_ok(&s.f, run(&s));
    assert_true(s.result.was_there);
    assert_int_equal(NOON_US, s.result.delivery.last_us);
    assert_int_equal(1, service->arrived[0]);
    // Another day, period, channel or organization is another digest.
    s.request.date.day = 30;
    assert_ok(&s.f, run(&s));
    s.request.period = STORE_DIGEST_WEEK;
    assert_ok(&s.f, run(&s));
    (void)snprintf(s.channel.name, sizeof s.channel.name, "mail");
    assert_ok(&s.f, run(&s));
    assert_int_equal(4, service->arrived[0]);
    s.request.is_again = true;
    assert_ok(&s.f, run(&s));
    assert_int_equal(5, service->arrived[0]);
    assert_log(&s, STORE_DELIVERY_SENT, 1, 1);
    scene_close(&s);
}

static void test_tries(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s);
    service->outcome = CHANNEL_NOT_SENT;
    assert_int_equal(TILL_NETWORK, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 0, 1);
    assert_string_equal("the service did not take it", s.result.delivery.error);
    service->retry_after_ms = 3 * 3600 * 1000;
    assert_int_equal(TILL_NETWORK, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 0, 2);
    assert_true(s.result.delivery.next_try_us >= now_us + INT64_C(3) * 3600 * 1000000);
    // Somebody interrupts: no try.
    service->code = TILL_CANCELED;
    assert_int_equal(TILL_CANCELED, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 0, 2);
    service->outcome = CHANNEL_SENT;
    assert_ok(&s.f, run(&s));
    assert_log(&s, STORE_DELIVERY_SENT, 1, 3);
    assert_string_equal("", s.result.delivery.error);
    scene_close(&s);
}

static void test_ends_of_tries(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s);
    service->outcome = CHANNEL_NOT_SENT;
    for (int i = 1; i < TILL_LIMIT_CHANNEL_TRIES; i++) {
        assert_int_equal(TILL_NETWORK, run(&s));
        assert_log(&s, STORE_DELIVERY_WAITING, 0, i);
    }
    assert_int_equal(TILL_NETWORK, run(&s));
    assert_log(&s, STORE_DELIVERY_FAILED, 0, TILL_LIMIT_CHANNEL_TRIES);
    s.request.date.day = 30;
    service->outcome = CHANNEL_REFUSED;
    service->code = TILL_AUTH;
    assert_int_equal(TILL_AUTH, run(&s));
    assert_log(&s, STORE_DELIVERY_FAILED, 0, 1);
    service->outcome = CHANNEL_SENT; // mended, and asked for
    assert_ok(&s.f, run(&s));
    assert_log(&s, STORE_DELIVERY_SENT, 1, 2);
    scene_close(&s);
}

static void test_uncertain(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s);
    service->outcome = CHANNEL_UNCERTAIN;
    service->arrives = true;
    assert_int_equal(TILL_NETWORK, run(&s));
    assert_log(&s, STORE_DELIVERY_UNCERTAIN, 0, 1);
    service->outcome = CHANNEL_SENT;
    assert_ok(&s.f, run(&s));
    assert_true(s.result.was_there);
    assert_int_equal(STORE_DELIVERY_UNCERTAIN, s.result.delivery.state);
    assert_int_equal(1, service->arrived[0]);
    s.request.is_again = true;
    assert_ok(&s.f, run(&s));
    assert_int_equal(2, service->arrived[0]);
    // Where twice does no harm it is simply tried again.
    s.request.is_again = false;
    s.request.date.day = 30;
    is_repeatable = true;
    service->outcome = CHANNEL_UNCERTAIN;
    assert_int_equal(TILL_NETWORK, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 0, 1);
    service->outcome = CHANNEL_SENT;
    assert_ok(&s.f, run(&s));
    assert_log(&s, STORE_DELIVERY_SENT, 1, 2);
    scene_close(&s);
}

static void test_parts(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s);
    service->part_count = 3;
    service->at_part = 1;
    service->outcome = CHANNEL_NOT_SENT;
    assert_int_equal(TILL_NETWORK, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 1, 1);
    service->outcome = CHANNEL_SENT;
    assert_ok(&s.f, run(&s));
    assert_log(&s, STORE_DELIVERY_SENT, 3, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(1, service->arrived[i]);
    scene_close(&s);
}

static void test_before_it_goes(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s);
    failing.secret = TILL_CONFIG;
    assert_int_equal(TILL_CONFIG, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 0, 1);
    assert_string_equal("the vault is locked", s.result.delivery.error);
    failing.secret = TILL_OK;
    failing.open = TILL_CONFIG;
    assert_int_equal(TILL_CONFIG, run(&s));
    failing.open = TILL_OK;
    failing.digest = TILL_STORE;
    assert_int_equal(TILL_STORE, run(&s));
    assert_log(&s, STORE_DELIVERY_WAITING, 0, 3);
    failing.digest = TILL_OK;
    assert_ok(&s.f, run(&s));
    assert_log(&s, STORE_DELIVERY_SENT, 1, 4);
    // A day that is not over leaves no trace.
    failing.digest = TILL_USAGE;
    s.request.date.day = 30;
    assert_int_equal(TILL_USAGE, run(&s));
    assert_answer(&s.f, 1, "SELECT count(*) FROM digest_log");
    (void)snprintf(s.channel.kind, sizeof s.channel.kind, "pigeon");
    assert_int_equal(TILL_CONFIG, run(&s));
    scene_close(&s);
}

// ---- death ----

// Runs in a child; true when it died on the way.
static bool run_apart(struct scene *s)
{
    int status = 0;
    store_close(s->f.store);
    s->f.store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct till_error e = {0};
        if (store_open(s->f.path, STORE_READ_WRITE, &s->options.store, &e))
            _exit(1);
        (void)!deliver_run(&s->options, &s->request, &s->result, &e);
        store_close(s->options.store);
        _exit(0);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 42));
    assert_ok(&s->f, store_open(s->f.path, STORE_READ_WRITE, &s->f.store, &s->f.e));
    s->options.store = s->f.store;
    return WEXITSTATUS(status) == 42;
}

static void check_death(enum death death, size_t at_part, bool is_safe)
{
    struct scene s;
    scene_open(&s);
    is_repeatable = is_safe;
    service->part_count = 2;
    service->at_part = at_part;
    service->death = death;
    assert_true(run_apart(&s));
    service->death = ALIVE;
    assert_ok(&s.f, run(&s));
    if (death == BEFORE_COMMIT || is_safe) {
        assert_log(&s, STORE_DELIVERY_SENT, 2, death == BEFORE_COMMIT && at_part == 0 ? 1 : 2);
    } else {
        assert_true(s.result.was_there);
        assert_log(&s, STORE_DELIVERY_UNCERTAIN, (int)at_part, 1);
        assert_non_null(strstr(s.result.delivery.error, "ended before"));
    }
    for (size_t i = 0; i < 2; i++) {
        int most = is_safe && death == AFTER_ARRIVAL && i == at_part ? 2 : 1;
        assert_in_range(service->arrived[i], 0, most);
    }
    assert_ok(&s.f, run(&s));
    assert_true(s.result.was_there);
    scene_close(&s);
}

static void test_death(void **state)
{
    (void)state;
    for (size_t part = 0; part < 2; part++)
        for (int death = BEFORE_COMMIT; death <= AFTER_ARRIVAL; death++) {
            check_death((enum death)death, part, false);
            check_death((enum death)death, part, true);
        }
}

static unsigned next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % below;
}

// Everything that can happen, in any order, until the log says that it is over: no part twice, and "sent" means that all are there.
static void test_never_twice(void **state)
{
    (void)state;
    struct scene s;
    unsigned seed = 7;
    scene_open(&s);
    for (int digest = 0; digest < 40; digest++) {
        memset(service->arrived, 0, sizeof service->arrived);
        s.request.date = civil_date_add_days((struct civil_date){2025, 1, 1}, digest);
        service->part_count = 1 + next_random(&seed, PARTS_MAX);
        for (int tries = 0; tries < 20; tries++) {
            static const enum channel_outcome outcomes[] = {CHANNEL_SENT, CHANNEL_NOT_SENT,
                                                            CHANNEL_NOT_SENT, CHANNEL_REFUSED,
                                                            CHANNEL_UNCERTAIN};
            service->outcome = outcomes[next_random(&seed, 5)];
            service->arrives = next_random(&seed, 2) == 0;
            service->at_part = next_random(&seed, (unsigned)service->part_count);
            service->death = next_random(&seed, 3) == 0 ? (enum death)next_random(&seed, 4) : ALIVE;
            if (service->death == ALIVE)
                (void)!run(&s);
            else
                (void)run_apart(&s);
        }
        service->death = ALIVE;
        service->outcome = CHANNEL_SENT;
        (void)!run(&s);
        bool is_sent = s.result.delivery.state == STORE_DELIVERY_SENT;
        assert_true(is_sent || s.result.delivery.state == STORE_DELIVERY_UNCERTAIN);
        for (size_t i = 0; i < PARTS_MAX; i++) {
            assert_in_range(service->arrived[i], 0, i < service->part_count ? 1 : 0);
            if (is_sent && i < service->part_count)
                assert_int_equal(1, service->arrived[i]);
        }
    }
    scene_close(&s);
}

static void test_preview(void **state)
{
    struct scene s;
    AUTO_BUF out;
    (void)state;
    scene_open(&s);
    buf_init(&out, 65536);
    service->part_count = 2;
    assert_ok(&s.f, deliver_preview(&s.options, &s.request, &out, &s.f.e));
    assert_non_null(strstr(out.data, "chat, part 2 of 2, to example.com\nwebhook-id: x\n\n"));
    assert_non_null(strstr(out.data, "Daily digest of Caf\xc3\xa9"));
    assert_null(strstr(out.data, "made here"));
    assert_answer(&s.f, 0, "SELECT count(*) FROM digest_log");
    assert_int_equal(0, service->arrived[0]);
    scene_close(&s);
}

// ---- messages ----

static struct digest_line line_of(enum digest_line_id id)
{
    struct digest_line line = {.id = id, .last = {2025, 12, 31}};
    for (int i = 0; i < DIGEST_WINDOW__COUNT; i++)
        line.cells[i].now = (struct digest_number){true, 12, 1};
    return line;
}

// Where it stands in the text; NULL when it does not.
static const char *text_in(struct sv text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part));
}

static void test_sections(void **state)
{
    static struct digest digest = {.organization = {"Caf\xc3\xa9", 5}, .zone = {"UTC", 3}};
    struct store_channel channel = {.name = "chat", .sections = STORE_DIGEST_MONEY};
    struct view_style style = {.has_unicode = true};
    struct channel_message message;
    struct till_error e = {0};
    AUTO_ARENA arena;
    (void)state;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    digest.date = (struct civil_date){2025, 12, 31};
    digest.lines[0] = line_of(DIGEST_orders);
    digest.lines[1] = line_of(DIGEST_visitors);
    digest.line_count = 2;
    digest.products[0] = (struct digest_top){.name = SV("Book"), .visitors = -1};
    digest.product_count = 1;
    digest.data[0] = (struct digest_source){.name = SV("polar"), .fresh_us = NOON_US};
    digest.data[1] = (struct digest_source){.name = SV("posthog"), .is_stale = true};
    digest.data_count = 2;
    assert_int_equal(
        TILL_OK, deliver_message(&digest, &channel, &style, "x", NOON_US, &arena, &message, &e));
    assert_non_null(text_in(message.text, "Orders 12"));
    assert_null(text_in(message.text, "Visitors"));
    assert_null(text_in(message.text, "stands out"));
    assert_null(text_in(message.html, "stands out"));
    assert_null(text_in(message.markdown, "stands out"));
    assert_null(text_in(message.text, "Book"));
    assert_null(text_in(message.json, "Book"));
    assert_null(text_in(message.text, "polar"));
    assert_non_null(text_in(message.text, "posthog")); // it is stale
    assert_true(sv_equal(message.date, SV("2025-12-31")));
    assert_int_equal(0, message.sections[0].title.len);
    assert_true(sv_equal(message.sections[0].lines[0], SV("Orders 12")));
    channel.sections = 0;
    channel.is_ascii = true;
    assert_int_equal(
        TILL_OK, deliver_message(&digest, &channel, &style, "x", NOON_US, &arena, &message, &e));
    assert_non_null(text_in(message.text, "Visitors 12"));
    assert_non_null(text_in(message.text, "What stands out\n- Nothing does."));
    assert_non_null(text_in(message.text, "Book"));
    assert_non_null(text_in(message.text, "polar"));
    for (size_t i = 0; i < message.title.len; i++)
        assert_true((unsigned char)message.title.ptr[i] < 0x80);
    for (size_t i = 0; i < message.section_count; i++)
        for (size_t k = 0; k < message.sections[i].line_count; k++)
            assert_true(message.sections[i].lines[k].len > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),          cmocka_unit_test(test_tries),
        cmocka_unit_test(test_ends_of_tries), cmocka_unit_test(test_uncertain),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_before_it_goes),
        cmocka_unit_test(test_death),         cmocka_unit_test(test_never_twice),
        cmocka_unit_test(test_preview),       cmocka_unit_test(test_sections),
    };
    service =
        mmap(NULL, sizeof *service, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (service == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("deliver", tests, NULL, NULL);
}
