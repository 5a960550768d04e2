// SPDX-License-Identifier: Apache-2.0
// render_checkout.c - checkouts: the largest rows, with secrets in them, mostly abandoned.
//
// An open checkout is known by visitor only; its amounts are computed anew from the stored price, as upstream does at each
// update. Client secrets are derived from the row and the seed: stable, different in each world, worth nothing.
#include "render.h"

#include <stdio.h>

struct checkout_view {
    const struct checkout_row *row;
    const struct country_info *country;
    const struct product *product;
    uint32_t index;
    int64_t discount_amount;
    struct totals totals;
    bool knows_address, is_free, has_trial;
    char secret[64];
    size_t secret_len;
};

size_t visitor_email(const struct sim_world *w, uint32_t index, char *ret)
{
    if (chance_of_row(w, SIM_CHECKOUTS, index, 8) % 10 < 6)
        return 0; // left before typing it
    int len = snprintf(ret, SIM_SCRATCH_BYTES, "visitor.%u@example.net", index);
    return len < 0 ? 0 : (size_t)len;
}

static void secret_of(const struct sim_world *w, struct checkout_view *view)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
    uint64_t hash = chance_of_row(w, SIM_CHECKOUTS, view->index, 9);
    memcpy(view->secret, "polar_c_", 8);
    for (size_t i = 0; i < 40; i++) {
        if (i % 10 == 0)
            hash = uuid_hash(hash, i);
        view->secret[8 + i] = letters[hash >> (6 * (i % 10)) & 63U];
    }
    view->secret_len = 48;
}

static void view_open(const struct sim_world *w, uint32_t index, struct checkout_view *view)
{
    const struct checkout_row *row = checkout_at(w, index);
    view->row = row;
    view->index = index;
    view->country = &countries[row->country];
    view->product = &w->products[row->product];
    const struct discount *discount =
        row->discount == SIM_NO_BYTE ? NULL : &w->discounts[row->discount];
    view->discount_amount = money_discount(discount, row->currency, row->amount);
    view->totals =
        money_totals(row->amount - view->discount_amount, view->country, row->is_business);
    view->knows_address = row->status >= CHECKOUT_CONFIRMED || index % 3 == 0;
    if (!view->knows_address)
        view->totals = (struct totals){row->amount - view->discount_amount, 0, false};
    view->is_free = row->amount == 0;
    view->has_trial = view->product->made_from->trial_days > 0;
    secret_of(w, view);
}

static void put_links(const struct sim_world *w, const struct checkout_view *view,
                      struct sim_out *out)
{
    PUT(out, ",\"client_secret\":\"");
    put_bytes(out, view->secret, view->secret_len);
    PUT(out, "\",\"url\":\"https://polar.sh/checkout/");
    put_bytes(out, view->secret, view->secret_len);
    PUT(out, "\"");
    PUT_TIME(out, "expires_at", view->row->created_us + DAY_US);
    if (view->index % 4 == 0) {
        PUT(out, ",\"success_url\":\"https://polar.sh/checkout/");
        put_bytes(out, view->secret, view->secret_len);
        PUT(out, "/confirmation\"");
    } else {
        PUT(out, ",\"success_url\":\"https://shop.example/thanks?checkout=");
        if (out_room(out, UUID_CHARS)) {
            uuid_write(&w->key, SIM_CHECKOUTS, view->index, out->data + out->len);
            out->len += UUID_CHARS;
        }
        PUT(out, "\"");
    }
    sim_out_text(out, view->index % 5 == 0 ? ",\"return_url\":\"https://shop.example/"
                                             "pricing\",\"embed_origin\":\"https://shop.example\""
                                           : ",\"return_url\":null,\"embed_origin\":null");
}

static void put_counts(const struct sim_world *w, const struct checkout_view *view,
                       struct sim_out *out)
{
    unsigned kind = w->prices[view->row->price].kind;
    if (kind == SEATS) {
        PUT_INT(out, "seats", view->row->seats);
        PUT(out, ",\"min_seats\":1,\"max_seats\":null");
    } else {
        PUT(out, ",\"seats\":null,\"min_seats\":null,\"max_seats\":null");
    }
    if (kind == UNITS) {
        PUT_INT(out, "units", view->row->seats);
        PUT(out, ",\"min_units\":1,\"max_units\":null");
    } else {
        PUT(out, ",\"units\":null,\"min_units\":null,\"max_units\":null");
    }
}

static void put_amounts(const struct sim_world *w, const struct checkout_view *view,
                        struct sim_out *out)
{
    const struct checkout_row *row = view->row;
    PUT_INT(out, "amount", row->amount);
    put_counts(w, view, out);
    PUT_INT(out, "discount_amount", view->discount_amount);
    PUT_INT(out, "net_amount", view->totals.net);
    if (view->knows_address) {
        PUT_INT(out, "tax_amount", view->totals.tax);
        sim_out_text(out, view->totals.is_inclusive ? ",\"tax_behavior\":\"inclusive\""
                                                    : ",\"tax_behavior\":\"exclusive\"");
    } else {
        PUT(out, ",\"tax_amount\":null,\"tax_behavior\":null");
    }
    PUT_INT(out, "total_amount", view->totals.net + view->totals.tax);
    PUT_STRING(out, "currency", currencies[row->currency].code);
    if (view->has_trial) {
        PUT(out, ",\"allow_trial\":true,\"active_trial_interval\":\"day\"");
        PUT_INT(out, "active_trial_interval_count", view->product->made_from->trial_days);
        int64_t from_us = row->modified_us ? row->modified_us : row->created_us;
        PUT_TIME(out, "trial_end", from_us + view->product->made_from->trial_days * DAY_US);
    } else {
        PUT(out, ",\"allow_trial\":null,\"active_trial_interval\":null,\"active_trial_interval_"
                 "count\":null,"
                 "\"trial_end\":null");
    }
}

static void put_requirements(const struct sim_world *w, const struct checkout_view *view,
                             struct sim_out *out)
{
    const struct checkout_row *row = view->row;
    bool is_recurring = view->product->made_from->interval != ONE_TIME;
    bool is_paid_now = view->totals.net + view->totals.tax > 0 && !view->has_trial;
    PUT_STRING(out, "organization_id", w->organization_id);
    PUT_ID(out, w, "product_id", SIM_PRODUCTS, row->product);
    PUT_ID(out, w, "product_price_id", ID_PRICE, row->price);
    PUT_ID(out, w, "discount_id", ID_DISCOUNT,
           row->discount == SIM_NO_BYTE ? SIM_NO_ROW : row->discount);
    PUT(out, ",\"allow_discount_codes\":true,\"require_billing_address\":false");
    PUT_BOOL(out, "is_discount_applicable", !view->is_free);
    PUT_BOOL(out, "is_free_product_price", view->is_free);
    PUT_BOOL(out, "is_payment_required", is_paid_now);
    PUT_BOOL(out, "is_payment_setup_required", is_recurring && !view->is_free);
    PUT_BOOL(out, "is_payment_form_required", is_paid_now || (is_recurring && !view->is_free));
}

static void put_buyer(const struct sim_world *w, const struct checkout_view *view,
                      struct sim_out *out)
{
    const struct checkout_row *row = view->row;
    struct person person = {0};
    char email[SIM_SCRATCH_BYTES];
    uint64_t hash = chance_of_row(w, SIM_CHECKOUTS, view->index, 7);
    bool is_known = row->customer != SIM_NO_ROW;
    if (is_known)
        person_fill_as(w, row->customer, row->buyer_edits, row->buyer_flags, &person);
    PUT_ID(out, w, "customer_id", SIM_CUSTOMERS, row->customer);
    PUT_BOOL(out, "is_business_customer", row->is_business);
    PUT_STRING(out, "customer_name", is_known && person.has_name ? person.name : NULL);
    size_t len = is_known ? 0 : visitor_email(w, view->index, email);
    PUT(out, ",\"customer_email\":");
    if (is_known && person.has_email)
        put_text(out, person.email, person.email_len);
    else if (len > 0)
        put_text(out, email, len);
    else
        PUT(out, "null");
    PUT(out, ",\"customer_ip_address\":\"203.0.113.");
    put_int(out, (int64_t)(hash % 254 + 1));
    PUT(out, "\"");
    PUT_STRING(out, "customer_billing_name",
               is_known && person.has_billing_name ? person.billing_name : NULL);
    PUT(out, ",\"customer_billing_address\":");
    render_address(view->country, view->knows_address, out);
    PUT_STRING(out, "customer_tax_id", is_known && person.has_tax_id ? person.tax_id : NULL);
    PUT_STRING(out, "locale", hash >> 9 & 1U ? view->country->locale : NULL);
    PUT_STRING(out, "payment_method_type",
               row->status < CHECKOUT_CONFIRMED ? NULL
               : hash >> 10 & 3U                ? "card"
                                                : "apple_pay");
}

static void put_payment(const struct sim_world *w, const struct checkout_view *view,
                        struct sim_out *out)
{
    const struct checkout_row *row = view->row;
    PUT(out, ",\"payment_processor_metadata\":{\"publishable_key\":\"pk_example\"");
    if (row->status == CHECKOUT_CONFIRMED) {
        PUT(out, ",\"intent_client_secret\":\"pi_");
        put_bytes(out, view->secret + 10, 20);
        PUT(out, "_secret_");
        put_bytes(out, view->secret + 20, 20);
        PUT(out, "\"");
    }
    PUT(out, "},\"customer_billing_address_fields\":{\"country\":true,\"state\":false,\"city\":"
             "true,\"postal_code\":true,"
             "\"line1\":true,\"line2\":false},\"billing_address_fields\":{\"country\":\"required\","
             "\"state\":\"optional\","
             "\"city\":\"required\",\"postal_code\":\"required\",\"line1\":\"required\",\"line2\":"
             "\"optional\"},"
             "\"trial_interval\":null,\"trial_interval_count\":null,\"metadata\":");
    struct metadata_pair pairs[METADATA_LIMIT];
    render_metadata(out, pairs, metadata_of_campaign(row->campaign, pairs));
    struct person person = {0};
    if (row->customer != SIM_NO_ROW)
        person_fill_as(w, row->customer, row->buyer_edits, row->buyer_flags, &person);
    const char *external_id = person.has_external_id ? person.external_id : NULL;
    PUT_STRING(out, "external_customer_id", external_id);
    PUT_STRING(out, "customer_external_id", external_id);
}

static void put_goods(const struct sim_world *w, const struct checkout_view *view,
                      struct sim_out *out)
{
    const struct checkout_row *row = view->row;
    const struct product *product = view->product;
    PUT(out, ",\"products\":[");
    put_fragment(out, &product->checkout);
    PUT(out, "],\"product\":");
    put_fragment(out, &product->checkout);
    PUT(out, ",\"product_price\":");
    put_fragment(out, &w->prices[row->price].json);
    PUT(out, ",\"prices\":{");
    put_id(out, w, SIM_PRODUCTS, row->product);
    PUT(out, ":");
    put_fragment(out, &product->prices);
    PUT(out, "},\"discount\":");
    if (row->discount == SIM_NO_BYTE)
        PUT(out, "null");
    else
        put_fragment(out, &w->discounts[row->discount].checkout);
    PUT_ID(out, w, "subscription_id", SIM_SUBSCRIPTIONS, row->upgrade_of);
    PUT(out, ",\"attached_custom_fields\":");
    if (product->made_from->field_mask)
        put_fragment(out, &product->fields);
    else
        PUT(out, "null");
    sim_out_text(out,
                 row->campaign > 40
                     ? ",\"customer_metadata\":{\"cohort\":\"b\",\"visits\":3,\"returning\":true}"
                     : ",\"customer_metadata\":{}");
    PUT_INT(out, "subtotal_amount", view->totals.net);
}

void render_checkout(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    struct checkout_view view;
    view_open(w, index, &view);
    PUT(out, "{\"id\":");
    put_id(out, w, SIM_CHECKOUTS, index);
    PUT_TIME(out, "created_at", view.row->created_us);
    PUT_TIME(out, "modified_at", view.row->modified_us);
    PUT(out, ",\"custom_field_data\":");
    render_custom_fields(w,
                         view.row->status == CHECKOUT_SUCCEEDED ? view.row->product : PRODUCT_COUNT,
                         chance_of_row(w, SIM_CHECKOUTS, index, 6), out);
    PUT(out, ",\"payment_processor\":\"stripe\"");
    PUT_STRING(out, "status", checkout_status_names[view.row->status]);
    put_links(w, &view, out);
    put_amounts(w, &view, out);
    put_requirements(w, &view, out);
    put_buyer(w, &view, out);
    put_payment(w, &view, out);
    put_goods(w, &view, out);
    PUT(out, "}");
}
