// SPDX-License-Identifier: Apache-2.0
// credential.h - finds live credentials that ride inside longer text, such as the client secret in a checkout's success_url.
#ifndef TILL_DECODE_CREDENTIAL_H
#define TILL_DECODE_CREDENTIAL_H

#include <stdbool.h>

#include "base/sv.h"

// What stands in place of a credential; shorter than any credential that is found.
#define CREDENTIAL_BLOT "[removed]"

// A cheap look at a whole answer: false means that credential_find() finds nothing in any string without \u escapes of it.
bool credential_may_be_in(struct sv text);
// The secret part of the next credential: the letters after "polar_c_" and the like, or after the "_secret_" of a payment processor.
bool credential_find(struct sv text, struct sv *ret_secret);

#endif
