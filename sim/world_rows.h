// SPDX-License-Identifier: Apache-2.0
// world_rows.h - the shop in memory: compact rows, the catalogue they point to, and the agenda of what happens next.
//
// Everything here is private to world_*.c and render_*.c. A row stores what happened (instants, amounts, references as
// row indexes); what can be derived from an index and the seed (names, addresses, campaign, IP address) is hashed when it
// is needed. All instants are microseconds since 1970 UTC, 0 meaning "null". All money is in minor units of the row's
// currency.
#ifndef SIM_WORLD_ROWS_H
#define SIM_WORLD_ROWS_H

#include "uuid.h"
#include "world.h"

#include <stdatomic.h>

#define SIM_NO_ROW UINT32_MAX

enum {
    SIM_NO_BYTE = 255,
    PRODUCT_COUNT = 20, // what a new shop sells; the ones that come later are not sold
    PRODUCT_LIMIT = 60,
    PRODUCT_NAME_BYTES = 72,
    BENEFIT_COUNT = 9,
    BENEFIT_LIMIT = 40,
    DISCOUNT_COUNT = 10,
    METER_COUNT = 2,
    PRICE_LIMIT = 512, // price versions over the life of a world
    BENEFITS_PER_PRODUCT = 4,
    MEMBERSHIP_LIMIT = 16,
};

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

// What an id names: the tables of world.h first, then the things that only live inside rows.
enum id_kind {
    ID_PRICE = SIM_TABLE__COUNT,
    ID_ITEM,
    ID_METER,
    ID_DISCOUNT,
    ID_MEDIA,
    ID_FIELD,
    ID_PAYMENT_METHOD,
    ID_TRANSACTION,
    ID_GRANT,
    ID_DISPUTE,
    ID_PAYMENT,
    ID_ACCOUNT,
    ID_SUBSCRIPTION_METER,
    ID_PENDING_UPDATE,
    ID_FILE,
};

enum currency { USD, EUR, GBP, JPY, KRW, CURRENCY_COUNT };
enum interval { BY_DAY, BY_WEEK, BY_MONTH, BY_YEAR, ONE_TIME };
enum price_kind { FIXED, CUSTOM, SEATS, METERED, UNITS, LEGACY };
enum order_status { DRAFT, PENDING, PAID, REFUNDED, PARTIALLY_REFUNDED, VOID };
enum billing_reason { PURCHASE, CREATE, CYCLE, UPDATE, METER_CYCLE };
enum subscription_status {
    INCOMPLETE,
    INCOMPLETE_EXPIRED,
    TRIALING,
    ACTIVE,
    PAST_DUE,
    CANCELED,
    UNPAID,
    PAUSED
};
enum refund_status { REFUND_PENDING, REFUND_SUCCEEDED, REFUND_FAILED, REFUND_CANCELED };
enum refund_reason {
    DUPLICATE,
    FRAUDULENT,
    CUSTOMER_REQUEST,
    SERVICE_DISRUPTION,
    SATISFACTION_GUARANTEE,
    DISPUTE_PREVENTION,
    OTHER_REASON,
    REFUND_REASON_COUNT
};
enum checkout_status {
    CHECKOUT_OPEN,
    CHECKOUT_EXPIRED,
    CHECKOUT_CONFIRMED,
    CHECKOUT_SUCCEEDED,
    CHECKOUT_FAILED
};

// The catalogue.

struct product_template {
    const char *name, *description, *sku;
    int64_t amount_usd; // minor units of USD; other currencies follow
    enum price_kind kind;
    enum interval interval;
    uint8_t interval_count, trial_days, currency_mask, weight;
    bool is_archived, is_metered, has_meter_cycle, has_media;
    const char *visibility;
    uint8_t benefits[BENEFITS_PER_PRODUCT]; // 1-based, 0 ends
    uint8_t field_mask;
};

struct fragment { // JSON that many rows share
    char *text;
    size_t len;
    size_t token_at; // where a Discord token stands that changes at each read; 0 = nowhere
};

struct price {
    int64_t created_us, modified_us, amount;
    uint8_t product, currency, kind;
    bool is_archived;
    struct fragment json;
};

struct product {
    const struct product_template *made_from;
    char name[PRODUCT_NAME_BYTES];
    int64_t created_us, modified_us;
    bool is_archived;
    uint16_t price[CURRENCY_COUNT],
        metered_price[CURRENCY_COUNT]; // indexes into prices, UINT16_MAX = none
    struct fragment
        core; // "id": … "organization_id", without braces: shared by product, order and checkout
    struct fragment metadata;       // an object
    struct fragment prices;         // an array
    struct fragment full, checkout; // whole objects
    struct fragment fields;         // attached_custom_fields
};

struct benefit {
    int64_t created_us, modified_us;
    bool is_deleted;
    struct fragment full, short_form;
};

struct discount {
    const char *name, *code;
    bool is_percentage;
    int16_t months; // 0 = once, -1 = for ever, else repeating
    int32_t basis_points;
    int32_t amount_usd;
    int64_t created_us, modified_us, ends_us;
    uint32_t redemptions;
    struct fragment head, tail, checkout; // redemptions_count stands between head and tail
};

// The rows.

enum {
    CUSTOMER_TEAM = 1,
    CUSTOMER_HAS_EMAIL = 2,
    CUSTOMER_HAS_EXTERNAL_ID = 4,
    CUSTOMER_HAS_TAX_ID = 8,
    CUSTOMER_VERIFIED = 16,
    CUSTOMER_HAS_ADDRESS = 32,
    CUSTOMER_ANONYMIZED = 64,
    CUSTOMER_HAS_NAME = 128
};

struct customer_row {
    int64_t created_us, modified_us, deleted_us, first_event_us;
    int64_t balance;   // credit held, in the customer's currency
    uint32_t identity; // the row whose e-mail and external id it uses: itself, or a deleted one
    uint32_t last_subscription; // head of the customer's chain
    uint16_t order_count;
    uint8_t country, flags, edits;
};

struct subscription_row {
    int64_t created_us, modified_us, started_us;
    int64_t period_start_us, period_end_us, meter_start_us, meter_end_us, trial_start_us,
        trial_end_us;
    int64_t canceled_us, ends_us, ended_us, past_due_us, paused_us, resumes_us;
    int64_t amount;     // base less the discount, per interval
    int64_t net_amount; // the same less the tax that it includes: no list of the API shows it
    int64_t custom_amount;
    int64_t pending_at_us; // 0 = no pending update
    uint32_t customer, checkout, previous_of_customer, open_order;
    uint32_t usage; // metered units in this period
    uint16_t price, metered_price, seats, units, cycles, generation, pending_seats;
    uint8_t product, currency, status, discount, reason, comment, anchor_day, pending_product,
        campaign;
    bool cancel_at_period_end, pause_at_period_end;
};

enum {
    ORDER_HAS_FEE = 1,
    ORDER_HAS_RECEIPT = 2,
    ORDER_INVOICE_MADE = 4,
    ORDER_INCLUSIVE_TAX = 8,
    ORDER_BY_CARD = 16,
    ORDER_OF_RENAMED = 32 // its product had its other name then
};

struct order_row {
    int64_t created_us, modified_us, next_attempt_us;
    int64_t subtotal, discount_amount, net, tax, applied_balance, refunded, refunded_tax;
    int64_t
        second_item; // amount of the second item: metered usage, or minus the unused part of an old plan
    uint32_t customer, subscription, checkout;
    int32_t fee;
    uint16_t price, metered_price, seats, units, invoice;
    uint8_t product, currency, status, reason, discount, flags, campaign, pending_refunds;
};

struct refund_row {
    int64_t created_us, modified_us, amount, tax;
    uint32_t order;
    uint8_t status, reason;
    bool revokes_benefits;
};

struct checkout_row {
    int64_t created_us, modified_us, amount;
    int64_t opened_us; // when a browser showed it, maybe yet to come; 0 = never
    uint32_t customer, upgrade_of;
    uint16_t price, seats;
    uint8_t product, currency, discount, country, status, campaign;
    uint8_t buyer_edits,
        buyer_flags; // of the customer when the checkout met them: the form keeps what was typed
    bool is_business;
};

enum event_name {
    EV_CUSTOMER_CREATED,
    EV_CUSTOMER_UPDATED,
    EV_CUSTOMER_DELETED,
    EV_CHECKOUT_CREATED,
    EV_ORDER_PAID,
    EV_ORDER_REFUNDED,
    EV_ORDER_VOIDED,
    EV_ORDER_UNVOIDED,
    EV_BALANCE_ORDER,
    EV_BALANCE_CREDIT_ORDER,
    EV_BALANCE_REFUND,
    EV_BALANCE_REFUND_REVERSAL,
    EV_BALANCE_DISPUTE,
    EV_SUBSCRIPTION_CREATED,
    EV_SUBSCRIPTION_CYCLED,
    EV_SUBSCRIPTION_CANCELED,
    EV_SUBSCRIPTION_UNCANCELED,
    EV_SUBSCRIPTION_REINSTATED,
    EV_SUBSCRIPTION_REVOKED,
    EV_SUBSCRIPTION_UPDATED,
    EV_SUBSCRIPTION_PRODUCT_UPDATED,
    EV_SUBSCRIPTION_SEATS_UPDATED,
    EV_SUBSCRIPTION_PAST_DUE,
    EV_SUBSCRIPTION_PAUSED,
    EV_SUBSCRIPTION_RESUMED,
    EV_SUBSCRIPTION_REACTIVATED,
    EV_SUBSCRIPTION_PERIOD_UPDATED,
    EV_BENEFIT_GRANTED,
    EV_BENEFIT_REVOKED,
    EV_METER_CREDITED,
    EV_METER_RESET,
    EV_USER_API_CALL,
    EV_USER_COMPLETION,
    EV_USER_SIGNUP,
    EVENT_NAME_COUNT
};

struct event_row {
    int64_t at_us;
    int64_t amount;         // subscription amount, refunded amount, old period end …
    uint32_t customer, ref; // ref: a row of the table that the name speaks of
    uint32_t
        aux; // index of a detail, packed old and new seats, a benefit, a customer's edits and flags
    uint8_t name, product, currency;
    uint8_t lag_minutes; // listed only so long after its time: the feed is eventually consistent
};

// What a few events need beside: subscription.canceled, .paused, .billing_period_updated.
struct event_detail {
    int64_t first_us, second_us;
    uint8_t reason, comment;
    bool at_period_end;
};

// The agenda.

enum deed {
    DEED_CHECKOUT_CONFIRM,
    DEED_CHECKOUT_EXPIRE,
    DEED_ORDER_FINALIZE,
    DEED_ORDER_PAY,
    DEED_ORDER_SETTLE,
    DEED_CYCLE,
    DEED_CANCEL,
    DEED_UNCANCEL,
    DEED_CHANGE_PLAN,
    DEED_CHANGE_SEATS,
    DEED_RESUME,
    DEED_METER_CYCLE,
    DEED_REFUND,
    DEED_REFUND_RESOLVE,
    DEED_REFUND_REVERSE,
    DEED_CUSTOMER_EDIT,
    DEED_CUSTOMER_DELETE,
    DEED_USER_EVENT,
    DEED_WALLET,
    DEED_COUNT
};

struct agenda_item {
    int64_t at_us;
    uint32_t sequence, ref;
    uint16_t
        generation; // of the subscription when it was planned; a later one makes the item stale
    uint8_t deed, attempt;
};

// A growing array; `element` bytes each.
struct table {
    char *data;
    size_t count, capacity, element;
};

struct sim_world {
    struct sim_world_options options;
    char name[64], slug[64], invoice_prefix[8];
    char organization_id[UUID_CHARS + 1];
    struct uuid_key key;
    uint64_t random, version, changes;
    int64_t start_us, opening_us, now_us,
        end_us; // the organization's founding, its first visitor, its present, its past's end
    int64_t organization_modified_us;
    bool has_failed; // memory ran out; rows are incomplete
    bool is_built;

    struct product products[PRODUCT_LIMIT];
    struct benefit benefits[BENEFIT_LIMIT];
    unsigned product_count, benefit_count;
    struct discount discounts[DISCOUNT_COUNT];
    struct price prices[PRICE_LIMIT];
    uint16_t price_count;

    struct table customers, subscriptions, orders, refunds, checkouts, events, details, agenda,
        late_events;
    uint32_t agenda_sequence;
    uint64_t confirmations_pending;
    int64_t last_arrival_us;
    uint64_t allowed;  // kinds of things that may happen now (world_mutate.c)
    bool is_scattered; // rows of any age are met, not mostly recent ones
    uint8_t event_lag_minutes;
    uint32_t last_deleted_customer;
    _Atomic uint64_t *reads; // counts renderings; the only thing that a rendering changes
};

// Rows.
static inline struct customer_row *customer_at(const struct sim_world *w, uint32_t i)
{
    return (struct customer_row *)(void *)w->customers.data + i;
}
static inline struct subscription_row *subscription_at(const struct sim_world *w, uint32_t i)
{
    return (struct subscription_row *)(void *)w->subscriptions.data + i;
}
static inline struct order_row *order_at(const struct sim_world *w, uint32_t i)
{
    return (struct order_row *)(void *)w->orders.data + i;
}
static inline struct refund_row *refund_at(const struct sim_world *w, uint32_t i)
{
    return (struct refund_row *)(void *)w->refunds.data + i;
}
static inline struct checkout_row *checkout_at(const struct sim_world *w, uint32_t i)
{
    return (struct checkout_row *)(void *)w->checkouts.data + i;
}
static inline struct event_row *event_at(const struct sim_world *w, uint32_t i)
{
    return (struct event_row *)(void *)w->events.data + i;
}
static inline struct event_detail *detail_at(const struct sim_world *w, uint32_t i)
{
    return (struct event_detail *)(void *)w->details.data + i;
}

#endif
