// SPDX-License-Identifier: Apache-2.0
// traffic_revenue.c - what a shop tells its traffic service about money: each paid order that came from a checkout, when it was made, without tax.
//
// Renewals are not told, because no browser is there. Only one currency is counted at a time.
#include "traffic_world.h"

#include "world_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sale {
    int64_t bucket, amount_minor;
    uint64_t country;
    uint32_t customer;
};

static bool is_told(const struct order_row *order, unsigned currency)
{
    bool is_paid =
        order->status == PAID || order->status == REFUNDED || order->status == PARTIALLY_REFUNDED;
    return is_paid && order->currency == currency && order->checkout != SIM_NO_ROW &&
           (order->reason == PURCHASE || order->reason == CREATE);
}

static int compare_sales(const void *left, const void *right)
{
    const struct sale *a = left, *b = right;
    int order = (a->bucket > b->bucket) - (a->bucket < b->bucket);
    order = order != 0 ? order : (a->country > b->country) - (a->country < b->country);
    return order != 0 ? order : (a->customer > b->customer) - (a->customer < b->customer);
}

static struct sale sale_make(const struct sim_world *w, const struct traffic_question *question,
                             const struct order_row *order)
{
    int64_t local_us =
        order->created_us + metrics_zone_offset_us(question->zone, order->created_us);
    int64_t day = local_us / DAY_US - (local_us % DAY_US < 0);
    struct sale sale = {.amount_minor = order->net, .customer = order->customer};
    if (question->bucket != TRAFFIC_WHOLE) {
        sale.bucket = traffic_bucket_day(question->bucket, day, question->first_day);
    }
    if ((question->dimensions >> TRAFFIC_COUNTRY & 1U) != 0) {
        sale.country = traffic_country_key(checkout_at(w, order->checkout)->country);
    }
    return sale;
}

static void fold(const struct sale *sales, size_t count, struct traffic_sales *ret)
{
    for (size_t i = 0; i < count; i++) {
        const struct sale *sale = &sales[i], *before = i > 0 ? sale - 1 : NULL;
        bool is_new =
            before == NULL || before->bucket != sale->bucket || before->country != sale->country;
        if (is_new) {
            ret->rows[ret->count++] =
                (struct traffic_sale){.bucket = sale->bucket, .key = sale->country};
        }
        struct traffic_sale *row = &ret->rows[ret->count - 1];
        row->orders++;
        row->customers += is_new || before->customer != sale->customer;
        row->amount_minor += sale->amount_minor;
    }
}

bool traffic_ask_sales(const struct sim_world *w, const char *currency,
                       const struct traffic_question *question, struct traffic_sales *ret)
{
    *ret = (struct traffic_sales){.minor_units = 100};
    unsigned number = 0;
    while (number < CURRENCY_COUNT && strcasecmp(currencies[number].code, currency) != 0) {
        number++;
    }
    if (number == CURRENCY_COUNT || w->orders.count == 0) {
        return true;
    }
    ret->minor_units = number == JPY || number == KRW ? 1 : 100;
    struct sale *sales = calloc(w->orders.count, sizeof *sales);
    ret->rows = calloc(w->orders.count, sizeof *ret->rows);
    size_t count = 0;
    for (uint32_t i = 0; sales != NULL && i < w->orders.count; i++) {
        const struct order_row *order = order_at(w, i);
        if (is_told(order, number) && order->created_us >= question->from_us &&
            order->created_us < question->to_us) {
            sales[count++] = sale_make(w, question, order);
        }
    }
    bool is_done = sales != NULL && ret->rows != NULL;
    if (is_done) {
        qsort(sales, count, sizeof *sales, compare_sales);
        fold(sales, count, ret);
    }
    free(sales);
    return is_done;
}

void traffic_sales_release(struct traffic_sales *sales)
{
    free(sales->rows);
    *sales = (struct traffic_sales){0};
}
