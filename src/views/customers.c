// SPDX-License-Identifier: Apache-2.0
// customers.c - a line for each customer, largest first, with why it is listed.
#include "views/customers.h"

#include "base/limits.h"
#include "views/metrics.h"
#include "views/movements.h"

enum { COLUMNS = 9 };
static const char *const names[COLUMNS] = {"customer_id", "name", "email", "currency", "mrr",
                                           "since",       "why",  "at",    "reason"};
static const char *const which_words[] = {"paying", "new", "lost", "at_risk"};

static const char *why_text(const struct report_person *person)
{
    static const struct {
        const char *word, *text;
    } words[] = {{"ends", "ends"},
                 {"payment_failed", "payment failed"},
                 {"past_due", "past due"},
                 {"unpaid", "unpaid"}};
    for (size_t i = 0; i < TILL_COUNT(words); i++)
        if (sv_equal(sv_of(person->why), sv_of(words[i].word)))
            return words[i].text;
    return "";
}

static void date_put(struct view_grid *grid, const struct zone *zone, int64_t at_us)
{
    AUTO_BUF text;
    buf_init(&text, 64);
    if (at_us != 0 && at_us != METRICS_NULL)
        view_period(&text, zone, at_us, false);
    view_grid_piece(grid, &text);
}

static void why_put(struct view_grid *grid, const struct report_customers *report,
                    const struct report_person *person)
{
    AUTO_BUF text;
    buf_init(&text, 512);
    buf_text(&text, why_text(person));
    if (person->why[0] && person->at_us != 0) {
        buf_char(&text, ' ');
        view_period(&text, report->query.zone, person->at_us, false);
    }
    if (person->reason.ptr)
        buf_format(&text, "%s%.*s", text.len > 0 ? ", " : "", SV_ARGS(person->reason));
    view_grid_piece(grid, &text);
}

void view_customers_text(struct buf *out, const struct view_style *style,
                         const struct report_customers *report)
{
    static const char *const titles[] = {"Customers who pay", "Customers who first paid",
                                         "Customers who stopped to pay",
                                         "Customers who pay and may stop"};
    bool is_lost = report->which == REPORT_LOST;
    char code[VIEW_CURRENCY_BYTES];
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct view_grid grid = {.arena = &arena, .columns = 6, .left = 1U << 1 | 1U << 5};
    view_range_title(out, style, &report->query);
    buf_format(out, "%s: ", titles[report->which]);
    view_count(out, (int64_t)report->total);
    static const char *const whens[] = {" at the end of the range", " in the range",
                                        " in the range", " as of now"};
    buf_format(out, "%s.\n\n", whens[report->which]);
    const char *heads[] = {
        "name", "e-mail", is_lost ? "MRR was" : "MRR", "since", is_lost ? "until" : "", "why"};
    for (size_t k = 0; k < TILL_COUNT(heads); k++)
        view_grid_put(&grid, sv_of(heads[k]));
    for (size_t i = 0; i < report->count; i++) {
        const struct report_person *person = &report->people[i];
        AUTO_BUF money;
        buf_init(&money, 256);
        view_currency_title(code, person->currency);
        view_grid_put(&grid, person->name.ptr ? person->name : sv_of(person->id));
        view_grid_put(&grid, person->email.ptr ? person->email : SV("-"));
        view_money(&money, style, person->mrr_minor, sv_of(code));
        view_grid_piece(&grid, &money);
        date_put(&grid, report->query.zone, person->since_us);
        date_put(&grid, report->query.zone, is_lost ? person->at_us : 0);
        why_put(&grid, report, person);
    }
    if (report->count > 0)
        view_grid_show(&grid, out, style);
    if (report->count < report->total)
        buf_text(out, "\nThe largest of each currency; --limit 0 lists all.\n");
}

// ---- for programs ----

static struct value text_value(struct sv text)
{
    return text.ptr && text.len > 0 ? (struct value){.type = VALUE_TEXT, .text = text}
                                    : (struct value){.type = VALUE_NULL};
}

struct words {
    char since[TIMESTAMP_BYTES + 1], at[TIMESTAMP_BYTES + 1], currency[VIEW_CURRENCY_BYTES];
};

static void person_values(const struct report_person *person, struct words *words,
                          struct value ret_values[static COLUMNS])
{
    words->since[0] = words->at[0] = '\0';
    view_currency(words->currency, person->currency);
    if (person->since_us != METRICS_NULL)
        (void)timestamp_format(person->since_us, words->since);
    if (person->at_us != 0)
        (void)timestamp_format(person->at_us, words->at);
    ret_values[0] = text_value(sv_of(person->id));
    ret_values[1] = text_value(person->name);
    ret_values[2] = text_value(person->email);
    ret_values[3] = text_value(sv_of(words->currency));
    ret_values[4] = (struct value){.type = VALUE_INTEGER, .integer = person->mrr_minor};
    ret_values[5] = text_value(sv_of(words->since));
    ret_values[6] = text_value(sv_of(person->why));
    ret_values[7] = text_value(sv_of(words->at));
    ret_values[8] = text_value(person->reason);
}

void view_customers_json(struct buf *out, const struct report_customers *report)
{
    struct value values[COLUMNS];
    struct words words;
    buf_char(out, '{');
    view_json_text(out, "list", which_words[report->which]);
    view_range_json(out, &report->query);
    view_json_time(out, "as_of", report->now_us);
    view_json_int(out, "total", (int64_t)report->total);
    view_json_key(out, "customers");
    buf_char(out, '[');
    for (size_t i = 0; i < report->count; i++) {
        buf_text(out, i > 0 ? ",\n{" : "{");
        person_values(&report->people[i], &words, values);
        for (size_t k = 0; k < COLUMNS; k++) {
            view_json_key(out, names[k]);
            view_json_value(out, &values[k]);
        }
        buf_char(out, '}');
    }
    buf_text(out, "]}\n");
}

enum till_code view_customers_rows(struct row_view *view, const struct report_customers *report,
                                   struct till_error *e)
{
    struct value values[COLUMNS];
    struct words words;
    enum till_code result = row_view_begin(view, names, NULL, COLUMNS, e);
    for (size_t i = 0; i < report->count && result == TILL_OK; i++) {
        person_values(&report->people[i], &words, values);
        result = row_view_row(view, values, e);
    }
    return result ? result : row_view_end(view, e);
}
