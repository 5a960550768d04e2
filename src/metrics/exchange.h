// SPDX-License-Identifier: Apache-2.0
// exchange.h - money of one currency in another, at rates that payments tell: what customers paid, and what Polar settled for it.
//
// For totals that people ask for beside the exact amounts. A rate is that of the newest day with a payment in the currency: all that was settled on that
// day over all that was paid, where a rate that was told and agrees with its payment stands for the rounded amount. It is rounded to six digits once, and
// what is shown is what is used, so that everybody can check a total with a pencil. Nothing is ever taken as 1:1.
#ifndef TILL_METRICS_EXCHANGE_H
#define TILL_METRICS_EXCHANGE_H

#include "base/civil.h"
#include "metrics/metrics.h"

enum { EXCHANGE_PAIRS = 256 };
struct exchange_pair {
    metrics_currency paid, settled;
    int64_t day;                         // days since 1970, of the newest payment
    int64_t paid_micros, settled_micros; // all of that day, in millionths of minor units
};
struct exchange_payment {
    metrics_currency paid, settled;
    int64_t day;
    int64_t paid_minor, settled_minor;
    double rate; // as told; 0 = not
};
struct exchange { // starts as {0}
    struct exchange_pair pairs[EXCHANGE_PAIRS];
    size_t count;
};
// One payment, in any order. What tells no rate is passed over, and so are further pairs beyond EXCHANGE_PAIRS.
void exchange_observe(struct exchange *exchange, const struct exchange_payment *payment);

struct exchange_rate {
    metrics_currency from, into;
    bool is_known;
    int64_t digits; // 100,000 to 999,999: one unit of `from` is digits / 10^places units of `into`
    int places;
    struct civil_date
        as_of; // day of the payments; of two rates that were put together the older one
};
// Told as such, turned around, or by way of a third currency. A currency in itself is 1 (places 5), as of nothing.
struct exchange_rate exchange_find(const struct exchange *exchange, metrics_currency from,
                                   metrics_currency into);
// Half away from zero, at the end of the range rather than beyond it. 0 when the rate is not known.
int64_t exchange_apply(const struct exchange_rate *rate, int64_t amount_minor);
// "1.0843": all that is not zero behind the point, and four places.
enum { EXCHANGE_TEXT_BYTES = 40 };
void exchange_text(const struct exchange_rate *rate, char ret_text[static EXCHANGE_TEXT_BYTES]);

#endif
