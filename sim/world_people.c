// SPDX-License-Identifier: Apache-2.0
// world_people.c - who the customers are: names, addresses and numbers derived from the row's identity.
//
// Names mix scripts on purpose: accents both composed and combining, Chinese, Japanese, Korean, Arabic, Hebrew, emoji, and
// the characters that break careless quoting. E-mail addresses use domains that are reserved for examples.
#include "world_parts.h"

#include <string.h>

static const char *const given_names[] = {
    "Ada",   "Björn",  "Chloé", "Dmitri", "Elif",    "Fátima", "Grace",          "Hồng",
    "Inês",  "Jürgen", "小林",  "محمد",   "שרה",     "Łukasz", "민준",           "Zoe\u0308",
    "Noor",  "Ravi",   "Siân",  "Tomáš",  "O'Neil",  "Max 😀",  "Anna \"Annie\"", "Back\\slash",
    "Μαρία", "Олена",  "李",    "ありさ", "Gabriel", "Ngozi",
};
static const char *const given_slugs[] = {
    "ada",   "bjorn",  "chloe",     "dmitri",  "elif",    "fatima", "grace",  "hong",
    "ines",  "jurgen", "kobayashi", "mohamed", "sara",    "lukasz", "minjun", "zoe",
    "noor",  "ravi",   "sian",      "tomas",   "oneil",   "max",    "annie",  "slash",
    "maria", "olena",  "li",        "arisa",   "gabriel", "ngozi",
};
static const char *const family_names[] = {
    "Example",   "Muster",  "Specimen", "Образец",    "例子",    "Ejemplo",          "Esempio",
    "サンプル",  "예시",    "مثال",     "דוגמה",      "Příklad", "Przykład",         "Exemplo",
    "Voorbeeld", "Exempel", "Örnek",    "Παράδειγμα", "Példa",   "👩‍🚀 Test",
};
static const char *const domains[] = {"example.com", "example.org", "example.net", "mail.example",
                                      "shop.example"};
static const char *const companies[] = {
    "Example SARL", "Muster GmbH & Co. KG", "株式会社サンプル", "예시 주식회사",
    "Specimen Ltd", "Ejemplo S.L.",         "\"Quoted\" Inc."};

#define COUNT_OF(list) (sizeof(list) / sizeof(list)[0])

// Texts are joined by hand: this runs for every row that embeds a customer. All parts are short constants of this file.
static char *join(char *at, const char *text)
{
    size_t len = strlen(text);
    memcpy(at, text, len + 1);
    return at + len;
}

static char *join_number(char *at, uint32_t number, unsigned width)
{
    char digits[10];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || count < width);
    while (count > 0)
        *at++ = digits[--count];
    *at = '\0';
    return at;
}

static size_t name_of(uint64_t hash, char *ret)
{
    char *at = join(ret, given_names[hash % COUNT_OF(given_names)]);
    at = join(join(at, " "), family_names[hash / 64 % COUNT_OF(family_names)]);
    return (size_t)(at - ret);
}

static size_t hash_text(uint64_t hash, char *ret)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t word = 0; word < 4; word++)
        for (size_t i = 0; i < 16; i++)
            ret[word * 16 + i] = hex[uuid_hash(hash, word) >> (4 * i) & 15U];
    ret[64] = '\0';
    return 64;
}

size_t person_order_name(const struct sim_world *w, uint32_t customer, char *ret)
{
    const struct customer_row *row = customer_at(w, customer);
    uint64_t hash = chance_of_row(w, SIM_CUSTOMERS, row->identity, 1);
    if (row->flags & CUSTOMER_HAS_TAX_ID) {
        const char *company = companies[hash / 7 % COUNT_OF(companies)];
        return (size_t)(join(ret, company) - ret);
    }
    return name_of(hash, ret);
}

// Erased people keep the shape of a customer: hashes instead of names, no address.
static void anonymize(uint64_t hash, struct person *ret)
{
    ret->name_len = hash_text(hash ^ 1, ret->name);
    hash_text(hash, ret->email);
    memcpy(ret->email + 64, "@anonymized.polar.sh", sizeof "@anonymized.polar.sh");
    ret->email_len = strlen(ret->email);
    ret->billing_name_len = hash_text(hash ^ 2, ret->billing_name);
    ret->has_address = false;
}

void person_fill_as(const struct sim_world *w, uint32_t customer, uint8_t edits, uint8_t flags,
                    struct person *ret)
{
    const struct customer_row *row = customer_at(w, customer);
    uint64_t hash = chance_of_row(w, SIM_CUSTOMERS, row->identity, 1);
    uint64_t edited = edits ? uuid_hash(hash, edits) : hash;
    ret->country = &countries[row->country];
    ret->is_deleted = row->deleted_us != 0;
    ret->has_name = flags & CUSTOMER_HAS_NAME;
    ret->has_email = flags & CUSTOMER_HAS_EMAIL;
    ret->has_external_id = flags & CUSTOMER_HAS_EXTERNAL_ID;
    ret->has_tax_id = flags & CUSTOMER_HAS_TAX_ID;
    ret->has_address = flags & CUSTOMER_HAS_ADDRESS;
    ret->has_billing_name = ret->has_name || ret->has_tax_id;
    ret->name_len = name_of(edited, ret->name);
    char *at = join(join(ret->email, given_slugs[hash % COUNT_OF(given_names)]), ".");
    at = join(join_number(at, row->identity, 1), edits & 4 ? "x@" : "@");
    ret->email_len = (size_t)(join(at, domains[hash / 4096 % COUNT_OF(domains)]) - ret->email);
    ret->external_id_len =
        (size_t)(join_number(join(ret->external_id, "usr_"), 1000 + row->identity, 1) -
                 ret->external_id);
    at = join(ret->tax_id, ret->country->tax_prefix);
    ret->tax_id_len =
        (size_t)(join_number(at, (uint32_t)(hash >> 36) % 1000000000U, 9) - ret->tax_id);
    if (flags & CUSTOMER_ANONYMIZED) {
        anonymize(hash, ret);
        return;
    }
    if (ret->has_tax_id) {
        ret->billing_name_len = person_order_name(w, customer, ret->billing_name);
    } else {
        memcpy(ret->billing_name, ret->name, ret->name_len + 1);
        ret->billing_name_len = ret->name_len;
    }
}

void person_fill(const struct sim_world *w, uint32_t customer, struct person *ret)
{
    person_fill_as(w, customer, customer_at(w, customer)->edits, customer_at(w, customer)->flags,
                   ret);
}
