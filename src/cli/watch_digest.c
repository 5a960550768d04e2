// SPDX-License-Identifier: Apache-2.0
// watch_digest.c - `till watch` sends the digests that are due: one to one channel at a time, so that tables and sources get between.
//
// What is to be done follows from the schedule, the log and the clock, anew at each look: a machine that slept, a channel that was added, a digest that
// somebody sent by hand need no words of their own here. A digest that has just become due waits a while for data that reach to the end of its last day, but
// not for a table or a source that fails. The look is read-only; what it found is looked at once more with the lock, before anything goes.
#include "cli/watch_digest.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/deliver.h"

static const int64_t patience_us = INT64_C(30) * 60 * 1000000;
enum { LOCK_TRY_MS = 200, LOCK_HELD_MS = 1000, HURRY_MS = 5000 };

struct looking {
    const struct report_status *status;
    struct cli_delivery delivery;
    int64_t now_us;
    // What can be done at once, if anything:
    bool is_found;
    struct deliver_request request;
    int64_t wait_ms; // else
};

static void wait_until(struct looking *l, int64_t then_us)
{
    int64_t wait_ms = then_us <= l->now_us ? 0 : (then_us - l->now_us) / 1000 + 1;
    if (then_us != INT64_MAX && wait_ms < l->wait_ms)
        l->wait_ms = wait_ms;
}

// Do these data reach to that moment, but for what fails?
static bool is_ready(const struct looking *l, const struct report_card *card, int64_t to_us)
{
    static const enum table_id tables[] = {TABLE_orders,    TABLE_subscriptions, TABLE_refunds,
                                           TABLE_checkouts, TABLE_products,      TABLE_customers};
    for (size_t i = 0; i < TILL_COUNT(tables); i++) {
        const struct store_table_state *state = &card->tables[tables[i]];
        bool is_failing = card->schedule[tables[i]].failing_since_us != 0;
        if (report_card_reads(card, tables[i]) && !is_failing && state->fresh_us < to_us)
            return false;
    }
    for (size_t i = 0; i < l->status->source_count; i++) {
        const struct report_source *source = &l->status->sources[i];
        if (source->due_us != 0 && source->source.failure_count == 0 &&
            source->source.fresh_us < to_us)
            return false;
    }
    return true;
}

// One channel, one organization, one period.
static enum till_code look_at(struct looking *l, const struct store_channel *channel,
                              const struct report_card *card, enum store_digest_period period,
                              struct till_error *e)
{
    const struct cli_delivery *d = &l->delivery;
    struct deliver_due due;
    struct store_delivery log;
    bool is_logged = false;
    deliver_due(&d->schedule, d->zone, period, l->now_us, &due);
    wait_until(l, due.next_us);
    if (!due.is_due || channel->created_us > due.due_us)
        return TILL_OK;
    struct store_delivery_key key = {.period = period, .date = due.date};
    (void)snprintf(key.channel, sizeof key.channel, "%s", channel->name);
    (void)snprintf(key.organization_id, sizeof key.organization_id, "%s",
                   card->connection.organization_id);
    enum till_code code = store_delivery_get(d->store, &key, &log, &is_logged, e);
    if (code)
        return code;
    if (is_logged && log.state != STORE_DELIVERY_WAITING && log.state != STORE_DELIVERY_COMMITTED)
        return TILL_OK;
    if (is_logged && log.state == STORE_DELIVERY_WAITING && log.next_try_us > l->now_us) {
        wait_until(l, log.next_try_us);
        return TILL_OK;
    }
    int64_t to_us = zone_day_start_us(d->zone, civil_date_add_days(due.date, 1));
    if (!is_logged && l->now_us < due.due_us + patience_us && !is_ready(l, card, to_us)) {
        wait_until(l, due.due_us + patience_us);
        l->wait_ms = l->wait_ms < HURRY_MS ? l->wait_ms : HURRY_MS;
        return TILL_OK;
    }
    l->is_found = true;
    l->request = (struct deliver_request){
        .connection = &card->connection, .period = period, .date = due.date, .channel = channel};
    return TILL_OK;
}

static enum till_code look(struct looking *l, struct till_error *e)
{
    const struct store_channels *channels = &l->delivery.channels;
    enum till_code code = TILL_OK;
    l->now_us = clock_now_us(l->delivery.cli->clock);
    l->wait_ms = INT64_MAX;
    l->is_found = false;
    for (size_t i = 0; i < channels->count; i++)
        for (size_t k = 0; k < l->status->card_count; k++)
            for (int period = STORE_DIGEST_DAY; period <= STORE_DIGEST_WEEK; period++) {
                const struct report_card *card = &l->status->cards[k];
                if (code || l->is_found ||
                    !cli_channel_wants(&channels->list[i], &card->connection,
                                       (enum store_digest_period)period))
                    continue;
                code = look_at(l, &channels->list[i], card, (enum store_digest_period)period, e);
            }
    return code;
}

// ---- telling ----

static void put_json(struct cli *cli, const struct deliver_request *request,
                     const struct deliver_result *result, int64_t now_us)
{
    struct buf *out = &cli->out;
    const struct store_delivery *log = &result->delivery;
    AUTO_BUF date;
    buf_init(&date, 32);
    digest_date_words(&date, request->date);
    buf_char(out, '{');
    view_json_time(out, "at", now_us);
    view_json_text(out, "channel", request->channel->name);
    view_json_text(out, "connection", request->connection->name);
    view_json_text(out, "period", store_digest_period_word(request->period));
    view_json_text(out, "date", date.data);
    view_json_text(out, "result", till_code_name(result->code));
    view_json_text(out, "state", store_delivery_word(log->state));
    view_json_text(out, "error", result->code ? result->error.text : log->error);
    view_json_int(out, "tries", log->tries);
    view_json_int(out, "parts_sent", log->parts_sent);
    view_json_time(out, "next_try", log->next_try_us);
    buf_text(out, "}\n");
}

static enum till_code tell(struct cli *cli, const struct looking *l,
                           const struct deliver_result *result, struct till_error *e)
{
    AUTO_BUF line;
    int64_t now_us = clock_now_us(cli->clock);
    buf_init(&line, TILL_LIMIT_BUFFER_BYTES);
    buf_text(&line, "digest of ");
    buf_text(&line, l->request.connection->name);
    buf_text(&line, ", ");
    cli_digest_name(&line, &result->delivery.key);
    buf_format(&line, ", to %s: ", l->request.channel->name);
    cli_delivery_words(&line, l->delivery.zone, result, now_us);
    if (result->code != TILL_CANCELED)
        cli_say(cli, "till: %s", line.data ? line.data : "");
    if (!cli->is_json)
        return TILL_OK;
    put_json(cli, &l->request, result, now_us);
    return cli_flush(cli, e);
}

// ---- doing it ----

static enum till_code deliver(struct cli *cli, struct looking *l, struct watch_digest_step *step,
                              struct till_error *e)
{
    struct deliver_result *result = till_calloc(1, sizeof *result);
    struct till_error its = {0};
    if (!result)
        return TILL_FAIL_MEMORY(e);
    (void)!deliver_run(&l->delivery.options, &l->request, result, &its);
    step->has_run = true;
    step->wait_ms = result->code ? HURRY_MS : 0;
    step->code = result->code;
    step->error = its;
    if (result->code == TILL_OK && cli_delivery_failed(result))
        step->code = TILL_FAIL(&step->error, TILL_PARTIAL, 0, "%s", result->delivery.error);
    enum till_code code = tell(cli, l, result, e);
    step->is_stuck = result->code == TILL_USAGE || result->code == TILL_STORE ||
                     result->code == TILL_MEMORY || result->code == TILL_CANCELED;
    till_free(result);
    return code;
}

static enum till_code deliver_locked(struct cli *cli, const struct report_status *status,
                                     struct watch_digest_step *step, struct till_error *e)
{
    struct looking *l = till_calloc(1, sizeof *l);
    if (!l)
        return TILL_FAIL_MEMORY(e);
    l->status = status;
    enum till_code code = cli_delivery_open(cli, STORE_READ_WRITE, &l->delivery, e);
    if (code == TILL_OK)
        code = look(l, e);
    step->wait_ms = l->wait_ms;
    if (code == TILL_OK && l->is_found)
        code = deliver(cli, l, step, e);
    cli_delivery_close(&l->delivery);
    till_free(l);
    return code;
}

enum till_code watch_digest(struct cli *cli, const struct report_status *status,
                            struct watch_digest_step *ret_step, struct till_error *e)
{
    struct fs_lock lock = {.fd = -1};
    struct looking *l = till_calloc(1, sizeof *l);
    if (!l)
        return TILL_FAIL_MEMORY(e);
    l->status = status;
    *ret_step = (struct watch_digest_step){.wait_ms = INT64_MAX};
    enum till_code code = cli_delivery_open(cli, STORE_READ_ONLY, &l->delivery, e);
    if (code == TILL_OK)
        code = look(l, e);
    bool is_found = l->is_found;
    ret_step->wait_ms = l->wait_ms;
    cli_delivery_close(&l->delivery);
    till_free(l);
    if (code || !is_found)
        return code;
    code = cli_delivery_lock(cli, "till watch", LOCK_TRY_MS, &lock, e);
    if (code == TILL_LIMIT) {
        till_error_clear(e);
        ret_step->wait_ms = LOCK_HELD_MS;
        return TILL_OK;
    }
    if (code == TILL_OK)
        code = deliver_locked(cli, status, ret_step, e);
    fs_lock_release(&lock);
    return code;
}
