// SPDX-License-Identifier: Apache-2.0
// digest.h - gathers what the daily digest (digest/digest.h) is made of, each number from the report that shows it elsewhere.
#ifndef TILL_REPORT_DIGEST_H
#define TILL_REPORT_DIGEST_H

#include "digest/digest.h"
#include "report/traffic.h"

struct report_digest_question {
    const struct store_connection *connection;
    const struct zone *zone;
    struct civil_date date; // the last day
    bool is_weekly;         // about the 7 days up to it
    const char *source;     // of visitors; NULL = the first that is connected
    const char *locale;     // for money in sentences; NULL = the user's
    bool has_names;         // of customers in sentences; else none of them is named
    const struct clock *clock;
};
// Texts are in the arena. Large: not for the stack. USAGE when the day is not over, or there is no such source of visitors; CONFIG when neither orders nor
// subscriptions have been mirrored.
enum till_code report_digest(struct store *store, const struct report_digest_question *question,
                             struct arena *arena, struct digest *ret_digest,
                             struct till_error *e) TILL_MUSTUSE;

#endif
