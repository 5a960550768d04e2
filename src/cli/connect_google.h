// SPDX-License-Identifier: Apache-2.0
// connect_google.h - private to cli: what `till connect search-console` keeps as its secret.
#ifndef TILL_CLI_CONNECT_GOOGLE_H
#define TILL_CLI_CONNECT_GOOGLE_H

#include "cli/cli.h"

// By --service-account, or by --oauth with --client-file, which waits for a person for TILL_LIMIT_CONSENT_MS.
enum till_code cli_google_secret(const struct cli *cli, struct secret *ret_secret,
                                 struct till_error *e) TILL_MUSTUSE;

#endif
