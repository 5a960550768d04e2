// SPDX-License-Identifier: Apache-2.0
// money.h - integer money: minor units and a currency, never a float, never two currencies added.
#ifndef TILL_BASE_MONEY_H
#define TILL_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// Digits after the decimal point as Polar counts them (0 for jpy, krw, clp, vnd ...; ugx 2, as Stripe requires; unknown codes 2).
int money_minor_digits(struct sv currency);
bool money_add(int64_t a_minor, int64_t b_minor, int64_t *ret_sum_minor); // false on overflow
// For people, in `locale` (NULL = the user's): "$4,210.00", "¥1,200", "€12,50". Currency code in any case.
void money_format(struct buf *buf, int64_t amount_minor, struct sv currency, const char *locale);
// The same of whole major units: "$4,210".
void money_format_whole(struct buf *buf, int64_t amount_major, struct sv currency,
                        const char *locale);
// For machines: "4210.00", "-12.50", "1200"; no symbol, no grouping.
void money_format_plain(struct buf *buf, int64_t amount_minor, struct sv currency);
// What people type: major units with a point ("5000", "5000.50", "-3"), exactly. False for more decimals than the currency has, grouping, and overflow.
bool money_parse(struct sv text, struct sv currency, int64_t *ret_amount_minor);

#endif
