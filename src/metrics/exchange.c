// SPDX-License-Identifier: Apache-2.0
// exchange.c - rates as fractions of whole amounts, rounded once to six digits.
#include "metrics/exchange.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "metrics/engine.h"

enum { LEAST_DIGITS = 100000, MOST_PLACES = 14, SHOWN_PLACES = 4, MICROS = 1000000 };
#define MOST_MINOR INT64_C(1000000000000) // of one payment: a thousand of them fit into a day's sum

// What a payment settled, in millionths. The amount is rounded to a minor unit, which is much of a small payment; a rate that gives the same amount is not.
static int64_t settled_micros(const struct exchange_payment *payment)
{
    double told = (double)payment->paid_minor * payment->rate;
    if (payment->rate > 0 && fabs(told - (double)payment->settled_minor) <= 1)
        return llround(told * MICROS);
    return payment->settled_minor * MICROS;
}

static bool is_told(const struct exchange_payment *payment)
{
    return payment->paid != 0 && payment->settled != 0 && payment->paid != payment->settled &&
           payment->paid_minor > 0 && payment->paid_minor <= MOST_MINOR &&
           payment->settled_minor > 0 && payment->settled_minor <= MOST_MINOR;
}

// The pair's place, a new one where it has none; NULL when there are too many.
static struct exchange_pair *pair_of(struct exchange *exchange, metrics_currency paid,
                                     metrics_currency settled)
{
    for (size_t i = 0; i < exchange->count; i++)
        if (exchange->pairs[i].paid == paid && exchange->pairs[i].settled == settled)
            return &exchange->pairs[i];
    if (exchange->count == EXCHANGE_PAIRS)
        return NULL;
    exchange->pairs[exchange->count] =
        (struct exchange_pair){.paid = paid, .settled = settled, .day = INT64_MIN};
    return &exchange->pairs[exchange->count++];
}

void exchange_observe(struct exchange *exchange, const struct exchange_payment *payment)
{
    int64_t settled = is_told(payment) ? settled_micros(payment) : 0;
    struct exchange_pair *pair =
        settled > 0 ? pair_of(exchange, payment->paid, payment->settled) : NULL;
    if (!pair || payment->day < pair->day)
        return;
    if (payment->day > pair->day)
        *pair = (struct exchange_pair){payment->paid, payment->settled, payment->day, 0, 0};
    int64_t paid = payment->paid_minor * MICROS;
    if (pair->paid_micros < INT64_MAX - paid && pair->settled_micros < INT64_MAX - settled) {
        pair->paid_micros += paid;
        pair->settled_micros += settled;
    }
}

// What one minor unit is worth, as a fraction.
struct fraction {
    wide over, under;
    int64_t day;
};

static bool fraction_of(const struct exchange *exchange, metrics_currency from,
                        metrics_currency into, struct fraction *ret_fraction)
{
    for (size_t i = 0; i < exchange->count; i++) {
        const struct exchange_pair *pair = &exchange->pairs[i];
        if (pair->paid == from && pair->settled == into)
            *ret_fraction = (struct fraction){pair->settled_micros, pair->paid_micros, pair->day};
        else if (pair->paid == into && pair->settled == from)
            *ret_fraction = (struct fraction){pair->paid_micros, pair->settled_micros, pair->day};
        else
            continue;
        return true;
    }
    return false;
}

// By way of a currency that both are settled in.
static bool fraction_across(const struct exchange *exchange, metrics_currency from,
                            metrics_currency into, struct fraction *ret_fraction)
{
    struct fraction first, second;
    for (size_t i = 0; i < exchange->count; i++) {
        metrics_currency between = exchange->pairs[i].settled;
        if (exchange->pairs[i].paid != from || !fraction_of(exchange, from, between, &first) ||
            !fraction_of(exchange, between, into, &second))
            continue;
        *ret_fraction = (struct fraction){.over = first.over * second.over,
                                          .under = first.under * second.under,
                                          .day = first.day < second.day ? first.day : second.day};
        return true;
    }
    return false;
}

static int minor_digits(metrics_currency currency)
{
    char text[3] = {(char)(currency >> 16 & 0x7f), (char)(currency >> 8 & 0x7f),
                    (char)(currency & 0x7f)};
    return money_minor_digits((struct sv){text, sizeof text});
}

static wide power_of_ten(int exponent)
{
    wide power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

struct exchange_rate exchange_find(const struct exchange *exchange, metrics_currency from,
                                   metrics_currency into)
{
    struct exchange_rate rate = {.from = from, .into = into};
    struct fraction fraction;
    if (from == into) {
        rate.is_known = from != 0;
        rate.digits = LEAST_DIGITS;
        rate.places = 5;
        return rate;
    }
    if (!fraction_of(exchange, from, into, &fraction) &&
        !fraction_across(exchange, from, into, &fraction))
        return rate;
    while (fraction.over >> 60 != 0 || fraction.under >> 60 != 0) {
        fraction.over /= 2;
        fraction.under /= 2;
    }
    int shift = minor_digits(from) - minor_digits(into);
    for (rate.places = -6; fraction.under > 0 && rate.places <= MOST_PLACES; rate.places++) {
        int power = rate.places + shift;
        wide over = fraction.over * power_of_ten(power);
        wide under = fraction.under * power_of_ten(-power);
        rate.digits = divide_half_away(over, under);
        if (rate.digits < LEAST_DIGITS)
            continue;
        rate.is_known = rate.digits <= 10 * LEAST_DIGITS;
        if (rate.digits == 10 * LEAST_DIGITS) { // 999,999.6 became a million
            rate.digits = LEAST_DIGITS;
            rate.places--;
        }
        break;
    }
    rate.as_of = civil_date_from_days(fraction.day);
    return rate;
}

int64_t exchange_apply(const struct exchange_rate *rate, int64_t amount_minor)
{
    int power = minor_digits(rate->into) - minor_digits(rate->from) - rate->places;
    if (!rate->is_known)
        return 0;
    int64_t minor = divide_half_away((wide)amount_minor * rate->digits * power_of_ten(power),
                                     power_of_ten(-power));
    return minor;
}

void exchange_text(const struct exchange_rate *rate, char ret_text[static EXCHANGE_TEXT_BYTES])
{
    char digits[EXCHANGE_TEXT_BYTES];
    int places = rate->places, zeros = 0;
    if (places <= 0) {
        (void)snprintf(ret_text, EXCHANGE_TEXT_BYTES, "%lld",
                       (long long)(rate->digits * (int64_t)power_of_ten(-places)));
        return;
    }
    (void)snprintf(digits, sizeof digits, "%0*lld", places + 1, (long long)rate->digits);
    int whole = (int)strlen(digits) - places;
    while (places - zeros > SHOWN_PLACES && digits[whole + places - zeros - 1] == '0')
        zeros++;
    (void)snprintf(ret_text, EXCHANGE_TEXT_BYTES, "%.*s.%.*s", whole, digits, places - zeros,
                   digits + whole);
}
