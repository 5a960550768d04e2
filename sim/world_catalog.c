// SPDX-License-Identifier: Apache-2.0
// world_catalog.c - what the shop sells: products of every price type, benefits of every type, discounts, and how they change.
//
// The catalogue is fixed in kind and varies in age; a world of ten orders has the same products as one of a million. A
// price never changes: it is archived and a new one, with a new id, takes its place; rows keep pointing at the old one.
// Changing prices or benefits does not touch the product's modified_at, as upstream.
#include "world_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_CURRENCIES 31
#define USD_EUR        3
#define USD_EUR_JPY    11
#define USD_ONLY       1

const struct product_template product_templates[PRODUCT_COUNT] = {
    {.name = "Starter",
     .description = "One project, mail support.",
     .sku = "START-M",
     .amount_usd = 900,
     .kind = FIXED,
     .interval = BY_MONTH,
     .interval_count = 1,
     .currency_mask = ALL_CURRENCIES,
     .weight = 20,
     .visibility = "public",
     .benefits = {2, 7},
     .field_mask = 1},
    {.name = "Pro",
     .description =
         "Everything in **Starter**, plus API access.\n\n- metered calls\n- *priority* support",
     .sku = "PRO-M",
     .amount_usd = 2900,
     .kind = FIXED,
     .interval = BY_MONTH,
     .interval_count = 1,
     .trial_days = 14,
     .currency_mask = ALL_CURRENCIES,
     .weight = 22,
     .is_metered = true,
     .has_media = true,
     .visibility = "public",
     .benefits = {2, 3, 5, 6},
     .field_mask = 3},
    {.name = "Pro (yearly)",
     .description = "Two months free.",
     .sku = "PRO-Y",
     .amount_usd = 29000,
     .kind = FIXED,
     .interval = BY_YEAR,
     .interval_count = 1,
     .currency_mask = ALL_CURRENCIES,
     .weight = 9,
     .has_media = true,
     .visibility = "public",
     .benefits = {2, 3, 5},
     .field_mask = 3},
    {.name = "Team",
     .description = "Per seat.",
     .sku = "TEAM-M",
     .amount_usd = 1500,
     .kind = SEATS,
     .interval = BY_MONTH,
     .interval_count = 1,
     .currency_mask = USD_EUR,
     .weight = 8,
     .visibility = "public",
     .benefits = {3, 4, 8}},
    {.name = "Team (yearly)",
     .description = "Per seat, graduated.",
     .sku = "TEAM-Y",
     .amount_usd = 15000,
     .kind = SEATS,
     .interval = BY_YEAR,
     .interval_count = 1,
     .currency_mask = USD_EUR,
     .weight = 3,
     .visibility = "public",
     .benefits = {3, 4}},
    {.name = "API platform",
     .description = "A yearly base fee, usage billed each month.",
     .sku = "API-Y",
     .amount_usd = 12000,
     .kind = FIXED,
     .interval = BY_YEAR,
     .interval_count = 1,
     .currency_mask = USD_EUR,
     .weight = 2,
     .is_metered = true,
     .has_meter_cycle = true,
     .visibility = "public",
     .benefits = {6, 7}},
    {.name = "Free",
     .description = NULL,
     .sku = "FREE",
     .amount_usd = 0,
     .kind = FIXED,
     .interval = BY_MONTH,
     .interval_count = 1,
     .currency_mask = ALL_CURRENCIES,
     .weight = 8,
     .visibility = "public",
     .benefits = {7}},
    {.name = "Supporter 支援",
     .description = "Pay what you want ❤️",
     .sku = "GIFT",
     .amount_usd = 500,
     .kind = CUSTOM,
     .interval = ONE_TIME,
     .currency_mask = USD_EUR_JPY,
     .weight = 6,
     .visibility = "public",
     .benefits = {1}},
    {.name = "E-book: \"Small Shops\"",
     .description = "PDF and EPUB.",
     .sku = "BOOK",
     .amount_usd = 1900,
     .kind = FIXED,
     .interval = ONE_TIME,
     .currency_mask = ALL_CURRENCIES,
     .weight = 24,
     .has_media = true,
     .visibility = "public",
     .benefits = {4},
     .field_mask = 8},
    {.name = "Lifetime licence",
     .description = "Once, for ever.",
     .sku = "LIFE",
     .amount_usd = 19900,
     .kind = FIXED,
     .interval = ONE_TIME,
     .currency_mask = ALL_CURRENCIES,
     .weight = 6,
     .has_media = true,
     .visibility = "public",
     .benefits = {5, 4, 9},
     .field_mask = 21},
    {.name = "Weekly digest",
     .description = "A letter each week.",
     .sku = "WEEK",
     .amount_usd = 300,
     .kind = FIXED,
     .interval = BY_WEEK,
     .interval_count = 1,
     .currency_mask = USD_ONLY,
     .weight = 2,
     .visibility = "public"},
    {.name = "Ten-day pass",
     .description = "Renews every ten days.",
     .sku = "PASS-10D",
     .amount_usd = 700,
     .kind = FIXED,
     .interval = BY_DAY,
     .interval_count = 10,
     .currency_mask = USD_EUR,
     .weight = 1,
     .visibility = "private",
     .benefits = {7}},
    {.name = "Quarterly",
     .description = "Every three months.",
     .sku = "QUARTER",
     .amount_usd = 7900,
     .kind = FIXED,
     .interval = BY_MONTH,
     .interval_count = 3,
     .currency_mask = ALL_CURRENCIES,
     .weight = 5,
     .visibility = "public",
     .benefits = {2, 5}},
    {.name = "Credits pack",
     .description = "Units that renew each month.",
     .sku = "UNITS-M",
     .amount_usd = 50,
     .kind = UNITS,
     .interval = BY_MONTH,
     .interval_count = 1,
     .currency_mask = USD_ONLY,
     .weight = 3,
     .visibility = "public",
     .benefits = {6}},
    {.name = "Gold (legacy)",
     .description = "For the first customers.",
     .sku = "GOLD",
     .amount_usd = 1500,
     .kind = LEGACY,
     .interval = BY_MONTH,
     .interval_count = 1,
     .currency_mask = USD_EUR,
     .weight = 6,
     .is_archived = true,
     .visibility = "public",
     .benefits = {1, 2}},
    {.name = "Old plan",
     .description = "Retired.",
     .sku = "OLD",
     .amount_usd = 1200,
     .kind = FIXED,
     .interval = BY_MONTH,
     .interval_count = 1,
     .currency_mask = USD_EUR,
     .weight = 4,
     .is_archived = true,
     .visibility = "public"},
    {.name = "عرض خاص 🚀",
     .description = "مسودة",
     .sku = "DRAFT",
     .amount_usd = 9900,
     .kind = FIXED,
     .interval = ONE_TIME,
     .currency_mask = USD_ONLY,
     .visibility = "draft"},
    {.name = "Sampler cre\u0300me 🎁",
     .description = "Free of charge.",
     .sku = "SAMPLE",
     .amount_usd = 0,
     .kind = FIXED,
     .interval = ONE_TIME,
     .currency_mask = ALL_CURRENCIES,
     .weight = 5,
     .visibility = "public",
     .benefits = {4}},
    {.name = "Patron",
     .description = "Choose your monthly amount.",
     .sku = "PATRON",
     .amount_usd = 300,
     .kind = CUSTOM,
     .interval = BY_MONTH,
     .interval_count = 1,
     .trial_days = 7,
     .currency_mask = USD_EUR_JPY,
     .weight = 3,
     .visibility = "public",
     .benefits = {1, 3}},
    {.name = "Consulting day",
     .description = "Invoice follows.",
     .sku = "CONSULT",
     .amount_usd = 120000,
     .kind = FIXED,
     .interval = ONE_TIME,
     .currency_mask = ALL_CURRENCIES,
     .weight = 1,
     .visibility = "private",
     .field_mask = 31},
};

static const struct discount discount_templates[DISCOUNT_COUNT] = {
    {.name = "Welcome",
     .code = "WELCOME20",
     .is_percentage = true,
     .months = 0,
     .basis_points = 2000},
    {.name = "Friends of the shop",
     .code = "FRIENDS10",
     .is_percentage = true,
     .months = -1,
     .basis_points = 1000},
    {.name = "Half price for a season",
     .code = "SEASON50",
     .is_percentage = true,
     .months = 3,
     .basis_points = 5000},
    {.name = "Five off", .code = "FIVE", .months = 0, .amount_usd = 500},
    {.name = "Two off for ever", .code = "TWO", .months = -1, .amount_usd = 200},
    {.name = "Six months cheaper", .code = "SIX", .months = 6, .amount_usd = 300},
    {.name = "Black Friday ブラックフライデー",
     .code = "BF",
     .is_percentage = true,
     .months = 0,
     .basis_points = 3000},
    {.name = "On the house",
     .code = NULL,
     .is_percentage = true,
     .months = 0,
     .basis_points = 10000},
    {.name = "A third", .code = "THIRD", .is_percentage = true, .months = 12, .basis_points = 3333},
    {.name = "Never used", .code = "DUST", .is_percentage = true, .months = 0, .basis_points = 500},
};

static uint16_t price_new(struct sim_world *w, unsigned product, unsigned currency,
                          enum price_kind kind, int64_t amount)
{
    if (w->price_count >= PRICE_LIMIT)
        return UINT16_MAX;
    uint16_t index = w->price_count++;
    struct price *price = &w->prices[index];
    price->created_us = w->now_us + index; // a microsecond apart, as rows of one request are
    price->amount = amount;
    price->product = (uint8_t)product;
    price->currency = (uint8_t)currency;
    price->kind = (uint8_t)kind;
    return index;
}

// Without unit-based prices (an old client's view of the shop) the same product sells at a fixed price.
static enum price_kind kind_of(const struct sim_world *w, const struct product_template *made_from)
{
    return made_from->kind == UNITS && w->options.without_newest_shapes ? FIXED : made_from->kind;
}

static void product_open(struct sim_world *w, unsigned index)
{
    const struct product_template *made_from = &product_templates[index % PRODUCT_COUNT];
    struct product *product = &w->products[index];
    product->made_from = made_from;
    snprintf(product->name, sizeof product->name, "%s", made_from->name);
    product->created_us = w->now_us;
    product->is_archived = made_from->is_archived;
    if (index % 3 == 1 || made_from->is_archived)
        product->modified_us = w->now_us + (int64_t)(index + 1) * 9 * DAY_US + 42;
    for (unsigned c = 0; c < CURRENCY_COUNT; c++) {
        bool is_sold = made_from->currency_mask >> c & 1U;
        product->price[c] = product->metered_price[c] = UINT16_MAX;
        if (is_sold)
            product->price[c] = price_new(w, index, c, kind_of(w, made_from),
                                          money_price(c, made_from->amount_usd));
        if (is_sold && made_from->is_metered) // hundred-thousandths of a minor unit
            product->metered_price[c] =
                price_new(w, index, c, METERED, c == JPY || c == KRW ? 100000 : 12500);
    }
}

bool catalog_open(struct sim_world *w)
{
    w->product_count = PRODUCT_COUNT;
    w->benefit_count = BENEFIT_COUNT;
    for (unsigned i = 0; i < BENEFIT_COUNT; i++) {
        w->benefits[i].created_us = w->start_us - 3 * DAY_US + (int64_t)(i / 2) * HOUR_US;
        if (i % 3 == 2)
            w->benefits[i].modified_us = w->start_us + 500000;
    }
    for (unsigned i = 0; i < DISCOUNT_COUNT; i++) {
        w->discounts[i] = discount_templates[i];
        w->discounts[i].created_us = w->start_us - DAY_US + i * 10000;
        if (i % 3 == 0)
            w->discounts[i].ends_us = w->start_us + (w->end_us - w->start_us) / 12 * (i + 2);
    }
    int64_t now_us = w->now_us;
    for (unsigned i = 0; i < PRODUCT_COUNT; i++) {
        w->now_us = w->start_us - 2 * DAY_US + (int64_t)(i / 2) * HOUR_US +
                    (i < 4 ? 0 : 118700); // ties by twos
        product_open(w, i);
    }
    w->now_us = now_us;
    return fragments_make(w);
}

void catalog_close(struct sim_world *w)
{
    for (unsigned i = 0; i < w->product_count; i++) {
        struct product *p = &w->products[i];
        struct fragment *all[] = {&p->core, &p->metadata, &p->prices,
                                  &p->full, &p->checkout, &p->fields};
        for (size_t j = 0; j < sizeof all / sizeof all[0]; j++)
            free(all[j]->text);
    }
    for (unsigned i = 0; i < w->benefit_count; i++) {
        free(w->benefits[i].full.text);
        free(w->benefits[i].short_form.text);
    }
    for (unsigned i = 0; i < DISCOUNT_COUNT; i++) {
        free(w->discounts[i].head.text);
        free(w->discounts[i].tail.text);
        free(w->discounts[i].checkout.text);
    }
    for (unsigned i = 0; i < w->price_count; i++)
        free(w->prices[i].json.text);
}

void catalog_change_price(struct sim_world *w, unsigned product, unsigned currency, int percent)
{
    struct product *p = &w->products[product];
    uint16_t old = p->price[currency];
    if (old == UINT16_MAX || w->price_count >= PRICE_LIMIT)
        return;
    struct price *before = &w->prices[old];
    int64_t amount = money_scale(before->amount, 100 + percent, 100);
    before->is_archived = true;
    before->modified_us = w->now_us;
    p->price[currency] = price_new(w, product, currency, before->kind, amount);
    w->changes++;
    w->has_failed |= !fragments_of_price(w, old) || !fragments_of_price(w, p->price[currency]) ||
                     !fragments_of_product(w, product);
}

bool catalog_is_renamed(const struct sim_world *w, unsigned product)
{
    return strcmp(w->products[product].name, w->products[product].made_from->name) != 0;
}

void catalog_name(const struct sim_world *w, unsigned product, bool is_renamed, char *ret)
{
    snprintf(ret, PRODUCT_NAME_BYTES, is_renamed ? "%s ✦" : "%s",
             w->products[product].made_from->name);
}

void catalog_rename_product(struct sim_world *w, unsigned product)
{
    struct product *p = &w->products[product];
    catalog_name(w, product, !catalog_is_renamed(w, product), p->name);
    row_touched(w, &p->modified_us);
    w->has_failed |= !fragments_of_product(w, product);
}

void catalog_archive_product(struct sim_world *w, unsigned product, bool is_archived)
{
    w->products[product].is_archived = is_archived;
    row_touched(w, &w->products[product].modified_us);
    w->has_failed |= !fragments_of_product(w, product);
}

static void refresh_products_with(struct sim_world *w, unsigned benefit)
{
    for (unsigned i = 0; i < w->product_count; i++)
        for (unsigned j = 0; j < BENEFITS_PER_PRODUCT; j++)
            if (w->products[i].made_from->benefits[j] == benefit + 1)
                w->has_failed |= !fragments_of_product(w, i);
}

void catalog_delete_benefit(struct sim_world *w, unsigned benefit)
{
    if (w->benefits[benefit].is_deleted)
        return;
    w->benefits[benefit].is_deleted = true;
    row_touched(w, &w->benefits[benefit].modified_us);
    w->has_failed |= !fragments_of_benefit(w, benefit);
    refresh_products_with(w, benefit);
}

void catalog_edit_benefit(struct sim_world *w, unsigned benefit)
{
    row_touched(w, &w->benefits[benefit].modified_us);
    w->has_failed |= !fragments_of_benefit(w, benefit);
    refresh_products_with(w, benefit);
}

void catalog_restore_benefit(struct sim_world *w, unsigned benefit)
{
    if (!w->benefits[benefit].is_deleted)
        return;
    w->benefits[benefit].is_deleted = false;
    row_touched(w, &w->benefits[benefit].modified_us);
    w->has_failed |= !fragments_of_benefit(w, benefit);
    refresh_products_with(w, benefit);
}

void catalog_new_benefit(struct sim_world *w)
{
    if (w->benefit_count >= BENEFIT_LIMIT)
        return;
    w->benefits[w->benefit_count].created_us = w->now_us;
    w->has_failed |= !fragments_of_benefit(w, w->benefit_count);
    w->benefit_count++;
    w->changes++;
}

void catalog_new_product(struct sim_world *w)
{
    if (w->product_count >= PRODUCT_LIMIT || w->price_count + 2 * CURRENCY_COUNT > PRICE_LIMIT)
        return;
    unsigned first_price = w->price_count;
    product_open(w, w->product_count);
    w->products[w->product_count].modified_us = 0;
    for (unsigned i = first_price; i < w->price_count; i++)
        w->has_failed |= !fragments_of_price(w, i);
    w->has_failed |= !fragments_of_product(w, w->product_count);
    w->product_count++;
    w->changes++;
}

// A price is its own row: the product's modified_at stays.
void catalog_touch_price(struct sim_world *w, unsigned product)
{
    uint16_t price = w->products[product].price[USD];
    if (price == UINT16_MAX)
        return;
    row_touched(w, &w->prices[price].modified_us);
    w->has_failed |= !fragments_of_price(w, price) || !fragments_of_product(w, product);
}
