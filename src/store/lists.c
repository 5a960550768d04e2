// SPDX-License-Identifier: Apache-2.0
// lists.c - which rows are on a page: one statement along the index of the sort, or over the few rows that a search has found.
//
// A search first asks small indexes (names and mail addresses, invoice numbers, ids) which rows it may be about. Few ones are then sorted; when there are
// many, they are dense, and walking the index of the sort with the search as a filter finds a page of them soon. The walk also lets through every
// MARK_ROWS-th row whether it passes or not: there the clock is looked at, and there the next page can go on.
#include "store/lists.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/driver.h"

enum { MARK_ROWS = 4096, CANDIDATES = 10000, VALUES = 96, ID_PREFIX_LEAST = 4, INVOICE_LEAST = 3 };

// ---- what can be asked of each list ----

struct sort {
    const char *name, *column; // column: with its collation
    const char *index;         // NULL: few rows, any order is cheap
    const char *only;          // rows that the index holds, in its own words; "" all
};
struct kind {
    enum table_id table;
    const char *time; // what from and to are about; NULL = nothing here
    const char *names;
    struct sort sorts[3];
    const char *by_customer; // the index that finds rows of a customer; NULL = none
    const char *country;     // SQL; NULL = no such filter
};
#define OF_CUSTOMER                                                                                \
    "(SELECT upper(json_extract(c.billing_address, '$.country')) FROM customers AS c "             \
    "WHERE c.id = t.customer_id)"
static const struct kind kinds[STORE_LIST__COUNT] = {
    [STORE_LIST_ORDERS] = {TABLE_orders,
                           "created_at",
                           "created_at",
                           {{"created_at", "t.created_at", "orders_by_created_at", ""}},
                           "orders_by_customer_id",
                           OF_CUSTOMER},
    [STORE_LIST_SUBSCRIPTIONS] =
        {TABLE_subscriptions,
         "started_at",
         "started_at current_period_end ended_at",
         {{"started_at", "t.started_at", "subscriptions_by_started_at", ""},
          {"current_period_end", "t.current_period_end", "subscriptions_due",
           "t.organization_id = ?1 AND t.till_deleted_at IS NULL AND "
           "t.status IN ('active', 'trialing') AND "
           "t.current_period_end IS NOT NULL AND "},
          {"ended_at", "t.ended_at", "subscriptions_by_ended_at", "t.ended_at IS NOT NULL AND "}},
         "subscriptions_by_customer_id",
         OF_CUSTOMER},
    [STORE_LIST_CUSTOMERS] = {TABLE_customers,
                              "created_at",
                              "created_at email",
                              {{"created_at", "t.created_at", "customers_by_created_at", ""},
                               {"email", "t.email COLLATE NOCASE", "customers_by_email", ""}},
                              NULL,
                              "upper(json_extract(t.billing_address, '$.country'))"},
    [STORE_LIST_PRODUCTS] = {TABLE_products,
                             NULL,
                             "created_at name",
                             {{"created_at", "t.created_at", NULL, ""},
                              {"name", "t.name COLLATE NOCASE", NULL, ""}},
                             NULL,
                             NULL},
    [STORE_LIST_REFUNDS] = {TABLE_refunds,
                            "created_at",
                            "created_at",
                            {{"created_at", "t.created_at", "refunds_by_created_at", ""}},
                            NULL,
                            NULL},
    [STORE_LIST_CHECKOUTS] = {TABLE_checkouts,
                              "created_at",
                              "created_at",
                              {{"created_at", "t.created_at", "checkouts_by_created_at", ""}},
                              NULL,
                              "upper(json_extract(t.customer_billing_address, '$.country'))"},
};

const char *store_list_sorts(enum store_list list)
{
    return kinds[list].names;
}

enum table_id store_list_table(enum store_list list)
{
    return kinds[list].table;
}

// ---- a statement in the making ----

struct listing {
    struct store *store;
    const struct store_list_query *query;
    const struct kind *kind;
    const struct sort *sort;
    struct arena *arena;
    struct store_list_page *page;
    int64_t deadline_ms;
    bool is_done;         // the page is full, or the time is used up
    struct sv candidates; // JSON array of ids; .ptr NULL = the index is walked
    struct sv pattern;    // of LIKE; .ptr NULL = no search
    bool is_found;        // the candidates were found by a search: it is not asked again
    char from[STORE_TIME_BYTES], to[STORE_TIME_BYTES];
    struct buf sql;
    struct value values[VALUES];
    size_t value_count;
};

// Appends "?N" for a value.
static void bind(struct listing *l, struct value value)
{
    if (l->value_count == VALUES) {
        l->sql.failure = TILL_LIMIT;
        return;
    }
    l->values[l->value_count++] = value;
    buf_format(&l->sql, "?%zu", l->value_count);
}

static void bind_text(struct listing *l, struct sv text)
{
    bind(l, store_text(text));
}

static enum till_code json_of(struct listing *l, const struct store_words *words, bool is_upper,
                              struct sv *ret_json, struct till_error *e)
{
    AUTO_BUF json;
    buf_init(&json, TILL_LIMIT_SQL_BYTES);
    for (size_t i = 0; i < words->count; i++) {
        buf_char(&json, i > 0 ? ',' : '[');
        buf_json_string(&json, words->words[i]);
    }
    buf_text(&json, words->count > 0 ? "]" : "[]");
    enum till_code code = buf_fail(&json, "a filter", e);
    if (code)
        return code;
    for (size_t i = 0; is_upper && i < json.len; i++)
        if (json.data[i] >= 'a' && json.data[i] <= 'z')
            json.data[i] = (char)(json.data[i] - 'a' + 'A');
    *ret_json = arena_sv(l->arena, (struct sv){json.data, json.len});
    return ret_json->ptr ? TILL_OK : arena_fail(l->arena, "a filter", e);
}

static enum till_code put_words(struct listing *l, const char *expression,
                                const struct store_words *words, bool is_upper,
                                struct till_error *e)
{
    struct sv json = {0};
    if (words->count == 0 || !expression)
        return TILL_OK;
    enum till_code code = json_of(l, words, is_upper, &json, e);
    if (code)
        return code;
    buf_format(&l->sql, " AND %s IN (SELECT value FROM json_each(", expression);
    bind_text(l, json);
    buf_text(&l->sql, "))");
    return TILL_OK;
}

// ---- what a search means ----

static bool is_id_prefix(struct sv text)
{
    bool is_hex = text.len >= ID_PREFIX_LEAST && text.len < STORE_NAME_BYTES;
    for (size_t i = 0; i < text.len && is_hex; i++) {
        char c = text.ptr[i];
        is_hex =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
    }
    return is_hex;
}

static bool is_invoice_prefix(struct sv text)
{
    return text.len >= INVOICE_LEAST && text.len < STORE_NAME_BYTES &&
           !memchr(text.ptr, '@', text.len) && !memchr(text.ptr, ' ', text.len);
}

// In small or capital letters, in the arena.
static enum till_code in_case(struct listing *l, struct sv text, bool is_upper, struct sv *ret_text,
                              struct till_error *e)
{
    char *copy = arena_copy(l->arena, text.ptr, text.len);
    if (!copy)
        return arena_fail(l->arena, "a search", e);
    if (!is_upper)
        sv_to_lower(text, copy);
    for (size_t i = 0; i < text.len && is_upper; i++)
        copy[i] = (char)(copy[i] >= 'a' && copy[i] <= 'z' ? copy[i] - 'a' + 'A' : copy[i]);
    *ret_text = (struct sv){copy, text.len};
    return TILL_OK;
}

static enum till_code make_pattern(struct listing *l, struct till_error *e)
{
    struct sv text = l->query->search;
    AUTO_BUF pattern;
    buf_init(&pattern, TILL_LIMIT_API_TEXT_BYTES * 2 + 2);
    buf_char(&pattern, '%');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' || text.ptr[i] == '_' || text.ptr[i] == '\\')
            buf_char(&pattern, '\\');
        buf_char(&pattern, text.ptr[i]);
    }
    buf_char(&pattern, '%');
    enum till_code code = buf_fail(&pattern, "a search", e);
    if (code)
        return code;
    l->pattern = arena_sv(l->arena, (struct sv){pattern.data, pattern.len});
    return l->pattern.ptr ? TILL_OK : arena_fail(l->arena, "a search", e);
}

// "column >= ?N AND column < ?N || '\x7f'": ids and numbers are ASCII.
static void put_prefix(struct listing *l, const char *column, struct sv prefix)
{
    buf_format(&l->sql, "(%s >= ", column);
    bind_text(l, prefix);
    buf_format(&l->sql, " AND %s < ?%zu || '\x7f')", column, l->value_count);
}

static void put_like(struct listing *l, const char *const *columns, size_t count)
{
    size_t number = 0;
    buf_char(&l->sql, '(');
    for (size_t i = 0; i < count; i++) {
        buf_format(&l->sql, "%s%s LIKE ", i > 0 ? " OR " : "", columns[i]);
        if (i == 0)
            bind_text(l, l->pattern);
        else
            buf_format(&l->sql, "?%zu", number);
        number = l->value_count;
        buf_text(&l->sql, " ESCAPE '\\'");
    }
    buf_char(&l->sql, ')');
}

// The search as a filter of each row: for lists in which many rows are meant, or that no index can be asked about.
static enum till_code put_search(struct listing *l, struct till_error *e)
{
    static const char *const person[] = {"c.email", "c.name", "c.billing_name"};
    static const char *const customer[] = {"t.email", "t.name", "t.billing_name"};
    static const char *const visitor[] = {"t.customer_email", "t.customer_name"};
    static const char *const product[] = {"t.name"};
    struct sv lower = {0}, upper = {0};
    enum till_code code = in_case(l, l->query->search, false, &lower, e);
    if (code == TILL_OK)
        code = in_case(l, l->query->search, true, &upper, e);
    if (code)
        return code;
    buf_text(&l->sql, " AND (");
    if (l->query->list == STORE_LIST_CUSTOMERS)
        put_like(l, customer, TILL_COUNT(customer));
    else if (l->query->list == STORE_LIST_PRODUCTS)
        put_like(l, product, TILL_COUNT(product));
    else if (l->query->list == STORE_LIST_CHECKOUTS)
        put_like(l, visitor, TILL_COUNT(visitor));
    else {
        buf_text(&l->sql, "EXISTS (SELECT 1 FROM customers AS c WHERE c.id = t.customer_id AND ");
        put_like(l, person, TILL_COUNT(person));
        buf_char(&l->sql, ')');
    }
    if (is_id_prefix(lower)) {
        buf_text(&l->sql, " OR ");
        put_prefix(l, "t.id", lower);
    }
    if (l->query->list == STORE_LIST_ORDERS && is_invoice_prefix(upper)) {
        buf_text(&l->sql, " OR ");
        put_prefix(l, "t.invoice_number", upper);
    }
    buf_char(&l->sql, ')');
    return TILL_OK;
}

// ---- which rows a search may be about ----

struct candidates {
    struct buf json;
    size_t count;
};

static enum till_code take_candidate(void *context, const struct value *values, size_t count,
                                     struct till_error *e)
{
    struct candidates *found = context;
    (void)e;
    if (count != 1 || values[0].type != VALUE_TEXT)
        return TILL_OK;
    found->count++;
    buf_char(&found->json, found->json.len > 0 ? ',' : '[');
    buf_json_string(&found->json, values[0].text);
    return TILL_OK;
}

static void statement_begin(struct listing *l, const char *sql)
{
    buf_reset(&l->sql);
    l->value_count = 0;
    buf_text(&l->sql, sql);
}

static enum till_code statement_run(struct listing *l, const struct store_sink *sink,
                                    struct till_error *e)
{
    struct store_query query = {.sql = l->sql.data,
                                .parameters = l->values,
                                .parameter_count = l->value_count,
                                .timeout_ms = TILL_LIMIT_API_QUERY_MS,
                                .stop = l->query->stop,
                                .is_trusted = true};
    struct store_query_result result = {0};
    enum till_code code = buf_fail(&l->sql, "the statement of a list", e);
    return code ? code : store_query(l->store, &query, sink, &result, e);
}

static enum till_code find(struct listing *l, struct candidates *found, size_t most,
                           struct till_error *e)
{
    const struct store_sink sink = {.context = found, .row = take_candidate};
    buf_format(&l->sql, " LIMIT %zu", most + 1);
    return statement_run(l, &sink, e);
}

// Customers by name and mail address: out of an index that holds nothing else.
static enum till_code find_customers(struct listing *l, struct candidates *found,
                                     struct till_error *e)
{
    static const char *const columns[] = {"email", "name", "billing_name"};
    statement_begin(l, "SELECT id FROM customers WHERE rowid IN (SELECT rowid FROM customers "
                       "INDEXED BY customers_by_email WHERE ");
    put_like(l, columns, TILL_COUNT(columns));
    buf_format(&l->sql, " LIMIT %d)", TILL_LIMIT_API_LIST_CUSTOMERS + 1);
    return find(l, found, TILL_LIMIT_API_LIST_CUSTOMERS, e);
}

// Invoice numbers only when no id begins so: to look at all of them takes longest.
static enum till_code find_by_prefix(struct listing *l, struct candidates *found,
                                     struct till_error *e)
{
    struct sv lower = {0}, upper = {0};
    enum till_code code = in_case(l, l->query->search, false, &lower, e);
    if (code == TILL_OK)
        code = in_case(l, l->query->search, true, &upper, e);
    if (code == TILL_OK && is_id_prefix(lower)) {
        statement_begin(l, "SELECT id FROM ");
        buf_format(&l->sql, "%s WHERE ", model_table(l->kind->table)->name);
        put_prefix(l, "id", lower);
        code = find(l, found, CANDIDATES, e);
    }
    if (code == TILL_OK && l->query->list == STORE_LIST_ORDERS && is_invoice_prefix(upper) &&
        found->count == 0) {
        statement_begin(l, "SELECT id FROM orders WHERE rowid IN (SELECT rowid FROM orders "
                           "INDEXED BY orders_by_created_at WHERE ");
        put_prefix(l, "invoice_number", upper);
        buf_format(&l->sql, " LIMIT %d)", CANDIDATES + 1);
        code = find(l, found, CANDIDATES, e);
    }
    return code;
}

static enum till_code find_of_customers(struct listing *l, struct candidates *customers,
                                        struct candidates *found, struct till_error *e)
{
    static const char orders[] =
        "SELECT id FROM orders AS t INDEXED BY orders_by_customer_id WHERE " STORE_OF_CUSTOMERS
        "t.customer_id IN (SELECT value FROM json_each(?1))";
    static const char refunds[] = "SELECT r.id FROM orders AS t INDEXED BY orders_by_customer_id "
                                  "JOIN refunds AS r ON r.order_id = t.id WHERE " STORE_OF_CUSTOMERS
                                  "t.customer_id IN (SELECT value FROM json_each(?1))";
    static const char subscriptions[] =
        "SELECT id FROM subscriptions INDEXED BY subscriptions_by_customer_id "
        "WHERE customer_id IN (SELECT value FROM json_each(?1))";
    statement_begin(l, l->query->list == STORE_LIST_REFUNDS  ? refunds
                       : l->query->list == STORE_LIST_ORDERS ? orders
                                                             : subscriptions);
    l->values[l->value_count++] =
        store_text((struct sv){customers->json.data, customers->json.len});
    return find(l, found, CANDIDATES, e);
}

// Sets l->candidates, unless too many rows are meant.
static enum till_code gather_candidates(struct listing *l, struct candidates *customers,
                                        struct candidates *found, struct till_error *e)
{
    bool of_customers = l->query->list != STORE_LIST_CUSTOMERS;
    enum till_code code = find_customers(l, of_customers ? customers : found, e);
    if (code || customers->count > TILL_LIMIT_API_LIST_CUSTOMERS ||
        found->count > TILL_LIMIT_API_LIST_CUSTOMERS)
        return code;
    code = find_by_prefix(l, found, e);
    buf_char(&customers->json, customers->count > 0 ? ']' : '[');
    buf_text(&customers->json, customers->count > 0 ? "" : "]");
    if (code == TILL_OK)
        code = buf_fail(&customers->json, "a search", e);
    if (code == TILL_OK && customers->count > 0)
        code = find_of_customers(l, customers, found, e);
    if (code || found->count > CANDIDATES)
        return code;
    buf_text(&found->json, found->count > 0 ? "]" : "[]");
    code = buf_fail(&found->json, "a search", e);
    if (code)
        return code;
    l->candidates = arena_sv(l->arena, (struct sv){found->json.data, found->json.len});
    l->is_found = true;
    return l->candidates.ptr ? TILL_OK : arena_fail(l->arena, "a search", e);
}

static enum till_code look_for(struct listing *l, struct till_error *e)
{
    struct candidates customers = {.count = 0}, found = {.count = 0};
    if (!l->query->search.ptr)
        return TILL_OK;
    enum till_code code = make_pattern(l, e);
    if (code || l->query->list == STORE_LIST_PRODUCTS || l->query->list == STORE_LIST_CHECKOUTS)
        return code;
    buf_init(&customers.json, TILL_LIMIT_SQL_BYTES);
    buf_init(&found.json, TILL_LIMIT_SQL_BYTES);
    code = gather_candidates(l, &customers, &found, e);
    buf_release(&customers.json);
    buf_release(&found.json);
    return code;
}

// ---- a page ----

static enum till_code take_row(void *context, const struct value *values, size_t count,
                               struct till_error *e)
{
    struct listing *l = context;
    struct store_list_page *page = l->page;
    bool is_match = values[0].type == VALUE_INTEGER && values[0].integer != 0;
    if (count != 3 || values[2].type != VALUE_TEXT)
        return TILL_OK;
    if (is_match && page->count == l->query->limit) {
        page->has_next = l->is_done = true;
        return TILL_FAIL(e, TILL_LIMIT, 0, "the page is full");
    }
    struct sv key = {NULL, 0}, id = arena_sv(l->arena, values[2].text);
    if (values[1].type == VALUE_TEXT)
        key = arena_sv(l->arena, values[1].text);
    if (!id.ptr || (values[1].type == VALUE_TEXT && !key.ptr))
        return arena_fail(l->arena, "a page", e);
    page->next_key = key;
    page->next_id = id;
    if (is_match)
        page->ids[page->count++] = id;
    if (l->candidates.ptr || clock_monotonic_ms(l->query->clock) < l->deadline_ms)
        return TILL_OK;
    page->has_next = page->is_capped = l->is_done = true;
    return TILL_FAIL(e, TILL_LIMIT, 0, "the time of the page is used up");
}

// What every row of the page must be, but for its place.
static enum till_code put_filters(struct listing *l, struct till_error *e)
{
    const struct store_list_query *query = l->query;
    static const struct sv yes = {"live", 4};
    bool is_products = query->list == STORE_LIST_PRODUCTS;
    bool is_customers = query->list == STORE_LIST_CUSTOMERS;
    buf_format(&l->sql, "t.organization_id = ?1 AND t.till_deleted_at IS %sNULL",
               query->is_gone ? "NOT " : "");
    if (is_products && query->statuses.count == 1)
        buf_format(&l->sql, " AND coalesce(t.is_archived, 0) = %d",
                   !sv_equal(query->statuses.words[0], yes));
    enum till_code code = TILL_OK;
    if (!is_products && !is_customers)
        code = put_words(l, "t.status", &query->statuses, false, e);
    if (code == TILL_OK)
        code = put_words(l, "t.product_id", &query->products, false, e);
    if (code == TILL_OK)
        code = put_words(l, "t.customer_id", &query->customers, false, e);
    if (code == TILL_OK)
        code = put_words(l, l->kind->country, &query->countries, true, e);
    if (query->currency.ptr) {
        buf_text(&l->sql, " AND t.currency = ");
        bind_text(l, query->currency);
    }
    if (code == TILL_OK && l->pattern.ptr && !l->is_found)
        code = put_search(l, e);
    return code;
}

static struct value bound(int64_t at_us, char place[static STORE_TIME_BYTES])
{
    return at_us == INT64_MIN || at_us == INT64_MAX ? store_text((struct sv){NULL, 0})
                                                    : store_time(at_us, place);
}

static bool is_before(struct sv a, struct sv b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared > 0 ? memcmp(a.ptr, b.ptr, shared) : 0;
    return order != 0 ? order < 0 : a.len < b.len;
}

static bool is_by_time(const struct listing *l)
{
    return l->kind->time && strcmp(l->kind->time, l->sort->name) == 0;
}

// Rows of the range, and behind the last one. The tighter of two bounds on the same column is the one that is said: an index is entered at one place only.
static void put_place(struct listing *l, bool is_null)
{
    const struct store_list_query *query = l->query;
    const char *column = l->sort->column, *sign = query->is_descending ? "<" : ">";
    struct value from = bound(query->from_us, l->from), to = bound(query->to_us, l->to);
    struct value *edge = query->is_descending ? &to : &from;
    bool has_after = query->has_after && (query->after_key.ptr != NULL) != is_null;
    if (has_after && !is_null && is_by_time(l) && edge->type != VALUE_NULL &&
        (query->is_descending ? is_before(query->after_key, edge->text)
                              : is_before(edge->text, query->after_key)))
        edge->type = VALUE_NULL;
    buf_format(&l->sql, "%s IS %sNULL AND ", column, is_null ? "" : "NOT ");
    if (from.type != VALUE_NULL) {
        buf_format(&l->sql, "t.%s >= ", l->kind->time);
        bind(l, from);
        buf_text(&l->sql, " AND ");
    }
    if (to.type != VALUE_NULL) {
        buf_format(&l->sql, "t.%s <= ", l->kind->time);
        bind(l, to);
        buf_text(&l->sql, " AND ");
    }
    if (!has_after)
        return;
    if (is_null) {
        buf_format(&l->sql, "t.id %s ", sign);
    } else {
        buf_format(&l->sql, "%s %s= ", column, sign);
        bind_text(l, query->after_key);
        buf_format(&l->sql, " AND (%s %s ?%zu OR t.id %s ", column, sign, l->value_count, sign);
    }
    bind_text(l, query->after_id);
    buf_text(&l->sql, is_null ? " AND " : ") AND ");
}

// Where the rows come from: along the index of the sort (then true), of a customer, or from what a search found.
static bool put_source(struct listing *l)
{
    bool is_found = l->candidates.ptr != NULL;
    bool is_of_customers = l->query->customers.count > 0 && l->kind->by_customer && !is_found;
    bool is_walk = !is_of_customers && !is_found && l->sort->index;
    buf_format(&l->sql, "), %s, t.id FROM %s AS t", l->sort->column,
               model_table(l->kind->table)->name);
    if (is_walk || is_of_customers)
        buf_format(&l->sql, " INDEXED BY %s", is_walk ? l->sort->index : l->kind->by_customer);
    buf_format(&l->sql, " WHERE %s", l->sort->only);
    if (is_of_customers && l->query->list == STORE_LIST_ORDERS) {
        buf_text(&l->sql, "substr(t.customer_id, 1, 8) IN (");
        for (size_t i = 0; i < l->query->customers.count; i++) {
            buf_text(&l->sql, i > 0 ? ", " : "");
            bind_text(l, store_cut(l->query->customers.words[i], STORE_CUSTOMER_BYTES));
        }
        buf_text(&l->sql, ") AND ");
    }
    if (is_found) {
        buf_text(&l->sql, "t.id IN (SELECT value FROM json_each(");
        bind_text(l, l->candidates);
        buf_text(&l->sql, ")) AND ");
    }
    return is_walk;
}

// Rows whose sort column has a value, or (is_null) has none.
static enum till_code run_segment(struct listing *l, bool is_null, struct till_error *e)
{
    const struct store_sink sink = {.context = l, .row = take_row};
    const char *direction = l->query->is_descending ? "DESC" : "ASC";
    AUTO_BUF filters;
    buf_init(&filters, STORE_SQL_BYTES);
    statement_begin(l, "SELECT (");
    l->values[l->value_count++] = store_text(l->query->organization_id); // ?1
    enum till_code code = put_filters(l, e);
    if (code)
        return code;
    if (l->sql.len > strlen("SELECT ("))
        buf_append(&filters, l->sql.data + strlen("SELECT ("), l->sql.len - strlen("SELECT ("));
    bool is_walk = put_source(l);
    put_place(l, is_null);
    buf_char(&l->sql, '(');
    buf_append(&l->sql, filters.data, filters.len);
    if (is_walk)
        buf_format(&l->sql, " OR t.rowid %% %d = 0", MARK_ROWS);
    buf_format(&l->sql, ") ORDER BY %s %s, t.id %s", l->sort->column, direction, direction);
    code = buf_fail(&filters, "the statement of a list", e);
    if (code == TILL_OK)
        code = statement_run(l, &sink, e);
    if (code == TILL_LIMIT && l->is_done) {
        till_error_clear(e);
        code = TILL_OK;
    }
    return code;
}

// Nulls come last when the largest comes first, and first otherwise, as SQLite has it.
static enum till_code run(struct listing *l, struct till_error *e)
{
    const struct store_list_query *query = l->query;
    bool has_null =
        l->sort->only[0] == '\0' && (query->from_us == INT64_MIN && query->to_us == INT64_MAX);
    bool is_at_null = query->has_after && !query->after_key.ptr;
    bool is_at_value = query->has_after && query->after_key.ptr;
    enum till_code code = TILL_OK;
    if (has_null && !query->is_descending && !is_at_value)
        code = run_segment(l, true, e);
    if (code == TILL_OK && !l->is_done && !(query->is_descending && is_at_null))
        code = run_segment(l, false, e);
    if (code == TILL_OK && !l->is_done && has_null && query->is_descending)
        code = run_segment(l, true, e);
    return code;
}

static const struct sort *sort_of(const struct kind *kind, struct sv name)
{
    for (size_t i = 0; i < TILL_COUNT(kind->sorts) && kind->sorts[i].name; i++)
        if (sv_equal(name, sv_of(kind->sorts[i].name)))
            return &kind->sorts[i];
    return NULL;
}

enum till_code store_list(struct store *store, const struct store_list_query *query,
                          struct arena *arena, struct store_list_page *ret_page,
                          struct till_error *e)
{
    struct store_list_page page = {
        .is_filtered = query->search.ptr || query->statuses.count > 0 ||
                       query->products.count > 0 || query->customers.count > 0 ||
                       query->countries.count > 0 || query->currency.ptr || query->is_gone ||
                       query->from_us != INT64_MIN || query->to_us != INT64_MAX};
    struct listing l = {.store = store,
                        .query = query,
                        .kind = &kinds[query->list],
                        .sort = sort_of(&kinds[query->list], query->sort),
                        .arena = arena,
                        .page = &page,
                        .deadline_ms = clock_monotonic_ms(query->clock) + query->timeout_ms};
    if (!l.sort) {
        (void)TILL_FAIL(e, TILL_USAGE, 0, "sort: there is no order by \"" SV_FORMAT "\"",
                        SV_ARGS(store_cut(query->sort, STORE_NAME_BYTES)));
        return till_error_hint(e, "choose of: %s", kinds[query->list].names);
    }
    page.is_filtered = page.is_filtered || l.sort->only[0] != '\0';
    page.ids = arena_calloc(arena, query->limit + 1, sizeof *page.ids);
    if (!page.ids)
        return arena_fail(arena, "a page", e);
    buf_init(&l.sql, STORE_SQL_BYTES);
    enum till_code code = look_for(&l, e);
    if (code == TILL_OK)
        code = run(&l, e);
    buf_release(&l.sql);
    if (code)
        return till_error_context(e, "could not list %s", model_table(l.kind->table)->name);
    *ret_page = page;
    return TILL_OK;
}
