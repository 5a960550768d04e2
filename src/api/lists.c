// SPDX-License-Identifier: Apache-2.0
// lists.c - lists page by page, and one customer.
//
// Where a page goes on is said as SORT~ID~KEY: the order, the id of the last row, and its value in the sort column ("SORT~ID" when that is null).
#include <stdio.h>
#include <string.h>

#include "api/questions.h"
#include "base/fault.h"
#include "base/limits.h"
#include "views/lists.h"

enum { DEFAULT_LIMIT = 50 };

static enum store_list list_of(enum api_route route)
{
    static const enum store_list lists[API__COUNT] = {
        [API_list_orders] = STORE_LIST_ORDERS,
        [API_list_subscriptions] = STORE_LIST_SUBSCRIPTIONS,
        [API_list_customers] = STORE_LIST_CUSTOMERS,
        [API_list_products] = STORE_LIST_PRODUCTS,
        [API_list_refunds] = STORE_LIST_REFUNDS,
        [API_list_checkouts] = STORE_LIST_CHECKOUTS,
    };
    return lists[route];
}

// ---- order and place ----

static enum till_code take_sort(const struct api_work *work, struct store_list_query *query,
                                struct till_error *e)
{
    struct sv sorts = sv_of(store_list_sorts(query->list)),
              sort = api_value(work->question, "sort");
    query->is_descending = true;
    (void)sv_split(&sorts, ' ', &query->sort);
    if (!sort.ptr)
        return TILL_OK;
    query->is_descending = sort.ptr[0] == '-';
    query->sort = query->is_descending ? (struct sv){sort.ptr + 1, sort.len - 1} : sort;
    if (api_has_word(store_list_sorts(query->list), ' ', query->sort))
        return TILL_OK;
    (void)api_refuse("sort", sort, "not an order of this list", e);
    return till_error_hint(e, "orders, with - before them for the largest first: %s",
                           store_list_sorts(query->list));
}

static enum till_code take_after(const struct api_work *work, struct store_list_query *query,
                                 struct till_error *e)
{
    struct sv after = api_value(work->question, "after"), rest = after, sort = {0}, id = {0};
    if (!after.ptr)
        return TILL_OK;
    bool is_well = sv_split(&rest, '~', &sort) && sv_split(&rest, '~', &id) && id.len > 0 &&
                   id.len < STORE_NAME_BYTES;
    bool is_descending = sort.len > 0 && sort.ptr[0] == '-';
    struct sv name = is_descending ? (struct sv){sort.ptr + 1, sort.len - 1} : sort;
    if (!is_well || is_descending != query->is_descending || !sv_equal(name, query->sort)) {
        (void)api_refuse("after", after, "not where a page of this order ends", e);
        return till_error_hint(e, "say the `next` of the page before, with the same sort");
    }
    query->has_after = true;
    query->after_id = id;
    bool has_key = sort.len + 1 + id.len < after.len; // a second ~ follows
    query->after_key = has_key ? rest : (struct sv){NULL, 0};
    if (has_key && !query->after_key.ptr)
        query->after_key = SV("");
    return TILL_OK;
}

static enum till_code put_next(const struct api_work *work, const struct report_list *list,
                               struct buf *next, struct till_error *e)
{
    const struct store_list_query *query = &list->query;
    (void)work;
    if (!list->has_next)
        return TILL_OK;
    buf_format(next, "%s" SV_FORMAT "~" SV_FORMAT, query->is_descending ? "-" : "",
               SV_ARGS(query->sort), SV_ARGS(list->next_id));
    if (list->next_key.ptr) {
        buf_char(next, '~');
        buf_sv(next, list->next_key);
    }
    return buf_fail(next, "a page", e);
}

// ---- filters ----

static enum till_code take_words(const struct api_work *work, const char *name,
                                 struct store_words *ret_words, struct till_error *e)
{
    return api_values(work, name, &ret_words->words, &ret_words->count, e);
}

// "live|deleted" and "live|archived": two words that no column has.
static enum till_code take_status(const struct api_work *work, struct store_list_query *query,
                                  struct till_error *e)
{
    enum till_code code = take_words(work, "status", &query->statuses, e);
    bool is_customers = query->list == STORE_LIST_CUSTOMERS;
    if (code || (!is_customers && query->list != STORE_LIST_PRODUCTS))
        return code;
    for (size_t i = 0; i < query->statuses.count; i++) {
        if (api_has_word(is_customers ? "live deleted" : "live archived", ' ',
                         query->statuses.words[i]) &&
            query->statuses.count == 1)
            continue;
        (void)api_refuse("status", query->statuses.words[i], "not the status of these rows", e);
        return till_error_hint(e, "say %s", is_customers ? "live or deleted" : "live or archived");
    }
    if (is_customers && query->statuses.count == 1) {
        query->is_gone = sv_equal(query->statuses.words[0], SV("deleted"));
        query->statuses.count = 0;
    }
    return TILL_OK;
}

static enum till_code take_range(const struct api_work *work, struct report_list_question *question,
                                 struct till_error *e)
{
    struct civil_date from = {0}, to = {0};
    bool has_from = api_date(work, "from", &from), has_to = api_date(work, "to", &to);
    int64_t from_us = INT64_MIN, to_us = INT64_MAX;
    if (has_from)
        from_us = zone_day_start_us(work->zone, from);
    if (has_to)
        to_us = zone_day_start_us(work->zone, civil_date_add_days(to, 1)) - 1;
    if (has_from && has_to && from_us > to_us) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "from: the range begins after it ends");
        return till_error_hint(e, "from is the first day, to the last one; both are included");
    }
    bool is_products = question->list.list == STORE_LIST_PRODUCTS;
    question->span_from_us = is_products ? from_us : INT64_MIN;
    question->span_to_us = is_products ? to_us : INT64_MAX;
    question->list.from_us = is_products ? INT64_MIN : from_us;
    question->list.to_us = is_products ? INT64_MAX : to_us;
    return TILL_OK;
}

static enum till_code take_filters(const struct api_work *work,
                                   struct report_list_question *question, struct till_error *e)
{
    struct store_list_query *query = &question->list;
    const struct sv *currencies = NULL;
    size_t count = 0;
    struct sv search = api_value(work->question, "search");
    query->search = search.ptr ? sv_trim(search) : search;
    if (query->search.len == 0)
        query->search.ptr = NULL;
    if (query->search.len > TILL_LIMIT_API_SEARCH_BYTES)
        return api_refuse("search", query->search, "too long", e);
    enum till_code code = take_status(work, query, e);
    if (code == TILL_OK)
        code = take_words(work, "product_id", &query->products, e);
    if (code == TILL_OK)
        code = take_words(work, "customer_id", &query->customers, e);
    if (code == TILL_OK)
        code = take_words(work, "country", &query->countries, e);
    if (code == TILL_OK)
        code = api_values(work, "currency", &currencies, &count, e);
    if (code == TILL_OK && count > 0)
        query->currency = currencies[0];
    return code ? code : take_range(work, question, e);
}

static void begin_question(const struct api_work *work, struct report_list_question *ret_question)
{
    *ret_question = (struct report_list_question){
        .list = {.organization_id = sv_of(work->connection.organization_id),
                 .from_us = INT64_MIN,
                 .to_us = INT64_MAX,
                 .timeout_ms = TILL_LIMIT_API_LIST_MS,
                 .clock = work->question->clock,
                 .stop = work->question->stop},
        .span_from_us = INT64_MIN,
        .span_to_us = INT64_MAX,
        .zone = work->zone,
        .now_us = work->now_us};
}

enum till_code api_list(struct api_work *work, struct till_error *e)
{
    struct report_list_question question;
    struct report_list list = {0};
    int64_t limit = 0;
    AUTO_BUF next;
    buf_init(&next, TILL_LIMIT_API_PARAMETER_BYTES);
    begin_question(work, &question);
    question.list.list = list_of(work->question->route);
    enum till_code code = take_sort(work, &question.list, e);
    if (code == TILL_OK)
        code = take_after(work, &question.list, e);
    if (code == TILL_OK)
        code = take_filters(work, &question, e);
    if (code == TILL_OK)
        code = api_count(work, "limit", TILL_LIMIT_API_LIST_ROWS, DEFAULT_LIMIT, &limit, e);
    if (code == TILL_OK)
        code = api_connection(work, e);
    question.list.limit = (size_t)limit;
    question.list.organization_id = sv_of(work->connection.organization_id);
    if (code == TILL_OK)
        code = report_list(work->store, &question, work->arena, &list, e);
    if (code == TILL_OK)
        code = put_next(work, &list, &next, e);
    if (code == TILL_OK)
        view_list_json(work->out, &list, (struct sv){next.data, next.len});
    return code;
}

enum till_code api_customer(struct api_work *work, struct till_error *e)
{
    struct report_list_question question;
    const struct sv *ids = NULL;
    size_t count = 0;
    struct report_customer *customer = till_calloc(1, sizeof *customer);
    enum till_code code = customer ? api_values(work, "id", &ids, &count, e) : TILL_FAIL_MEMORY(e);
    if (code == TILL_OK && count == 0)
        code = TILL_FAIL(e, TILL_USAGE, 0, "id is missing");
    if (code == TILL_OK && ids[0].len != API_ID_BYTES)
        code = api_refuse("id", ids[0], "not an id", e);
    if (code == TILL_OK)
        code = api_connection(work, e);
    begin_question(work, &question);
    if (code == TILL_OK)
        code = report_customer(work->store, &question, ids[0], work->arena, customer, e);
    if (code == TILL_OK)
        view_customer_json(work->out, customer);
    till_free(customer);
    return code;
}
