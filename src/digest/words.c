// SPDX-License-Identifier: Apache-2.0
// words.c - dates, counts, money and shares as sentences and views write them.
#include <inttypes.h>

#include "base/money.h"
#include "digest/digest.h"

enum { WHOLE_FROM = 100, GROUPS = 7 }; // groups of three digits in an int64

void digest_date_words(struct buf *out, struct civil_date date)
{
    buf_format(out, "%04d-%02d-%02d", (int)date.year, (int)date.month, (int)date.day);
}

const char *digest_weekday(struct civil_date date)
{
    static const char *const names[] = {"Thursday", "Friday",  "Saturday", "Sunday",
                                        "Monday",   "Tuesday", "Wednesday"};
    int64_t day = civil_date_to_days(date) % 7; // 1970-01-01 was a Thursday
    return names[day < 0 ? day + 7 : day];
}

void digest_count_words(struct buf *out, int64_t count)
{
    uint64_t rest = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    unsigned groups[GROUPS];
    size_t group = 0;
    do {
        groups[group++] = (unsigned)(rest % 1000);
        rest /= 1000;
    } while (rest > 0 && group < GROUPS);
    buf_format(out, "%s%u", count < 0 ? "-" : "", groups[--group]);
    while (group > 0)
        buf_format(out, ",%03u", groups[--group]);
}

void digest_money_words(struct buf *out, int64_t amount_minor, metrics_currency currency,
                        const char *locale)
{
    const char code[] = {(char)(currency >> 16 & 0x7f), (char)(currency >> 8 & 0x7f),
                         (char)(currency & 0x7f)};
    struct sv name = {code, sizeof code};
    int64_t unit = money_minor_digits(name) == 0 ? 1 : 100;
    int64_t below = amount_minor % unit;
    bool is_large = amount_minor >= WHOLE_FROM * unit || amount_minor <= -WHOLE_FROM * unit;
    if (unit == 1 || (below != 0 && !is_large)) {
        money_format(out, amount_minor, name, locale);
        return;
    }
    int64_t whole = amount_minor / unit;
    if (below >= unit / 2)
        whole += 1;
    if (below <= -unit / 2)
        whole -= 1;
    money_format_whole(out, whole, name, locale);
}

void digest_percent_words(struct buf *out, int64_t hundredths)
{
    int64_t tenths = (hundredths < 0 ? hundredths - 5 : hundredths + 5) / 10;
    int64_t size = tenths < 0 ? -tenths : tenths;
    buf_format(out, "%s%" PRId64 ".%" PRId64 "%%", tenths < 0 ? "-" : "", size / 10, size % 10);
}

void digest_number_words(struct buf *out, enum digest_unit unit, metrics_currency currency,
                         const struct digest_number *number, const char *locale)
{
    int64_t value = digest_round(unit, number);
    if (unit == DIGEST_MONEY)
        digest_money_words(out, value, currency, locale);
    else if (unit == DIGEST_PERCENT)
        digest_percent_words(out, value);
    else
        digest_count_words(out, value);
}
