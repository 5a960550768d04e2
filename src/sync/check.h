// SPDX-License-Identifier: Apache-2.0
// check.h - reads a random sample of a table's rows again and compares (private to the sync room).
#ifndef TILL_SYNC_CHECK_H
#define TILL_SYNC_CHECK_H

#include "sync/step.h"

// result->checked and ->differing; rows that differ are put right (and leave their old values in row_changes, as ever).
enum till_code check_table(struct step *step, struct till_error *e) TILL_MUSTUSE;

#endif
