// SPDX-License-Identifier: Apache-2.0
// world_parts.h - what the files of the world share: chance, calendar, money, people, rows, agenda, life.
#ifndef SIM_WORLD_PARTS_H
#define SIM_WORLD_PARTS_H

#include "world_rows.h"

// Chance (world_chance.c). All of it comes from the world's own state, so equal seeds give equal worlds.
uint64_t chance_next(struct sim_world *w);
// 0 .. limit-1; limit > 0.
uint64_t chance_below(struct sim_world *w, uint64_t limit);
bool chance_permille(struct sim_world *w, unsigned permille);
int64_t chance_between(struct sim_world *w, int64_t low_us, int64_t high_us);
// A hash that depends on the seed, a row and a purpose: for attributes that are derived, not stored.
uint64_t chance_of_row(const struct sim_world *w, unsigned kind, uint64_t index, unsigned purpose);

// Calendar (world_calendar.c).
struct calendar_date {
    int32_t year, month, day; // month 1..12, day 1..31
};
struct calendar_date calendar_from_days(int64_t days_since_1970);
int64_t calendar_to_days(struct calendar_date date);
// `count` intervals later at the same time of day; months end early when they lack `anchor_day`.
int64_t calendar_add(int64_t at_us, enum interval interval, int count, int anchor_day);
int calendar_day_of_month(int64_t at_us);

// Money (world_money.c).
struct currency_info {
    const char *code;
    int64_t usd_rate;    // millionths of a USD minor unit per minor unit, on average
    int64_t price_scale; // catalogue price = USD cents * scale / 100, rounded to `price_step`
    int64_t price_step;
};
extern const struct currency_info currencies[CURRENCY_COUNT];

struct country_info {
    const char *code, *state, *city, *postal_code, *line, *locale, *tax_prefix, *tax_format;
    enum currency currency;
    int32_t tax_basis_points;
    bool is_inclusive;
};
enum { COUNTRY_COUNT = 14 };
extern const struct country_info countries[COUNTRY_COUNT];

struct totals {
    int64_t net, tax;
    bool is_inclusive;
};
int64_t money_price(enum currency currency, int64_t usd_cents);
// Round half away from zero of amount * numerator / denominator.
int64_t money_scale(int64_t amount, int64_t numerator, int64_t denominator);
// amount * part / whole as Polar scales a subscription's amount: in doubles, half to even.
int64_t money_share(int64_t amount, int64_t part, int64_t whole);
struct totals money_totals(int64_t taxable, const struct country_info *country, bool is_business);
// Millionths of a USD cent per minor unit on that day; 1000000 for USD.
int64_t money_rate(const struct sim_world *w, enum currency currency, int64_t at_us);
int64_t money_discount(const struct discount *discount, enum currency currency, int64_t subtotal);
// Per-seat price under the tiers of a seat or unit price whose base is `amount`.
int64_t money_tier_total(int64_t amount, bool is_graduated, int64_t count);

// People (world_people.c).
struct person {
    char name[128], email[128], billing_name[128], external_id[40], tax_id[32];
    size_t name_len, email_len, billing_name_len, external_id_len, tax_id_len;
    const struct country_info *country;
    bool has_name, has_email, has_external_id, has_tax_id, has_billing_name, has_address;
    bool is_deleted;
};
void person_fill(const struct sim_world *w, uint32_t customer, struct person *ret);
// As the customer was when its row had these edits and flags.
void person_fill_as(const struct sim_world *w, uint32_t customer, uint8_t edits, uint8_t flags,
                    struct person *ret);
// The name on orders: as it was when the customer came, kept when the customer is edited or erased.
// `ret` holds 128 bytes.
size_t person_order_name(const struct sim_world *w, uint32_t customer, char *ret);

// Rows and agenda (world_store.c). After a failed allocation `has_failed` is set and the returned index names a spare
// slot that is never listed, so callers need not look.
uint32_t row_append(struct sim_world *w, struct table *table);
bool table_reserve(struct table *table, size_t element, size_t count);
void agenda_add(struct sim_world *w, int64_t at_us, enum deed deed, uint32_t ref,
                uint16_t generation, uint8_t attempt);
// False when the next item lies after `until_us` or there is none.
bool agenda_take(struct sim_world *w, int64_t until_us, struct agenda_item *ret);
struct event_row *event_add(struct sim_world *w, enum event_name name, int64_t at_us,
                            uint32_t customer, uint32_t ref);
// Merges events that were written late into their place by time; only while the world is built.
bool events_merge_late(struct sim_world *w);
void row_touched(struct sim_world *w, int64_t *modified_us);

// Catalogue (world_catalog.c).
extern const struct product_template product_templates[PRODUCT_COUNT];
bool catalog_open(struct sim_world *w);
void catalog_close(struct sim_world *w);
void catalog_change_price(struct sim_world *w, unsigned product, unsigned currency, int percent);
void catalog_rename_product(struct sim_world *w, unsigned product);
bool catalog_is_renamed(const struct sim_world *w, unsigned product);
// The product's name at that time; `ret` holds PRODUCT_NAME_BYTES.
void catalog_name(const struct sim_world *w, unsigned product, bool is_renamed, char *ret);
void catalog_archive_product(struct sim_world *w, unsigned product, bool is_archived);
void catalog_delete_benefit(struct sim_world *w, unsigned benefit);
void catalog_edit_benefit(struct sim_world *w, unsigned benefit);
void catalog_restore_benefit(struct sim_world *w, unsigned benefit);
void catalog_new_benefit(struct sim_world *w);
void catalog_new_product(struct sim_world *w);
void catalog_touch_price(struct sim_world *w, unsigned product);
// Catalogue JSON (render_catalog.c). False when memory ran out.
bool fragments_make(struct sim_world *w);
bool fragments_of_price(struct sim_world *w, unsigned price);
bool fragments_of_product(struct sim_world *w, unsigned product);
bool fragments_of_benefit(struct sim_world *w, unsigned benefit);

// Customers and orders (world_shop.c).
uint32_t shop_customer_new(struct sim_world *w, uint8_t country, int64_t at_us);
void shop_visit(struct sim_world *w);
void shop_meet(struct sim_world *w, struct checkout_row *checkout, uint32_t customer);
void shop_checkout_confirm(struct sim_world *w, uint32_t checkout);
void shop_checkout_expire(struct sim_world *w, uint32_t checkout);
void shop_import(struct sim_world *w, unsigned count);
void shop_wallet(struct sim_world *w, uint32_t customer);
void shop_late_order(struct sim_world *w);
void shop_late_rows(struct sim_world *w);
void shop_customer_edit(struct sim_world *w, uint32_t customer);
void shop_customer_delete(struct sim_world *w, uint32_t customer);
void shop_customer_restore(struct sim_world *w, uint32_t customer);
void shop_user_event(struct sim_world *w, uint32_t subscription);

struct order_plan {
    uint32_t customer, subscription, checkout;
    uint8_t product, currency, discount, reason, campaign;
    uint16_t price, metered_price, seats, units;
    int64_t first_item, second_item, discount_amount;
};
uint32_t order_place(struct sim_world *w, const struct order_plan *plan, enum order_status status,
                     int64_t at_us);
void order_finalize(struct sim_world *w, uint32_t order);
void order_pay(struct sim_world *w, uint32_t order, uint8_t attempt);
void order_settle(struct sim_world *w, uint32_t order);
void order_refund(struct sim_world *w, uint32_t order);
void order_refund_resolve(struct sim_world *w, uint32_t refund);
void order_refund_reverse(struct sim_world *w, uint32_t refund);
void order_void(struct sim_world *w, uint32_t order);
void order_unvoid(struct sim_world *w, uint32_t order);
void order_redraft(struct sim_world *w, uint32_t order);
int64_t order_total(const struct order_row *order);
int64_t order_refundable(const struct order_row *order);

// Subscriptions (world_life.c).
struct subscription_plan {
    uint32_t customer, checkout;
    uint8_t product, currency, discount, campaign;
    uint16_t seats, units;
    int64_t custom_amount;
    bool has_trial;
};
uint32_t life_begin(struct sim_world *w, const struct subscription_plan *plan);
void life_import(struct sim_world *w, const struct subscription_plan *plan, int64_t started_us);
void life_deed(struct sim_world *w, const struct agenda_item *item);
void life_paid(struct sim_world *w, uint32_t subscription, uint32_t order);
void life_payment_failed(struct sim_world *w, uint32_t subscription, uint32_t order,
                         uint8_t attempt);
void life_end(struct sim_world *w, uint32_t subscription, enum subscription_status status);
void life_cancel(struct sim_world *w, uint32_t subscription, bool is_immediate);
void life_uncancel(struct sim_world *w, uint32_t subscription);
void life_change_plan(struct sim_world *w, uint32_t subscription);
void life_change_seats(struct sim_world *w, uint32_t subscription);
void life_pause(struct sim_world *w, uint32_t subscription);
void life_resume(struct sim_world *w, uint32_t subscription);
void life_renew_now(struct sim_world *w, uint32_t subscription);
void life_fall_due(struct sim_world *w, uint32_t subscription);
void life_reinstate(struct sim_world *w, uint32_t subscription);
// The newest order or checkout of the subscription says how much of its amount is tax.
void life_taxed(struct sim_world *w, uint32_t subscription, const struct totals *totals);
bool life_is_active(const struct subscription_row *s);
int64_t life_base_amount(const struct sim_world *w, const struct subscription_row *s);

// What the service knows and no list of its API shows (world_facts.c).
enum { DISPUTE_FEE = 1500 };
// Since then all shops of the service together have been paid every day, at money_rate().
#define SERVICE_OPENED_US (INT64_C(17897) * DAY_US) // 2019-01-01
// When a browser showed the checkout, 0 when none has yet, or when that was not yet measured.
int64_t fact_opened_us(const struct sim_world *w, uint32_t checkout);
struct seat {
    int64_t created_us, claimed_us, revoked_us; // 0 = not yet
};
// The seat of that number (below the subscription's `seats`); false when nobody has been given it.
bool fact_seat(const struct sim_world *w, uint32_t subscription, unsigned number, struct seat *ret);
// What the merchant says an event cost, in millionths of a US cent; 0 = nothing is said.
int64_t fact_cost(const struct event_row *event);

// The rest (world.c).
void world_do(struct sim_world *w, const struct agenda_item *item);
void world_run_until(struct sim_world *w, int64_t until_us);
// Whether the shop's own plans may come true (world_mutate.c): a test may ask for a quiet one.
bool mutate_allows(const struct sim_world *w, enum deed deed);

#endif
