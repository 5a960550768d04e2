// SPDX-License-Identifier: Apache-2.0
// compare.c - one number beside the one before: how much it moved, in the measure that does not mislead.
//
// Counts move by so many, money by a percentage, rates by percentage points. A percentage of little is noise: of money below
// DIGEST_SMALL_BASE_MINOR the change itself is told. Half a percent of money, and a twentieth of a point, is flat.
#include "digest/digest.h"

enum { FLAT_TENTHS = 5, MOST_TENTHS = 1000000000 };

double digest_real(const struct digest_number *number)
{
    return number->whole == 1 ? (double)number->part : (double)number->part / (double)number->whole;
}

static int64_t nearest(double value)
{
    const double most = 9e18;
    if (value > most || value < -most)
        return value > 0 ? INT64_MAX : INT64_MIN;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

int64_t digest_round(enum digest_unit unit, const struct digest_number *number)
{
    if (unit == DIGEST_PERCENT)
        return nearest(digest_real(number) * 10000);
    return number->whole == 1 ? number->part : nearest(digest_real(number));
}

static struct digest_change told(enum digest_measure measure, double change, int64_t flat_below)
{
    int64_t amount = nearest(change < 0 ? -change : change);
    if (measure != DIGEST_ABSOLUTE && amount > MOST_TENTHS)
        amount = MOST_TENTHS;
    enum digest_change_kind kind = change < 0 ? DIGEST_DOWN : DIGEST_UP;
    if (amount < flat_below)
        return (struct digest_change){DIGEST_FLAT, measure, 0};
    return (struct digest_change){kind, measure, amount};
}

struct digest_change digest_compare(enum digest_unit unit, const struct digest_number *now,
                                    const struct digest_number *before)
{
    if (!now->has_value)
        return (struct digest_change){DIGEST_UNKNOWN, DIGEST_ABSOLUTE, 0};
    if (!before->has_value && now->part == 0)
        return (struct digest_change){DIGEST_UNKNOWN, DIGEST_ABSOLUTE, 0};
    if (!before->has_value)
        return (struct digest_change){DIGEST_NEW, DIGEST_ABSOLUTE, 0};
    double change = digest_real(now) - digest_real(before);
    if (unit == DIGEST_PERCENT)
        return told(DIGEST_POINTS, change * 1000, 1);
    if (unit == DIGEST_COUNT)
        return told(DIGEST_ABSOLUTE, change, 1);
    int64_t was = digest_round(unit, before), difference = 0;
    if (__builtin_sub_overflow(digest_round(unit, now), was, &difference))
        difference = INT64_MAX;
    if (was < DIGEST_SMALL_BASE_MINOR)
        return told(DIGEST_ABSOLUTE, (double)difference, 1);
    return told(DIGEST_SHARE, (double)difference / (double)was * 1000, FLAT_TENTHS);
}
