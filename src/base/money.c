// SPDX-License-Identifier: Apache-2.0
// money.c - integer money to text.
//
// Both forms start from the exact decimal digits; ICU gets them as text (unum_formatDecimal), so no amount ever passes through a float. The
// number of decimals is Polar's (which follows Stripe), not ICU's: they differ for isk, ugx and others, and an amount shown with the wrong
// one is wrong by a factor of a hundred.
#include "base/money.h"

#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <unicode/uloc.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

#include "base/attr.h"
#include "base/fault.h"

enum {
    MONEY_CODE_BYTES = 3,
    MONEY_PLAIN_BYTES = 32,
    MONEY_UNITS = 128,
    MONEY_LOCALE_BYTES = 64,
    MONEY_FORMATTERS = 8
};

int money_minor_digits(struct sv currency)
{
    static const char zero_decimal[] = "bifclpdjfgnfjpykmfkrwmgapygrwfvndvuvxafxofxpf";
    for (size_t i = 0; i + MONEY_CODE_BYTES < sizeof zero_decimal; i += MONEY_CODE_BYTES)
        if (sv_equal_ignoring_case(currency, (struct sv){zero_decimal + i, MONEY_CODE_BYTES}))
            return 0;
    return 2;
}

bool money_add(int64_t a_minor, int64_t b_minor, int64_t *ret_sum_minor)
{
    int64_t sum;
    if (__builtin_add_overflow(a_minor, b_minor, &sum))
        return false;
    *ret_sum_minor = sum;
    return true;
}

// "-12.50" and a NUL; returns the length.
static size_t money_plain(int64_t amount_minor, struct sv currency,
                          char ret_text[static MONEY_PLAIN_BYTES])
{
    char reversed[MONEY_PLAIN_BYTES];
    size_t count = 0, length = 0;
    size_t decimals = (size_t)money_minor_digits(currency);
    uint64_t rest = amount_minor < 0 ? -(uint64_t)amount_minor : (uint64_t)amount_minor;
    for (size_t digits = 0; rest > 0 || digits <= decimals; digits++, rest /= 10) {
        if (digits == decimals && decimals > 0)
            reversed[count++] = '.';
        reversed[count++] = (char)('0' + rest % 10);
    }
    if (amount_minor < 0)
        ret_text[length++] = '-';
    while (count > 0)
        ret_text[length++] = reversed[--count];
    ret_text[length] = '\0';
    return length;
}

void money_format_plain(struct buf *buf, int64_t amount_minor, struct sv currency)
{
    char text[MONEY_PLAIN_BYTES];
    size_t length = money_plain(amount_minor, currency, text);
    buf_append(buf, text, length);
}

bool money_parse(struct sv text, struct sv currency, int64_t *ret_amount_minor)
{
    int decimals = money_minor_digits(currency);
    int after = -1; // digits behind the point; -1 before one
    size_t at = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    size_t digits = 0;
    int64_t amount = 0;
    for (size_t i = at; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && after < 0 && digits > 0 && i + 1 < text.len) {
            after = 0;
            continue;
        }
        if (c < '0' || c > '9' || after >= decimals)
            return false;
        after += after >= 0 ? 1 : 0;
        digits++;
        // Towards the sign, so that the least amount is one too.
        int digit = at > 0 ? '0' - c : c - '0';
        if (__builtin_mul_overflow(amount, 10, &amount) ||
            __builtin_add_overflow(amount, digit, &amount))
            return false;
    }
    for (int i = after < 0 ? 0 : after; i < decimals; i++)
        if (__builtin_mul_overflow(amount, 10, &amount))
            return false;
    if (digits == 0)
        return false;
    *ret_amount_minor = amount;
    return true;
}

// The code as ICU wants it: three capital letters. False for anything else.
static bool money_code(struct sv currency, UChar ret_code[static MONEY_CODE_BYTES + 1])
{
    if (currency.len != MONEY_CODE_BYTES)
        return false;
    for (size_t i = 0; i < MONEY_CODE_BYTES; i++) {
        char c = currency.ptr[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            return false;
        ret_code[i] = (UChar)c;
    }
    ret_code[MONEY_CODE_BYTES] = 0;
    return true;
}

// The C locale has no idea of money (ICU calls it en_US_POSIX: no grouping): its users get plain English.
static const char *money_locale(const char *locale)
{
    if (locale == NULL || locale[0] == '\0')
        locale = uloc_getDefault();
    return strncmp(locale, "en_US_POSIX", 11) == 0 || strcmp(locale, "c") == 0 ? "en_US" : locale;
}

// Opening a formatter takes a hundred times longer than using it: each thread keeps the last few.
struct money_formatter {
    char locale[MONEY_LOCALE_BYTES];
    UChar code[MONEY_CODE_BYTES + 1];
    int decimals;
    UNumberFormat *format;
};
struct money_formatters {
    size_t next;
    struct money_formatter kept[MONEY_FORMATTERS];
};
static pthread_key_t formatters_key;
static pthread_once_t formatters_once = PTHREAD_ONCE_INIT;
static bool has_formatters_key;

static void formatters_free(void *memory)
{
    struct money_formatters *formatters = memory;
    for (size_t i = 0; i < MONEY_FORMATTERS; i++)
        unum_close(formatters->kept[i].format); // accepts NULL
    till_free(formatters);
}

static void formatters_make_key(void)
{
    has_formatters_key = pthread_key_create(&formatters_key, formatters_free) == 0;
}

static struct money_formatters *formatters_of_thread(void)
{
    pthread_once(&formatters_once, formatters_make_key);
    if (!has_formatters_key)
        return NULL;
    struct money_formatters *formatters = pthread_getspecific(formatters_key);
    if (formatters == NULL) {
        formatters = till_calloc(1, sizeof *formatters);
        if (formatters != NULL && pthread_setspecific(formatters_key, formatters) != 0) {
            till_free(formatters);
            formatters = NULL;
        }
    }
    return formatters;
}

static UNumberFormat *formatter_open(const char *locale, const UChar *code, int decimals)
{
    UErrorCode status = U_ZERO_ERROR;
    UNumberFormat *format = unum_open(UNUM_CURRENCY, NULL, 0, locale, NULL, &status);
    if (U_FAILURE(status))
        return NULL;
    unum_setTextAttribute(format, UNUM_CURRENCY_CODE, code, MONEY_CODE_BYTES, &status);
    // After the code, which resets them.
    unum_setAttribute(format, UNUM_MIN_FRACTION_DIGITS, decimals);
    unum_setAttribute(format, UNUM_MAX_FRACTION_DIGITS, decimals);
    if (U_SUCCESS(status))
        return format;
    unum_close(format);
    return NULL;
}

// The thread's formatter, which stays the thread's; NULL when ICU has none.
static const UNumberFormat *formatter_find(const char *locale, const UChar *code, int decimals)
{
    struct money_formatters *formatters = formatters_of_thread();
    size_t length = strlen(locale);
    if (formatters == NULL || length >= MONEY_LOCALE_BYTES)
        return NULL;
    for (size_t i = 0; i < MONEY_FORMATTERS; i++)
        if (formatters->kept[i].format != NULL && formatters->kept[i].decimals == decimals &&
            u_strcmp(formatters->kept[i].code, code) == 0 &&
            strcmp(formatters->kept[i].locale, locale) == 0)
            return formatters->kept[i].format;
    UNumberFormat *format = formatter_open(locale, code, decimals);
    if (format == NULL)
        return NULL;
    struct money_formatter *place = &formatters->kept[formatters->next];
    formatters->next = (formatters->next + 1) % MONEY_FORMATTERS;
    unum_close(place->format);
    place->format = format;
    memcpy(place->locale, locale, length + 1);
    u_strcpy(place->code, code);
    place->decimals = decimals;
    return format;
}

static bool money_icu(struct sv plain, const UChar *code, int decimals, const char *locale,
                      char *ret_text, int32_t size)
{
    const UNumberFormat *format = formatter_find(money_locale(locale), code, decimals);
    if (format == NULL)
        return false;
    UErrorCode status = U_ZERO_ERROR;
    UChar units[MONEY_UNITS];
    int32_t count = unum_formatDecimal(format, plain.ptr, (int32_t)plain.len, units, MONEY_UNITS,
                                       NULL, &status);
    if (U_FAILURE(status) || count >= MONEY_UNITS)
        return false;
    u_strToUTF8(ret_text, size, NULL, units, count, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

static void money_show(struct buf *buf, struct sv plain, struct sv currency, int decimals,
                       const char *locale)
{
    char text[MONEY_UNITS * 3 + 1];
    UChar code[MONEY_CODE_BYTES + 1];
    if (money_code(currency, code) &&
        money_icu(plain, code, decimals, locale, text, (int32_t)sizeof text)) {
        buf_text(buf, text);
        return;
    }
    buf_sv(buf, plain);
    if (currency.len > 0) {
        buf_char(buf, ' ');
        buf_sv(buf, currency);
    }
}

void money_format(struct buf *buf, int64_t amount_minor, struct sv currency, const char *locale)
{
    char plain[MONEY_PLAIN_BYTES];
    size_t length = money_plain(amount_minor, currency, plain);
    money_show(buf, (struct sv){plain, length}, currency, money_minor_digits(currency), locale);
}

void money_format_whole(struct buf *buf, int64_t amount_major, struct sv currency,
                        const char *locale)
{
    char plain[MONEY_PLAIN_BYTES];
    int length = snprintf(plain, sizeof plain, "%" PRId64, amount_major);
    money_show(buf, (struct sv){plain, (size_t)length}, currency, 0, locale);
}
