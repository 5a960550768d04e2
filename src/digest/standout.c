// SPDX-License-Identifier: Apache-2.0
// standout.c - what stands out, by rules that anybody can check: each sentence holds the numbers that made it.
//
//   unusual   the day (the week) is farther from the median of the same weekday of the 8 weeks before than three typical deviations: 1.4826 times the median
//             absolute deviation, which one outlier does not move, and at least a tenth of the median. Five weeks must be known; small change is no news.
//   first     an order, a currency, a product, a subscription, a refund that never was before
//   lost      a customer who stopped to pay had a twentieth of all MRR, or more than anybody who stayed
//   payments  three or more payments were missed in 7 days, and twice as many as in the 7 before
//   dried     a source that brought orders brings none, or a fifth of its visitors
//
// Where sales are not known to the end of the day, nothing is called unusual or dried up.
// Sentences say what to look at. They recommend no action, and nothing acts on them.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "digest/digest.h"

enum {
    WEEK = 7,
    USUAL_LEAST = 5,
    COUNT_LEAST = 5,
    LOST_SHARE = 20,
    FAILURES_LEAST = 3,
    DRIED_ORDERS = 3,
    DRIED_VISITORS = 50,
    DRIED_SHARE = 5,
    SENTENCE_BYTES = 4096
};
static const double DEVIATION_SCALE = 1.4826, DEVIATIONS = 3, LEAST_SHARE = 0.1;

struct telling {
    const struct digest_facts *facts;
    struct digest *digest;
    struct arena *arena;
    struct buf text;
};

// ---- a sentence ----

static enum till_code end_sentence(struct telling *t, const char *rule, const char *look,
                                   struct till_error *e)
{
    struct digest *digest = t->digest;
    struct digest_standout *place = &digest->standouts[digest->standout_count];
    struct sv text = {t->text.data ? t->text.data : "", t->text.len};
    if (t->text.failure)
        return buf_fail(&t->text, "the digest", e);
    if (digest->standout_count == DIGEST_STANDOUTS) // the rules that matter most come first
        return TILL_OK;
    place->rule = rule;
    place->text = arena_sv(t->arena, text);
    place->look = look ? arena_sv(t->arena, sv_of(look)) : (struct sv){NULL, 0};
    if (!place->text.ptr || (look && !place->look.ptr))
        return arena_fail(t->arena, "the digest", e);
    digest->standout_count++;
    return TILL_OK;
}

static struct buf *begin_sentence(struct telling *t)
{
    buf_reset(&t->text);
    return &t->text;
}

static void range_options(char ret_text[static 64], struct civil_date from, struct civil_date to)
{
    struct buf text;
    buf_init(&text, 64);
    buf_text(&text, "--from ");
    digest_date_words(&text, from);
    buf_text(&text, " --to ");
    digest_date_words(&text, to);
    size_t len = text.len < 63 ? text.len : 63;
    memcpy(ret_text, text.data ? text.data : "", text.data ? len : 0);
    ret_text[text.data ? len : 0] = '\0';
    buf_release(&text);
}

static enum digest_window main_window(const struct digest *digest)
{
    enum digest_window windows[DIGEST_WINDOW__COUNT];
    (void)digest_windows(digest, windows);
    return windows[0];
}

// ---- unusual ----

struct usual {
    size_t weeks;
    double median,
        deviation; // the deviation as it is; the rule's is at least a tenth of the median
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static struct usual usual_of(const struct digest_series *series, int64_t from, int64_t to)
{
    double values[DIGEST_USUAL_WEEKS];
    struct usual usual = {0, 0, 0};
    for (int64_t week = 1; week <= DIGEST_USUAL_WEEKS; week++) {
        struct digest_number number = {false, 0, 1};
        if (from - week * WEEK >= (int64_t)series->begins)
            number = digest_over(series, from - week * WEEK, to - week * WEEK);
        if (number.has_value)
            values[usual.weeks++] = digest_real(&number);
    }
    if (usual.weeks == 0)
        return usual;
    usual.median = median_of(values, usual.weeks);
    for (size_t i = 0; i < usual.weeks; i++)
        values[i] = values[i] < usual.median ? usual.median - values[i] : values[i] - usual.median;
    usual.deviation = median_of(values, usual.weeks);
    return usual;
}

static double least_of(const struct digest_series *series)
{
    return digest_lines[series->id].unit == DIGEST_MONEY ? DIGEST_SMALL_BASE_MINOR : COUNT_LEAST;
}

static void put_value(struct telling *t, const struct digest_series *series, double value)
{
    struct digest_number number = {true, (int64_t)(value * 2 + 0.5), 2};
    digest_number_words(&t->text, digest_lines[series->id].unit, series->currency, &number,
                        t->facts->locale);
}

static enum till_code tell_unusual(struct telling *t, const struct digest_series *series,
                                   struct till_error *e)
{
    const struct digest *digest = t->digest;
    enum digest_window window = main_window(digest);
    const struct digest_span span = digest_span(window, digest->date);
    int64_t start = civil_date_to_days(t->facts->first);
    int64_t from = civil_date_to_days(span.from) - start, to = civil_date_to_days(span.to) - start;
    struct digest_number now = digest_over(series, from, to);
    struct usual usual = usual_of(series, from, to);
    if (!now.has_value || usual.weeks < USUAL_LEAST)
        return TILL_OK;
    if (series->currency != 0 && usual.median <= 0) // sold now and then: nothing is usual
        return TILL_OK;
    double scale = DEVIATION_SCALE * usual.deviation, least = LEAST_SHARE * usual.median;
    double away = digest_real(&now) - usual.median;
    double distance = away < 0 ? -away : away;
    if (distance < least_of(series) || distance <= DEVIATIONS * (scale > least ? scale : least))
        return TILL_OK;
    struct buf *out = begin_sentence(t);
    buf_format(out, "%s: ", digest_lines[series->id].label);
    digest_number_words(out, digest_lines[series->id].unit, series->currency, &now,
                        t->facts->locale);
    buf_format(out, ", %s than usual. The %zu %ss before had ", away > 0 ? "more" : "less",
               usual.weeks, window == DIGEST_DAY ? digest_weekday(digest->date) : "week");
    put_value(t, series, usual.median);
    buf_text(out, " in the middle, typically off by ");
    put_value(t, series, usual.deviation);
    buf_char(out, '.');
    char look[96], range[64];
    range_options(range, span.from, span.to);
    bool is_traffic = digest_lines[series->id].section == DIGEST_SECTION_TRAFFIC;
    bool is_subscription = digest_lines[series->id].section == DIGEST_SECTION_SUBSCRIPTIONS;
    (void)snprintf(look, sizeof look, "till %s %s",
                   is_traffic        ? "traffic"
                   : is_subscription ? "movements"
                                     : "breakdown",
                   range);
    return end_sentence(t, "unusual", look, e);
}

static enum till_code tell_all_unusual(struct telling *t, struct till_error *e)
{
    static const enum digest_line_id watched[] = {DIGEST_orders,
                                                  DIGEST_revenue,
                                                  DIGEST_refunds,
                                                  DIGEST_new_subscriptions,
                                                  DIGEST_lost_subscriptions,
                                                  DIGEST_cancellations,
                                                  DIGEST_visitors};
    enum till_code code = TILL_OK;
    for (size_t w = 0; w < sizeof watched / sizeof watched[0]; w++)
        for (size_t i = 0; i < t->facts->series_count && code == TILL_OK; i++)
            if (t->facts->series[i].id == watched[w])
                code = tell_unusual(t, &t->facts->series[i], e);
    return code;
}

// ---- first ever ----

static enum till_code tell_first(struct telling *t, const struct digest_first *first,
                                 struct till_error *e)
{
    struct buf *out = begin_sentence(t);
    switch (first->kind) {
    case DIGEST_FIRST_ORDER:
        buf_text(out, "The first order ever.");
        break;
    case DIGEST_FIRST_CURRENCY:
        buf_text(out, "The first order in ");
        for (size_t i = 0; i < first->name.len; i++) {
            char c = first->name.ptr[i];
            buf_char(out, (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
        }
        buf_char(out, '.');
        break;
    case DIGEST_FIRST_PRODUCT:
        buf_text(out, "The first order of ");
        buf_sv(out, first->name);
        buf_char(out, '.');
        break;
    case DIGEST_FIRST_SUBSCRIPTION:
        buf_text(out, "The first subscription ever.");
        break;
    case DIGEST_FIRST_REFUND:
        buf_text(out, "The first refund ever.");
        break;
    }
    return end_sentence(t, "first", NULL, e);
}

// ---- lost ----

static enum till_code tell_lost(struct telling *t, const struct digest_lost *lost,
                                struct till_error *e)
{
    bool is_large = lost->all_minor > 0 && lost->mrr_minor >= lost->all_minor / LOST_SHARE;
    bool is_largest = lost->mrr_minor > lost->largest_minor;
    if (lost->mrr_minor <= 0 || (!is_large && !is_largest))
        return TILL_OK;
    struct buf *out = begin_sentence(t);
    buf_text(out, is_largest ? "The largest customer left: " : "A large customer left: ");
    if (lost->name.ptr) {
        buf_sv(out, lost->name);
        buf_text(out, ", ");
    }
    digest_money_words(out, lost->mrr_minor, lost->currency, t->facts->locale);
    buf_text(out, " of MRR");
    if (lost->all_minor > 0) {
        struct digest_number share = {true, lost->mrr_minor, lost->all_minor};
        buf_text(out, ", ");
        digest_percent_words(out, digest_round(DIGEST_PERCENT, &share));
        buf_text(out, " of ");
        digest_money_words(out, lost->all_minor, lost->currency, t->facts->locale);
    }
    buf_char(out, '.');
    char look[96], range[64];
    const struct digest_span span = digest_span(main_window(t->digest), t->digest->date);
    range_options(range, span.from, span.to);
    (void)snprintf(look, sizeof look, "till customers --lost %s", range);
    return end_sentence(t, "lost", look, e);
}

// ---- payments, sources ----

static enum till_code tell_payments(struct telling *t, struct till_error *e)
{
    const struct digest_facts *facts = t->facts;
    if (!facts->knows_failures || facts->failures < FAILURES_LEAST ||
        facts->failures < 2 * facts->failures_before)
        return TILL_OK;
    struct buf *out = begin_sentence(t);
    buf_format(out,
               "More payments fail: %" PRId64 " subscriptions missed one in 7 days, %" PRId64
               " in the 7 before.",
               facts->failures, facts->failures_before);
    return end_sentence(t, "payments", "till customers --at-risk", e);
}

static enum till_code tell_dried(struct telling *t, const struct digest_dried *source,
                                 struct till_error *e)
{
    bool has_visitors = source->visitors >= 0 && source->visitors_before >= 0;
    bool no_orders = source->orders_before >= DRIED_ORDERS && source->orders == 0;
    bool no_visitors = has_visitors && source->visitors_before >= DRIED_VISITORS &&
                       source->visitors <= source->visitors_before / DRIED_SHARE;
    if (!no_orders && !no_visitors)
        return TILL_OK;
    struct buf *out = begin_sentence(t);
    buf_text(out, "A source dried up: ");
    buf_sv(out, source->name);
    buf_format(out, " brought %" PRId64 " orders in 7 days, %" PRId64 " in the 7 before",
               source->orders, source->orders_before);
    if (has_visitors)
        buf_format(out, "; %" PRId64 " visitors, %" PRId64 " before", source->visitors,
                   source->visitors_before);
    buf_char(out, '.');
    char look[96], range[64];
    const struct digest_span span = digest_span(DIGEST_WEEK, t->digest->date);
    range_options(range, span.before_from, span.to);
    (void)snprintf(look, sizeof look, "till breakdown --by source %s", range);
    return end_sentence(t, "dried", look, e);
}

enum till_code digest_standouts(const struct digest_facts *facts, struct arena *arena,
                                struct digest *digest, struct till_error *e)
{
    struct telling t = {.facts = facts, .digest = digest, .arena = arena};
    buf_init(&t.text, SENTENCE_BYTES);
    enum till_code code = TILL_OK;
    digest->standout_count = 0;
    for (size_t i = 0; i < facts->lost_count && code == TILL_OK; i++)
        code = tell_lost(&t, &facts->lost[i], e);
    if (code == TILL_OK)
        code = tell_payments(&t, e);
    if (code == TILL_OK && !digest->is_partial)
        code = tell_all_unusual(&t, e);
    for (size_t i = 0; i < facts->dried_count && !digest->is_partial && code == TILL_OK; i++)
        code = tell_dried(&t, &facts->dried[i], e);
    for (size_t i = 0; i < facts->first_count && code == TILL_OK; i++)
        code = tell_first(&t, &facts->firsts[i], e);
    buf_release(&t.text);
    return code;
}
