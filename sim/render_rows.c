// SPDX-License-Identifier: Apache-2.0
// render_rows.c - organizations, customers, orders, subscriptions and refunds, field by field in the API's order.
#include "render.h"

size_t invoice_number(const struct sim_world *w, const struct order_row *order, char *ret)
{
    // Six letters that no two customers share: an odd multiplier permutes the numbers below 26^6.
    uint64_t scrambled = ((uint64_t)order->customer * 123456791U + 7654321U) % 308915776U;
    size_t len = strlen(w->invoice_prefix);
    memcpy(ret, w->invoice_prefix, len);
    ret[len++] = '-';
    for (int i = 0; i < 6; i++, scrambled /= 26)
        ret[len++] = (char)('A' + scrambled % 26);
    ret[len++] = '-';
    for (unsigned scale = order->invoice > 9999 ? 10000 : 1000; scale > 0; scale /= 10)
        ret[len++] = (char)('0' + order->invoice / scale % 10);
    ret[len] = '\0';
    return len;
}

static void put_settings(struct sim_out *out)
{
    PUT(out,
        ",\"feature_settings\":{\"issue_funding_enabled\":false,\"seat_based_pricing_enabled\":"
        "true,"
        "\"unit_based_pricing_enabled\":true,\"wallets_enabled\":true,\"member_model_enabled\":"
        "true,"
        "\"checkout_localization_enabled\":true,\"overview_metrics\":[\"revenue\",\"monthly_"
        "recurring_revenue\"],"
        "\"reset_proration_behavior_enabled\":false,\"off_session_charges_enabled\":false,"
        "\"meter_cycling_enabled\":true,\"slack_benefit_enabled\":true,\"preview_access_enabled\":"
        "false,"
        "\"disputes_enabled\":false,\"sso_enabled\":false,\"dispute_auto_accept_enabled\":false,"
        "\"compass_enabled\":false,\"merchant_migration_enabled\":false},"
        "\"subscription_settings\":{\"allow_multiple_subscriptions\":true,\"proration_behavior\":"
        "\"invoice\","
        "\"benefit_revocation_grace_period\":0,\"prevent_trial_abuse\":false,\"allow_customer_"
        "updates\":true},"
        "\"customer_email_settings\":{\"order_confirmation\":true,\"payment_method_expiration_"
        "reminder\":true,"
        "\"subscription_cancellation\":true,\"subscription_confirmation\":true,\"subscription_"
        "cycled\":true,"
        "\"subscription_cycled_after_trial\":true,\"subscription_past_due\":true,\"subscription_"
        "paused\":true,"
        "\"subscription_resumed\":true,\"subscription_renewal_reminder\":true,\"subscription_"
        "revoked\":true,"
        "\"subscription_trial_conversion_reminder\":true,\"subscription_uncanceled\":true,"
        "\"subscription_updated\":true},\"customer_portal_settings\":{\"usage\":{\"show\":true},"
        "\"subscription\":{\"update_seats\":true,\"update_plan\":true},"
        "\"customer\":{\"allow_email_change\":false}},\"dispute_settings\":{\"auto_accept_below_"
        "amount\":null},"
        "\"embed_hosts\":[],\"embed_hosts_enforced\":true,\"country\":\"FR\"");
}

void render_organization(const struct sim_world *w, struct sim_out *out)
{
    PUT(out, "{\"created_at\":");
    put_time(out, w->start_us - 4 * DAY_US);
    PUT_TIME(out, "modified_at", w->organization_modified_us);
    PUT_STRING(out, "id", w->organization_id);
    PUT_STRING(out, "name", w->name);
    PUT_STRING(out, "slug", w->slug);
    PUT(out, ",\"avatar_url\":null,\"proration_behavior\":\"invoice\",\"allow_customer_updates\":"
             "true,\"bio\":null,"
             "\"company\":null,\"blog\":null,\"location\":null,\"twitter_username\":null,\"pledge_"
             "minimum_amount\":0,"
             "\"pledge_badge_show_amount\":false,\"default_upfront_split_to_contributors\":null,"
             "\"email\":\"help@shop.example\",\"website\":\"https://shop.example\","
             "\"socials\":[{\"platform\":\"x\",\"url\":\"https://x.com/"
             "shop_example\"}],\"status\":\"active\"");
    PUT_TIME(out, "details_submitted_at", (w->start_us - 3 * DAY_US) / SECOND_US * SECOND_US);
    PUT(out, ",\"onboarding_resubmission_requested_at\":null,\"sso_enforced\":false,"
             "\"default_presentment_currency\":\"usd\",\"default_tax_behavior\":\"location\"");
    put_settings(out);
    PUT_ID(out, w, "account_id", ID_ACCOUNT, 0);
    PUT(out, ",\"payout_account_id\":null,\"capabilities\":{\"checkout_payments\":true,"
             "\"subscription_renewals\":true,\"payouts\":true,\"refunds\":true,\"api_access\":true,"
             "\"dashboard_access\":true},\"notification_settings\":{\"new_order\":true,\"new_"
             "subscription\":true,"
             "\"chargeback_prevention\":true,\"subscription_renewal\":false}}");
}

static void put_order_amounts(const struct order_row *order, struct sim_out *out)
{
    int64_t total = order_total(order), due = total + order->applied_balance;
    PUT_INT(out, "subtotal_amount", order->subtotal);
    PUT_INT(out, "discount_amount", order->discount_amount);
    PUT_INT(out, "net_amount", order->net);
    PUT_INT(out, "tax_amount", order->tax);
    PUT_INT(out, "total_amount", total);
    PUT_INT(out, "applied_balance_amount", order->applied_balance);
    PUT_INT(out, "due_amount", due > 0 ? due : 0);
    PUT_INT(out, "refunded_amount", order->refunded);
    PUT_INT(out, "refunded_tax_amount", order->refunded_tax);
    PUT_STRING(out, "currency", currencies[order->currency].code);
}

static void put_order_billing(const struct sim_world *w, const struct order_row *order,
                              struct sim_out *out)
{
    const struct customer_row *customer = customer_at(w, order->customer);
    char text[SIM_SCRATCH_BYTES];
    PUT_STRING(out, "billing_reason", billing_reason_names[order->reason]);
    PUT(out, ",\"billing_name\":");
    size_t len = person_order_name(w, order->customer, text);
    put_text(out, text, len);
    PUT(out, ",\"billing_address\":");
    render_address(&countries[customer->country], true, out);
    if (order->invoice == 0) {
        PUT(out, ",\"invoice_number\":null");
    } else {
        PUT(out, ",\"invoice_number\":");
        len = invoice_number(w, order, text);
        put_text(out, text, len);
    }
    PUT_BOOL(out, "is_invoice_generated", order->flags & ORDER_INVOICE_MADE);
    if (order->flags & ORDER_HAS_RECEIPT) {
        PUT(out, ",\"receipt_number\":\"RCPT-");
        size_t prefix = strlen(w->invoice_prefix) + 1;
        len = invoice_number(w, order, text);
        put_bytes(out, text + prefix, len - prefix);
        PUT(out, "\"");
    } else {
        PUT(out, ",\"receipt_number\":null");
    }
}

static void put_count_or_null(uint32_t value, struct sim_out *out)
{
    if (value == 0)
        PUT(out, "null");
    else
        put_int(out, value);
}

static void put_order_references(const struct sim_world *w, const struct order_row *order,
                                 struct sim_out *out)
{
    PUT(out, ",\"seats\":");
    put_count_or_null(order->seats, out);
    PUT(out, ",\"units\":");
    put_count_or_null(order->units, out);
    PUT_ID(out, w, "customer_id", SIM_CUSTOMERS, order->customer);
    PUT_ID(out, w, "product_id", SIM_PRODUCTS,
           order->product == SIM_NO_BYTE ? SIM_NO_ROW : order->product);
    uint16_t price = order->price != UINT16_MAX ? order->price : order->metered_price;
    PUT_ID(out, w, "product_price_id", ID_PRICE, price == UINT16_MAX ? SIM_NO_ROW : price);
    PUT_ID(out, w, "discount_id", ID_DISCOUNT,
           order->discount == SIM_NO_BYTE ? SIM_NO_ROW : order->discount);
    PUT_ID(out, w, "subscription_id", SIM_SUBSCRIPTIONS, order->subscription);
    PUT_ID(out, w, "checkout_id", SIM_CHECKOUTS, order->checkout);
    PUT_TIME(out, "next_payment_attempt_at", order->next_attempt_us);
}

static void put_item(const struct sim_world *w, uint32_t order, unsigned number, const char *label,
                     int64_t amount, uint16_t price, struct sim_out *out)
{
    const struct order_row *row = order_at(w, order);
    PUT(out, "{\"created_at\":");
    put_time(out, row->created_us + 500 + number * 50);
    PUT(out, ",\"modified_at\":null");
    PUT_ID(out, w, "id", ID_ITEM, (uint64_t)order * 2 + number);
    PUT_STRING(out, "label", label);
    PUT_INT(out, "amount", amount);
    PUT(out, ",\"tax_amount\":0");
    PUT_BOOL(out, "proration", row->reason == UPDATE);
    PUT_ID(out, w, "product_price_id", ID_PRICE, price == UINT16_MAX ? SIM_NO_ROW : price);
    PUT(out, "}");
}

static void put_items(const struct sim_world *w, uint32_t index, const char *label,
                      struct sim_out *out)
{
    const struct order_row *order = order_at(w, index);
    bool has_base = order->reason != METER_CYCLE;
    bool has_second = order->reason == UPDATE || order->metered_price != UINT16_MAX;
    PUT(out, ",\"items\":[");
    if (has_base)
        put_item(w, index, 0, label, order->subtotal - order->second_item, order->price, out);
    if (has_base && has_second)
        PUT(out, ",");
    if (order->reason == UPDATE)
        put_item(w, index, 1, "Remaining time on the previous plan", order->second_item,
                 order->price, out);
    else if (has_second)
        put_item(w, index, 1, "API calls — consumed units × €0.001", order->second_item,
                 order->metered_price, out);
    PUT(out, "]");
}

static void put_order_product(const struct sim_world *w, const struct order_row *order,
                              struct sim_out *out)
{
    if (order->product == SIM_NO_BYTE) {
        PUT(out, ",\"product\":null");
    } else {
        PUT(out, ",\"product\":{\"metadata\":");
        put_fragment(out, &w->products[order->product].metadata);
        PUT(out, ",");
        put_fragment(out, &w->products[order->product].core);
        PUT(out, "}");
    }
    PUT(out, ",\"product_price\":");
    uint16_t price = order->price != UINT16_MAX ? order->price : order->metered_price;
    if (price == UINT16_MAX)
        PUT(out, "null");
    else
        put_fragment(out, &w->prices[price].json);
}

static void put_order_embedded(const struct sim_world *w, const struct order_row *order,
                               struct sim_out *out)
{
    PUT(out, ",\"customer\":");
    render_customer(w, order->customer, out);
    render_user(w, order->customer, out);
    put_order_product(w, order, out);
    PUT(out, ",\"discount\":");
    render_discount(w, order->discount, out);
    if (order->subscription == SIM_NO_ROW) {
        PUT(out, ",\"subscription\":null");
        return;
    }
    struct metadata_pair pairs[METADATA_LIMIT];
    const struct subscription_row *s = subscription_at(w, order->subscription);
    PUT(out, ",\"subscription\":{\"metadata\":");
    render_metadata(out, pairs, metadata_of_campaign(s->campaign, pairs));
    PUT(out, ",");
    render_subscription_core(w, order->subscription, out);
    PUT_ID(out, w, "user_id", SIM_CUSTOMERS, s->customer);
    PUT(out, "}");
}

void render_order(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct order_row *order = order_at(w, index);
    // The description follows the product's name, the item keeps the one that was on the bill.
    const char *description =
        order->product == SIM_NO_BYTE ? "Wallet top-up" : w->products[order->product].name;
    char label[PRODUCT_NAME_BYTES] = "Wallet top-up";
    if (order->product != SIM_NO_BYTE)
        catalog_name(w, order->product, (order->flags & ORDER_OF_RENAMED) != 0, label);
    struct metadata_pair pairs[METADATA_LIMIT];
    PUT(out, "{\"id\":");
    put_id(out, w, SIM_ORDERS, index);
    PUT_TIME(out, "created_at", order->created_us);
    PUT_TIME(out, "modified_at", order->modified_us);
    PUT_STRING(out, "status", order_status_names[order->status]);
    PUT_BOOL(out, "paid", order->status >= PAID && order->status <= PARTIALLY_REFUNDED);
    put_order_amounts(order, out);
    put_order_billing(w, order, out);
    put_order_references(w, order, out);
    PUT(out, ",\"metadata\":");
    render_metadata(out, pairs, metadata_of_campaign(order->campaign, pairs));
    PUT(out, ",\"custom_field_data\":");
    uint64_t hash = chance_of_row(w, SIM_CHECKOUTS, order->checkout, 6);
    render_custom_fields(w, order->checkout == SIM_NO_ROW ? PRODUCT_COUNT : order->product, hash,
                         out);
    PUT_INT(out, "platform_fee_amount", order->fee);
    PUT_STRING(out, "platform_fee_currency", order->flags & ORDER_HAS_FEE ? "usd" : NULL);
    put_order_embedded(w, order, out);
    put_items(w, index, label, out);
    PUT_STRING(out, "description", description);
    PUT_INT(out, "amount", order->net);
    PUT_INT(out, "from_balance_amount", order->applied_balance);
    PUT_INT(out, "refundable_amount", order_refundable(order));
    PUT_INT(out, "refundable_tax_amount",
            order->tax > order->refunded_tax ? order->tax - order->refunded_tax : 0);
    PUT(out, "}");
}

static void put_meters(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct subscription_row *s = subscription_at(w, index);
    if (s->metered_price == UINT16_MAX) {
        PUT(out, ",\"meters\":[]");
        return;
    }
    PUT(out, ",\"meters\":[{\"created_at\":");
    put_time(out, s->created_us + 2000);
    PUT_TIME(out, "modified_at", s->usage ? s->period_start_us + 301 : 0);
    PUT_ID(out, w, "id", ID_SUBSCRIPTION_METER, index);
    PUT_INT(out, "consumed_units", s->usage);
    PUT(out, ".0,\"credited_units\":0");
    PUT_INT(out, "amount", money_scale(s->usage, w->prices[s->metered_price].amount, 100000));
    PUT_ID(out, w, "meter_id", ID_METER, 0);
    PUT(out, ",\"meter\":{\"metadata\":{},\"created_at\":");
    put_time(out, w->start_us / DAY_US * DAY_US);
    PUT(out, ",\"modified_at\":null");
    PUT_ID(out, w, "id", ID_METER, 0);
    PUT(out, ",\"name\":\"API "
             "calls\",\"unit\":\"scalar\",\"custom_label\":null,\"custom_multiplier\":null,"
             "\"filter\":{\"conjunction\":\"and\",\"clauses\":[{\"property\":\"name\",\"operator\":"
             "\"eq\","
             "\"value\":\"api.call\"}]},\"aggregation\":{\"func\":\"count\"}");
    PUT_STRING(out, "organization_id", w->organization_id);
    PUT(out, ",\"archived_at\":null}}]");
}

static void put_pending_update(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct subscription_row *s = subscription_at(w, index);
    if (s->pending_at_us == 0) {
        PUT(out, ",\"pending_update\":null");
        return;
    }
    PUT(out, ",\"pending_update\":{\"created_at\":");
    put_time(out, s->modified_us);
    PUT(out, ",\"modified_at\":null");
    PUT_ID(out, w, "id", ID_PENDING_UPDATE, index);
    PUT_TIME(out, "applies_at", s->pending_at_us);
    PUT_ID(out, w, "product_id", SIM_PRODUCTS,
           s->pending_product == SIM_NO_BYTE ? SIM_NO_ROW : s->pending_product);
    PUT(out, ",\"seats\":");
    put_count_or_null(s->pending_seats, out);
    PUT(out, ",\"units\":null}");
}

void render_subscription(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct subscription_row *s = subscription_at(w, index);
    struct metadata_pair pairs[METADATA_LIMIT];
    PUT(out, "{");
    render_subscription_core(w, index, out);
    PUT(out, ",\"metadata\":");
    render_metadata(out, pairs, metadata_of_campaign(s->campaign, pairs));
    PUT(out, ",\"custom_field_data\":");
    uint64_t hash = chance_of_row(w, SIM_CHECKOUTS, s->checkout, 6);
    render_custom_fields(w, s->checkout == SIM_NO_ROW ? PRODUCT_COUNT : s->product, hash, out);
    PUT(out, ",\"customer\":");
    render_customer(w, s->customer, out);
    render_user(w, s->customer, out);
    PUT(out, ",\"product\":");
    render_with_token(w, &w->products[s->product].full, out);
    PUT(out, ",\"discount\":");
    render_discount(w, s->discount, out);
    PUT(out, ",\"price\":");
    put_fragment(out, &w->prices[s->price].json);
    PUT(out, ",\"prices\":[");
    put_fragment(out, &w->prices[s->price].json);
    if (s->metered_price != UINT16_MAX) {
        PUT(out, ",");
        put_fragment(out, &w->prices[s->metered_price].json);
    }
    PUT(out, "]");
    put_meters(w, index, out);
    put_pending_update(w, index, out);
    PUT(out, "}");
}

static void put_dispute(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct refund_row *refund = refund_at(w, index);
    PUT(out, ",\"dispute\":{\"created_at\":");
    put_time(out, refund->created_us - 803377);
    PUT(out, ",\"modified_at\":null");
    PUT_ID(out, w, "id", ID_DISPUTE, index);
    PUT(out, ",\"status\":\"prevented\",\"resolved\":false,\"closed\":true");
    PUT_INT(out, "amount", refund->amount);
    PUT_INT(out, "tax_amount", refund->tax);
    PUT_STRING(out, "currency", currencies[order_at(w, refund->order)->currency].code);
    PUT(out, ",\"reason\":null,\"evidence_due_by\":null,\"past_due\":false");
    PUT_ID(out, w, "order_id", SIM_ORDERS, refund->order);
    PUT_ID(out, w, "payment_id", ID_PAYMENT, refund->order);
    PUT(out, "}");
}

void render_refund(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct refund_row *refund = refund_at(w, index);
    const struct order_row *order = order_at(w, refund->order);
    bool is_prevention = refund->reason == DISPUTE_PREVENTION;
    struct metadata_pair pairs[METADATA_LIMIT];
    PUT(out, "{\"created_at\":");
    put_time(out, refund->created_us);
    PUT_TIME(out, "modified_at", refund->modified_us);
    PUT_ID(out, w, "id", SIM_REFUNDS, index);
    PUT(out, ",\"metadata\":");
    render_metadata(out, pairs, metadata_of_refund(w, index, pairs));
    PUT_STRING(out, "status", refund_status_names[refund->status]);
    PUT_STRING(out, "reason", refund_reason_names[refund->reason]);
    PUT_INT(out, "amount", refund->amount);
    PUT_INT(out, "tax_amount", refund->tax);
    PUT_STRING(out, "currency", currencies[order->currency].code);
    PUT_STRING(out, "organization_id", w->organization_id);
    PUT_ID(out, w, "order_id", SIM_ORDERS, refund->order);
    PUT_ID(out, w, "subscription_id", SIM_SUBSCRIPTIONS,
           is_prevention ? SIM_NO_ROW : order->subscription);
    PUT_ID(out, w, "customer_id", SIM_CUSTOMERS, order->customer);
    PUT_BOOL(out, "revoke_benefits", refund->revokes_benefits);
    if (is_prevention)
        put_dispute(w, index, out);
    else
        PUT(out, ",\"dispute\":null");
    PUT(out, "}");
}

void world_render(const struct sim_world *w, enum sim_table table, uint32_t index,
                  struct sim_out *out)
{
    switch (table) {
    case SIM_ORGANIZATIONS:
        render_organization(w, out);
        break;
    case SIM_CUSTOMERS:
        render_customer(w, index, out);
        break;
    case SIM_PRODUCTS:
        render_with_token(w, &w->products[index].full, out);
        break;
    case SIM_ORDERS:
        render_order(w, index, out);
        break;
    case SIM_SUBSCRIPTIONS:
        render_subscription(w, index, out);
        break;
    case SIM_REFUNDS:
        render_refund(w, index, out);
        break;
    case SIM_CHECKOUTS:
        render_checkout(w, index, out);
        break;
    case SIM_BENEFITS:
        render_with_token(w, &w->benefits[index].full, out);
        break;
    case SIM_EVENTS:
        render_event(w, index, out);
        break;
    case SIM_TABLE__COUNT:
        break;
    }
}
