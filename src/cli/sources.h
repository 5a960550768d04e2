// SPDX-License-Identifier: Apache-2.0
// sources.h - private to cli: what commands do with connected sources of web traffic.
#ifndef TILL_CLI_SOURCES_H
#define TILL_CLI_SOURCES_H

#include "cli/cli.h"
#include "store/traffic.h"
#include "sync/sources.h"
#include "traffic/traffic.h"

// CONFIG when a source of web traffic is called so.
enum till_code cli_check_free(struct store *store, const char *name,
                              struct till_error *e) TILL_MUSTUSE;
// Those that are connected; with --name that one alone, or none when it is not a source. is_all: disconnected ones too.
enum till_code cli_sources(const struct cli *cli, struct store *store, bool is_all,
                           struct store_sources *ret_sources, struct till_error *e) TILL_MUSTUSE;
// cli_connections() for commands that know sources too: OK, without any connection, when --name is a source, or only sources are connected.
enum till_code cli_connection_or_source(const struct cli *cli, struct store *store,
                                        struct cli_connections *ret_connections,
                                        struct till_error *e) TILL_MUSTUSE;
// With the secret that is kept for it.
enum till_code cli_open_source(const struct cli *cli, const struct store_source *source,
                               struct traffic **ret_traffic, struct till_error *e) TILL_MUSTUSE;
// One run, with the lock held by the caller. What went wrong is kept with the source, too.
enum till_code cli_sync_source(const struct cli *cli, struct store *store,
                               struct store_source *source, bool is_whole,
                               struct sync_source_result *ret_result,
                               struct till_error *e) TILL_MUSTUSE;

// ---- views of a run ----
void cli_source_result_text(struct buf *out, const struct view_style *style,
                            const struct store_source *source,
                            const struct sync_source_result *result);
void cli_source_result_json(struct buf *out, const struct store_source *source,
                            const struct sync_source_result *result);

#endif
