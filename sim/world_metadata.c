// SPDX-License-Identifier: Apache-2.0
// world_metadata.c - the key-value pairs that rows carry: one source for the printed JSON and for the filter.
#include "world_names.h"
#include "world_parts.h"

#include <stdio.h>
#include <string.h>

static void put(struct metadata_pair *list, size_t *count, const char *key, enum metadata_kind kind,
                const char *value)
{
    struct metadata_pair *pair = &list[(*count)++];
    size_t len = strlen(value);
    if (len >= METADATA_TEXT_BYTES)
        len = METADATA_TEXT_BYTES - 1;
    pair->key = key;
    pair->kind = kind;
    memcpy(pair->value, value, len);
    pair->value[len] = '\0';
    pair->len = len;
}

size_t metadata_of_campaign(uint8_t campaign, struct metadata_pair ret[METADATA_LIMIT])
{
    static const char *const sources[] = {"google", "newsletter", "x",      "hackernews",
                                          "reddit", "partner ☕",  "youtube"};
    static const char *const media[] = {"cpc",    "email",     "social", "referral",
                                        "social", "affiliate", "video"};
    static const char *const referrers[] = {"https://www.google.com/",
                                            "",
                                            "https://t.co/abc",
                                            "https://news.ycombinator.com/item?id=1",
                                            "https://www.reddit.com/r/example",
                                            "https://partner.example/?a=1&b=2",
                                            "https://www.youtube.com/watch?v=x"};
    static const char *const campaigns[] = {"launch", "spring-sale", "brand", "été-2025"};
    size_t count = 0;
    if (campaign == 0)
        return 0;
    unsigned source = (campaign - 1U) % 7, number = (campaign - 1U) / 7 % 4;
    put(ret, &count, "utm_source", METADATA_TEXT, sources[source]);
    put(ret, &count, "utm_medium", METADATA_TEXT, media[source]);
    put(ret, &count, "utm_campaign", METADATA_TEXT, campaigns[number]);
    if (referrers[source][0] != '\0')
        put(ret, &count, "referrer", METADATA_TEXT, referrers[source]);
    if (campaign > 28) {
        put(ret, &count, "variant", METADATA_INT, number % 2 ? "2" : "1");
        put(ret, &count, "score", METADATA_FLOAT, "0.75");
        put(ret, &count, "beta", METADATA_BOOL, source % 2 ? "true" : "false");
    }
    return count;
}

size_t metadata_of_customer(const struct sim_world *w, uint32_t customer,
                            struct metadata_pair ret[METADATA_LIMIT])
{
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    const struct customer_row *row = customer_at(w, customer);
    uint64_t hash = chance_of_row(w, SIM_CUSTOMERS, customer, 2);
    size_t count = 0;
    if (hash % 10 < 6) {
        put(ret, &count, "plan_hint", METADATA_TEXT, hash & 16 ? "pro" : "チーム");
        put(ret, &count, "seats", METADATA_INT, digits[hash >> 8 & 7]);
        put(ret, &count, "beta", METADATA_BOOL, hash & 32 ? "true" : "false");
    }
    if (hash % 10 == 1)
        put(ret, &count, "score", METADATA_FLOAT, "-12.5");
    if (row->deleted_us != 0 && row->flags & CUSTOMER_HAS_EXTERNAL_ID) {
        struct person person;
        person_fill(w, customer, &person);
        put(ret, &count, "__external_id", METADATA_TEXT, person.external_id);
    }
    if (row->flags & CUSTOMER_ANONYMIZED)
        put(ret, &count, "__anonymized_at", METADATA_TEXT, "2026-01-01T00:00:00+00:00");
    return count;
}

size_t metadata_of_user_event(const struct sim_world *w, uint32_t event,
                              struct metadata_pair ret[METADATA_LIMIT])
{
    char text[24];
    const struct event_row *row = event_at(w, event);
    uint64_t hash = chance_of_row(w, SIM_EVENTS, (uint64_t)row->at_us ^ row->ref, 3);
    size_t count = 0;
    if (row->name == EV_USER_SIGNUP) {
        put(ret, &count, "channel", METADATA_TEXT, hash & 1 ? "web" : "mobile");
        return count;
    }
    snprintf(text, sizeof text, "%u", (unsigned)(hash % 2000));
    put(ret, &count, "duration_ms", METADATA_INT, text);
    put(ret, &count, "cached", METADATA_BOOL, hash & 4096 ? "true" : "false");
    snprintf(text, sizeof text, "0.%03u", 1 + (unsigned)(hash >> 20) % 999);
    put(ret, &count, "weight", METADATA_FLOAT, text);
    return count;
}

size_t metadata_of_product(const struct sim_world *w, unsigned product,
                           struct metadata_pair ret[METADATA_LIMIT])
{
    const struct product_template *made_from = w->products[product].made_from;
    size_t count = 0;
    put(ret, &count, "sku", METADATA_TEXT, made_from->sku);
    if (product % 2)
        put(ret, &count, "rank", METADATA_INT, product > 9 ? "2" : "1");
    if (product % 5 == 0)
        put(ret, &count, "featured", METADATA_BOOL, "true");
    return count;
}

size_t metadata_of_benefit(unsigned benefit, struct metadata_pair ret[METADATA_LIMIT])
{
    size_t count = 0;
    if (benefit % BENEFIT_COUNT == 0)
        put(ret, &count, "tier", METADATA_INT, "2");
    if (benefit % BENEFIT_COUNT == 6) {
        put(ret, &count, "flag", METADATA_TEXT, "beta-editor");
        put(ret, &count, "enabled", METADATA_BOOL, "true");
    }
    return count;
}

size_t metadata_of_refund(const struct sim_world *w, uint32_t refund,
                          struct metadata_pair ret[METADATA_LIMIT])
{
    size_t count = 0;
    if (chance_of_row(w, SIM_REFUNDS, refund, 4) % 6 == 0)
        put(ret, &count, "ticket", METADATA_INT, "4711");
    return count;
}
