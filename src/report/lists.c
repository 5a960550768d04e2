// SPDX-License-Identifier: Apache-2.0
// lists.c - the rows of a page and what stands beside them.
//
// MRR follows the same rules as everywhere (movements_now()): an engine is fed with the subscriptions of the page alone; for products with all of them.
#include "report/lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "report/values.h"

struct gathering {
    struct report_list *list;
    struct report_list_row *row; // that is being read
    struct arena *arena;
    struct movements *engine;
    int64_t now_us;
};

// ---- rows ----

static enum till_code copy_text(struct arena *arena, struct sv text, struct sv *ret_text,
                                struct till_error *e)
{
    *ret_text = arena_sv(arena, text);
    return ret_text->ptr ? TILL_OK : arena_fail(arena, "a list", e);
}

static enum till_code take_row(void *context, const struct value *v, size_t count,
                               struct till_error *e)
{
    struct gathering *g = context;
    enum till_code code = TILL_OK;
    g->row->values = arena_calloc(g->arena, count + 1, sizeof *g->row->values);
    if (!g->row->values)
        return arena_fail(g->arena, "a list", e);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        g->row->values[i] = v[i];
        if (v[i].type == VALUE_TEXT)
            code = copy_text(g->arena, v[i].text, &g->row->values[i].text, e);
    }
    return code;
}

static enum till_code read_rows(struct store *store, struct gathering *g,
                                const struct store_list_page *page, struct till_error *e)
{
    struct report_list *list = g->list;
    const struct store_metric_sink sink = {take_row, g};
    list->rows = arena_calloc(g->arena, page->count + 1, sizeof *list->rows);
    if (!list->rows)
        return arena_fail(g->arena, "a list", e);
    for (size_t i = 0; i < page->count; i++) {
        g->row = &list->rows[list->count];
        *g->row = (struct report_list_row){.id = page->ids[i]};
        enum till_code code = store_list_row(store, list->query.list, page->ids[i], &sink, e);
        if (code)
            return code;
        list->count += g->row->values != NULL;
    }
    return TILL_OK;
}

static struct report_list_row *row_of(struct report_list *list, struct sv id)
{
    for (size_t i = 0; i < list->count; i++)
        if (sv_equal(list->rows[i].id, id))
            return &list->rows[i];
    return NULL;
}

// ---- money ----

static enum till_code money_of(struct arena *arena, struct report_list_row *row,
                               metrics_currency currency, struct report_money **ret_money,
                               struct till_error *e)
{
    size_t place = 0;
    while (place < row->money_count && row->money[place].currency < currency)
        place++;
    if (place < row->money_count && row->money[place].currency == currency) {
        *ret_money = &row->money[place];
        return TILL_OK;
    }
    if (row->money_count == row->money_capacity) {
        size_t wider = row->money_capacity > 0 ? row->money_capacity * 2 : 4;
        struct report_money *money = arena_calloc(arena, wider, sizeof *money);
        if (!money)
            return arena_fail(arena, "a list", e);
        if (row->money_count > 0)
            memcpy(money, row->money, row->money_count * sizeof *money);
        row->money = money;
        row->money_capacity = wider;
    }
    memmove(&row->money[place + 1], &row->money[place],
            (row->money_count - place) * sizeof *row->money);
    row->money[place] = (struct report_money){.currency = currency};
    row->money_count++;
    *ret_money = &row->money[place];
    return TILL_OK;
}

static enum till_code take_sum(void *context, const struct value *v, size_t count,
                               struct till_error *e)
{
    struct gathering *g = context;
    struct report_money *money = NULL;
    struct report_list_row *row =
        count < STORE_SUM__COUNT ? NULL : row_of(g->list, text_of(&v[STORE_SUM_KEY]));
    if (!row)
        return TILL_OK;
    enum till_code code =
        money_of(g->arena, row, metrics_currency_of(text_of(&v[STORE_SUM_CURRENCY])), &money, e);
    if (code)
        return code;
    money->orders += integer_of(&v[STORE_SUM_ORDERS], 0);
    money->net_minor += integer_of(&v[STORE_SUM_NET], 0);
    money->refunded_minor += integer_of(&v[STORE_SUM_REFUNDED], 0);
    row->orders += integer_of(&v[STORE_SUM_ORDERS], 0);
    struct sv first = text_of(&v[STORE_SUM_FIRST]), last = text_of(&v[STORE_SUM_LAST]);
    // The fixed form of moments: text order is time order.
    if (first.ptr && (!row->first_order_at.ptr ||
                      memcmp(first.ptr, row->first_order_at.ptr, TIMESTAMP_BYTES) < 0))
        code = copy_text(g->arena, first, &row->first_order_at, e);
    if (code == TILL_OK && last.ptr &&
        (!row->last_order_at.ptr || memcmp(last.ptr, row->last_order_at.ptr, TIMESTAMP_BYTES) > 0))
        code = copy_text(g->arena, last, &row->last_order_at, e);
    return code;
}

// Customer, or product, and one of its subscriptions.
static enum till_code add_mrr(struct gathering *g, struct sv owner, struct sv subscription,
                              struct till_error *e)
{
    metrics_currency currency = 0;
    int64_t amount_minor = 0;
    struct report_money *money = NULL;
    struct report_list_row *row = row_of(g->list, owner);
    if (!row || !movements_now(g->engine, metrics_id(subscription), &amount_minor, &currency) ||
        amount_minor == 0)
        return TILL_OK;
    enum till_code code = money_of(g->arena, row, currency, &money, e);
    if (code == TILL_OK && money)
        money->mrr_minor += amount_minor;
    return code;
}

static enum till_code take_of_customer(void *context, const struct value *v, size_t count,
                                       struct till_error *e)
{
    if (count < STORE_SUBSCRIPTION__COUNT)
        return TILL_OK;
    return add_mrr(context, text_of(&v[STORE_SUBSCRIPTION_CUSTOMER]),
                   text_of(&v[STORE_SUBSCRIPTION_ID]), e);
}

static enum till_code take_of_product(void *context, const struct value *v, size_t count,
                                      struct till_error *e)
{
    struct gathering *g = context;
    if (count < STORE_SUBSCRIPTION__COUNT)
        return TILL_OK;
    struct sv product = text_of(&v[STORE_SUBSCRIPTION_PRODUCT]);
    struct report_list_row *row = row_of(g->list, product);
    int64_t started_us = moment_of(&v[STORE_SUBSCRIPTION_STARTED]);
    int64_t end_us = moment_of(&v[STORE_SUBSCRIPTION_ENDED]);
    if (end_us == METRICS_NULL)
        end_us = moment_of(&v[STORE_SUBSCRIPTION_ENDS]);
    if (!row || started_us == METRICS_NULL || started_us > g->now_us ||
        (end_us != METRICS_NULL && end_us <= g->now_us))
        return TILL_OK;
    row->active_subscriptions++;
    return add_mrr(g, product, text_of(&v[STORE_SUBSCRIPTION_ID]), e);
}

// ---- what stands beside the rows of each list ----

static enum till_code ids_json(const struct report_list *list, struct buf *json,
                               struct till_error *e)
{
    buf_char(json, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_char(json, ',');
        buf_json_string(json, list->rows[i].id);
    }
    buf_char(json, ']');
    return buf_fail(json, "a list", e);
}

static enum till_code fill_subscriptions(struct store *store, struct gathering *g,
                                         const struct report_list_question *question,
                                         struct till_error *e)
{
    AUTO_BUF ids;
    buf_init(&ids, TILL_LIMIT_SQL_BYTES);
    enum till_code code = ids_json(g->list, &ids, e);
    if (code == TILL_OK)
        code = report_movements_few(store, (struct sv){ids.data, ids.len}, false, question->now_us,
                                    question->zone, &g->engine, e);
    for (size_t i = 0; i < g->list->count && code == TILL_OK; i++) {
        struct report_list_row *row = &g->list->rows[i];
        metrics_currency currency = 0;
        if (!movements_now(g->engine, metrics_id(row->id), &row->mrr_minor, &currency))
            row->mrr_minor = 0;
    }
    return code;
}

static enum till_code fill_customers(struct store *store, struct gathering *g,
                                     const struct report_list_question *question,
                                     struct till_error *e)
{
    const struct store_metric_sink sums = {take_sum, g}, subscriptions = {take_of_customer, g};
    AUTO_BUF ids;
    buf_init(&ids, TILL_LIMIT_SQL_BYTES);
    enum till_code code = ids_json(g->list, &ids, e);
    for (size_t i = 0; i < g->list->count && code == TILL_OK; i++)
        code = store_sums_of_customer(store, question->list.organization_id, g->list->rows[i].id,
                                      &sums, e);
    struct sv json = {ids.data, ids.len};
    if (code == TILL_OK)
        code = report_movements_few(store, json, true, question->now_us, question->zone, &g->engine,
                                    e);
    return code ? code : store_few_subscriptions(store, json, true, &subscriptions, e);
}

static enum till_code fill_products(struct store *store, struct gathering *g,
                                    const struct report_list_question *question,
                                    struct till_error *e)
{
    const struct store_metric_sink sums = {take_sum, g}, subscriptions = {take_of_product, g};
    struct sv organization_id = question->list.organization_id;
    int64_t from_us = question->span_from_us == INT64_MIN ? 0 : question->span_from_us;
    int64_t to_us = question->span_to_us == INT64_MAX ? 0 : question->span_to_us;
    g->now_us = question->now_us;
    enum till_code code = store_sums_by_product(store, organization_id, from_us, to_us, &sums, e);
    if (code == TILL_OK)
        code = report_movements_now(store, organization_id, question->now_us, question->zone,
                                    &g->engine, e);
    return code ? code
                : store_metric_subscriptions(store, organization_id, question->now_us,
                                             &subscriptions, e);
}

static enum till_code fill(struct store *store, struct gathering *g,
                           const struct report_list_question *question, struct till_error *e)
{
    enum till_code code = TILL_OK;
    if (g->list->count == 0)
        return TILL_OK;
    if (question->list.list == STORE_LIST_SUBSCRIPTIONS)
        code = fill_subscriptions(store, g, question, e);
    else if (question->list.list == STORE_LIST_CUSTOMERS)
        code = fill_customers(store, g, question, e);
    else if (question->list.list == STORE_LIST_PRODUCTS)
        code = fill_products(store, g, question, e);
    movements_close(g->engine);
    g->engine = NULL;
    return code;
}

static enum till_code count_rows(struct store *store, const struct store_list_page *page,
                                 struct report_list *list, struct till_error *e)
{
    struct store_table_state state = {0};
    list->total = -1;
    if (!list->query.has_after && !page->has_next)
        list->total = (int64_t)list->count;
    if (page->is_filtered || list->total >= 0)
        return TILL_OK;
    enum till_code code =
        store_table_state(store, list->query.organization_id,
                          model_table(store_list_table(list->query.list)), &state, e);
    if (code == TILL_OK)
        list->total = state.row_count;
    return code;
}

enum till_code report_list(struct store *store, const struct report_list_question *question,
                           struct arena *arena, struct report_list *ret_list, struct till_error *e)
{
    struct store_list_page page = {0};
    struct gathering g = {.list = ret_list, .arena = arena};
    *ret_list = (struct report_list){.query = question->list};
    enum till_code code = store_list(store, &question->list, arena, &page, e);
    if (code == TILL_OK)
        code = read_rows(store, &g, &page, e);
    if (code == TILL_OK)
        code = fill(store, &g, question, e);
    ret_list->has_next = page.has_next;
    ret_list->is_capped = page.is_capped;
    ret_list->next_key = page.next_key;
    ret_list->next_id = page.next_id;
    return code ? code : count_rows(store, &page, ret_list, e);
}

// ---- one customer ----

static enum till_code list_of(struct store *store, const struct report_list_question *question,
                              enum store_list which, const struct sv *id, struct arena *arena,
                              struct report_list *ret_list, struct till_error *e)
{
    struct report_list_question of_customer = *question;
    of_customer.list.list = which;
    of_customer.list.sort = which == STORE_LIST_ORDERS ? SV("created_at") : SV("started_at");
    of_customer.list.is_descending = true;
    of_customer.list.customers = (struct store_words){id, 1};
    of_customer.list.limit = REPORT_CUSTOMER_ROWS;
    return report_list(store, &of_customer, arena, ret_list, e);
}

static int newest_first(const void *a, const void *b)
{
    const struct report_customer_change *x = a, *y = b;
    if (x->moment->seen_us != y->moment->seen_us)
        return x->moment->seen_us > y->moment->seen_us ? -1 : 1;
    int order = strcmp(x->table->name, y->table->name);
    return order != 0 ? order : strcmp(x->id, y->id);
}

struct changes {
    struct report_customer_change *list;
    size_t count, capacity;
};

static enum till_code add_history(struct store *store, enum table_id id, struct sv row_id,
                                  struct arena *arena, struct changes *changes,
                                  struct till_error *e)
{
    struct report_history *history = arena_calloc(arena, 1, sizeof *history);
    char *text = arena_copy(arena, row_id.ptr, row_id.len);
    if (!history || !text)
        return arena_fail(arena, "the changes of a customer", e);
    enum till_code code = report_history(store, model_table(id), text, arena, history, e);
    if (code)
        return code;
    for (const struct report_moment *m = history->moments; m; m = m->next) {
        if (changes->count == changes->capacity) {
            size_t wider = changes->capacity > 0 ? changes->capacity * 2 : 64;
            struct report_customer_change *list = arena_calloc(arena, wider, sizeof *list);
            if (!list)
                return arena_fail(arena, "the changes of a customer", e);
            if (changes->count > 0)
                memcpy(list, changes->list, changes->count * sizeof *list);
            changes->list = list;
            changes->capacity = wider;
        }
        changes->list[changes->count++] =
            (struct report_customer_change){model_table(id), history->id, m};
    }
    return TILL_OK;
}

static enum till_code gather_changes(struct store *store, struct report_customer *customer,
                                     struct arena *arena, struct till_error *e)
{
    enum { WATCHED_ROWS = 50 };
    struct changes changes = {.count = 0};
    const struct report_list *subscriptions = &customer->subscriptions, *orders = &customer->orders;
    enum till_code code = TILL_OK;
    if (customer->row.values)
        code = add_history(store, TABLE_customers, customer->row.id, arena, &changes, e);
    for (size_t i = 0; i < subscriptions->count && i < WATCHED_ROWS && code == TILL_OK; i++)
        code =
            add_history(store, TABLE_subscriptions, subscriptions->rows[i].id, arena, &changes, e);
    for (size_t i = 0; i < orders->count && i < WATCHED_ROWS && code == TILL_OK; i++)
        code = add_history(store, TABLE_orders, orders->rows[i].id, arena, &changes, e);
    if (changes.count > 1)
        qsort(changes.list, changes.count, sizeof *changes.list, newest_first);
    customer->changes = changes.list;
    customer->change_count =
        changes.count < REPORT_CUSTOMER_CHANGES ? changes.count : REPORT_CUSTOMER_CHANGES;
    return code;
}

enum till_code report_customer(struct store *store, const struct report_list_question *question,
                               struct sv id, struct arena *arena,
                               struct report_customer *ret_customer, struct till_error *e)
{
    memset(ret_customer, 0, sizeof *ret_customer);
    ret_customer->row.id = id;
    struct report_list self = {.query = question->list, .rows = &ret_customer->row, .count = 1};
    struct gathering g = {.list = &self, .row = &ret_customer->row, .arena = arena};
    const struct store_metric_sink row = {take_row, &g};
    struct report_list_question of_customers = *question;
    of_customers.list.list = STORE_LIST_CUSTOMERS;
    enum till_code code = store_list_row(store, STORE_LIST_CUSTOMERS, id, &row, e);
    if (code == TILL_OK)
        code = fill(store, &g, &of_customers, e);
    if (code == TILL_OK)
        code = list_of(store, question, STORE_LIST_ORDERS, &id, arena, &ret_customer->orders, e);
    if (code == TILL_OK)
        code = list_of(store, question, STORE_LIST_SUBSCRIPTIONS, &id, arena,
                       &ret_customer->subscriptions, e);
    if (code)
        return code;
    if (!ret_customer->row.values && ret_customer->orders.count == 0 &&
        ret_customer->subscriptions.count == 0)
        return TILL_FAIL(e, TILL_USAGE, 0, "id: there is no customer " SV_FORMAT, SV_ARGS(id));
    return gather_changes(store, ret_customer, arena, e);
}
