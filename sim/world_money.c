// SPDX-License-Identifier: Apache-2.0
// world_money.c - prices, taxes, discounts and exchange rates, all in integers.
//
// Tax follows the customer's country: European and Asian prices include it, American ones do not, businesses with a tax
// number outside the United States pay none. The exchange rate is a slow wave with daily noise, made from the seed and
// the day, so that any day's rate can be had again without storing one.
#include "world_parts.h"

#include <math.h>

const struct currency_info currencies[CURRENCY_COUNT] = {
    [USD] = {"usd", 1000000, 100, 1},   [EUR] = {"eur", 1083000, 100, 1},
    [GBP] = {"gbp", 1271000, 85, 100},  [JPY] = {"jpy", 668000, 150, 10},
    [KRW] = {"krw", 72600, 1340, 1000},
};

const struct country_info countries[COUNTRY_COUNT] = {
    {"US", "US-CA", "San Francisco", "94103", "1 Market Street", "en-US", "US", "us_ein", USD, 0,
     false},
    {"US", "US-NY", "New York", "10001", "350 Example Avenue", "en", "US", "us_ein", USD, 887,
     false},
    {"US", "US-TX", "Austin", "73301", "600 Congress \"Suite\" 4", "en-US", "US", "us_ein", USD,
     825, false},
    {"FR", NULL, "Paris", "75002", "12 Rue de la Paix", "fr", "FR", "eu_vat", EUR, 2000, true},
    {"DE", NULL, "München", "80331", "Sendlinger Straße 7", "de", "DE", "eu_vat", EUR, 1900, true},
    {"ES", "Madrid", "Madrid", "28013", "Calle Mayor 3", "es", "ES", "eu_vat", EUR, 2100, true},
    {"PL", NULL, "Łódź", "90-001", "ul. Piotrkowska 1", "pl", "PL", "eu_vat", EUR, 2300, true},
    {"GB", NULL, "London", "EC1A 1BB", "221B Example Street", "en-GB", "GB", "gb_vat", GBP, 2000,
     true},
    {"JP", "東京都", "千代田区", "100-0001", "千代田1-1", "ja", "JP", "jp_cn", JPY, 1000, true},
    {"KR", NULL, "서울", "04524", "세종대로 110", "ko", "KR", "kr_brn", KRW, 1000, true},
    {"CA", "CA-QC", "Montréal", "H2Y 1C6", "275 rue Notre-Dame Est", "fr-CA", "CA", "ca_bn", USD,
     1498, false},
    {"AE", NULL, "دبي", "00000", "شارع الشيخ زايد", "ar", "AE", "ae_trn", USD, 500, false},
    {"IN", "Karnataka", "Bengaluru", "560001", "1 MG Road", "hi", "IN", "in_gst", USD, 1800, false},
    {"IL", NULL, "תל אביב", "6100000", "רחוב הרצל 1", "he", "IL", "il_vat", USD, 1700, false},
};

int64_t money_scale(int64_t amount, int64_t numerator, int64_t denominator)
{
    __extension__ typedef __int128 wide;
    wide product = (wide)amount * numerator;
    wide half = denominator / 2;
    return (int64_t)((product >= 0 ? product + half : product - half) / denominator);
}

int64_t money_price(enum currency currency, int64_t usd_cents)
{
    const struct currency_info *info = &currencies[currency];
    int64_t price = money_scale(usd_cents, info->price_scale, 100);
    if (price <= info->price_step)
        return price;
    return money_scale(price, 1, info->price_step) * info->price_step;
}

int64_t money_share(int64_t amount, int64_t part, int64_t whole)
{
    return (int64_t)rint((double)(amount * part) / (double)whole);
}

struct totals money_totals(int64_t taxable, const struct country_info *country, bool is_business)
{
    int64_t rate = is_business && country->currency != USD ? 0 : country->tax_basis_points;
    struct totals totals = {taxable, 0, country->is_inclusive};
    if (country->is_inclusive) {
        totals.net = money_scale(taxable, 10000, 10000 + rate);
        totals.tax = taxable - totals.net;
    } else {
        totals.tax = money_scale(taxable, rate, 10000);
    }
    return totals;
}

int64_t money_rate(const struct sim_world *w, enum currency currency, int64_t at_us)
{
    if (currency == USD)
        return currencies[USD].usd_rate;
    int64_t day = at_us / DAY_US;
    int64_t phase = (day + (int64_t)currency * 71) % 400;
    int64_t wave = phase < 200 ? phase - 100 : 300 - phase; // -100 .. 100, a triangle of 400 days
    int64_t noise = (int64_t)(chance_of_row(w, currency, (uint64_t)day, 31) % 2001) - 1000;
    int64_t average = currencies[currency].usd_rate;
    return average + average * wave / 2500 + average * noise / 200000;
}

int64_t money_discount(const struct discount *discount, enum currency currency, int64_t subtotal)
{
    if (discount == NULL || subtotal <= 0)
        return 0;
    if (discount->is_percentage)
        return money_scale(subtotal, discount->basis_points, 10000);
    int64_t amount = money_price(currency, discount->amount_usd);
    return amount < subtotal ? amount : subtotal;
}

// Tiers are fixed: 1-10 at the price, 11-50 at 80 %, above at 60 %.
int64_t money_tier_total(int64_t amount, bool is_graduated, int64_t count)
{
    int64_t second = amount * 8 / 10, third = amount * 6 / 10;
    if (!is_graduated)
        return count * (count <= 10 ? amount : count <= 50 ? second : third);
    int64_t in_second = count <= 10 ? 0 : count <= 50 ? count - 10 : 40;
    int64_t in_third = count <= 50 ? 0 : count - 50;
    return (count - in_second - in_third) * amount + in_second * second + in_third * third;
}
