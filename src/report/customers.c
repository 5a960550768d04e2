// SPDX-License-Identifier: Apache-2.0
// customers.c - picks customers out of the steps of their MRR, then reads who they are.
//
// At risk is what the service itself says of live subscriptions. The most pressing of several words is kept: unpaid, past_due, payment_failed, ends.
#include "report/customers.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "metrics/ids.h"
#include "store/people.h"

static const char *const why_words[] = {"", "ends", "payment_failed", "past_due", "unpaid"};
struct risk { // of a subscription
    struct metrics_id customer;
    int64_t at_us;
    int why;
    struct sv reason;
};
struct largest {
    metrics_currency currency;
    int64_t mrr_minor;
};
struct picking {
    struct largest largest[REPORT_CURRENCIES]; // of those who pay, by currency
    size_t largest_count;
    struct report_customers *report;
    struct movements *engine;
    int64_t from_us; // of the range, where the engine's begins before it; else METRICS_NULL
    struct store *store;
    struct arena *arena;
    struct id_map risk_ids; // subscriptions
    struct risk *risks;
    size_t risk_capacity;
    struct report_person *people;
    size_t people_capacity;
    struct id_map at_risk_ids;    // customer and currency
    struct report_person *person; // whose name is being read
};

static struct sv text_of(const struct value *value)
{
    return value->type == VALUE_TEXT ? value->text : (struct sv){NULL, 0};
}

static enum till_code copy(struct arena *arena, const struct value *value, struct sv *ret_text,
                           struct till_error *e)
{
    *ret_text = (struct sv){NULL, 0};
    if (value->type != VALUE_TEXT || value->text.len == 0)
        return TILL_OK;
    *ret_text = arena_sv(arena, value->text);
    return ret_text->ptr ? TILL_OK : arena_fail(arena, "a list of customers", e);
}

// ---- at risk ----

static struct metrics_id with_currency(struct metrics_id id, metrics_currency currency)
{
    id.high ^= (uint64_t)currency << 20;
    id.low += currency;
    return id;
}

static enum till_code take_risk(void *context, const struct value *v, size_t count,
                                struct till_error *e)
{
    struct picking *p = context;
    size_t number = 0;
    int why = 0;
    int64_t at_us = 0;
    if (count < STORE_RISK__COUNT || v[STORE_RISK_SUBSCRIPTION].type != VALUE_TEXT)
        return TILL_OK;
    for (size_t i = 1; i < TILL_COUNT(why_words); i++)
        if (sv_equal(text_of(&v[STORE_RISK_WHY]), sv_of(why_words[i])))
            why = (int)i;
    if (v[STORE_RISK_AT].type == VALUE_TEXT && !timestamp_parse(v[STORE_RISK_AT].text, &at_us))
        at_us = 0;
    void *risks = p->risks;
    enum till_code code =
        id_map_put(&p->risk_ids, metrics_id(text_of(&v[STORE_RISK_SUBSCRIPTION])), &number, e);
    if (code == TILL_OK)
        code = grow(&risks, &p->risk_capacity, number + 1, sizeof *p->risks, e);
    p->risks = risks;
    if (code)
        return code;
    struct risk *risk = &p->risks[number];
    risk->customer = metrics_id(text_of(&v[STORE_RISK_CUSTOMER]));
    if (why <= risk->why)
        return TILL_OK;
    risk->why = why;
    risk->at_us = at_us;
    return risk->reason.ptr ? TILL_OK : copy(p->arena, &v[STORE_RISK_REASON], &risk->reason, e);
}

static enum till_code person_put(struct picking *p, const struct report_person *person,
                                 struct till_error *e)
{
    void *people = p->people;
    enum till_code code =
        grow(&people, &p->people_capacity, p->report->total + 1, sizeof *p->people, e);
    p->people = people;
    if (code == TILL_OK)
        p->people[p->report->total++] = *person;
    return code;
}

// Subscriptions at risk that are billed now, put together by customer and currency.
static enum till_code gather_risks(struct picking *p, struct till_error *e)
{
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < p->risk_ids.count && code == TILL_OK; i++) {
        const struct risk *risk = &p->risks[i];
        metrics_currency currency = 0;
        int64_t amount_minor = 0;
        size_t number = 0;
        if (!movements_now(p->engine, p->risk_ids.ids[i], &amount_minor, &currency) ||
            amount_minor == 0 || risk->why == 0)
            continue;
        struct metrics_id who =
            metrics_id_is_none(risk->customer) ? p->risk_ids.ids[i] : risk->customer;
        code = id_map_put(&p->at_risk_ids, with_currency(who, currency), &number, e);
        if (code == TILL_OK && number == p->report->total) {
            struct report_person person = {
                .currency = currency, .why = "", .since_us = METRICS_NULL};
            report_id_text(who, person.id);
            code = person_put(p, &person, e);
        }
        if (code)
            break;
        struct report_person *person = &p->people[number];
        person->mrr_minor += amount_minor;
        person->reason = person->reason.ptr ? person->reason : risk->reason;
        int before = 0;
        for (size_t k = 1; k < TILL_COUNT(why_words); k++)
            before = strcmp(person->why, why_words[k]) == 0 ? (int)k : before;
        if (risk->why > before) {
            person->why = why_words[risk->why];
            person->at_us = risk->at_us;
        }
    }
    return code;
}

// ---- the others ----

static void take_paying(struct picking *p, metrics_currency currency, int64_t mrr_minor)
{
    size_t k = 0;
    while (k < p->largest_count && p->largest[k].currency != currency)
        k++;
    if (k == p->largest_count && k == REPORT_CURRENCIES)
        return;
    if (k == p->largest_count)
        p->largest[p->largest_count++] = (struct largest){currency, mrr_minor};
    if (mrr_minor > p->largest[k].mrr_minor)
        p->largest[k].mrr_minor = mrr_minor;
}

static enum till_code visit(void *context, const struct cohorts_customer *customer,
                            struct till_error *e)
{
    struct picking *p = context;
    enum report_people which = p->report->which;
    bool is_paying = customer->mrr_minor > 0;
    if (which == REPORT_AT_RISK) {
        int64_t number =
            id_map_find(&p->at_risk_ids, with_currency(customer->customer, customer->currency));
        if (number != ID_NOWHERE)
            p->people[number].since_us = customer->first_us;
        return TILL_OK;
    }
    if (which == REPORT_LOST && is_paying)
        take_paying(p, customer->currency, customer->mrr_minor);
    if ((which == REPORT_PAYING && !is_paying) || (which == REPORT_NEW && !customer->is_new) ||
        (which == REPORT_LOST && !customer->is_lost))
        return TILL_OK;
    struct report_person person = {
        .currency = customer->currency,
        .mrr_minor = which == REPORT_LOST ? customer->lost_minor : customer->mrr_minor,
        .since_us = customer->first_us,
        .at_us = customer->lost_us == METRICS_NULL ? 0 : customer->lost_us,
        .why = "",
    };
    report_id_text(customer->customer, person.id);
    return person_put(p, &person, e);
}

// The largest who pays, beside each who is lost.
static void note_largest(struct picking *p)
{
    for (size_t i = 0; i < p->report->total; i++)
        for (size_t k = 0; k < p->largest_count; k++)
            if (p->largest[k].currency == p->people[i].currency)
                p->people[i].largest_minor = p->largest[k].mrr_minor;
}

static int by_currency_and_amount(const void *a, const void *b)
{
    const struct report_person *x = a, *y = b;
    if (x->currency != y->currency)
        return x->currency < y->currency ? -1 : 1;
    if (x->mrr_minor != y->mrr_minor)
        return x->mrr_minor > y->mrr_minor ? -1 : 1;
    return strcmp(x->id, y->id);
}

// ---- who they are ----

static enum till_code take_person(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    struct picking *p = context;
    if (count != STORE_PERSON_COLUMNS)
        return TILL_OK;
    enum till_code code = copy(p->arena, &v[0], &p->person->name, e);
    return code ? code : copy(p->arena, &v[1], &p->person->email, e);
}

static enum till_code take_reason(void *context, const struct value *v, size_t count,
                                  struct till_error *e)
{
    struct picking *p = context;
    if (count != 1)
        return TILL_OK;
    if (sv_equal(text_of(&v[0]), SV("payment_failed"))) {
        p->person->why = why_words[2];
        return TILL_OK;
    }
    return copy(p->arena, &v[0], &p->person->reason, e);
}

static enum till_code read_names(struct picking *p, size_t limit, struct till_error *e)
{
    struct report_customers *report = p->report;
    const struct store_metric_sink person = {take_person, p}, reason = {take_reason, p};
    enum till_code code = TILL_OK;
    size_t most = report->total < TILL_LIMIT_IDS ? report->total : TILL_LIMIT_IDS, of_currency = 0;
    report->people = arena_calloc(p->arena, most + 1, sizeof *report->people);
    if (!report->people)
        return arena_fail(p->arena, "a list of customers", e);
    for (size_t i = 0; i < report->total && report->count < most; i++) {
        bool is_first = i == 0 || p->people[i].currency != p->people[i - 1].currency;
        of_currency = is_first ? 1 : of_currency + 1;
        if (limit == 0 || of_currency <= limit)
            report->people[report->count++] = p->people[i];
    }
    for (size_t i = 0; i < report->count && code == TILL_OK; i++) {
        struct sv id = sv_of(report->people[i].id);
        char currency[4] = {(char)(report->people[i].currency >> 16 & 0x7f),
                            (char)(report->people[i].currency >> 8 & 0x7f),
                            (char)(report->people[i].currency & 0x7f), '\0'};
        p->person = &report->people[i];
        code = store_person(p->store, id, &person, e);
        if (code == TILL_OK && report->which == REPORT_LOST)
            code = store_person_reason(p->store, id, sv_of(currency), &reason, e);
    }
    return code;
}

static enum till_code pick(struct picking *p, size_t limit, struct till_error *e)
{
    const struct store_metric_sink risks = {take_risk, p};
    struct sv organization_id = sv_of(p->report->query.connection->organization_id);
    enum till_code code = TILL_OK;
    if (p->report->which == REPORT_AT_RISK) {
        code = store_risks(p->store, organization_id, p->report->now_us, &risks, e);
        if (code == TILL_OK)
            code = gather_risks(p, e);
    }
    if (code == TILL_OK)
        code = cohorts_customers(p->engine, p->from_us, visit, p, e);
    note_largest(p);
    if (code == TILL_OK && p->report->total > 1)
        qsort(p->people, p->report->total, sizeof *p->people, by_currency_and_amount);
    return code ? code : read_names(p, limit, e);
}

// With an engine in place. Releases all but that.
static enum till_code pick_and_release(struct picking *p, size_t limit, struct till_error *e)
{
    enum till_code code = pick(p, limit, e);
    id_map_release(&p->risk_ids);
    id_map_release(&p->at_risk_ids);
    till_free(p->risks);
    till_free(p->people);
    return code;
}

enum till_code report_customers(struct store *store, const struct report_metrics_query *query,
                                enum report_people which, size_t limit, int64_t now_us,
                                struct arena *arena, struct report_customers *ret_report,
                                struct till_error *e)
{
    struct report_movements movements = {0};
    *ret_report = (struct report_customers){.query = *query, .which = which, .now_us = now_us};
    struct picking p = {
        .report = ret_report, .from_us = METRICS_NULL, .store = store, .arena = arena};
    enum till_code code = report_movements(store, query, now_us, &movements, e);
    p.engine = movements.engine;
    ret_report->source = movements.source;
    if (code == TILL_OK)
        code = pick_and_release(&p, limit, e);
    report_movements_release(&movements);
    return code;
}

enum till_code report_customers_of(struct store *store, const struct report_movements *movements,
                                   struct civil_date from, enum report_people which, size_t limit,
                                   struct arena *arena, struct report_customers *ret_report,
                                   struct till_error *e)
{
    *ret_report = (struct report_customers){.query = movements->query,
                                            .which = which,
                                            .now_us = movements->now_us,
                                            .source = movements->source};
    ret_report->query.from = from;
    struct picking p = {.report = ret_report,
                        .engine = movements->engine,
                        .from_us = zone_day_start_us(movements->query.zone, from),
                        .store = store,
                        .arena = arena};
    return pick_and_release(&p, limit, e);
}
