// SPDX-License-Identifier: Apache-2.0
// places.c - customers are read once, before the orders; their countries are few words.
#include "report/places.h"

#include "base/fault.h"
#include "report/values.h"
#include "store/breakdown.h"

static enum till_code word_of(struct places *places, struct sv word, size_t *ret_number,
                              struct till_error *e)
{
    void *values = places->values;
    size_t before = places->words.count;
    enum till_code code = id_map_put(&places->words, metrics_id(word), ret_number, e);
    if (code || *ret_number < before)
        return code;
    code = grow(&values, &places->value_capacity, *ret_number + 1, sizeof *places->values, e);
    places->values = values;
    if (code)
        return code;
    struct value *value = &places->values[*ret_number];
    value->text = arena_sv(places->arena, word);
    value->type = VALUE_TEXT;
    return value->text.ptr ? TILL_OK : arena_fail(places->arena, "countries", e);
}

static enum till_code take_customer(void *context, const struct value *v, size_t count,
                                    struct till_error *e)
{
    struct places *places = context;
    size_t customer = 0, word = 0;
    if (count != STORE_COUNTRY_COLUMNS || v[1].type != VALUE_TEXT)
        return TILL_OK;
    void *words = places->word_of;
    enum till_code code = word_of(places, v[1].text, &word, e);
    if (code == TILL_OK)
        code = id_map_put(&places->customers, metrics_id(text_of(&v[0])), &customer, e);
    if (code == TILL_OK)
        code = grow(&words, &places->word_of_capacity, customer + 1, sizeof *places->word_of, e);
    places->word_of = words;
    if (code == TILL_OK)
        places->word_of[customer] = (uint32_t)word;
    return code;
}

enum till_code places_read(struct places *places, struct store *store, struct sv organization_id,
                           struct arena *arena, struct till_error *e)
{
    const struct store_metric_sink customers = {take_customer, places};
    places->arena = arena;
    return store_customer_countries(store, organization_id, &customers, e);
}

struct value places_country(const struct places *places, const struct value *customer_id)
{
    int64_t customer = id_map_find(&places->customers, metrics_id(text_of(customer_id)));
    if (customer == ID_NOWHERE)
        return (struct value){.type = VALUE_NULL};
    return places->values[places->word_of[customer]];
}

void places_release(struct places *places)
{
    id_map_release(&places->customers);
    id_map_release(&places->words);
    till_free(places->word_of);
    till_free(places->values);
}
