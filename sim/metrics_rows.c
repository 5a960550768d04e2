// SPDX-License-Identifier: Apache-2.0
// metrics_rows.c - checkouts, and snapshots of the seats.
//
// A checkout counts when its page was opened; one from before that was measured counts when it was made. Seats count by the customer who pays
// for them, not by who sits there.
#include "metrics_parts.h"

#include <stdlib.h>

static const int64_t OPENING_REQUIRED_SINCE_US =
    INT64_C(1769083980) * SECOND_US; // 2026-01-22 12:13

void metrics_of_checkouts(struct metrics *m)
{
    for (uint32_t i = 0; i < m->w->checkouts.count; i++) {
        const struct checkout_row *checkout = checkout_at(m->w, i);
        int64_t at_us = fact_opened_us(m->w, i);
        if (at_us == 0 && checkout->created_us < OPENING_REQUIRED_SINCE_US)
            at_us = checkout->created_us;
        bool is_in_window = at_us != 0 && at_us >= m->start_us && at_us <= m->end_us &&
                            checkout->created_us >= m->start_us - DAY_US &&
                            checkout->created_us <= m->end_us;
        if (!is_in_window || !metrics_has_product(m, checkout->product) ||
            !metrics_has_customer(m, checkout->customer))
            continue;
        struct metrics_bucket *bucket = metrics_bucket_of(m, at_us);
        if (bucket == NULL)
            continue;
        bucket->whole[M_checkouts]++;
        bucket->whole[M_succeeded_checkouts] += checkout->status == CHECKOUT_SUCCEEDED;
    }
}

// What a customer's seats have been, as far as new and churned ones are told by it.
struct holder {
    int64_t first_created_us, last_revoked_us;
    bool has_any, has_unrevoked;
};

static bool is_seat_active(const struct metrics *m, const struct metrics_bucket *bucket,
                           const struct seat *seat)
{
    bool has_begun = seat->created_us < bucket->until_us && seat->created_us <= m->end_us;
    bool is_revoked = seat->revoked_us != 0 &&
                      (seat->revoked_us < bucket->until_us || seat->revoked_us < m->start_us);
    return has_begun && !is_revoked;
}

static void add_seat(struct metrics_bucket *bucket, const struct seat *seat)
{
    bool is_claimed = seat->claimed_us != 0 && seat->claimed_us < bucket->until_us;
    bucket->whole[M_seats_total]++;
    bucket->whole[is_claimed ? M_seats_claimed : M_seats_pending]++;
}

static void note_holder(struct holder *holder, const struct seat *seat)
{
    if (!holder->has_any || seat->created_us < holder->first_created_us)
        holder->first_created_us = seat->created_us;
    holder->has_any = true;
    holder->has_unrevoked |= seat->revoked_us == 0;
    if (seat->revoked_us > holder->last_revoked_us)
        holder->last_revoked_us = seat->revoked_us;
}

struct owned_seat {
    struct seat seat;
    uint32_t customer;
};

// The seats of the kept subscriptions; NULL when memory ran out.
static struct owned_seat *collect_seats(const struct metrics *m, size_t *ret_count)
{
    size_t count = 0, limit = 1;
    for (uint32_t i = 0; i < m->w->subscriptions.count; i++)
        limit += subscription_at(m->w, i)->seats;
    struct owned_seat *seats = calloc(limit, sizeof *seats);
    for (uint32_t i = 0; i < m->w->subscriptions.count && seats != NULL; i++) {
        const struct subscription_row *s = subscription_at(m->w, i);
        if (!metrics_has_product(m, s->product) || !metrics_has_customer(m, s->customer))
            continue;
        for (unsigned number = 0; number < s->seats; number++) {
            seats[count].customer = s->customer;
            count += fact_seat(m->w, i, number, &seats[count].seat);
        }
    }
    *ret_count = count;
    return seats;
}

// Counts in `marks` and in the figure the customers that were not marked before.
static void mark(bool *marks, uint32_t customer, int64_t *figure)
{
    *figure += !marks[customer];
    marks[customer] = true;
}

static void fill_seats(const struct metrics *m, struct metrics_bucket *bucket,
                       const struct owned_seat *seats, size_t count, const struct holder *holders,
                       bool *marks)
{
    uint32_t customers = (uint32_t)m->w->customers.count;
    bool *holds = marks, *is_new = marks + customers;
    for (size_t i = 0; i < (size_t)customers * 2; i++)
        marks[i] = false;
    for (size_t i = 0; i < count; i++) {
        const struct seat *seat = &seats[i].seat;
        uint32_t customer = seats[i].customer;
        if (!is_seat_active(m, bucket, seat))
            continue;
        add_seat(bucket, seat);
        mark(holds, customer, &bucket->whole[M_seat_customers]);
        if (seat->created_us >= bucket->from_us &&
            holders[customer].first_created_us >= bucket->from_us)
            mark(is_new, customer, &bucket->whole[M_new_seat_customers]);
    }
}

void metrics_of_seats(struct metrics *m)
{
    uint32_t customers = (uint32_t)m->w->customers.count;
    size_t count = 0;
    struct owned_seat *seats = collect_seats(m, &count);
    struct holder *holders = calloc(customers + 1, sizeof *holders);
    bool *marks = calloc((size_t)customers * 2 + 1, sizeof *marks);
    m->has_failed |= seats == NULL || holders == NULL || marks == NULL;
    if (!m->has_failed) {
        for (size_t i = 0; i < count; i++)
            note_holder(&holders[seats[i].customer], &seats[i].seat);
        for (size_t i = 0; i < m->count; i++)
            fill_seats(m, &m->buckets[i], seats, count, holders, marks);
        for (uint32_t i = 0; i < customers; i++) {
            bool has_left = holders[i].has_any && !holders[i].has_unrevoked;
            struct metrics_bucket *bucket =
                has_left ? metrics_bucket_of(m, holders[i].last_revoked_us) : NULL;
            if (bucket != NULL)
                bucket->whole[M_churned_seat_customers]++;
        }
    }
    free(seats);
    free(holders);
    free(marks);
}
