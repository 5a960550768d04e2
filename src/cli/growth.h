// SPDX-License-Identifier: Apache-2.0
// growth.h - private to the commands about growth: the question that they share.
#ifndef TILL_CLI_GROWTH_H
#define TILL_CLI_GROWTH_H

#include "cli/cli.h"

// As cli_metrics_question(), without slugs; by month and over twelve of them when nothing else is asked. usage is for the error about arguments.
enum till_code cli_growth_question(struct cli *cli, struct store *store, const char *usage,
                                   struct cli_metrics_question *ret_question,
                                   struct till_error *e) TILL_MUSTUSE;

#endif
