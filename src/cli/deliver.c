// SPDX-License-Identifier: Apache-2.0
// deliver.c - what `till digest --send` and `till watch` share: the channels, their secrets, the lock of those who deliver, and words for what it came to.
//
// The lock is another than that of the mirror: a digest need not wait for a long sync, and a service that takes its time does not keep a sync.
#include "cli/deliver.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/channels.h"

static const char lock_name[] = "deliver.lock"; // beside sync.lock

static enum till_code channel_secret(void *context, const struct store_channel *channel,
                                     struct secret *ret_secret, struct till_error *e)
{
    return cli_channel_secret(context, channel, ret_secret, e);
}

enum till_code cli_digest_zone(const struct cli *cli, const struct store_digest_schedule *schedule,
                               struct zone **ret_zone, struct till_error *e)
{
    bool is_own = schedule->timezone[0] && !cli->options[OPTION_timezone];
    return zone_open(is_own ? schedule->timezone : config_text(cli->config, "timezone"), ret_zone,
                     e);
}

enum till_code cli_delivery_open(struct cli *cli, enum store_mode mode,
                                 struct cli_delivery *ret_delivery, struct till_error *e)
{
    struct cli_delivery *d = ret_delivery;
    *d = (struct cli_delivery){.cli = cli};
    arena_init(&d->arena, TILL_LIMIT_ARENA_BYTES);
    // None is made here: reading says what to do when there is none yet.
    bool is_there = fs_exists(cli->places.database);
    enum till_code code = cli_open_store(cli, is_there ? mode : STORE_READ_ONLY, &d->store, e);
    if (code == TILL_OK)
        code = store_digest_schedule(d->store, &d->schedule, e);
    if (code == TILL_OK)
        code = cli_digest_zone(cli, &d->schedule, &d->zone, e);
    if (code == TILL_OK)
        code = store_channels(d->store, &d->arena, &d->channels, e);
    d->options = (struct deliver_options){.store = d->store,
                                          .clock = cli->clock,
                                          .stop = &cli_stop,
                                          .zone = d->zone,
                                          .style = &cli->style,
                                          .traffic_source = cli->options[OPTION_traffic_source],
                                          .context = cli,
                                          .secret = channel_secret};
    return code;
}

void cli_delivery_close(struct cli_delivery *delivery)
{
    store_close(delivery->store);
    zone_close(delivery->zone);
    arena_release(&delivery->arena);
}

enum till_code cli_no_channel(struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "there is no channel that digests could go to");
    return till_error_hint(
        e, "add one: `till channels add email|slack|discord|telegram|ntfy|webhook|file|command`");
}

bool cli_channel_wants(const struct store_channel *channel,
                       const struct store_connection *connection, enum store_digest_period period)
{
    bool is_wanted = period == STORE_DIGEST_WEEK ? channel->gets_weeks : channel->gets_days;
    return channel->is_enabled && is_wanted && connection->disconnected_at_us == 0 &&
           (!channel->connection[0] || strcmp(channel->connection, connection->name) == 0);
}

enum till_code cli_delivery_lock(const struct cli *cli, const char *command, long wait_ms,
                                 struct fs_lock *ret_lock, struct till_error *e)
{
    char mine[TILL_LIMIT_LOCK_HOLDER_BYTES];
    char holder[TILL_LIMIT_LOCK_HOLDER_BYTES] = "";
    AUTO_BUF path;
    buf_init(&path, TILL_LIMIT_PATH_BYTES);
    buf_format(&path, "%s/%s", cli->places.data_folder, lock_name);
    enum till_code code = buf_fail(&path, "a path", e);
    (void)snprintf(mine, sizeof mine, "%s, process %ld", command, (long)getpid());
    if (code == TILL_OK)
        code = fs_lock_take(path.data, mine, wait_ms, ret_lock, holder, e);
    if (code != TILL_LIMIT)
        return code;
    (void)TILL_FAIL(e, TILL_LIMIT, 0, "another process is sending digests: %s",
                    holder[0] ? holder : "unknown");
    return till_error_hint(e, "wait until it is done; nothing was sent");
}

// ---- words ----

void cli_digest_name(struct buf *out, const struct store_delivery_key *key)
{
    buf_text(out, key->period == STORE_DIGEST_WEEK ? "7 days to " : "");
    digest_date_words(out, key->date);
}

void cli_delivery_moment(struct buf *out, const struct zone *zone, int64_t unix_us)
{
    static const int64_t minute_us = INT64_C(60) * 1000000;
    int64_t minute = (unix_us + zone_offset_us(zone, unix_us)) / minute_us % (24 * 60);
    digest_date_words(out, zone_date(zone, unix_us));
    buf_format(out, " %02d:%02d", (int)(minute / 60), (int)(minute % 60));
}

static void put_troubled(struct buf *out, const struct store_delivery *log, int64_t now_us)
{
    if (log->state == STORE_DELIVERY_UNCERTAIN || log->state == STORE_DELIVERY_COMMITTED) {
        buf_text(out, "may have arrived");
        if (log->error[0])
            buf_format(out, ": %s", log->error);
        buf_format(out, "; look there, and `till digest --send --again --channel %s%s --date ",
                   log->key.channel, log->key.period == STORE_DIGEST_WEEK ? " --weekly" : "");
        digest_date_words(out, log->key.date);
        buf_text(out, "` if it is missing");
        return;
    }
    buf_text(out, log->state == STORE_DELIVERY_FAILED ? "failed" : "waits");
    if (log->error[0])
        buf_format(out, ": %s", log->error);
    if (log->next_try_us != 0) {
        buf_text(out, "; next try ");
        view_in(out, log->next_try_us, now_us);
    }
}

void cli_delivery_words(struct buf *out, const struct zone *zone,
                        const struct deliver_result *result, int64_t now_us)
{
    const struct store_delivery *log = &result->delivery;
    if (log->state == STORE_DELIVERY_SENT && result->code == TILL_OK) {
        buf_text(out, result->was_there ? "sent before, on " : "sent");
        if (result->was_there) {
            cli_delivery_moment(out, zone, log->last_us);
            buf_text(out, "; --again sends it again");
        } else if (log->part_count > 1) {
            buf_format(out, ", %d parts", log->part_count);
        }
    } else if (log->first_us == 0) { // nothing was tried
        buf_text(out, result->error.text);
    } else {
        put_troubled(out, log, now_us);
    }
    if (result->code && result->error.hint[0] && log->state != STORE_DELIVERY_UNCERTAIN)
        buf_format(out, " (%s)", result->error.hint);
}

bool cli_delivery_failed(const struct deliver_result *result)
{
    return result->code != TILL_OK || result->delivery.state != STORE_DELIVERY_SENT;
}

enum till_code cli_delivery_troubles(const struct cli *cli, struct store *store, struct buf *out,
                                     int *ret_count, struct till_error *e)
{
    AUTO_ARENA arena;
    struct store_channels channels;
    int64_t now_us = clock_now_us(cli->clock);
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = store_channels(store, &arena, &channels, e);
    *ret_count = 0;
    for (size_t i = 0; code == TILL_OK && i < channels.count; i++) {
        struct store_deliveries newest;
        code = store_deliveries(store, channels.list[i].name, 1, &arena, &newest, e);
        if (code || newest.count == 0 || newest.list[0].state == STORE_DELIVERY_SENT ||
            (newest.list[0].state == STORE_DELIVERY_WAITING && !newest.list[0].error[0]))
            continue;
        buf_format(out, "digest to %s, ", channels.list[i].name);
        cli_digest_name(out, &newest.list[0].key);
        buf_text(out, ": ");
        put_troubled(out, &newest.list[0], now_us);
        buf_char(out, '\n');
        (*ret_count)++;
    }
    return code ? code : buf_fail(out, "the state of channels", e);
}
