// SPDX-License-Identifier: Apache-2.0
// render_event.c - events: what the system noted when it happened, and what the merchant's own application sent.
//
// Balance events speak in the settlement currency (US dollars) next to the amount as it was charged; the rate is the one of
// the order's day, so that refunds and their orders agree. Optional keys are absent rather than null, as upstream.
#include "render.h"

static void put_rate(struct sim_out *out, int64_t rate)
{
    PUT(out, ",\"exchange_rate\":");
    if (rate == 1000000)
        PUT(out, "1.0");
    else
        put_decimal(out, rate, 6);
}

static void put_order_keys(const struct sim_world *w, const struct order_row *order,
                           struct sim_out *out)
{
    if (order->product != SIM_NO_BYTE)
        PUT_ID(out, w, "product_id", SIM_PRODUCTS, order->product);
    if (order->subscription != SIM_NO_ROW)
        PUT_ID(out, w, "subscription_id", SIM_SUBSCRIPTIONS, order->subscription);
}

static void put_tax_place(const struct sim_world *w, const struct order_row *order,
                          struct sim_out *out)
{
    const struct country_info *country = &countries[customer_at(w, order->customer)->country];
    PUT_STRING(out, "tax_state", country->state);
    PUT_STRING(out, "tax_country", country->code);
}

static void put_order_paid(const struct sim_world *w, const struct event_row *event,
                           struct sim_out *out)
{
    const struct order_row *order = order_at(w, event->ref);
    PUT(out, "{\"order_id\":");
    put_id(out, w, SIM_ORDERS, event->ref);
    if (order->product == SIM_NO_BYTE) {
        PUT(out, ",\"product_id\":\"None\",\"billing_type\":\"one_time\"");
    } else {
        bool is_recurring = product_templates[order->product].interval != ONE_TIME;
        PUT_ID(out, w, "product_id", SIM_PRODUCTS, order->product);
        PUT_STRING(out, "billing_type", is_recurring ? "recurring" : "one_time");
    }
    PUT_INT(out, "amount", order_total(order));
    PUT_STRING(out, "currency", currencies[order->currency].code);
    PUT_INT(out, "net_amount", order->net);
    PUT_INT(out, "tax_amount", order->tax);
    PUT_INT(out, "applied_balance_amount", order->applied_balance);
    PUT_INT(out, "discount_amount", order->discount_amount);
    if (order->discount != SIM_NO_BYTE)
        PUT_ID(out, w, "discount_id", ID_DISCOUNT, order->discount);
    if (order->subscription != SIM_NO_ROW) {
        const struct product_template *product = &product_templates[order->product];
        PUT_ID(out, w, "subscription_id", SIM_SUBSCRIPTIONS, order->subscription);
        PUT_STRING(out, "recurring_interval", interval_names[product->interval]);
        PUT_INT(out, "recurring_interval_count", product->interval_count);
    }
    PUT(out, "}");
}

static void put_balance_order(const struct sim_world *w, const struct event_row *event,
                              struct sim_out *out)
{
    const struct order_row *order = order_at(w, event->ref);
    int64_t rate = money_rate(w, order->currency, order->created_us);
    PUT(out, "{");
    if (event->name == EV_BALANCE_ORDER) {
        PUT(out, "\"transaction_id\":");
        put_id(out, w, ID_TRANSACTION, event->ref);
        PUT(out, ",");
    }
    PUT(out, "\"order_id\":");
    put_id(out, w, SIM_ORDERS, event->ref);
    put_order_keys(w, order, out);
    if (event->name == EV_BALANCE_ORDER) {
        int64_t charged = order->net + order->applied_balance; // what the card paid, less tax
        charged = charged > 0 ? charged : 0;
        PUT_INT(out, "amount", money_scale(charged, rate, 1000000));
        PUT_INT(out, "net_amount", order->net);
        PUT(out, ",\"currency\":\"usd\"");
        PUT_INT(out, "presentment_amount", charged);
        PUT_STRING(out, "presentment_currency", currencies[order->currency].code);
        PUT_INT(out, "tax_amount", money_scale(order->tax, rate, 1000000));
    } else {
        PUT_INT(out, "amount", order->net);
        PUT_STRING(out, "currency", currencies[order->currency].code);
        PUT_INT(out, "tax_amount", order->tax);
    }
    put_tax_place(w, order, out);
    PUT_INT(out, "fee", order->fee);
    put_rate(out, rate);
    PUT(out, "}");
}

static void put_balance_refund(const struct sim_world *w, const struct event_row *event,
                               struct sim_out *out)
{
    const struct refund_row *refund = refund_at(w, event->ref);
    const struct order_row *order = order_at(w, refund->order);
    int64_t rate = money_rate(w, order->currency, order->created_us);
    int64_t sign = event->name == EV_BALANCE_REFUND ? -1 : 1;
    PUT(out, "{\"transaction_id\":");
    put_id(out, w, ID_TRANSACTION, ((uint64_t)event->ref * 2 + (sign > 0)) | UINT64_C(1) << 40);
    PUT_ID(out, w, "refund_id", SIM_REFUNDS, event->ref);
    PUT_ID(out, w, "order_id", SIM_ORDERS, refund->order);
    PUT_TIME(out, "order_created_at", order->created_us);
    put_order_keys(w, order, out);
    PUT_INT(out, "amount", sign * money_scale(refund->amount, rate, 1000000));
    PUT(out, ",\"currency\":\"usd\"");
    PUT_INT(out, "presentment_amount", sign * refund->amount);
    PUT_STRING(out, "presentment_currency", currencies[order->currency].code);
    PUT_INT(out, "tax_amount", sign * money_scale(refund->tax, rate, 1000000));
    put_tax_place(w, order, out);
    PUT(out, ",\"fee\":0");
    put_rate(out, rate);
    PUT(out, "}");
}

static void put_balance_dispute(const struct sim_world *w, const struct event_row *event,
                                struct sim_out *out)
{
    const struct order_row *order = order_at(w, event->ref);
    int64_t rate = money_rate(w, order->currency, order->created_us);
    PUT(out, "{\"transaction_id\":");
    put_id(out, w, ID_TRANSACTION, event->ref | UINT64_C(1) << 41);
    PUT_ID(out, w, "dispute_id", ID_DISPUTE, event->ref | UINT64_C(1) << 41);
    PUT_ID(out, w, "order_id", SIM_ORDERS, event->ref);
    put_order_keys(w, order, out);
    PUT_INT(out, "amount", -money_scale(order->net, rate, 1000000));
    PUT(out, ",\"currency\":\"usd\"");
    PUT_INT(out, "presentment_amount", -order->net);
    PUT_STRING(out, "presentment_currency", currencies[order->currency].code);
    PUT_INT(out, "tax_amount", -money_scale(order->tax, rate, 1000000));
    put_tax_place(w, order, out);
    PUT_INT(out, "fee", DISPUTE_FEE);
    put_rate(out, rate);
    PUT(out, "}");
}

static void put_order_notice(const struct sim_world *w, const struct event_row *event,
                             struct sim_out *out)
{
    PUT(out, "{\"order_id\":");
    put_id(out, w, SIM_ORDERS, event->ref);
    if (event->name == EV_ORDER_REFUNDED)
        PUT_INT(out, "refunded_amount", event->amount);
    else
        PUT_INT(out, "amount", event->amount);
    PUT_STRING(out, "currency", currencies[order_at(w, event->ref)->currency].code);
    PUT(out, "}");
}

static void put_customer_notice(const struct sim_world *w, const struct event_row *event,
                                struct sim_out *out)
{
    struct person person;
    person_fill_as(w, event->ref, (uint8_t)event->aux, (uint8_t)(event->aux >> 8), &person);
    PUT(out, "{\"customer_id\":");
    put_id(out, w, SIM_CUSTOMERS, event->ref);
    PUT_STRING(out, "customer_email", person.has_email ? person.email : NULL);
    PUT_STRING(out, "customer_name", person.has_name ? person.name : NULL);
    PUT_STRING(out, "customer_external_id", person.has_external_id ? person.external_id : NULL);
    if (event->name == EV_CUSTOMER_UPDATED) {
        PUT(out, ",\"updated_fields\":{\"name\":");
        put_string(out, person.has_name ? person.name : NULL);
        PUT(out, "}");
    }
    PUT(out, "}");
}

static void put_terms(const struct event_row *event, struct sim_out *out)
{
    const struct product_template *product = &product_templates[event->product];
    PUT_INT(out, "amount", event->amount);
    PUT_STRING(out, "currency", currencies[event->currency].code);
    PUT_STRING(out, "recurring_interval", interval_names[product->interval]);
    PUT_INT(out, "recurring_interval_count", product->interval_count);
}

static void put_cancellation(const struct event_detail *detail, struct sim_out *out)
{
    if (detail->reason != SIM_NO_BYTE)
        PUT_STRING(out, "customer_cancellation_reason", cancellation_reason_names[detail->reason]);
    if (detail->comment)
        PUT_STRING(out, "customer_cancellation_comment", cancellation_comments[detail->comment]);
    PUT_TIME(out, "canceled_at", detail->first_us);
    PUT_TIME(out, "ends_at", detail->second_us);
    PUT_BOOL(out, "cancel_at_period_end", detail->at_period_end);
}

static void put_change(const struct sim_world *w, const struct event_row *event,
                       struct sim_out *out)
{
    const struct event_detail *detail;
    switch (event->name) {
    case EV_SUBSCRIPTION_UPDATED:
        PUT_ID(out, w, "product_id", SIM_PRODUCTS, event->product);
        PUT(out, ",\"proration_behavior\":\"invoice\"");
        break;
    case EV_SUBSCRIPTION_PRODUCT_UPDATED:
        PUT_ID(out, w, "old_product_id", SIM_PRODUCTS, event->aux);
        PUT_ID(out, w, "new_product_id", SIM_PRODUCTS, event->product);
        break;
    case EV_SUBSCRIPTION_SEATS_UPDATED:
        PUT_INT(out, "old_seats", event->aux >> 16);
        PUT_INT(out, "new_seats", event->aux & 0xffffU);
        PUT(out, ",\"proration_behavior\":\"invoice\"");
        break;
    default:
        detail = detail_at(w, event->aux);
        PUT_TIME(out, "old_period_end", detail->first_us);
        PUT_TIME(out, "new_period_end", detail->second_us);
    }
}

static void put_subscription_notice(const struct sim_world *w, const struct event_row *event,
                                    struct sim_out *out)
{
    PUT(out, "{\"subscription_id\":");
    put_id(out, w, SIM_SUBSCRIPTIONS, event->ref);
    if ((event->name >= EV_SUBSCRIPTION_UPDATED && event->name <= EV_SUBSCRIPTION_SEATS_UPDATED) ||
        event->name == EV_SUBSCRIPTION_PERIOD_UPDATED) {
        put_change(w, event, out);
        PUT(out, "}");
        return;
    }
    PUT_ID(out, w, "product_id", SIM_PRODUCTS, event->product);
    if (event->name == EV_SUBSCRIPTION_PAST_DUE)
        PUT_TIME(out, "past_due_at", event->at_us);
    put_terms(event, out);
    if (event->name == EV_SUBSCRIPTION_CREATED)
        PUT_TIME(out, "started_at", subscription_at(w, event->ref)->started_us);
    if (event->name == EV_SUBSCRIPTION_CANCELED)
        put_cancellation(detail_at(w, event->aux), out);
    if (event->name == EV_SUBSCRIPTION_PAUSED) {
        const struct event_detail *detail = detail_at(w, event->aux);
        PUT_TIME(out, "paused_at", detail->first_us);
        if (detail->second_us != 0)
            PUT_TIME(out, "resumes_at", detail->second_us);
    }
    PUT(out, "}");
}

static void put_grant(const struct sim_world *w, const struct event_row *event, struct sim_out *out)
{
    PUT(out, "{\"benefit_id\":");
    put_id(out, w, SIM_BENEFITS, event->aux);
    PUT_ID(out, w, "benefit_grant_id", ID_GRANT,
           (uint64_t)event->customer * BENEFIT_COUNT + event->aux);
    PUT_STRING(out, "benefit_type", benefit_type_names[event->aux]);
    PUT(out, "}");
}

static void put_user_event(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct event_row *event = event_at(w, index);
    struct metadata_pair pairs[METADATA_LIMIT];
    uint64_t hash = uuid_hash((uint64_t)event->at_us, event->ref);
    int64_t cost = fact_cost(event);
    render_metadata(out, pairs, metadata_of_user_event(w, index, pairs));
    if (cost == 0 || out->failed)
        return;
    out->len--; // reopen the object
    PUT(out, ",\"_cost\":{\"amount\":\"");
    put_decimal(out, cost, 6);
    PUT(out, "\",\"currency\":\"usd\"}");
    if (event->name == EV_USER_COMPLETION) {
        int64_t input = (int64_t)(hash >> 20 & 4095), output = (int64_t)(hash >> 32 & 1023);
        PUT(out, ",\"_llm\":{\"vendor\":\"example\",\"model\":\"small-1\",\"prompt\":null,"
                 "\"response\":null");
        PUT_INT(out, "input_tokens", input);
        PUT(out, ",\"cached_input_tokens\":0");
        PUT_INT(out, "output_tokens", output);
        PUT_INT(out, "total_tokens", input + output);
        PUT(out, "}");
    }
    PUT(out, "}");
}

static void put_checkout_notice(const struct sim_world *w, const struct event_row *event,
                                struct sim_out *out)
{
    PUT(out, "{\"checkout_id\":");
    put_id(out, w, SIM_CHECKOUTS, event->ref);
    PUT(out, ",\"checkout_status\":\"open\"");
    PUT_ID(out, w, "product_id", SIM_PRODUCTS, checkout_at(w, event->ref)->product);
    PUT(out, "}");
}

static void put_meter_notice(const struct sim_world *w, const struct event_row *event,
                             struct sim_out *out)
{
    PUT(out, "{\"meter_id\":");
    put_id(out, w, ID_METER, 0);
    if (event->name == EV_METER_CREDITED)
        PUT(out, ",\"units\":1000,\"rollover\":false");
    PUT(out, "}");
}

static void put_event_metadata(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct event_row *event = event_at(w, index);
    if (event->name >= EV_USER_API_CALL)
        put_user_event(w, index, out);
    else if (event->name >= EV_METER_CREDITED)
        put_meter_notice(w, event, out);
    else if (event->name >= EV_BENEFIT_GRANTED)
        put_grant(w, event, out);
    else if (event->name >= EV_SUBSCRIPTION_CREATED)
        put_subscription_notice(w, event, out);
    else if (event->name == EV_BALANCE_DISPUTE)
        put_balance_dispute(w, event, out);
    else if (event->name >= EV_BALANCE_REFUND)
        put_balance_refund(w, event, out);
    else if (event->name >= EV_BALANCE_ORDER)
        put_balance_order(w, event, out);
    else if (event->name >= EV_ORDER_REFUNDED)
        put_order_notice(w, event, out);
    else if (event->name == EV_ORDER_PAID)
        put_order_paid(w, event, out);
    else if (event->name == EV_CHECKOUT_CREATED)
        put_checkout_notice(w, event, out);
    else
        put_customer_notice(w, event, out);
}

void render_event(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct event_row *event = event_at(w, index);
    bool has_customer = event->customer != SIM_NO_ROW;
    PUT(out, "{\"id\":");
    put_id(out, w, SIM_EVENTS, index);
    PUT_TIME(out, "timestamp", event->at_us);
    PUT_STRING(out, "organization_id", w->organization_id);
    PUT_ID(out, w, "customer_id", SIM_CUSTOMERS, event->customer);
    PUT(out, ",\"customer\":");
    if (has_customer)
        render_customer(w, event->customer, out);
    else
        PUT(out, "null");
    struct sim_value external_id = {SIM_NULL, 0, NULL, 0};
    char scratch[SIM_SCRATCH_BYTES];
    if (has_customer)
        external_id = world_value(w, SIM_CUSTOMERS, event->customer, SIM_F_EXTERNAL_ID, scratch);
    PUT(out, ",\"external_customer_id\":");
    if (external_id.kind == SIM_TEXT)
        put_text(out, external_id.text, external_id.len);
    else
        PUT(out, "null");
    PUT(out,
        ",\"member_id\":null,\"external_member_id\":null,\"child_count\":0,\"parent_id\":null");
    PUT_STRING(out, "label", event_words[event->name].label);
    PUT_STRING(out, "source", event->name >= EV_USER_API_CALL ? "user" : "system");
    PUT_STRING(out, "name", event_words[event->name].name);
    PUT(out, ",\"metadata\":");
    put_event_metadata(w, index, out);
    PUT(out, "}");
}
