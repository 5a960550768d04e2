// SPDX-License-Identifier: Apache-2.0
// deliver.h - private to cli: what `till digest --send` and `till watch` share when they bring digests to channels.
#ifndef TILL_CLI_DELIVER_H
#define TILL_CLI_DELIVER_H

#include "base/fs.h"
#include "cli/cli.h"
#include "deliver/deliver.h"

struct cli_delivery {
    struct cli *cli;
    struct store *store;
    struct store_digest_schedule schedule;
    struct zone
        *zone; // --timezone, else the schedule's, else the setting's: of when, and of the days
    struct store_channels channels;
    struct deliver_options options;
    struct arena arena;
};
// cli_delivery_close() also after a failure.
enum till_code cli_delivery_open(struct cli *cli, enum store_mode mode,
                                 struct cli_delivery *ret_delivery,
                                 struct till_error *e) TILL_MUSTUSE;
void cli_delivery_close(struct cli_delivery *delivery);
// CONFIG that says how to add one.
enum till_code cli_no_channel(struct till_error *e) TILL_MUSTUSE;
bool cli_channel_wants(const struct store_channel *channel,
                       const struct store_connection *connection, enum store_digest_period period);
// The zone of digests: see above.
enum till_code cli_digest_zone(const struct cli *cli, const struct store_digest_schedule *schedule,
                               struct zone **ret_zone, struct till_error *e) TILL_MUSTUSE;
// One process delivers at a time. LIMIT, with who it is, when another one does for longer than wait_ms.
enum till_code cli_delivery_lock(const struct cli *cli, const char *command, long wait_ms,
                                 struct fs_lock *ret_lock, struct till_error *e) TILL_MUSTUSE;
// "2026-11-17", "7 days to 2026-11-17"
void cli_digest_name(struct buf *out, const struct store_delivery_key *key);
// "2026-11-18 08:00"
void cli_delivery_moment(struct buf *out, const struct zone *zone, int64_t unix_us);
// "sent, 2 parts"; "sent before, on 2026-11-18 08:00 ..."; "could not ...; next try in 2 min"
void cli_delivery_words(struct buf *out, const struct zone *zone,
                        const struct deliver_result *result, int64_t now_us);
// Neither sent now nor before.
bool cli_delivery_failed(const struct deliver_result *result);
// A line for each channel whose newest digest did not simply arrive: "telegram: failed: ...". Nothing where there are no channels.
enum till_code cli_delivery_troubles(const struct cli *cli, struct store *store, struct buf *out,
                                     int *ret_count, struct till_error *e) TILL_MUSTUSE;

#endif
