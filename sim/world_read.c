// SPDX-License-Identifier: Apache-2.0
// world_read.c - rows as keys to filter and sort by; the questions that the server asks.
#include "world_names.h"
#include "world_parts.h"

#include <stdio.h>
#include <string.h>

static struct sim_value null_value(void)
{
    return (struct sim_value){SIM_NULL, 0, NULL, 0};
}

static struct sim_value integer(int64_t value)
{
    return (struct sim_value){SIM_INT, value, NULL, 0};
}

static struct sim_value instant(int64_t at_us)
{
    return at_us == 0 ? null_value() : integer(at_us);
}

static struct sim_value text(const char *value)
{
    return value == NULL ? null_value() : (struct sim_value){SIM_TEXT, 0, value, strlen(value)};
}

static struct sim_value copied(const char *value, size_t len, char *scratch)
{
    size_t size = len < SIM_SCRATCH_BYTES ? len : SIM_SCRATCH_BYTES - 1;
    memmove(scratch, value, size); // the value may already stand there
    scratch[size] = '\0';
    return (struct sim_value){SIM_TEXT, 0, scratch, size};
}

static struct sim_value id_value(const struct sim_world *w, unsigned kind, uint32_t index,
                                 char *scratch)
{
    if (index == SIM_NO_ROW)
        return null_value();
    uuid_write(&w->key, kind, index, scratch);
    scratch[UUID_CHARS] = '\0';
    return (struct sim_value){SIM_TEXT, 0, scratch, UUID_CHARS};
}

static uint32_t wide(uint8_t index)
{
    return index == SIM_NO_BYTE ? SIM_NO_ROW : index;
}

uint32_t world_count(const struct sim_world *w, enum sim_table table)
{
    switch (table) {
    case SIM_ORGANIZATIONS:
        return 1;
    case SIM_CUSTOMERS:
        return (uint32_t)w->customers.count;
    case SIM_PRODUCTS:
        return w->product_count;
    case SIM_ORDERS:
        return (uint32_t)w->orders.count;
    case SIM_SUBSCRIPTIONS:
        return (uint32_t)w->subscriptions.count;
    case SIM_REFUNDS:
        return (uint32_t)w->refunds.count;
    case SIM_CHECKOUTS:
        return (uint32_t)w->checkouts.count;
    case SIM_BENEFITS:
        return w->benefit_count;
    case SIM_EVENTS:
        return (uint32_t)w->events.count;
    case SIM_TABLE__COUNT:
        break;
    }
    return 0;
}

bool world_is_listed(const struct sim_world *w, enum sim_table table, uint32_t index)
{
    if (table == SIM_CUSTOMERS)
        return customer_at(w, index)->deleted_us == 0;
    if (table == SIM_BENEFITS)
        return !w->benefits[index].is_deleted;
    if (table == SIM_EVENTS && event_at(w, index)->lag_minutes > 0)
        return event_at(w, index)->at_us + event_at(w, index)->lag_minutes * MINUTE_US <= w->now_us;
    return index < world_count(w, table);
}

int64_t world_find(const struct sim_world *w, enum sim_table table, const char *id)
{
    unsigned kind;
    uint64_t index;
    if (!uuid_read(&w->key, id, &kind, &index) || kind != (unsigned)table ||
        index >= world_count(w, table))
        return -1;
    return (int64_t)index;
}

// The fields that several tables reach through the customer.
static struct sim_value customer_value(const struct sim_world *w, uint32_t index,
                                       enum sim_field field, char *scratch)
{
    struct person person;
    if (index == SIM_NO_ROW)
        return null_value();
    if (field == SIM_F_CUSTOMER_ID)
        return id_value(w, SIM_CUSTOMERS, index, scratch);
    person_fill(w, index, &person);
    if (field == SIM_F_EXTERNAL_ID)
        return person.has_external_id && !person.is_deleted
                   ? copied(person.external_id, person.external_id_len, scratch)
                   : null_value();
    if (field == SIM_F_NAME)
        return person.has_name ? copied(person.name, person.name_len, scratch) : null_value();
    if (field == SIM_F_BILLING_NAME)
        return person.has_billing_name
                   ? copied(person.billing_name, person.billing_name_len, scratch)
                   : null_value();
    return person.has_email ? copied(person.email, person.email_len, scratch) : null_value();
}

static bool customer_is_active(const struct sim_world *w, const struct customer_row *row)
{
    for (uint32_t s = row->last_subscription; s != SIM_NO_ROW;
         s = subscription_at(w, s)->previous_of_customer)
        if (life_is_active(subscription_at(w, s)))
            return true;
    return false;
}

static struct sim_value product_text(const struct sim_world *w, uint8_t product,
                                     enum sim_field field, char *scratch)
{
    if (product == SIM_NO_BYTE)
        return null_value();
    if (field == SIM_F_PRODUCT_NAME)
        return text(w->products[product].name);
    if (field == SIM_F_TYPE)
        return text(w->products[product].made_from->interval == ONE_TIME ? "one_time"
                                                                         : "recurring");
    return id_value(w, SIM_PRODUCTS, product, scratch);
}

static struct sim_value discount_text(const struct sim_world *w, uint8_t discount,
                                      enum sim_field field, char *scratch)
{
    if (discount == SIM_NO_BYTE)
        return null_value();
    return field == SIM_F_DISCOUNT_NAME ? text(w->discounts[discount].name)
                                        : id_value(w, ID_DISCOUNT, discount, scratch);
}

static struct sim_value organization_value(const struct sim_world *w, enum sim_field field)
{
    if (field == SIM_F_CREATED_AT)
        return integer(w->start_us - 4 * DAY_US);
    if (field == SIM_F_NAME)
        return text(w->name);
    if (field == SIM_F_SLUG)
        return text(w->slug);
    return field == SIM_F_STATUS ? text("active") : null_value();
}

static struct sim_value customer_row_value(const struct sim_world *w, uint32_t index,
                                           enum sim_field field, char *scratch)
{
    const struct customer_row *row = customer_at(w, index);
    if (field == SIM_F_CREATED_AT)
        return integer(row->created_us);
    if (field == SIM_F_IS_ACTIVE)
        return integer(customer_is_active(w, row));
    if (field == SIM_F_TYPE)
        return text(row->flags & CUSTOMER_TEAM ? "team" : "individual");
    if (field == SIM_F_NAME || field == SIM_F_EMAIL || field == SIM_F_BILLING_NAME ||
        field == SIM_F_EXTERNAL_ID || field == SIM_F_CUSTOMER_ID || field == SIM_F_CUSTOMER_EMAIL)
        return customer_value(w, index, field, scratch);
    return null_value();
}

static const struct price *first_price(const struct sim_world *w, unsigned product)
{
    for (unsigned c = 0; c < CURRENCY_COUNT; c++)
        if (w->products[product].price[c] != UINT16_MAX)
            return &w->prices[w->products[product].price[c]];
    return &w->prices[0];
}

static struct sim_value product_value(const struct sim_world *w, uint32_t index,
                                      enum sim_field field, char *scratch)
{
    static const char *const kinds[] = {"fixed",        "custom",     "seat_based",
                                        "metered_unit", "unit_based", "fixed"};
    const struct product *product = &w->products[index];
    bool is_recurring = product->made_from->interval != ONE_TIME;
    if (field == SIM_F_CREATED_AT)
        return integer(product->created_us);
    if (field == SIM_F_NAME || field == SIM_F_PRODUCT_NAME)
        return text(product->name);
    if (field == SIM_F_TYPE || field == SIM_F_PRODUCT_ID)
        return product_text(w, (uint8_t)index, field, scratch);
    if (field == SIM_F_VISIBILITY)
        return text(product->made_from->visibility);
    if (field == SIM_F_IS_ARCHIVED)
        return integer(product->is_archived);
    if (field == SIM_F_IS_RECURRING)
        return integer(is_recurring);
    if (field == SIM_F_PRICE_AMOUNT_TYPE)
        return text(kinds[first_price(w, index)->kind]);
    return field == SIM_F_PRICE_AMOUNT ? integer(first_price(w, index)->amount) : null_value();
}

static struct sim_value order_value(const struct sim_world *w, uint32_t index, enum sim_field field,
                                    char *scratch)
{
    const struct order_row *order = order_at(w, index);
    switch ((unsigned)field) {
    case SIM_F_CREATED_AT:
        return integer(order->created_us);
    case SIM_F_STATUS:
        return text(order_status_names[order->status]);
    case SIM_F_PRODUCT_ID:
    case SIM_F_PRODUCT_NAME:
    case SIM_F_TYPE:
        return product_text(w, order->product, field, scratch);
    case SIM_F_DISCOUNT_ID:
    case SIM_F_DISCOUNT_NAME:
        return discount_text(w, order->discount, field, scratch);
    case SIM_F_SUBSCRIPTION_ID:
        return id_value(w, SIM_SUBSCRIPTIONS, order->subscription, scratch);
    case SIM_F_CHECKOUT_ID:
        return id_value(w, SIM_CHECKOUTS, order->checkout, scratch);
    case SIM_F_AMOUNT:
        return integer(order->net);
    case SIM_F_INVOICE_NUMBER:
        if (order->invoice == 0)
            return null_value();
        return copied(scratch, invoice_number(w, order, scratch), scratch);
    case SIM_F_CUSTOMER_ID:
    case SIM_F_CUSTOMER_EMAIL:
    case SIM_F_EMAIL:
    case SIM_F_EXTERNAL_ID:
        return customer_value(w, order->customer, field, scratch);
    default:
        return null_value();
    }
}

// Upstream's sort key ignores the interval count.
static int64_t per_month(const struct subscription_row *s)
{
    switch (product_templates[s->product].interval) {
    case BY_DAY:
        return s->amount * 30;
    case BY_WEEK:
        return s->amount * 4;
    case BY_YEAR:
        return s->amount / 12;
    case BY_MONTH:
    case ONE_TIME:
        break;
    }
    return s->amount;
}

static struct sim_value subscription_time(const struct subscription_row *s, enum sim_field field)
{
    switch ((unsigned)field) {
    case SIM_F_CREATED_AT:
        return integer(s->created_us);
    case SIM_F_STARTED_AT:
        return integer(s->started_us);
    case SIM_F_CURRENT_PERIOD_END:
        return integer(s->period_end_us);
    case SIM_F_CANCELED_AT:
        return instant(s->canceled_us);
    case SIM_F_ENDED_AT:
        return instant(s->ended_us);
    case SIM_F_ENDS_AT:
        return instant(s->ends_us);
    case SIM_F_CANCEL_AT_PERIOD_END:
        return integer(s->cancel_at_period_end);
    default:
        return null_value();
    }
}

static struct sim_value subscription_value(const struct sim_world *w, uint32_t index,
                                           enum sim_field field, char *scratch)
{
    const struct subscription_row *s = subscription_at(w, index);
    switch ((unsigned)field) {
    case SIM_F_STATUS:
        return text(subscription_status_names[s->status]);
    case SIM_F_PRODUCT_ID:
    case SIM_F_PRODUCT_NAME:
    case SIM_F_TYPE:
        return product_text(w, s->product, field, scratch);
    case SIM_F_DISCOUNT_ID:
    case SIM_F_DISCOUNT_NAME:
        return discount_text(w, s->discount, field, scratch);
    case SIM_F_CHECKOUT_ID:
        return id_value(w, SIM_CHECKOUTS, s->checkout, scratch);
    case SIM_F_AMOUNT:
        return integer(per_month(s));
    case SIM_F_CANCELLATION_REASON:
        return s->reason == SIM_NO_BYTE ? null_value() : text(cancellation_reason_names[s->reason]);
    case SIM_F_CUSTOMER_ID:
    case SIM_F_CUSTOMER_EMAIL:
    case SIM_F_EMAIL:
    case SIM_F_EXTERNAL_ID:
        return customer_value(w, s->customer, field, scratch);
    default:
        return subscription_time(s, field);
    }
}

static struct sim_value refund_value(const struct sim_world *w, uint32_t index,
                                     enum sim_field field, char *scratch)
{
    const struct refund_row *refund = refund_at(w, index);
    const struct order_row *order = order_at(w, refund->order);
    switch ((unsigned)field) {
    case SIM_F_CREATED_AT:
        return integer(refund->created_us);
    case SIM_F_STATUS:
        return text(refund_status_names[refund->status]);
    case SIM_F_SUCCEEDED:
        return integer(refund->status == REFUND_SUCCEEDED);
    case SIM_F_AMOUNT:
        return integer(refund->amount);
    case SIM_F_ORDER_ID:
        return id_value(w, SIM_ORDERS, refund->order, scratch);
    case SIM_F_SUBSCRIPTION_ID:
        return id_value(w, SIM_SUBSCRIPTIONS,
                        refund->reason == DISPUTE_PREVENTION ? SIM_NO_ROW : order->subscription,
                        scratch);
    case SIM_F_CUSTOMER_ID:
    case SIM_F_CUSTOMER_EMAIL:
    case SIM_F_EXTERNAL_ID:
        return customer_value(w, order->customer, field, scratch);
    default:
        return null_value();
    }
}

static struct sim_value buyer_value(const struct sim_world *w, const struct checkout_row *checkout,
                                    enum sim_field field, char *scratch)
{
    struct person person;
    person_fill_as(w, checkout->customer, checkout->buyer_edits, checkout->buyer_flags, &person);
    if (field == SIM_F_EXTERNAL_ID)
        return person.has_external_id ? copied(person.external_id, person.external_id_len, scratch)
                                      : null_value();
    return person.has_email ? copied(person.email, person.email_len, scratch) : null_value();
}

static struct sim_value checkout_value(const struct sim_world *w, uint32_t index,
                                       enum sim_field field, char *scratch)
{
    const struct checkout_row *checkout = checkout_at(w, index);
    switch ((unsigned)field) {
    case SIM_F_CREATED_AT:
        return integer(checkout->created_us);
    case SIM_F_EXPIRES_AT:
        return integer(checkout->created_us + DAY_US);
    case SIM_F_STATUS:
        return text(checkout_status_names[checkout->status]);
    case SIM_F_PRODUCT_ID:
        return id_value(w, SIM_PRODUCTS, checkout->product, scratch);
    case SIM_F_DISCOUNT_ID:
        return id_value(w, ID_DISCOUNT, wide(checkout->discount), scratch);
    case SIM_F_SUBSCRIPTION_ID:
        return id_value(w, SIM_SUBSCRIPTIONS, checkout->upgrade_of, scratch);
    case SIM_F_CUSTOMER_ID:
    case SIM_F_CUSTOMER_EMAIL:
    case SIM_F_EMAIL:
    case SIM_F_EXTERNAL_ID:
        if (checkout->customer == SIM_NO_ROW &&
            (field == SIM_F_EMAIL || field == SIM_F_CUSTOMER_EMAIL))
            return copied(scratch, visitor_email(w, index, scratch), scratch);
        if (checkout->customer == SIM_NO_ROW || field == SIM_F_CUSTOMER_ID)
            return customer_value(w, checkout->customer, field, scratch);
        return buyer_value(w, checkout, field, scratch);
    default:
        return null_value();
    }
}

static struct sim_value benefit_value(const struct sim_world *w, uint32_t index,
                                      enum sim_field field)
{
    if (field == SIM_F_CREATED_AT)
        return integer(w->benefits[index].created_us);
    if (field == SIM_F_TYPE)
        return text(benefit_type_names[index % BENEFIT_COUNT]);
    return field == SIM_F_DESCRIPTION ? text(benefit_descriptions[index % BENEFIT_COUNT])
                                      : null_value();
}

static struct sim_value event_value(const struct sim_world *w, uint32_t index, enum sim_field field,
                                    char *scratch)
{
    const struct event_row *event = event_at(w, index);
    if (field == SIM_F_CREATED_AT)
        return integer(event->at_us);
    if (field == SIM_F_NAME)
        return text(event_words[event->name].name);
    if (field == SIM_F_SOURCE)
        return text(event->name >= EV_USER_API_CALL ? "user" : "system");
    if (field == SIM_F_CUSTOMER_ID || field == SIM_F_EXTERNAL_ID || field == SIM_F_CUSTOMER_EMAIL)
        return customer_value(w, event->customer, field, scratch);
    return null_value();
}

struct sim_value world_value(const struct sim_world *w, enum sim_table table, uint32_t index,
                             enum sim_field field, char scratch[static SIM_SCRATCH_BYTES])
{
    if (field == SIM_F_ID)
        return id_value(w, table, index, scratch);
    if (field == SIM_F_ORGANIZATION_ID)
        return text(w->organization_id);
    switch (table) {
    case SIM_ORGANIZATIONS:
        return organization_value(w, field);
    case SIM_CUSTOMERS:
        return customer_row_value(w, index, field, scratch);
    case SIM_PRODUCTS:
        return product_value(w, index, field, scratch);
    case SIM_ORDERS:
        return order_value(w, index, field, scratch);
    case SIM_SUBSCRIPTIONS:
        return subscription_value(w, index, field, scratch);
    case SIM_REFUNDS:
        return refund_value(w, index, field, scratch);
    case SIM_CHECKOUTS:
        return checkout_value(w, index, field, scratch);
    case SIM_BENEFITS:
        return benefit_value(w, index, field);
    case SIM_EVENTS:
        return event_value(w, index, field, scratch);
    case SIM_TABLE__COUNT:
        break;
    }
    return null_value();
}

static size_t metadata_of(const struct sim_world *w, enum sim_table table, uint32_t index,
                          struct metadata_pair *ret)
{
    switch (table) {
    case SIM_CUSTOMERS:
        return metadata_of_customer(w, index, ret);
    case SIM_PRODUCTS:
        return metadata_of_product(w, index, ret);
    case SIM_ORDERS:
        return metadata_of_campaign(order_at(w, index)->campaign, ret);
    case SIM_SUBSCRIPTIONS:
        return metadata_of_campaign(subscription_at(w, index)->campaign, ret);
    case SIM_CHECKOUTS:
        return metadata_of_campaign(checkout_at(w, index)->campaign, ret);
    case SIM_REFUNDS:
        return metadata_of_refund(w, index, ret);
    case SIM_BENEFITS:
        return metadata_of_benefit(index, ret);
    case SIM_EVENTS:
        return event_at(w, index)->name >= EV_USER_API_CALL ? metadata_of_user_event(w, index, ret)
                                                            : 0;
    case SIM_ORGANIZATIONS:
    case SIM_TABLE__COUNT:
        break;
    }
    return 0;
}

bool world_metadata_is(const struct sim_world *w, enum sim_table table, uint32_t index,
                       const char *key, const char *value)
{
    struct metadata_pair pairs[METADATA_LIMIT];
    size_t count = metadata_of(w, table, index, pairs);
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return strcmp(pairs[i].value, value) == 0;
    return false;
}

bool world_has_member(const struct sim_world *w, enum sim_table table, uint32_t index,
                      const char *id)
{
    if (table == SIM_CHECKOUTS)
        return world_find(w, SIM_PRODUCTS, id) == checkout_at(w, index)->product;
    int64_t benefit = world_find(w, SIM_BENEFITS, id);
    if (table != SIM_PRODUCTS || benefit < 0 || w->benefits[benefit].is_deleted)
        return false;
    for (unsigned i = 0; i < BENEFITS_PER_PRODUCT; i++)
        if (w->products[index].made_from->benefits[i] == benefit + 1)
            return true;
    return false;
}
