// SPDX-License-Identifier: Apache-2.0
// channels.h - private to cli: channels as commands find, open and change them.
#ifndef TILL_CLI_CHANNELS_H
#define TILL_CLI_CHANNELS_H

#include "channels/channels.h"
#include "cli/cli.h"
#include "store/channels.h"

// The name under which a channel's secrets are kept: "channel:team".
enum { CLI_CHANNEL_SECRET_BYTES = STORE_NAME_BYTES + 16 };
void cli_channel_secret_name(const char *channel, char ret_name[static CLI_CHANNEL_SECRET_BYTES]);
// From wherever it was put; for a channel that has one.
enum till_code cli_channel_secret(const struct cli *cli, const struct store_channel *channel,
                                  struct secret *ret_secret, struct till_error *e) TILL_MUSTUSE;
enum till_code cli_remove_channel_secret(const struct cli *cli, const char *place,
                                         const char *channel, bool *ret_found,
                                         struct till_error *e) TILL_MUSTUSE;
// CONFIG with the names that there are, when there is none of that name.
enum till_code cli_find_channel(struct store *store, const char *name,
                                struct store_channel *ret_channel,
                                struct till_error *e) TILL_MUSTUSE;
// --digests, --sections, --connection, --with-names, --ascii, --on and what undoes them, into the channel; what is not said stays. *ret_count: how many were
// said.
enum till_code cli_apply_channel_options(const struct cli *cli, struct store *store,
                                         struct store_channel *channel, int *ret_count,
                                         struct till_error *e) TILL_MUSTUSE;
// "days; all sections; names of customers masked"
void cli_channel_gets(const struct store_channel *channel, struct buf *out);

// ---- `till channels add` and `till channels test` ----
enum till_code cli_channels_add(struct cli *cli, struct till_error *e) TILL_MUSTUSE;
enum till_code cli_channels_test(struct cli *cli, struct till_error *e) TILL_MUSTUSE;

#endif
