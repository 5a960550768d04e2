// SPDX-License-Identifier: Apache-2.0
// metrics_window.c - the window, its buckets, and which rows the filters keep.
//
// The first bucket begins where the start date's interval begins; the others follow by calendar steps of local days, each from its own date,
// so that no change of the clock adds up. Hours are steps of absolute time. A day that begins with a jump begins at the jump.
#include "metrics_parts.h"

#include <stdlib.h>
#include <string.h>

enum { CHURN_DAYS = 30, BUCKETS_MAX = 1024 };

static int64_t day_start_us(const struct metrics_query *query, int64_t day)
{
    return metrics_zone_instant_us(query->zone, day * DAY_US);
}

// The day on which the interval of that day begins, and that of `steps` intervals later.
static int64_t interval_day(enum metrics_interval interval, int64_t day, int steps)
{
    struct calendar_date date = calendar_from_days(day);
    switch (interval) {
    case METRICS_WEEK: // 1970 began on a Thursday, a week begins on Monday
        return day - ((day + 3) % 7 + 7) % 7 + 7 * (int64_t)steps;
    case METRICS_MONTH: {
        int32_t months = date.year * 12 + date.month - 1 + steps;
        return calendar_to_days((struct calendar_date){months / 12, months % 12 + 1, 1});
    }
    case METRICS_YEAR:
        return calendar_to_days((struct calendar_date){date.year + steps, 1, 1});
    case METRICS_DAY:
    case METRICS_HOUR:
        break;
    }
    return day + steps;
}

static int64_t step_us(const struct metrics *m, size_t steps)
{
    const struct metrics_query *query = m->query;
    if (query->interval == METRICS_HOUR)
        return m->start_us + (int64_t)steps * HOUR_US;
    return day_start_us(query, interval_day(query->interval, query->start_day, (int)steps));
}

// Thirty local days before, at the same time of day; for years the year itself.
static void set_churn_window(const struct metrics *m, struct metrics_bucket *bucket)
{
    const struct metrics_zone *zone = m->query->zone;
    bool is_year = m->query->interval == METRICS_YEAR;
    int64_t local_us = bucket->from_us + metrics_zone_offset_us(zone, bucket->from_us);
    bucket->churn_from_us =
        is_year ? bucket->from_us : metrics_zone_instant_us(zone, local_us - CHURN_DAYS * DAY_US);
    bucket->churn_until_us = is_year ? bucket->until_us : bucket->from_us;
}

static bool open_buckets(struct metrics *m)
{
    m->start_us = day_start_us(m->query, m->query->start_day);
    m->end_us = day_start_us(m->query, m->query->end_day + 1) - 1;
    m->end_second_us = m->end_us + 1 - SECOND_US;
    while (m->count < BUCKETS_MAX && step_us(m, m->count) <= m->end_us)
        m->count++;
    m->buckets = calloc(m->count, sizeof *m->buckets);
    if (m->buckets == NULL)
        return false;
    for (size_t i = 0; i < m->count; i++) {
        m->buckets[i].from_us = step_us(m, i);
        m->buckets[i].until_us = step_us(m, i + 1);
        set_churn_window(m, &m->buckets[i]);
    }
    return true;
}

static bool is_among(const struct metrics_ids *ids, const char *id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (strcmp(ids->ids[i], id) == 0)
            return true;
    return ids->count == 0;
}

static void open_products(struct metrics *m)
{
    const struct metrics_query *query = m->query;
    m->has_product_filter = query->products.count > 0 || query->has_billing_type;
    for (unsigned i = 0; i < m->w->product_count; i++) {
        char id[UUID_CHARS + 1] = {0};
        bool is_one_time = m->w->products[i].made_from->interval == ONE_TIME;
        uuid_write(&m->w->key, SIM_PRODUCTS, i, id);
        m->products[i] =
            is_among(&query->products, id) &&
            (!query->has_billing_type || (is_one_time ? query->is_one_time : query->is_recurring));
    }
}

// The external id that events of the customer bear comes from the row that the address came from first.
static bool has_external_id(const struct customer_row *row)
{
    return row->deleted_us == 0 && (row->flags & CUSTOMER_HAS_EXTERNAL_ID) != 0;
}

static bool open_customers(struct metrics *m)
{
    uint32_t count = (uint32_t)m->w->customers.count;
    const struct metrics_ids *wanted = &m->query->customers;
    m->has_customer_filter = wanted->count > 0;
    m->customers = calloc(count + 1, sizeof *m->customers);
    m->people = calloc(count + 1, sizeof *m->people);
    bool *identities = calloc(count + 1, sizeof *identities);
    if (m->customers == NULL || m->people == NULL || identities == NULL) {
        free(identities);
        return false;
    }
    for (size_t i = 0; i < wanted->count; i++) {
        int64_t found = world_find(m->w, SIM_CUSTOMERS, wanted->ids[i]);
        if (found < 0)
            continue;
        const struct customer_row *row = customer_at(m->w, (uint32_t)found);
        m->customers[found] = true;
        identities[row->identity] |= has_external_id(row);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct customer_row *row = customer_at(m->w, i);
        m->people[i] = m->customers[i] || (has_external_id(row) && identities[row->identity]);
    }
    free(identities);
    return true;
}

bool metrics_open(struct metrics *m, const struct sim_world *world,
                  const struct metrics_query *query)
{
    *m = (struct metrics){.w = world, .query = query};
    m->keeps_nothing = !is_among(&query->organizations, world_organization_id(world));
    open_products(m);
    return open_buckets(m) && open_customers(m);
}

void metrics_close(struct metrics *m)
{
    free(m->buckets);
    free(m->customers);
    free(m->people);
}

struct metrics_bucket *metrics_bucket_of(const struct metrics *m, int64_t at_us)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (at_us < m->buckets[middle].from_us)
            high = middle;
        else if (at_us >= m->buckets[middle].until_us)
            low = middle + 1;
        else
            return &m->buckets[middle];
    }
    return NULL;
}

bool metrics_has_product(const struct metrics *m, uint8_t product)
{
    return !m->keeps_nothing &&
           (!m->has_product_filter || (product != SIM_NO_BYTE && m->products[product]));
}

bool metrics_has_customer(const struct metrics *m, uint32_t customer)
{
    return !m->keeps_nothing &&
           (!m->has_customer_filter || (customer != SIM_NO_ROW && m->customers[customer]));
}

bool metrics_has_person(const struct metrics *m, uint32_t customer)
{
    return !m->keeps_nothing &&
           (!m->has_customer_filter || (customer != SIM_NO_ROW && m->people[customer]));
}

bool metrics_has_event(const struct metrics *m, uint32_t event)
{
    return world_is_listed(m->w, SIM_EVENTS, event) &&
           metrics_has_person(m, event_at(m->w, event)->customer);
}

void metrics_set_add(struct metrics *m, struct metrics_set *set,
                     const struct metrics_bucket *bucket, uint32_t id)
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity * 2 + 256;
        uint64_t *pairs = realloc(set->pairs, capacity * sizeof *pairs);
        if (pairs == NULL) {
            m->has_failed = true;
            return;
        }
        set->pairs = pairs;
        set->capacity = capacity;
    }
    set->pairs[set->count++] = (uint64_t)(bucket - m->buckets) << 32 | id;
}

static int compare_pairs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void metrics_set_count(struct metrics *m, struct metrics_set *set, int metric)
{
    if (set->count > 0)
        qsort(set->pairs, set->count, sizeof *set->pairs, compare_pairs);
    for (size_t i = 0; i < set->count; i++)
        if (i == 0 || set->pairs[i] != set->pairs[i - 1])
            m->buckets[set->pairs[i] >> 32].whole[metric]++;
    free(set->pairs);
    *set = (struct metrics_set){0};
}
