// SPDX-License-Identifier: Apache-2.0
// digest_parts.h - private to `till digest`: its files.
#ifndef TILL_CLI_DIGEST_PARTS_H
#define TILL_CLI_DIGEST_PARTS_H

#include "cli/cli.h"
#include "cli/deliver.h"

// --date, else the day before today in that zone.
enum till_code cli_digest_date(const struct cli *cli, const struct zone *zone,
                               struct civil_date *ret_date, struct till_error *e) TILL_MUSTUSE;
// --send and --preview.
enum till_code cli_digest_send(struct cli *cli, struct till_error *e) TILL_MUSTUSE;
enum till_code cli_digest_preview(struct cli *cli, struct till_error *e) TILL_MUSTUSE;
// `till digest schedule` and `till digest set ...`.
enum till_code cli_digest_schedule(struct cli *cli, struct till_error *e) TILL_MUSTUSE;
enum till_code cli_digest_set(struct cli *cli, struct till_error *e) TILL_MUSTUSE;

#endif
