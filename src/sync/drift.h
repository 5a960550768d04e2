// SPDX-License-Identifier: Apache-2.0
// drift.h - finds where rows are missing, without a walk (private to the sync room).
#ifndef TILL_SYNC_DRIFT_H
#define TILL_SYNC_DRIFT_H

#include "sync/step.h"

// For tables whose list can be cut by time (in_step.after_filter): halves the time until the part that holds too few rows fits a page or two, and reads that.
// *ret_is_mended: rows and the service's count agree now. Costs about thirty requests for one gap at any size; gives up when a walk would be cheaper.
enum till_code drift_mend(struct step *step, bool *ret_is_mended,
                          struct till_error *e) TILL_MUSTUSE;

#endif
