// SPDX-License-Identifier: Apache-2.0
// render_shared.c - customers, addresses, discounts and subscriptions as they appear inside other rows.
#include "render.h"

void render_metadata(struct sim_out *out, const struct metadata_pair *pairs, size_t count)
{
    PUT(out, "{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            PUT(out, ",");
        put_string(out, pairs[i].key);
        PUT(out, ":");
        if (pairs[i].kind == METADATA_TEXT)
            put_text(out, pairs[i].value, pairs[i].len);
        else
            put_bytes(out, pairs[i].value, pairs[i].len);
    }
    PUT(out, "}");
}

void render_address(const struct country_info *country, bool is_known, struct sim_out *out)
{
    if (!is_known) {
        PUT(out, "null");
        return;
    }
    PUT(out, "{\"line1\":");
    put_string(out, country->line);
    PUT(out, ",\"line2\":null");
    PUT_STRING(out, "postal_code", country->postal_code);
    PUT_STRING(out, "city", country->city);
    PUT_STRING(out, "state", country->state);
    PUT_STRING(out, "country", country->code);
    PUT(out, "}");
}

// The address of a picture is a hash of the e-mail upstream; any 64 digits that follow the e-mail do here.
static void put_avatar(const struct person *person, struct sim_out *out)
{
    static const char hex[] = "0123456789abcdef";
    char digits[64];
    uint64_t hash = person->email_len;
    if (!person->has_email) {
        PUT(out, "null");
        return;
    }
    for (size_t i = 0; i < person->email_len; i++)
        hash = (hash ^ (unsigned char)person->email[i]) * 0x100000001b3U;
    for (size_t word = 0; word < 4; word++) {
        uint64_t part = uuid_hash(hash, word);
        for (size_t i = 0; i < 16; i++)
            digits[word * 16 + i] = hex[part >> (4 * i) & 15U];
    }
    PUT(out, "\"https://www.gravatar.com/avatar/");
    put_bytes(out, digits, sizeof digits);
    PUT(out, "?d=404\"");
}

static void put_optional(bool is_known, const char *value, size_t len, struct sim_out *out)
{
    if (is_known)
        put_text(out, value, len);
    else
        PUT(out, "null");
}

static void put_person(const struct sim_world *w, uint32_t index, const struct person *person,
                       struct sim_out *out)
{
    const struct customer_row *row = customer_at(w, index);
    PUT(out, ",\"external_id\":");
    put_optional(person->has_external_id && !person->is_deleted, person->external_id,
                 person->external_id_len, out);
    PUT(out, ",\"email\":");
    put_optional(person->has_email, person->email, person->email_len, out);
    PUT_BOOL(out, "email_verified", row->flags & CUSTOMER_VERIFIED);
    PUT_STRING(out, "type", row->flags & CUSTOMER_TEAM ? "team" : "individual");
    PUT(out, ",\"name\":");
    put_optional(person->has_name, person->name, person->name_len, out);
    PUT(out, ",\"billing_name\":");
    put_optional(person->has_billing_name, person->billing_name, person->billing_name_len, out);
    PUT(out, ",\"billing_address\":");
    render_address(person->country, person->has_address, out);
    if (person->has_tax_id) {
        PUT(out, ",\"tax_id\":[");
        put_text(out, person->tax_id, person->tax_id_len);
        PUT(out, ",");
        put_string(out, person->country->tax_format);
        PUT(out, "]");
    } else {
        PUT(out, ",\"tax_id\":null");
    }
}

void render_customer(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct customer_row *row = customer_at(w, index);
    struct metadata_pair pairs[METADATA_LIMIT];
    struct person person;
    person_fill(w, index, &person);
    PUT(out, "{\"id\":");
    put_id(out, w, SIM_CUSTOMERS, index);
    PUT_TIME(out, "created_at", row->created_us);
    PUT_TIME(out, "modified_at", row->modified_us);
    PUT(out, ",\"metadata\":");
    render_metadata(out, pairs, metadata_of_customer(w, index, pairs));
    put_person(w, index, &person, out);
    PUT_STRING(out, "locale", index % 3 == 0 ? person.country->locale : NULL);
    PUT_STRING(out, "organization_id", w->organization_id);
    PUT_ID(out, w, "default_payment_method_id", ID_PAYMENT_METHOD,
           index % 4 == 1 ? SIM_NO_ROW : index);
    PUT_TIME(out, "deleted_at", row->deleted_us);
    PUT_TIME(out, "first_user_event_at", row->first_event_us);
    PUT(out, ",\"avatar_url\":");
    put_avatar(&person, out);
    PUT(out, "}");
}

void render_user(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    struct person person;
    person_fill(w, index, &person);
    PUT_ID(out, w, "user_id", SIM_CUSTOMERS, index);
    PUT(out, ",\"user\":{\"id\":");
    put_id(out, w, SIM_CUSTOMERS, index);
    PUT(out, ",\"email\":");
    put_optional(person.has_email, person.email, person.email_len, out);
    char initial[2] = {person.has_email ? (char)(person.email[0] & ~0x20) : '?', '\0'};
    PUT_STRING(out, "public_name", initial);
    PUT(out, ",\"avatar_url\":");
    put_avatar(&person, out);
    PUT(out, ",\"github_username\":null}");
}

void render_discount(const struct sim_world *w, uint8_t index, struct sim_out *out)
{
    if (index == SIM_NO_BYTE) {
        PUT(out, "null");
        return;
    }
    const struct discount *discount = &w->discounts[index];
    put_fragment(out, &discount->head);
    put_int(out, discount->redemptions);
    put_fragment(out, &discount->tail);
}

void render_with_token(const struct sim_world *w, const struct fragment *fragment,
                       struct sim_out *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t start = out->len;
    put_fragment(out, fragment);
    if (fragment->token_at == 0 || out->failed)
        return;
    uint64_t hash =
        uuid_hash(atomic_fetch_add_explicit(w->reads, 1, memory_order_relaxed), w->key.check);
    char *token = out->data + start + fragment->token_at;
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        if (i % 10 == 0)
            hash = uuid_hash(hash, i);
        token[i] = letters[hash >> (6 * (i % 10)) & 63U];
    }
}

void render_custom_fields(const struct sim_world *w, unsigned product, uint64_t hash,
                          struct sim_out *out)
{
    static const char *const sizes[] = {"1-10", "11-50", "51-200", "> 200"};
    unsigned mask = product < PRODUCT_COUNT ? w->products[product].made_from->field_mask : 0;
    if (mask == 0 || hash % 5 == 0) {
        PUT(out, "{}");
        return;
    }
    size_t start = out->len;
    PUT(out, "{");
    if (mask & 1U)
        PUT_STRING(out, "company-size", sizes[hash >> 8 & 3]);
    if (mask & 2U)
        PUT_INT(out, "team-members", (int64_t)(hash >> 12 & 255));
    if (mask & 4U)
        PUT(out, ",\"needed-by\":\"2026-03-01T00:00:00Z\"");
    if (mask & 8U)
        PUT_BOOL(out, "newsletter", hash >> 20 & 1U);
    if (mask & 16U)
        PUT_STRING(out, "how-found", hash >> 21 & 1U ? "search" : NULL);
    PUT(out, "}");
    if (!out->failed) { // the first key came with a comma
        memmove(out->data + start + 1, out->data + start + 2, out->len - start - 2);
        out->len--;
    }
}

static void put_status_times(const struct subscription_row *s, struct sim_out *out)
{
    PUT_STRING(out, "status", subscription_status_names[s->status]);
    PUT_TIME(out, "current_period_start", s->period_start_us);
    PUT_TIME(out, "current_period_end", s->period_end_us);
    PUT_TIME(out, "current_meter_period_start", s->meter_start_us);
    PUT_TIME(out, "current_meter_period_end", s->meter_end_us);
    PUT_TIME(out, "trial_start", s->trial_start_us);
    PUT_TIME(out, "trial_end", s->trial_end_us);
    PUT_BOOL(out, "cancel_at_period_end", s->cancel_at_period_end);
    PUT_TIME(out, "canceled_at", s->canceled_us);
    PUT_TIME(out, "started_at", s->started_us);
    PUT_TIME(out, "ends_at", s->ends_us);
    PUT_TIME(out, "ended_at", s->ended_us);
    PUT_TIME(out, "past_due_at", s->past_due_us);
    PUT_BOOL(out, "pause_at_period_end", s->pause_at_period_end);
    PUT_TIME(out, "paused_at", s->paused_us);
    PUT_TIME(out, "resumes_at", s->resumes_us);
}

static void put_optional_int(int64_t value, struct sim_out *out)
{
    if (value == 0)
        PUT(out, "null");
    else
        put_int(out, value);
}

void render_subscription_core(const struct sim_world *w, uint32_t index, struct sim_out *out)
{
    const struct subscription_row *s = subscription_at(w, index);
    const struct product_template *product = &product_templates[s->product];
    PUT(out, "\"created_at\":");
    put_time(out, s->created_us);
    PUT_TIME(out, "modified_at", s->modified_us);
    PUT_ID(out, w, "id", SIM_SUBSCRIPTIONS, index);
    PUT_INT(out, "amount", s->amount);
    PUT_STRING(out, "currency", currencies[s->currency].code);
    PUT_STRING(out, "recurring_interval", interval_names[product->interval]);
    PUT_INT(out, "recurring_interval_count", product->interval_count);
    put_status_times(s, out);
    PUT_ID(out, w, "customer_id", SIM_CUSTOMERS, s->customer);
    PUT_ID(out, w, "product_id", SIM_PRODUCTS, s->product);
    PUT_ID(out, w, "discount_id", ID_DISCOUNT,
           s->discount == SIM_NO_BYTE ? SIM_NO_ROW : s->discount);
    PUT_ID(out, w, "checkout_id", SIM_CHECKOUTS, s->checkout);
    PUT(out, ",\"seats\":");
    put_optional_int(s->seats, out);
    PUT(out, ",\"units\":");
    put_optional_int(s->units, out);
    PUT_STRING(out, "customer_cancellation_reason",
               s->reason == SIM_NO_BYTE ? NULL : cancellation_reason_names[s->reason]);
    PUT_STRING(out, "customer_cancellation_comment", cancellation_comments[s->comment]);
    PUT_ID(out, w, "price_id", ID_PRICE, s->price);
}
