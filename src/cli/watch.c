// SPDX-License-Identifier: Apache-2.0
// watch.c - `till watch`: a loop that looks at the schedule, runs what is due, and sleeps.
//
// The database is the only memory that counts: each round reads it anew, so that a manual sync, `tables set`, connect and disconnect are noticed within
// TILL_LIMIT_WATCH_POLL_MS. Where webhooks come and metrics are made of system events, a webhook about money makes those due at once: their newest page
// is read within a second or two, and the numbers follow. When something is due is sync/schedule.c's affair. The lock is held for one organization's run
// at a time and given back for a moment before the next, so that who waits for it gets between. A table's failures are counted in the database; those of
// a whole connection (its token is refused, its host is gone, so tables were not even reached) are counted here. One line a run on standard error, with
// --json one on standard output.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/sources.h"
#include "cli/watch_digest.h"
#include "cli/watch_say.h"
#include "sync/schedule.h"

enum { GAP_MS = 250, HEAR_MS = 400, LOCK_TRY_MS = 200, LOCK_HELD_MS = 1000, SUSPEND_MS = 10000 };

struct watched {
    char name[STORE_NAME_BYTES];
    char organization_id[STORE_NAME_BYTES];
    const struct report_card *card; // of the newest look; NULL: not connected any more
    int64_t hinted_us;              // its newest webhook that system events tell more of; 0 = none
    struct schedule_entry entries[TABLE__COUNT];
    int64_t failure_count; // runs in a row that did not get through
    int64_t retry_ms;      // boot time before which there is no point; 0 = none
    enum till_code told;   // why, as it was said
};

struct watch {
    struct cli *cli;
    struct report_status *status;
    struct sync_summary *summary;
    struct watched list[REPORT_CARDS];
    size_t count;
    bool said_lock_is_held;
    int64_t look_failure_count; // in a row
    int64_t suspended_ms;       // since boot
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct schedule_moment moment(const struct watch *watch)
{
    return (struct schedule_moment){.wall_us = clock_now_us(watch->cli->clock),
                                    .boot_ms = clock_ms(CLOCK_BOOTTIME)};
}

// Until the time is over or a signal comes: one that comes right before the sleep ends it too.
static void sleep_ms(int64_t ms)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    sigset_t blocked;
    sigset_t before;
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < TILL_COUNT(ending); i++)
        (void)sigaddset(&blocked, ending[i]);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    if (!cli_stop)
        (void)ppoll(NULL, 0, &span, &before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static struct watched *find(struct watch *watch, const struct store_connection *connection)
{
    struct watched *free_place = NULL;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *watched = &watch->list[i];
        if (strcmp(watched->name, connection->name) == 0 &&
            strcmp(watched->organization_id, connection->organization_id) == 0)
            return watched;
        if (!watched->card)
            free_place = watched;
    }
    if (watch->count < REPORT_CARDS)
        free_place = &watch->list[watch->count++];
    if (!free_place)
        return NULL;
    *free_place = (struct watched){0};
    (void)snprintf(free_place->name, sizeof(free_place->name), "%s", connection->name);
    (void)snprintf(free_place->organization_id, sizeof(free_place->organization_id), "%s",
                   connection->organization_id);
    return free_place;
}

// 0 where events are not mirrored: metrics are made of rows then, which webhooks bring.
static enum till_code newest_hint(struct store *store, const struct report_card *card,
                                  int64_t *ret_hinted_us, struct till_error *e)
{
    *ret_hinted_us = 0;
    if (!report_card_reads(card, TABLE_events))
        return TILL_OK;
    return store_webhook_newest(store, sv_of(card->connection.organization_id), ret_hinted_us, e);
}

// Reads what is connected, and the state of every table.
static enum till_code look(struct watch *watch, struct store *store, struct till_error *e)
{
    const int64_t every_ms = cli_default_every_ms(watch->cli);
    const struct report_status_options options = {.name = watch->cli->options[OPTION_name],
                                                  .default_every_ms = every_ms};
    enum till_code code = report_status(store, watch->cli->clock, &options, watch->status, e);
    if (code)
        return code;
    for (size_t i = 0; i < watch->count; i++)
        watch->list[i].card = NULL;
    struct schedule_moment now = moment(watch);
    for (size_t i = 0; i < watch->status->card_count; i++) {
        const struct report_card *card = &watch->status->cards[i];
        struct watched *watched = NULL;
        if (card->connection.disconnected_at_us == 0)
            watched = find(watch, &card->connection);
        if (!watched)
            continue;
        watched->card = card;
        code = newest_hint(store, card, &watched->hinted_us, e);
        if (code)
            return code;
        for (int k = 0; k < TABLE__COUNT; k++) {
            enum table_id table = (enum table_id)k;
            struct schedule_terms terms = schedule_terms(&card->tables[k], model_table(table),
                                                         sv_of(card->connection.organization_id),
                                                         report_card_reads(card, table), every_ms);
            terms.hinted_us = table == TABLE_events ? watched->hinted_us : 0;
            schedule_observe(&watched->entries[k], &terms, now);
        }
    }
    return TILL_OK;
}

static enum till_code open_and_look(struct watch *watch, struct till_error *e)
{
    struct store *store = NULL;
    enum till_code code = cli_open_store(watch->cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = look(watch, store, e);
    store_close(store);
    return code;
}

// ---- sources of web traffic: the database says when they are due, by the wall clock ----

static const struct report_source *first_source(const struct watch *watch)
{
    const struct report_source *first = NULL;
    for (size_t i = 0; i < watch->status->source_count; i++) {
        const struct report_source *source = &watch->status->sources[i];
        if (source->due_us != 0 && (!first || source->due_us < first->due_us))
            first = source;
    }
    return first;
}

// In how many ms the first source is due, at least 0; INT64_MAX: never.
static int64_t source_wait_ms(const struct watch *watch)
{
    const struct report_source *first = first_source(watch);
    int64_t now_us = clock_now_us(watch->cli->clock);
    if (!first)
        return INT64_MAX;
    return first->due_us <= now_us ? 0 : (first->due_us - now_us + 999) / 1000;
}

// With the lock: the source that is due still, if any.
static enum till_code run_source_locked(struct watch *watch, const char *name,
                                        struct watch_source_run *run, bool *ret_has_run,
                                        struct till_error *e)
{
    struct store *store = NULL;
    struct store_source source;
    bool is_found = false;
    enum till_code code = cli_open_store(watch->cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = store_source_get(store, name, &source, &is_found, e);
    int64_t now_us = clock_now_us(watch->cli->clock);
    int64_t due_us = code == TILL_OK && is_found ? schedule_source_due_us(&source, now_us) : 0;
    if (code == TILL_OK && due_us != 0 && due_us <= now_us) {
        *ret_has_run = true;
        run->code = cli_sync_source(watch->cli, store, &source, false, &run->result, &run->error);
        code = store_source_get(store, name, &source, &is_found, e);
        run->at_us = clock_now_us(watch->cli->clock);
        run->next_us =
            code == TILL_OK && is_found ? schedule_source_due_us(&source, run->at_us) : 0;
    }
    store_close(store);
    return code;
}

static enum till_code run_source(struct watch *watch, long wait_ms, bool *ret_was_held,
                                 enum till_code *ret_code, struct till_error *ret_run_error,
                                 struct till_error *e)
{
    char mine[TILL_LIMIT_LOCK_HOLDER_BYTES];
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES] = "";
    char name[STORE_NAME_BYTES];
    struct fs_lock lock = {.fd = -1};
    struct watch_source_run run = {.name = name};
    bool has_run = false;
    (void)snprintf(name, sizeof(name), "%s", first_source(watch)->source.name);
    (void)snprintf(mine, sizeof(mine), "till watch, process %ld", (long)getpid());
    enum till_code code =
        fs_lock_take(watch->cli->places.lock_file, mine, wait_ms, &lock, holder, e);
    *ret_was_held = code == TILL_LIMIT;
    if (code == TILL_LIMIT) {
        (void)TILL_FAIL(e, TILL_LIMIT, 0, "another process is writing to this mirror: %s",
                        holder[0] ? holder : "unknown");
        return till_error_hint(e, "wait until it is done; nothing was changed");
    }
    if (code == TILL_OK)
        code = run_source_locked(watch, name, &run, &has_run, e);
    fs_lock_release(&lock);
    *ret_code = run.code;
    *ret_run_error = run.error;
    return code == TILL_OK && has_run ? watch_say_source(watch->cli, &run, e) : code;
}

// Boot time at which this connection has something to do.
static int64_t due_ms(const struct watched *watched)
{
    int64_t least_ms = INT64_MAX;
    if (!watched->card)
        return INT64_MAX;
    for (int i = 0; i < TABLE__COUNT; i++) {
        int64_t table_ms = schedule_due_ms(&watched->entries[i]);
        least_ms = table_ms < least_ms ? table_ms : least_ms;
    }
    return least_ms < watched->retry_ms ? watched->retry_ms : least_ms;
}

static struct watched *first_due(struct watch *watch, struct schedule_moment now)
{
    struct watched *first = NULL;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *watched = &watch->list[i];
        if (due_ms(watched) <= now.boot_ms && (!first || due_ms(watched) < due_ms(first)))
            first = watched;
    }
    return first;
}

static int64_t next_due_ms(const struct watch *watch)
{
    int64_t least_ms = INT64_MAX;
    for (size_t i = 0; i < watch->count; i++) {
        int64_t its_ms = due_ms(&watch->list[i]);
        least_ms = its_ms < least_ms ? its_ms : least_ms;
    }
    return least_ms;
}

// What is due, and what may come along. False when nothing is (any more).
static bool choose(const struct watched *watched, struct schedule_moment now,
                   bool ret_wanted[static TABLE__COUNT])
{
    bool is_due = false;
    if (!watched->card || watched->retry_ms > now.boot_ms)
        return false;
    for (int i = 0; i < TABLE__COUNT; i++) {
        is_due = is_due || schedule_is_due(&watched->entries[i], now);
        ret_wanted[i] = schedule_may_join(&watched->entries[i], now);
    }
    return is_due;
}

// After a run that was observed: a connection whose run ended before it reached every table waits as a whole.
static void settle(struct watch *watch, struct watched *watched,
                   const bool wanted[static TABLE__COUNT], enum till_code code)
{
    struct schedule_moment now = moment(watch);
    bool is_through = code == TILL_OK || code == TILL_PARTIAL;
    bool is_held_up = code == TILL_AUTH || code == TILL_CONFIG;
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (!wanted[i])
            continue;
        schedule_end(&watched->entries[i], is_through);
        is_held_up = is_held_up || schedule_is_due(&watched->entries[i], now);
    }
    if (is_through || !is_held_up) {
        watched->failure_count = 0;
        watched->retry_ms = 0;
        return;
    }
    watched->failure_count += 1;
    watched->retry_ms =
        now.boot_ms + schedule_backoff_ms(watched->failure_count,
                                          schedule_seed(sv_of(watched->organization_id), SV("")));
}

static enum till_code report_run(struct watch *watch, struct watched *watched,
                                 enum till_code run_code, const struct till_error *run_error,
                                 struct till_error *e)
{
    struct schedule_moment now = moment(watch);
    int64_t due = due_ms(watched);
    struct watch_run run = {
        .name = watched->name,
        .code = run_code,
        .error = run_error,
        .summary = watch->summary,
        .at_us = now.wall_us,
        .next_us = due == INT64_MAX     ? 0
                   : due <= now.boot_ms ? now.wall_us
                                        : now.wall_us + (due - now.boot_ms) * 1000,
        .is_held_up = watched->retry_ms != 0,
        .is_told = watched->retry_ms != 0 && watched->told == run_code,
    };
    watched->told = watched->retry_ms != 0 ? run_code : TILL_OK;
    return watch_say_run(watch->cli, &run, e);
}

// With the lock: looks again, since who held it before may have done the work. *ret_code is the run's own; *ret_has_run false: there was none.
static enum till_code run_locked(struct watch *watch, struct watched *watched, bool *ret_has_run,
                                 enum till_code *ret_code, struct till_error *ret_run_error,
                                 struct till_error *e)
{
    struct store *store = NULL;
    bool wanted[TABLE__COUNT] = {false};
    enum till_code code = cli_open_store(watch->cli, STORE_READ_WRITE, &store, e);
    if (code == TILL_OK)
        code = look(watch, store, e);
    if (code || !choose(watched, moment(watch), wanted)) {
        store_close(store);
        return code;
    }
    const struct store_connection connection = watched->card->connection;
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (wanted[i])
            schedule_begin(&watched->entries[i], moment(watch));
    }
    memset(watch->summary, 0, sizeof(*watch->summary));
    *ret_code = cli_sync_connection(watch->cli, store, &connection, wanted, SYNC_AS_SET,
                                    watch->summary, ret_run_error);
    code = look(watch, store, e);
    store_close(store);
    if (code)
        return code;
    settle(watch, watched, wanted, *ret_code);
    *ret_has_run = true;
    return TILL_OK;
}

// *ret_was_held: somebody else has the lock, and keeps it for longer than wait_ms.
static enum till_code run(struct watch *watch, struct watched *watched, long wait_ms,
                          bool *ret_was_held, enum till_code *ret_code,
                          struct till_error *ret_run_error, struct till_error *e)
{
    char mine[TILL_LIMIT_LOCK_HOLDER_BYTES];
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES] = "";
    struct fs_lock lock = {.fd = -1};
    (void)snprintf(mine, sizeof(mine), "till watch, process %ld", (long)getpid());
    enum till_code code =
        fs_lock_take(watch->cli->places.lock_file, mine, wait_ms, &lock, holder, e);
    *ret_was_held = code == TILL_LIMIT;
    if (code == TILL_LIMIT) {
        (void)TILL_FAIL(e, TILL_LIMIT, 0, "another process is writing to this mirror: %s",
                        holder[0] ? holder : "unknown");
        return till_error_hint(e, "wait until it is done; nothing was changed");
    }
    bool has_run = false;
    if (code == TILL_OK)
        code = run_locked(watch, watched, &has_run, ret_code, ret_run_error, e);
    fs_lock_release(&lock);
    return has_run ? report_run(watch, watched, *ret_code, ret_run_error, e) : code;
}

// In how many ms there is something to do.
static int64_t rest_ms(const struct watch *watch, struct schedule_moment now, int64_t digest_ms)
{
    int64_t due = next_due_ms(watch);
    int64_t wait_ms = due == INT64_MAX ? INT64_MAX : due - now.boot_ms;
    int64_t source_ms = source_wait_ms(watch);
    wait_ms = source_ms < wait_ms ? source_ms : wait_ms;
    wait_ms = digest_ms < wait_ms ? digest_ms : wait_ms;
    return wait_ms < GAP_MS ? GAP_MS : wait_ms;
}

// One run of who is due first; when nobody is, one digest. Failures of the database are said once, and wait.
static int64_t round_of(struct watch *watch, enum till_code *ret_code, struct till_error *e)
{
    enum till_code run_code = TILL_OK;
    struct till_error run_error = {0};
    bool was_held = false;
    enum till_code code = open_and_look(watch, e);
    struct schedule_moment now = moment(watch);
    struct watched *watched = code == TILL_OK ? first_due(watch, now) : NULL;
    bool is_source = code == TILL_OK && !watched && source_wait_ms(watch) == 0;
    if (is_source)
        code = run_source(watch, LOCK_TRY_MS, &was_held, &run_code, &run_error, e);
    else if (watched)
        code = run(watch, watched, LOCK_TRY_MS, &was_held, &run_code, &run_error, e);
    struct watch_digest_step step = {.wait_ms = INT64_MAX};
    if (code == TILL_OK && !watched && !is_source)
        code = watch_digest(watch->cli, watch->status, &step, e);
    if (code == TILL_CANCELED) { // nobody reads our output
        *ret_code = code;
        return 0;
    }
    if (was_held) {
        if (!watch->said_lock_is_held)
            cli_say(watch->cli, "till: %s is due and waits: %s",
                    watched ? watched->name : "web traffic", e->text);
        watch->said_lock_is_held = true;
        return LOCK_HELD_MS;
    }
    watch->said_lock_is_held = false;
    if (code) {
        watch->look_failure_count += 1;
        if (watch->look_failure_count == 1)
            cli_say(watch->cli, "till: %s%s%s", e->text, e->hint[0] ? "; next: " : "", e->hint);
        return schedule_backoff_ms(watch->look_failure_count, 0);
    }
    watch->look_failure_count = 0;
    if (watched || is_source)
        return GAP_MS;
    return rest_ms(watch, now, step.wait_ms);
}

// A machine that slept has probably changed its network: whoever waits for it need not wait longer.
static void notice_suspend(struct watch *watch)
{
    int64_t suspended_ms = clock_ms(CLOCK_BOOTTIME) - clock_ms(CLOCK_MONOTONIC);
    if (suspended_ms - watch->suspended_ms > SUSPEND_MS) {
        cli_say(watch->cli, "till: awake again after %lld min",
                (long long)(suspended_ms - watch->suspended_ms) / 60000);
        for (size_t i = 0; i < watch->count; i++) {
            if (watch->list[i].told == TILL_NETWORK)
                watch->list[i].retry_ms = watch->list[i].failure_count = 0;
        }
    }
    watch->suspended_ms = suspended_ms;
}

// Whether a webhook has come since the last look.
static bool has_hint(const struct watch *watch, struct store *store)
{
    for (size_t i = 0; i < watch->count; i++) {
        const struct watched *watched = &watch->list[i];
        int64_t hinted_us = 0;
        struct till_error e = {0};
        if (watched->card && newest_hint(store, watched->card, &hinted_us, &e) == TILL_OK &&
            hinted_us != watched->hinted_us)
            return true;
    }
    return false;
}

// Sleeps, shorter when a webhook comes; looks for one only where any ever came lately (the first is found by the next look).
static void rest(const struct watch *watch, int64_t wait_ms)
{
    struct store *store = NULL;
    struct till_error e = {0};
    bool is_hearing = false;
    for (size_t i = 0; i < watch->count; i++)
        is_hearing = is_hearing || (watch->list[i].card && watch->list[i].hinted_us != 0);
    if (!is_hearing || cli_open_store(watch->cli, STORE_READ_ONLY, &store, &e)) {
        sleep_ms(wait_ms);
        return;
    }
    while (wait_ms > 0 && !cli_stop && !has_hint(watch, store)) {
        sleep_ms(wait_ms < HEAR_MS ? wait_ms : HEAR_MS);
        wait_ms -= HEAR_MS;
    }
    store_close(store);
}

static enum till_code loop(struct watch *watch, struct till_error *e)
{
    enum till_code code = TILL_OK;
    watch_say_start(watch->cli, watch->status);
    while (!cli_stop && code == TILL_OK) {
        int64_t wait_ms = round_of(watch, &code, e);
        int64_t until_ms = clock_ms(CLOCK_MONOTONIC) + wait_ms;
        bool is_database_away = watch->look_failure_count > 0;
        while (code == TILL_OK && !cli_stop && wait_ms > 0) {
            rest(watch, wait_ms < TILL_LIMIT_WATCH_POLL_MS ? wait_ms : TILL_LIMIT_WATCH_POLL_MS);
            notice_suspend(watch);
            wait_ms = is_database_away ? until_ms - clock_ms(CLOCK_MONOTONIC) : 0;
        }
    }
    if (cli_stop == SIGTERM)
        return TILL_OK;
    if (cli_stop)
        return TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    return code;
}

struct runs {
    int count, failures;
    struct till_error first;
};

static void count(struct runs *runs, enum till_code code, const struct till_error *error)
{
    runs->count++;
    runs->failures += code == TILL_OK ? 0 : 1;
    if (runs->failures == 1 && code != TILL_OK)
        runs->first = *error;
}

// The digests that are due, each once.
static enum till_code once_digests(struct watch *watch, struct runs *runs, struct till_error *e)
{
    struct watch_digest_step step = {.has_run = true};
    enum till_code code = TILL_OK;
    while (code == TILL_OK && step.has_run && !step.is_stuck && !cli_stop) {
        code = watch_digest(watch->cli, watch->status, &step, e);
        if (code == TILL_OK && step.has_run)
            count(runs, step.code, &step.error);
    }
    return code;
}

// What is due now, then the end. One failed run's error is the command's; of several, their number.
static enum till_code once(struct watch *watch, struct till_error *e)
{
    long wait_ms = (long)config_integer(watch->cli->config, "lock_wait");
    struct runs runs = {0};
    struct watched *watched = first_due(watch, moment(watch));
    while ((watched || source_wait_ms(watch) == 0) && !cli_stop) {
        bool was_held = false;
        enum till_code run_code = TILL_OK;
        struct till_error run_error = {0};
        enum till_code code =
            watched ? run(watch, watched, wait_ms, &was_held, &run_code, &run_error, e)
                    : run_source(watch, wait_ms, &was_held, &run_code, &run_error, e);
        if (code == TILL_OK && !watched)
            code = open_and_look(watch, e);
        if (code)
            return code;
        count(&runs, run_code, &run_error);
        watched = first_due(watch, moment(watch));
    }
    enum till_code digest_code = once_digests(watch, &runs, e);
    if (digest_code)
        return digest_code;
    if (cli_stop)
        return cli_stop == SIGTERM ? TILL_OK : TILL_FAIL(e, TILL_CANCELED, 0, "interrupted");
    if (runs.count == 0) {
        int64_t due_ms = next_due_ms(watch), now_ms = clock_ms(CLOCK_BOOTTIME);
        int64_t source_ms = source_wait_ms(watch);
        if (source_ms != INT64_MAX && now_ms + source_ms < due_ms)
            due_ms = now_ms + source_ms;
        watch_say_idle(watch->cli, now_ms, due_ms);
    }
    if (runs.failures == 1 && runs.count == 1) {
        *e = runs.first;
        return e->code;
    }
    if (runs.failures > 0) {
        (void)TILL_FAIL(e, TILL_PARTIAL, 0, "%d of %d runs did not go well", runs.failures,
                        runs.count);
        return till_error_hint(e, "`till status` shows each table");
    }
    return TILL_OK;
}

static enum till_code start(struct watch *watch, struct till_error *e)
{
    struct cli_connections connections;
    struct store *store = NULL;
    enum till_code code = cli_open_store(watch->cli, STORE_READ_ONLY, &store, e);
    if (code == TILL_OK)
        code = cli_connection_or_source(watch->cli, store, &connections, e);
    if (code == TILL_OK)
        code = look(watch, store, e);
    store_close(store);
    watch->suspended_ms = clock_ms(CLOCK_BOOTTIME) - clock_ms(CLOCK_MONOTONIC);
    if (code)
        return code;
    return watch->cli->options[OPTION_once] ? once(watch, e) : loop(watch, e);
}

enum till_code cli_watch(struct cli *cli, struct till_error *e)
{
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till watch [--name NAME] [--once]", e);
    if (code)
        return code;
    struct watch *watch = till_calloc(1, sizeof(*watch));
    struct report_status *status = till_calloc(1, sizeof(*status));
    struct sync_summary *summary = till_calloc(1, sizeof(*summary));
    if (watch && status && summary) {
        watch->cli = cli;
        watch->status = status;
        watch->summary = summary;
        code = start(watch, e);
    } else {
        code = TILL_FAIL_MEMORY(e);
    }
    till_free(summary);
    till_free(status);
    till_free(watch);
    return code;
}
