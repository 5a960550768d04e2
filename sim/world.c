// SPDX-License-Identifier: Apache-2.0
// world.c - a shop's whole past, played at full speed; its present is played on request (world_mutate.c).
//
// One loop runs both: take the next deed from the agenda, or let the next visitor in, whichever is earlier. While the world
// is built, visitors come as fast as the growth curve asks (orders to the power of time), which makes the wanted number of
// orders an outcome and not a truncation: every subscription that is due has renewed, whatever the size.
#include "world_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double GROWTH_POWER = 1.6;

void world_do(struct sim_world *w, const struct agenda_item *item)
{
    switch (item->deed) {
    case DEED_CHECKOUT_CONFIRM:
        shop_checkout_confirm(w, item->ref);
        break;
    case DEED_CHECKOUT_EXPIRE:
        shop_checkout_expire(w, item->ref);
        break;
    case DEED_ORDER_FINALIZE:
        order_finalize(w, item->ref);
        break;
    case DEED_ORDER_PAY:
        order_pay(w, item->ref, item->attempt);
        break;
    case DEED_ORDER_SETTLE:
        order_settle(w, item->ref);
        break;
    case DEED_REFUND:
        order_refund(w, item->ref);
        break;
    case DEED_REFUND_RESOLVE:
        order_refund_resolve(w, item->ref);
        break;
    case DEED_REFUND_REVERSE:
        order_refund_reverse(w, item->ref);
        break;
    case DEED_CUSTOMER_EDIT:
        shop_customer_edit(w, item->ref);
        break;
    case DEED_CUSTOMER_DELETE:
        shop_customer_delete(w, item->ref);
        break;
    case DEED_WALLET:
        shop_wallet(w, item->ref);
        break;
    default:
        life_deed(w, item);
    }
}

// When the growth curve wants the order after those that exist or are about to.
static int64_t next_visit_us(struct sim_world *w)
{
    double wanted = (double)w->options.order_count;
    double have = (double)w->orders.count + (double)w->confirmations_pending;
    double length_us =
        (double)(w->end_us - HOUR_US - w->opening_us); // the last buyer needs time to pay
    double share = (have + 1) / wanted;
    int64_t due_us = w->opening_us + (int64_t)(length_us * pow(share, 1 / GROWTH_POWER));
    int64_t gap_us = (int64_t)(length_us / wanted);
    int64_t hurry_us = (w->end_us - w->last_arrival_us) / 16;
    int64_t pace_us = gap_us / 2 < hurry_us ? gap_us / 2 : hurry_us;
    int64_t floor_us = w->last_arrival_us + chance_between(w, 0, pace_us + SECOND_US);
    if (chance_permille(w, 40))
        floor_us = w->last_arrival_us; // two visitors in the same microsecond
    int64_t patience_us = w->last_arrival_us + 12 * gap_us + DAY_US;
    if (due_us > patience_us)
        due_us = patience_us; // somebody always comes, however many renewals there are
    int64_t at_us = due_us > floor_us ? due_us : floor_us;
    if (at_us != w->last_arrival_us && chance_permille(w, 100))
        at_us = (at_us / SECOND_US + 1) * SECOND_US; // no fraction digits
    return at_us;
}

// A few orders over years would all be renewals of the first subscription; a small shop has opened lately.
static int64_t opening_us(const struct sim_world *w)
{
    int64_t longest_us = w->end_us - w->start_us;
    int64_t life_us = 45 * DAY_US + w->options.order_count * (7 * DAY_US / 2);
    return w->end_us - (life_us < longest_us ? life_us : longest_us);
}

void world_run_until(struct sim_world *w, int64_t until_us)
{
    struct agenda_item item;
    while (!w->has_failed && agenda_take(w, until_us, &item)) {
        if (item.at_us > w->now_us)
            w->now_us = item.at_us;
        if (mutate_allows(w, item.deed))
            world_do(w, &item);
    }
    if (until_us > w->now_us)
        w->now_us = until_us;
}

// Like run_agenda, but stops after a deed that placed an order, and says so.
static bool run_until_order(struct sim_world *w, int64_t until_us)
{
    struct agenda_item item;
    size_t orders = w->orders.count;
    while (!w->has_failed && agenda_take(w, until_us - 1, &item)) {
        if (item.at_us > w->now_us)
            w->now_us = item.at_us;
        world_do(w, &item);
        if (w->orders.count != orders)
            return true;
    }
    return false;
}

static void play_history(struct sim_world *w)
{
    int64_t import_us = w->opening_us + (w->end_us - w->opening_us) / 3;
    unsigned imports = w->options.order_count / 400 + 2;
    bool has_imported = false;
    while (!w->has_failed) {
        int64_t visit_us = next_visit_us(w);
        if (!has_imported && visit_us > import_us) {
            world_run_until(w, import_us);
            shop_import(w, imports > 500 ? 500 : imports);
            has_imported = true;
        }
        if (visit_us >= w->end_us)
            break;
        // An order of the agenda uses up demand, so the next visit is asked for again.
        if (run_until_order(w, visit_us))
            continue;
        if (visit_us > w->now_us)
            w->now_us = visit_us;
        w->last_arrival_us = w->now_us;
        shop_visit(w);
    }
    world_run_until(w, w->end_us);
}

static bool reserve_tables(struct sim_world *w)
{
    size_t n = w->options.order_count;
    return table_reserve(&w->orders, sizeof(struct order_row), n + n / 8 + 64) &&
           table_reserve(&w->customers, sizeof(struct customer_row), n / 4 + 64) &&
           table_reserve(&w->subscriptions, sizeof(struct subscription_row), n / 6 + 64) &&
           table_reserve(&w->refunds, sizeof(struct refund_row), n / 24 + 16) &&
           table_reserve(&w->checkouts, sizeof(struct checkout_row), n + 64) &&
           table_reserve(&w->events, sizeof(struct event_row), n * 5 + 64) &&
           table_reserve(&w->details, sizeof(struct event_detail), n / 8 + 16) &&
           table_reserve(&w->agenda, sizeof(struct agenda_item), n / 2 + 64) &&
           table_reserve(&w->late_events, sizeof(struct event_row), n / 16 + 16);
}

static bool is_plain_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// "Acme (sandbox)" gives the slug acme-sandbox and the invoice prefix ACME.
static void derive_slug(struct sim_world *w)
{
    size_t len = 0, prefix = 0;
    for (const char *c = w->name; *c != '\0' && len + 1 < sizeof w->slug; c++) {
        if (is_plain_letter(*c)) {
            w->slug[len++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
            if (prefix < 4)
                w->invoice_prefix[prefix++] = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        } else if (len > 0 && w->slug[len - 1] != '-' && is_plain_letter(c[1])) {
            w->slug[len++] = '-';
        }
    }
    if (len == 0) {
        snprintf(w->slug, sizeof w->slug, "shop");
        snprintf(w->invoice_prefix, sizeof w->invoice_prefix, "SHOP");
    }
}

static void name_organization(struct sim_world *w)
{
    static const char *const words[] = {"Acme",  "Globex",   "Initech", "Umbra",
                                        "Hooli", "Vandelay", "Wonka",   "Stark"};
    const char *word = words[w->options.seed % (sizeof words / sizeof words[0])];
    if (w->options.name != NULL)
        snprintf(w->name, sizeof w->name, "%s", w->options.name);
    else
        snprintf(w->name, sizeof w->name, "%s%s", word, w->options.is_sandbox ? " (sandbox)" : "");
    derive_slug(w);
    uuid_write(&w->key, SIM_ORGANIZATIONS, 0, w->organization_id);
}

static int64_t real_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

struct sim_world *world_new(const struct sim_world_options *options)
{
    struct sim_world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->options = *options;
    if (w->options.order_count == 0)
        w->options.order_count = 1;
    uint64_t seed = uuid_hash(options->seed, options->is_sandbox ? 2 : 1);
    w->key = (struct uuid_key){uuid_hash(seed, 11), uuid_hash(seed, 12), uuid_hash(seed, 13)};
    w->random = seed;
    w->last_deleted_customer = SIM_NO_ROW;
    w->allowed = UINT64_MAX;
    w->end_us = options->now_us != 0 ? options->now_us : real_now_us();
    w->start_us = w->end_us - (int64_t)(options->years ? options->years : 3) * 365 * DAY_US;
    w->opening_us = opening_us(w);
    w->now_us = w->last_arrival_us = w->opening_us;
    name_organization(w);
    w->options.name = w->name;
    w->reads = calloc(1, sizeof *w->reads);
    if (w->reads == NULL || !reserve_tables(w) || !catalog_open(w)) {
        world_free(w);
        return NULL;
    }
    play_history(w);
    w->organization_modified_us = w->end_us - 1989797;
    w->is_built = true;
    w->version = 1;
    if (w->has_failed || !events_merge_late(w)) {
        world_free(w);
        return NULL;
    }
    return w;
}

void world_free(struct sim_world *w)
{
    if (w == NULL)
        return;
    catalog_close(w);
    struct table *tables[] = {&w->customers, &w->subscriptions, &w->orders,
                              &w->refunds,   &w->checkouts,     &w->events,
                              &w->details,   &w->agenda,        &w->late_events};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        free(tables[i]->data);
    free(w->reads);
    free(w);
}

int64_t world_now_us(const struct sim_world *world)
{
    return world->now_us;
}

const char *world_organization_id(const struct sim_world *world)
{
    return world->organization_id;
}

const char *world_organization_name(const struct sim_world *world)
{
    return world->name;
}

uint64_t world_version(const struct sim_world *world)
{
    return world->version;
}
