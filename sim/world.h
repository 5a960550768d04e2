// SPDX-License-Identifier: Apache-2.0
// world.h - the simulated shop: what exists, when, and how it reads as JSON.
//
// A world is one seeded organization living in simulated time. It holds compact rows (a few hundred bytes each at most, no JSON), from
// which any row can be rendered at any moment; a page of JSON never outlives its response. Equal options give equal worlds, byte for
// byte. The world knows nothing of HTTP: server.c asks it for rows, keys to filter and sort by, and JSON; it applies Polar's rules.
//
// Row indexes run 0 .. world_count()-1 in creation order (created_at ascending) and stay valid for the life of the world: rows are
// only appended. A deleted row keeps its index and stops being listed. A row that commits late during world_mutate is the
// exception to the order: it is appended with a created_at minutes in the past. Reading is safe from several threads at once;
// mutation needs the world for itself. The one value outside the seed is a Discord benefit's guild_token, new at each read.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_world; // opaque

struct sim_world_options {
    uint64_t seed;
    uint32_t order_count; // wanted number of orders; other tables follow in realistic proportion
    int64_t now_us; // simulated "now", microseconds since 1970 UTC; 0 = the real clock at creation
    uint32_t years; // how far back the shop goes; 0 = 3
    const char *name; // organization name, NULL = made from the seed
    bool is_sandbox;  // other ids, fewer rows, nothing else
    bool
        without_newest_shapes; // leaves out what SDK 0.49.0 refuses: unit_based prices, subscription.reinstated
};

enum sim_table {
    SIM_ORGANIZATIONS,
    SIM_CUSTOMERS,
    SIM_PRODUCTS,
    SIM_ORDERS,
    SIM_SUBSCRIPTIONS,
    SIM_REFUNDS,
    SIM_CHECKOUTS,
    SIM_BENEFITS,
    SIM_EVENTS,
    SIM_TABLE__COUNT
};

// Everything that a filter or a sort key of polar-api section 4 needs. A field that a table does not have reads as SIM_NULL.
enum sim_field {
    SIM_F_ID,              // TEXT, uuid
    SIM_F_CREATED_AT,      // INT, microseconds (events: timestamp)
    SIM_F_STATUS,          // TEXT
    SIM_F_NAME,            // TEXT (products, organizations, customers)
    SIM_F_SLUG,            // TEXT (organizations)
    SIM_F_EMAIL,           // TEXT (customers: email; checkouts: customer_email)
    SIM_F_EXTERNAL_ID,     // TEXT (customers; via customer elsewhere; deleted customers read NULL)
    SIM_F_BILLING_NAME,    // TEXT
    SIM_F_ORGANIZATION_ID, // TEXT
    SIM_F_CUSTOMER_ID,     // TEXT
    SIM_F_CUSTOMER_EMAIL,  // TEXT, of the row's customer (sort key `customer`)
    SIM_F_PRODUCT_ID,      // TEXT
    SIM_F_PRODUCT_NAME,    // TEXT (sort key `product`)
    SIM_F_DISCOUNT_ID,     // TEXT
    SIM_F_DISCOUNT_NAME,   // TEXT (sort key `discount`)
    SIM_F_SUBSCRIPTION_ID, // TEXT
    SIM_F_CHECKOUT_ID,     // TEXT
    SIM_F_ORDER_ID,        // TEXT (refunds)
    SIM_F_TYPE, // TEXT (benefits; products: "one_time"/"recurring" billing type; orders: product's billing type)
    SIM_F_DESCRIPTION,        // TEXT (benefits)
    SIM_F_VISIBILITY,         // TEXT (products)
    SIM_F_IS_ARCHIVED,        // INT 0/1 (products)
    SIM_F_IS_RECURRING,       // INT 0/1 (products)
    SIM_F_IS_ACTIVE,          // INT 0/1 (customers: has trialing/active/past_due subscription)
    SIM_F_SUCCEEDED,          // INT 0/1 (refunds)
    SIM_F_AMOUNT,             // INT (orders: net; refunds: amount; subscriptions: month-normalised)
    SIM_F_PRICE_AMOUNT_TYPE,  // TEXT (products)
    SIM_F_PRICE_AMOUNT,       // INT (products)
    SIM_F_INVOICE_NUMBER,     // TEXT (orders)
    SIM_F_STARTED_AT,         // INT (subscriptions)
    SIM_F_CURRENT_PERIOD_END, // INT
    SIM_F_CANCELED_AT,        // INT
    SIM_F_CANCEL_AT_PERIOD_END, // INT 0/1
    SIM_F_CANCELLATION_REASON,  // TEXT
    SIM_F_ENDED_AT,             // INT
    SIM_F_ENDS_AT,              // INT
    SIM_F_EXPIRES_AT,           // INT (checkouts)
    SIM_F_SOURCE,               // TEXT (events: system|user)
    SIM_F__COUNT
};

enum sim_kind { SIM_NULL, SIM_INT, SIM_TEXT };

struct sim_value {
    enum sim_kind kind;
    int64_t integer;
    const char *text; // borrowed: from the world, or from the caller's scratch
    size_t len;
};

enum { SIM_SCRATCH_BYTES = 512 };

// A growing output buffer. `append` never fails visibly: a failed allocation sets `failed` and later appends do nothing.
struct sim_out {
    char *data;
    size_t len, capacity;
    bool failed;
};
void sim_out_append(struct sim_out *out, const char *data, size_t len);
void sim_out_text(struct sim_out *out, const char *text);
void sim_out_format(struct sim_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_out_release(struct sim_out *out);

// NULL when memory ran out.
struct sim_world *world_new(const struct sim_world_options *options);
void world_free(struct sim_world *world);

int64_t world_now_us(const struct sim_world *world);
const char *world_organization_id(const struct sim_world *world);
const char *world_organization_name(const struct sim_world *world);

uint32_t world_count(const struct sim_world *world, enum sim_table table);
// False for rows that Polar's list leaves out (deleted customers and benefits, ...).
bool world_is_listed(const struct sim_world *world, enum sim_table table, uint32_t index);
struct sim_value world_value(const struct sim_world *world, enum sim_table table, uint32_t index,
                             enum sim_field field, char scratch[static SIM_SCRATCH_BYTES]);
// True when the row's metadata holds `key` with this value, compared as strings.
bool world_metadata_is(const struct sim_world *world, enum sim_table table, uint32_t index,
                       const char *key, const char *value);
// True when the product (SIM_PRODUCTS) carries that benefit, or when the checkout (SIM_CHECKOUTS) offers that product.
bool world_has_member(const struct sim_world *world, enum sim_table table, uint32_t index,
                      const char *id);
// Index of the row with this id (36 characters), listed or not; -1 when there is none. Must not be a linear scan for large tables.
int64_t world_find(const struct sim_world *world, enum sim_table table, const char *id);

// Appends the row as Polar prints it: compact JSON, fields in polar-api section 5 order, hidden and units fields included.
void world_render(const struct sim_world *world, enum sim_table table, uint32_t index,
                  struct sim_out *out);

// For tests: what the service knows beside its rows, as JSON lines. `about` is subscriptions (their net_amount), checkouts (opened_at),
// seats, or rates (of exchange, by day); false for anything else.
bool world_render_facts(const struct sim_world *world, const char *about, struct sim_out *out);

// Lets `count` things happen (seeded: same world, same seed, same result): new checkouts, orders, renewals, upgrades, refunds, refund
// reversals, cancellations, un-cancellations, pauses, past due, dunning, voids, customer edits and deletions, price and name changes, benefit
// deletions, late-committed rows (created_at in the past), ... and moves simulated time forward by `seconds`. Returns how many changes
// were made to rows, new rows and events included (one row may change twice).
uint32_t world_mutate(struct sim_world *world, uint64_t seed, uint32_t count, int64_t seconds);
// The same, by kinds (world_mutate.c; sim/README.md lists them).
enum { SIM_KIND_COUNT = 44 };
struct sim_mutation {
    uint64_t seed;
    uint32_t count;
    int64_t seconds;
    uint64_t kinds;            // set of kinds that may happen, plans of the shop included; 0 = all
    bool is_scattered;         // rows of any age alike; else every second one is recent
    uint8_t event_lag_minutes; // new events are listed up to so long after their time
};
struct sim_mutated {
    uint32_t changed;                 // as world_mutate() says
    uint32_t of_kind[SIM_KIND_COUNT]; // how often each was done
    uint32_t impossible;              // asked for, but no row was in a state for it
};
void world_mutate_kinds(struct sim_world *world, const struct sim_mutation *mutation,
                        struct sim_mutated *ret);
const char *world_kind_name(unsigned kind);
// Names of kinds and of groups of kinds, with commas between; false when one is unknown or there is none.
bool world_kinds_parse(const char *text, uint64_t *ret_kinds);
// Grows by one each time anything visible changes; lets a server cache a sorted order.
uint64_t world_version(const struct sim_world *world);

#endif
