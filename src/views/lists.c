// SPDX-License-Identifier: Apache-2.0
// lists.c - rows as objects: "customer.name" is the name inside of customer; an inner object without an id is null.
#include "views/lists.h"

#include <string.h>

#include "views/movements.h"

static void cell_json(struct buf *out, enum store_list_kind kind, const struct value *value)
{
    if (kind == STORE_CELL_BOOLEAN && value->type == VALUE_INTEGER)
        buf_text(out, value->integer != 0 ? "true" : "false");
    else if (kind == STORE_CELL_JSON && value->type == VALUE_TEXT)
        buf_sv(out, value->text);
    else
        view_json_value(out, value);
}

// Members of the row's own columns.
static void columns_json(struct buf *out, enum store_list list, const struct report_list_row *row)
{
    size_t count = 0;
    const struct store_list_column *columns = store_list_columns(list, &count);
    for (size_t i = 0; i < count;) {
        const char *point = strchr(columns[i].name, '.');
        size_t inner = point ? (size_t)(point - columns[i].name) + 1 : 0;
        if (inner == 0) {
            view_json_key(out, columns[i].name);
            cell_json(out, columns[i].kind, &row->values[i]);
            i++;
            continue;
        }
        bool is_there = row->values[i].type != VALUE_NULL; // its id comes first
        const char *prefix = columns[i].name;
        if (out->len > 0 && out->data[out->len - 1] != '{')
            buf_char(out, ',');
        buf_json_string(out, (struct sv){prefix, inner - 1});
        buf_text(out, is_there ? ":{" : ":null");
        for (; i < count && strncmp(columns[i].name, prefix, inner) == 0; i++) {
            if (!is_there)
                continue;
            view_json_key(out, columns[i].name + inner);
            cell_json(out, columns[i].kind, &row->values[i]);
        }
        if (is_there)
            buf_char(out, '}');
    }
}

static void currency_json(struct buf *out, metrics_currency currency)
{
    char code[VIEW_CURRENCY_BYTES];
    view_currency(code, currency);
    view_json_text(out, "currency", code);
}

static void revenue_json(struct buf *out, const char *key, const struct report_list_row *row)
{
    view_json_key(out, key);
    buf_char(out, '[');
    for (size_t i = 0; i < row->money_count; i++) {
        if (row->money[i].orders == 0)
            continue;
        buf_text(out, out->data && out->data[out->len - 1] == '}' ? ",{" : "{");
        currency_json(out, row->money[i].currency);
        view_json_int(out, "orders", row->money[i].orders);
        view_json_int(out, "net_amount", row->money[i].net_minor);
        view_json_int(out, "refunded_amount", row->money[i].refunded_minor);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void mrr_json(struct buf *out, const struct report_list_row *row)
{
    view_json_key(out, "mrr");
    buf_char(out, '[');
    for (size_t i = 0; i < row->money_count; i++) {
        if (row->money[i].mrr_minor == 0)
            continue;
        buf_text(out, out->data && out->data[out->len - 1] == '}' ? ",{" : "{");
        currency_json(out, row->money[i].currency);
        view_json_int(out, "amount", row->money[i].mrr_minor);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

// Members of what stands beside the columns.
static void beside_json(struct buf *out, enum store_list list, const struct report_list_row *row)
{
    if (list == STORE_LIST_SUBSCRIPTIONS)
        view_json_int(out, "mrr", row->mrr_minor);
    if (list != STORE_LIST_CUSTOMERS && list != STORE_LIST_PRODUCTS)
        return;
    view_json_int(out, "orders", row->orders);
    revenue_json(out, "revenue", row);
    mrr_json(out, row);
    if (list == STORE_LIST_PRODUCTS) {
        view_json_int(out, "active_subscriptions", row->active_subscriptions);
        return;
    }
    view_json_sv(out, "since", row->first_order_at);
    view_json_sv(out, "last_order_at", row->last_order_at);
}

static void rows_json(struct buf *out, const char *key, const struct report_list *list)
{
    view_json_key(out, key);
    buf_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        buf_text(out, i > 0 ? ",\n{" : "{");
        columns_json(out, list->query.list, &list->rows[i]);
        beside_json(out, list->query.list, &list->rows[i]);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void view_list_json(struct buf *out, const struct report_list *list, struct sv next)
{
    struct sv rest = sv_of(store_list_sorts(list->query.list)), sort;
    const char *separator = "";
    buf_char(out, '{');
    rows_json(out, "rows", list);
    view_json_sv(out, "next", next);
    view_json_key(out, "total");
    if (list->total >= 0)
        buf_int(out, list->total);
    else
        buf_text(out, "null");
    view_json_bool(out, "is_capped", list->is_capped);
    view_json_key(out, "sorts");
    buf_char(out, '[');
    while (sv_split(&rest, ' ', &sort)) {
        buf_text(out, separator);
        buf_json_string(out, sort);
        separator = ",";
    }
    buf_text(out, "]}\n");
}

void view_customer_json(struct buf *out, const struct report_customer *customer)
{
    const struct report_list_row *row = &customer->row;
    buf_char(out, '{');
    if (row->values)
        columns_json(out, STORE_LIST_CUSTOMERS, row);
    else
        view_json_sv(out, "id", row->id);
    beside_json(out, STORE_LIST_CUSTOMERS, row);
    view_json_sv(out, "first_order_at", row->first_order_at);
    revenue_json(out, "lifetime_value", row);
    rows_json(out, "orders_list", &customer->orders);
    rows_json(out, "subscriptions", &customer->subscriptions);
    view_json_key(out, "changes");
    buf_char(out, '[');
    for (size_t i = 0; i < customer->change_count; i++) {
        const struct report_customer_change *change = &customer->changes[i];
        if (i > 0)
            buf_text(out, ",\n");
        view_moment_json(out, change->moment, change->table, change->id);
    }
    buf_text(out, "]}\n");
}
