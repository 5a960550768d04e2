// SPDX-License-Identifier: Apache-2.0
// render_catalog.c - the JSON of products, prices, benefits, discounts and meters, made once and copied into many rows.
//
// A product is two kilobytes that appear in every subscription, order and checkout; rendering it anew would cost more than
// all the rest. When something in the catalogue changes, its fragments are made again. The one value that changes at each
// read, a Discord token, has its place noted and is written over after the copy.
#include "render.h"

#include <stdio.h>
#include <stdlib.h>

static bool keep(struct sim_out *out, struct fragment *fragment)
{
    if (out->failed) {
        sim_out_release(out);
        return false;
    }
    char *exact = realloc(out->data, out->len + 1);
    if (exact == NULL) {
        sim_out_release(out);
        return false;
    }
    free(fragment->text);
    fragment->text = exact;
    fragment->len = out->len;
    exact[out->len] = '\0';
    *out = (struct sim_out){0};
    static const char mark[] = "\"guild_token\":\"";
    const char *token = strstr(exact, mark);
    fragment->token_at = token == NULL ? 0 : (size_t)(token - exact) + sizeof mark - 1;
    return true;
}

static void put_meter_brief(const struct sim_world *w, struct sim_out *out)
{
    PUT(out, "\"meter\":{\"id\":");
    put_id(out, w, ID_METER, 0);
    PUT(out, ",\"name\":\"API "
             "calls\",\"unit\":\"scalar\",\"custom_label\":null,\"custom_multiplier\":null}");
}

static void put_tiers(struct sim_out *out, const struct price *price, bool is_yearly)
{
    int64_t amount[3] = {price->amount, price->amount * 8 / 10, price->amount * 6 / 10};
    static const char *const bounds[] = {"10", "50", "null"}, *const starts[] = {"1", "11", "51"};
    bool is_seats = price->kind == SEATS;
    sim_out_text(out,
                 is_seats ? ",\"seat_tiers\":{\"seat_tier_type\":\"" : ",\"tiers\":{\"type\":\"");
    sim_out_text(out, is_seats && is_yearly ? "graduated" : "volume");
    PUT(out, "\",\"tiers\":[");
    for (size_t i = 0; i < 3; i++) {
        if (is_seats)
            sim_out_format(out, "%s{\"min_seats\":%s,\"max_seats\":%s,\"price_per_seat\":%lld}",
                           i ? "," : "", starts[i], bounds[i], (long long)amount[i]);
        else
            sim_out_format(out, "%s{\"bound\":%s,\"unit_amount\":\"%lld.000000000000\"}",
                           i ? "," : "", bounds[i], (long long)amount[i]);
    }
    PUT(out, "]");
    if (is_seats)
        sim_out_format(out, ",\"minimum_seats\":1,\"maximum_seats\":null},\"price_per_seat\":%lld",
                       (long long)amount[0]);
    else
        PUT(out, "},\"minimum_units\":1,\"unit_label\":{\"en\":{\"one\":\"credit\",\"other\":"
                 "\"credits\"}},"
                 "\"maximum_units\":null");
}

static void put_price_amounts(const struct sim_world *w, const struct price *price,
                              struct sim_out *out)
{
    switch ((enum price_kind)price->kind) {
    case FIXED:
        PUT_INT(out, "price_amount", price->amount);
        break;
    case LEGACY:
        PUT_INT(out, "price_amount", price->amount);
        PUT(out, ",\"legacy\":true");
        break;
    case CUSTOM:
        PUT_INT(out, "minimum_amount", price->amount);
        PUT(out, ",\"maximum_amount\":null");
        PUT_INT(out, "preset_amount", price->amount * 2);
        break;
    case METERED:
        PUT(out, ",\"unit_amount\":\"");
        put_decimal(out, price->amount * 10000000, 12);
        PUT(out, "\",\"cap_amount\":");
        if (price->product == 1)
            PUT(out, "500000");
        else
            PUT(out, "null");
        PUT_ID(out, w, "meter_id", ID_METER, 0);
        PUT(out, ",");
        put_meter_brief(w, out);
        break;
    case SEATS:
    case UNITS:
        put_tiers(out, price, w->products[price->product].made_from->interval == BY_YEAR);
        break;
    }
}

bool fragments_of_price(struct sim_world *w, unsigned index)
{
    static const char *const kinds[] = {"fixed",        "custom",     "seat_based",
                                        "metered_unit", "unit_based", "fixed"};
    struct price *price = &w->prices[index];
    enum interval interval = w->products[price->product].made_from->interval;
    struct sim_out out = {0};
    PUT(&out, "{\"created_at\":");
    put_time(&out, price->created_us);
    PUT_TIME(&out, "modified_at", price->modified_us);
    PUT_ID(&out, w, "id", ID_PRICE, index);
    PUT(&out, ",\"source\":\"catalog\"");
    PUT_STRING(&out, "amount_type", kinds[price->kind]);
    PUT_STRING(&out, "price_currency", currencies[price->currency].code);
    sim_out_text(&out, price->product % 4 == 1 ? ",\"tax_behavior\":\"location\""
                                               : ",\"tax_behavior\":null");
    PUT_BOOL(&out, "is_archived", price->is_archived);
    PUT_ID(&out, w, "product_id", SIM_PRODUCTS, price->product);
    PUT_STRING(&out, "type", interval == ONE_TIME ? "one_time" : "recurring");
    PUT_STRING(&out, "recurring_interval", interval_names[interval]);
    put_price_amounts(w, price, &out);
    PUT(&out, "}");
    return keep(&out, &price->json);
}

static void put_properties(const struct sim_world *w, unsigned benefit, struct sim_out *out)
{
    switch (benefit % BENEFIT_COUNT) {
    case 0:
        PUT(out, "{\"note\":\"Mail help@shop.example with your order number.\"}");
        break;
    case 1:
        PUT(out, "{\"guild_id\":\"1099999999999999999\",\"role_id\":\"1088888888888888888\",\"kick_"
                 "member\":true,"
                 "\"guild_token\":\"0000000000000000000000000000000000000000000\"}");
        break;
    case 2:
        PUT(out, "{\"repository_owner\":\"shop-example\",\"repository_name\":\"private-tools\","
                 "\"permission\":\"pull\","
                 "\"repository_id\":null}");
        break;
    case 3:
        PUT(out, "{\"archived\":{");
        put_id(out, w, ID_FILE, 0);
        PUT(out, ":false,");
        put_id(out, w, ID_FILE, 1);
        PUT(out, ":true},\"files\":[");
        put_id(out, w, ID_FILE, 0);
        PUT(out, ",");
        put_id(out, w, ID_FILE, 1);
        PUT(out, "]}");
        break;
    case 4:
        PUT(out,
            "{\"prefix\":\"SHOP\",\"expires\":{\"ttl\":1,\"timeframe\":\"year\"},"
            "\"activations\":{\"limit\":3,\"enable_customer_admin\":true},\"limit_usage\":null}");
        break;
    case 5:
        PUT(out, "{\"units\":1000,\"rollover\":false,\"meter_id\":");
        put_id(out, w, ID_METER, 0);
        PUT(out, "}");
        break;
    case 7:
        PUT(out, "{\"slack_integration_id\":");
        put_id(out, w, ID_FILE, 2);
        PUT(out, ",\"channel_name_template\":\"shop-{customer_name}\",\"private\":true,\"welcome_"
                 "message\":null,"
                 "\"archive_on_revoke\":true,\"team_invitees\":[\"U01ABCDEF\"]}");
        break;
    case 8:
        PUT(out, "{\"note\":null}");
        break;
    default:
        PUT(out, "{}");
    }
}

static void put_benefit(const struct sim_world *w, unsigned index, bool is_full,
                        struct sim_out *out)
{
    const struct benefit *benefit = &w->benefits[index];
    const char *type = benefit_type_names[index % BENEFIT_COUNT];
    struct metadata_pair pairs[METADATA_LIMIT];
    PUT(out, "{\"id\":");
    put_id(out, w, SIM_BENEFITS, index);
    PUT_TIME(out, "created_at", benefit->created_us);
    PUT_TIME(out, "modified_at", benefit->modified_us);
    PUT_STRING(out, "type", type);
    PUT_STRING(out, "description", benefit_descriptions[index % BENEFIT_COUNT]);
    PUT(out, ",\"selectable\":true,\"deletable\":true");
    PUT_BOOL(out, "is_deleted", benefit->is_deleted);
    PUT_STRING(out, "organization_id", w->organization_id);
    if (is_full) {
        PUT(out, ",\"metadata\":");
        render_metadata(out, pairs, metadata_of_benefit(index, pairs));
        PUT_STRING(out, "visibility", benefit_visibilities[index % BENEFIT_COUNT]);
        PUT(out, ",\"properties\":");
        put_properties(w, index, out);
        if (strcmp(type, "custom") == 0 || strcmp(type, "slack_shared_channel") == 0)
            PUT(out, ",\"is_tax_applicable\":true");
        PUT_BOOL(out, "visibility_configurable", index % BENEFIT_COUNT != 6);
    }
    PUT(out, "}");
}

bool fragments_of_benefit(struct sim_world *w, unsigned index)
{
    struct sim_out full = {0}, brief = {0};
    put_benefit(w, index, true, &full);
    put_benefit(w, index, false, &brief);
    bool has_full = keep(&full, &w->benefits[index].full);
    return keep(&brief, &w->benefits[index].short_form) && has_full;
}

static void put_media(const struct sim_world *w, unsigned product, struct sim_out *out)
{
    char id[UUID_CHARS + 1] = {0};
    uuid_write(&w->key, ID_MEDIA, product, id);
    PUT(out, "{\"id\":\"");
    sim_out_text(out, id);
    PUT(out, "\"");
    PUT_STRING(out, "organization_id", w->organization_id);
    PUT(out, ",\"name\":\"hero.png\",\"path\":\"product_media/");
    sim_out_format(out, "%s/%s/hero.png\"", w->organization_id, id);
    PUT(out, ",\"mime_type\":\"image/png\",\"size\":48213,\"storage_version\":null,"
             "\"checksum_etag\":\"\\\"9b2cf535f27731c974343645a3985328\\\"\",\"checksum_sha256_"
             "base64\":null,"
             "\"checksum_sha256_hex\":null");
    PUT_TIME(out, "last_modified_at", w->start_us / SECOND_US * SECOND_US);
    PUT(out, ",\"version\":null,\"service\":\"product_media\",\"is_uploaded\":true");
    PUT_TIME(out, "created_at", w->start_us + product);
    sim_out_format(out,
                   ",\"size_readable\":\"47.1 "
                   "KB\",\"public_url\":\"https://uploads.polar.sh/product_media/%s/%s/hero.png\"}",
                   w->organization_id, id);
}

static const struct {
    const char *type, *slug, *name, *properties;
} custom_fields[] = {
    {"text", "company-size", "Company size", "{\"form_label\":\"Company size\",\"max_length\":32}"},
    {"number", "team-members", "Team members",
     "{\"form_help_text\":\"Roughly\",\"ge\":1,\"le\":100000}"},
    {"date", "needed-by", "Needed by", "{\"ge\":1672531200}"},
    {"checkbox", "newsletter", "Newsletter", "{\"form_label\":\"Send me **news**\"}"},
    {"select", "how-found", "How did you find us?",
     "{\"options\":[{\"value\":\"search\",\"label\":\"Search\"},{\"value\":\"friend\",\"label\":"
     "\"A friend 🙂\"}]}"},
};

static void put_fields(const struct sim_world *w, unsigned product, struct sim_out *out)
{
    unsigned order = 0;
    PUT(out, "[");
    for (unsigned i = 0; i < sizeof custom_fields / sizeof custom_fields[0]; i++) {
        if (!(w->products[product].made_from->field_mask >> i & 1U))
            continue;
        if (order > 0)
            PUT(out, ",");
        PUT(out, "{\"custom_field_id\":");
        put_id(out, w, ID_FIELD, i);
        PUT(out, ",\"custom_field\":{\"created_at\":");
        put_time(out, w->start_us + i);
        PUT(out, ",\"modified_at\":null");
        PUT_ID(out, w, "id", ID_FIELD, i);
        PUT(out, ",\"metadata\":{}");
        PUT_STRING(out, "type", custom_fields[i].type);
        PUT_STRING(out, "slug", custom_fields[i].slug);
        PUT_STRING(out, "name", custom_fields[i].name);
        PUT_STRING(out, "organization_id", w->organization_id);
        sim_out_format(out, ",\"properties\":%s},\"order\":%u", custom_fields[i].properties,
                       order++);
        PUT_BOOL(out, "required", i == 0 && product == 1);
        PUT(out, "}");
    }
    PUT(out, "]");
}

static void put_core(const struct sim_world *w, unsigned index, struct sim_out *out)
{
    const struct product *p = &w->products[index];
    const struct product_template *made_from = p->made_from;
    bool is_recurring = made_from->interval != ONE_TIME;
    PUT(out, "\"id\":");
    put_id(out, w, SIM_PRODUCTS, index);
    PUT_TIME(out, "created_at", p->created_us);
    PUT_TIME(out, "modified_at", p->modified_us);
    if (made_from->trial_days)
        sim_out_format(out, ",\"trial_interval\":\"day\",\"trial_interval_count\":%u",
                       made_from->trial_days);
    else
        PUT(out, ",\"trial_interval\":null,\"trial_interval_count\":null");
    PUT_STRING(out, "name", p->name);
    PUT_STRING(out, "description", made_from->description);
    PUT_STRING(out, "visibility", made_from->visibility);
    PUT_STRING(out, "recurring_interval", interval_names[made_from->interval]);
    if (is_recurring)
        PUT_INT(out, "recurring_interval_count", made_from->interval_count);
    else
        PUT(out, ",\"recurring_interval_count\":null");
    if (made_from->has_meter_cycle)
        PUT(out, ",\"meter_interval\":\"month\",\"meter_interval_count\":1");
    else
        PUT(out, ",\"meter_interval\":null,\"meter_interval_count\":null");
    PUT_BOOL(out, "is_recurring", is_recurring);
    PUT_BOOL(out, "is_archived", p->is_archived);
    PUT_STRING(out, "organization_id", w->organization_id);
}

static void put_prices(const struct sim_world *w, const struct product *p, struct sim_out *out)
{
    PUT(out, "[");
    for (unsigned c = 0, first = 1; c < CURRENCY_COUNT; c++) {
        if (p->price[c] == UINT16_MAX)
            continue;
        if (!first)
            PUT(out, ",");
        first = 0;
        put_fragment(out, &w->prices[p->price[c]].json);
        if (p->metered_price[c] == UINT16_MAX)
            continue;
        PUT(out, ",");
        put_fragment(out, &w->prices[p->metered_price[c]].json);
    }
    PUT(out, "]");
}

static void put_benefits(const struct sim_world *w, unsigned index, bool is_full,
                         struct sim_out *out)
{
    const struct product *p = &w->products[index];
    bool is_first = true;
    PUT(out, "[");
    for (unsigned i = 0; i < BENEFITS_PER_PRODUCT && p->made_from->benefits[i]; i++) {
        unsigned at = p->made_from->benefits[i] - 1U;
        const struct benefit *benefit = &w->benefits[at];
        if (benefit->is_deleted || (!is_full && strcmp(benefit_visibilities[at], "public") != 0))
            continue;
        if (!is_first)
            PUT(out, ",");
        is_first = false;
        put_fragment(out, is_full ? &benefit->full : &benefit->short_form);
    }
    PUT(out, "]");
}

static void put_product(const struct sim_world *w, unsigned index, bool is_full,
                        struct sim_out *out)
{
    const struct product *p = &w->products[index];
    PUT(out, "{");
    put_fragment(out, &p->core);
    if (is_full) {
        PUT(out, ",\"metadata\":");
        put_fragment(out, &p->metadata);
    }
    PUT(out, ",\"prices\":");
    put_fragment(out, &p->prices);
    PUT(out, ",\"benefits\":");
    put_benefits(w, index, is_full, out);
    PUT(out, ",\"medias\":[");
    if (p->made_from->has_media)
        put_media(w, index, out);
    PUT(out, "]");
    if (is_full) {
        PUT(out, ",\"attached_custom_fields\":");
        put_fragment(out, &p->fields);
    }
    PUT(out, "}");
}

bool fragments_of_product(struct sim_world *w, unsigned index)
{
    struct product *p = &w->products[index];
    struct metadata_pair pairs[METADATA_LIMIT];
    struct sim_out core = {0}, metadata = {0}, prices = {0}, fields = {0}, full = {0},
                   checkout = {0};
    put_core(w, index, &core);
    render_metadata(&metadata, pairs, metadata_of_product(w, index, pairs));
    put_prices(w, p, &prices);
    put_fields(w, index, &fields);
    bool has_core = keep(&core, &p->core), has_metadata = keep(&metadata, &p->metadata);
    bool has_prices = keep(&prices, &p->prices), has_fields = keep(&fields, &p->fields);
    if (!has_core || !has_metadata || !has_prices || !has_fields)
        return false;
    put_product(w, index, true, &full);
    put_product(w, index, false, &checkout);
    bool has_full = keep(&full, &p->full);
    return keep(&checkout, &p->checkout) && has_full;
}

static void put_discount_kind(const struct discount *d, struct sim_out *out)
{
    sim_out_format(out, "{\"duration\":\"%s\"",
                   d->months == 0  ? "once"
                   : d->months < 0 ? "forever"
                                   : "repeating");
    if (d->months > 0)
        PUT_INT(out, "duration_in_months", d->months);
    if (d->is_percentage) {
        sim_out_format(out, ",\"type\":\"percentage\",\"basis_points\":%d", d->basis_points);
        return;
    }
    sim_out_format(out, ",\"type\":\"fixed\",\"amount\":%d,\"currency\":\"usd\",\"amounts\":{",
                   d->amount_usd);
    for (unsigned c = 0; c < CURRENCY_COUNT; c++)
        sim_out_format(out, "%s\"%s\":%lld", c ? "," : "", currencies[c].code,
                       (long long)money_price(c, d->amount_usd));
    PUT(out, "}");
}

static bool fragments_of_discount(struct sim_world *w, unsigned index)
{
    struct discount *d = &w->discounts[index];
    struct sim_out head = {0}, tail = {0}, brief = {0};
    put_discount_kind(d, &head);
    PUT_TIME(&head, "created_at", d->created_us);
    PUT_TIME(&head, "modified_at", d->modified_us);
    PUT_ID(&head, w, "id", ID_DISCOUNT, index);
    PUT(&head, ",\"metadata\":{}");
    PUT_STRING(&head, "name", d->name);
    PUT_STRING(&head, "code", d->code);
    PUT(&head, ",\"starts_at\":null");
    PUT_TIME(&head, "ends_at", d->ends_us);
    sim_out_text(&head, index == 6
                            ? ",\"max_redemptions\":5000000,\"max_redemptions_per_customer\":1"
                            : ",\"max_redemptions\":null,\"max_redemptions_per_customer\":null");
    PUT(&head, ",\"redemptions_count\":");
    PUT_STRING(&tail, "organization_id", w->organization_id);
    PUT(&tail, "}");
    put_discount_kind(d, &brief);
    PUT_ID(&brief, w, "id", ID_DISCOUNT, index);
    PUT_STRING(&brief, "name", d->name);
    PUT_STRING(&brief, "code", d->code);
    PUT(&brief, "}");
    bool has_head = keep(&head, &d->head), has_tail = keep(&tail, &d->tail);
    return keep(&brief, &d->checkout) && has_head && has_tail;
}

bool fragments_make(struct sim_world *w)
{
    bool ok = true;
    for (unsigned i = 0; i < w->price_count; i++)
        ok &= fragments_of_price(w, i);
    for (unsigned i = 0; i < w->benefit_count; i++)
        ok &= fragments_of_benefit(w, i);
    for (unsigned i = 0; i < DISCOUNT_COUNT; i++)
        ok &= fragments_of_discount(w, i);
    for (unsigned i = 0; ok && i < w->product_count; i++)
        ok &= fragments_of_product(w, i);
    return ok;
}
