// SPDX-License-Identifier: Apache-2.0
// model_test.c - tables.def keeps its own rules, and the look-ups find what is there and nothing else.
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
// cmocka needs the four above first
#include <cmocka.h>

#include "base/attr.h"
#include "model/model.h"

static void test_order_and_names(void **state)
{
    static const char *const names[] = {"organizations", "customers",     "products",
                                        "orders",        "subscriptions", "refunds",
                                        "checkouts",     "benefits",      "events"};
    (void)state;
    assert_int_equal(TABLE__COUNT, TILL_COUNT(names));
    for (size_t i = 0; i < TILL_COUNT(names); i++) {
        const struct table *table = model_table((enum table_id)i);
        assert_string_equal(table->name, names[i]);
        assert_int_equal(table->id, i);
        assert_ptr_equal(model_table_by_name(sv_of(names[i])), table);
        assert_int_equal(table->is_optional, i == TABLE_events);
    }
    assert_null(model_table_by_name(SV("order")));
    assert_null(model_table_by_name(SV("ordersx")));
    assert_null(model_table_by_name(SV("Orders")));
    assert_null(model_table_by_name(SV("")));
}

static void test_columns(void **state)
{
    (void)state;
    const struct table *orders = model_table(TABLE_orders);
    size_t index = 999;
    const struct column *column = model_column(orders, SV("platform_fee_amount"), &index);
    assert_non_null(column);
    assert_ptr_equal(column, &orders->columns[index]);
    assert_int_equal(column->kind, COLUMN_MONEY);
    assert_non_null(model_column(orders, SV("id"), NULL));
    index = 999;
    assert_null(model_column(orders, SV("organization_id"), &index));
    assert_int_equal(index, 999);
    assert_null(model_column(orders, SV(""), NULL));
    assert_null(model_column(model_table(TABLE_checkouts), SV("client_secret"), NULL));
}

// A sentence begins with a capital and ends with a full stop.
static void assert_is_sentence(const char *text)
{
    size_t len = strlen(text);
    assert_true(len > 3 && isupper((unsigned char)text[0]) && text[len - 1] == '.');
}

static void check_column(const struct table *table, size_t index)
{
    const struct column *column = &table->columns[index];
    size_t found;
    assert_ptr_equal(model_column(table, sv_of(column->name), &found), column);
    assert_int_equal(found, index); // else the name appears twice
    assert_false(model_is_credential_key(sv_of(column->name)));
    for (const char *c = column->name; *c; c++)
        assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
    assert_true(strncmp(column->name, "till_", 5) != 0);
    if (column->kind == COLUMN_MONEY)
        assert_true(model_column(table, SV("currency"), NULL) != NULL);
    if (isupper((unsigned char)column->sentence[0]))
        assert_is_sentence(column->sentence);
    else
        assert_int_equal(column->kind, COLUMN_ENUM); // begins with its first member
    size_t name_len = strlen(column->name);
    if (name_len > 3 && strcmp(column->name + name_len - 3, "_at") == 0)
        assert_int_equal(column->kind, COLUMN_TIMESTAMP);
    if (name_len > 7 && strcmp(column->name + name_len - 7, "_amount") == 0)
        assert_int_equal(column->kind, COLUMN_MONEY);
}

static void test_rules_of_the_list(void **state)
{
    size_t most = 0;
    (void)state;
    for (size_t i = 0; i < TABLE__COUNT; i++) {
        const struct table *table = model_table((enum table_id)i);
        const struct column *key = model_column(table, sv_of(table->walk_key), NULL);
        struct sv sortings = sv_of(table->walk_sorting), sorting;
        assert_string_equal(table->columns[table->id_column].name, "id");
        assert_int_equal(table->columns[table->id_column].kind, COLUMN_ID);
        assert_true(table->columns[table->id_column].flags & COLUMN_NOT_NULL);
        assert_non_null(key);
        assert_int_equal(key->kind, COLUMN_TIMESTAMP);
        assert_true(sv_starts_with(sortings, sv_of(table->walk_key)));
        while (sv_split(&sortings, ' ', &sorting))
            assert_non_null(model_column(table, sorting, NULL));
        assert_is_sentence(table->sentence);
        assert_true(strlen(table->missing_cost) > 10);
        assert_true(sv_starts_with(sv_of(table->path), SV("/v1/")));
        assert_int_equal(table->path[strlen(table->path) - 1], '/');
        assert_true(sv_starts_with(sv_of(table->scope), sv_of(table->name)));
        for (size_t j = 0; j < table->column_count; j++)
            check_column(table, j);
        for (const char *const *name = table->dropped; *name; name++)
            assert_null(model_column(table, sv_of(*name), NULL));
        if (table->column_count > most)
            most = table->column_count;
    }
    assert_int_equal(model_max_columns(), most);
}

// A member of an enum column stands in its sentence, as every word of tables.def does for readers.
static void assert_is_member(const struct table *table, struct sv word)
{
    const struct column *status = model_column(table, SV("status"), NULL);
    assert_non_null(status);
    assert_int_equal(status->kind, COLUMN_ENUM);
    char text[64];
    (void)snprintf(text, sizeof text, SV_FORMAT, SV_ARGS(word));
    assert_non_null(strstr(status->sentence, text));
}

static void check_in_step(const struct table *table)
{
    const struct in_step *steps = &table->in_step;
    struct sv rest = sv_of(steps->head_sorting), word;
    bool is_first = true;
    // The newest first: by the walk's key, and by the same second key, so that ties fall alike.
    assert_int_equal('-', steps->head_sorting[0]);
    assert_string_equal(table->walk_sorting, steps->head_sorting + 1);
    for (; sv_split(&rest, ' ', &word); is_first = false)
        assert_non_null(
            model_column(table, is_first ? (struct sv){word.ptr + 1, word.len - 1} : word, NULL));
    rest = sv_of(steps->moving);
    while (rest.len > 0 && sv_split(&rest, ' ', &word))
        assert_is_member(table, word);
    if (steps->due_column[0]) {
        const struct column *due = model_column(table, sv_of(steps->due_column), NULL);
        assert_non_null(due);
        assert_int_equal(due->kind, COLUMN_TIMESTAMP);
        assert_is_member(table, SV("active"));
        assert_is_member(table, SV("trialing"));
    }
    assert_int_equal(steps->after_filter[0] != '\0', steps->before_filter[0] != '\0');
    if (steps->batch_filter[0]) {
        const struct column *batch = model_column(table, sv_of(steps->batch_filter), NULL);
        assert_non_null(batch);
        assert_int_equal(batch->kind, COLUMN_ID);
    }
}

static void test_in_step(void **state)
{
    int moving = 0, due = 0, cut = 0, batched = 0;
    (void)state;
    for (size_t i = 0; i < TABLE__COUNT; i++) {
        const struct table *table = model_table((enum table_id)i);
        check_in_step(table);
        moving += table->in_step.moving[0] != '\0';
        due += table->in_step.due_column[0] != '\0';
        cut += table->in_step.after_filter[0] != '\0';
        batched += table->in_step.batch_filter[0] != '\0';
    }
    assert_int_equal(4, moving);
    assert_int_equal(1, due);
    assert_int_equal(3, cut);
    assert_int_equal(5, batched);
}

static void test_credential_keys(void **state)
{
    (void)state;
    assert_true(model_is_credential_key(SV("client_secret")));
    assert_true(model_is_credential_key(SV("guild_token")));
    assert_true(model_is_credential_key(SV("payment_processor_metadata")));
    assert_true(model_is_credential_key(SV("customer_session_client_secret")));
    assert_false(model_is_credential_key(SV("")));
    assert_false(model_is_credential_key(SV("client_secre")));
    assert_false(model_is_credential_key(SV("client_secreT")));
    assert_false(model_is_credential_key(SV("client_secret_")));
    assert_false(model_is_credential_key(SV("subscription_billing_period_updated")));
}

static void test_kinds(void **state)
{
    (void)state;
    for (int kind = COLUMN_ID; kind <= COLUMN_JSON; kind++) {
        bool is_number = kind == COLUMN_INTEGER || kind == COLUMN_MONEY || kind == COLUMN_BOOLEAN;
        assert_string_equal(column_kind_sql((enum column_kind)kind),
                            is_number ? "INTEGER" : "TEXT");
        assert_true(strlen(column_kind_word((enum column_kind)kind)) > 1);
    }
}

static void test_values(void **state)
{
    (void)state;
    const struct value null = {.type = VALUE_NULL};
    const struct value zero = {.type = VALUE_INTEGER, .integer = 0};
    const struct value one = {.type = VALUE_INTEGER, .integer = 1};
    const struct value empty = {.type = VALUE_TEXT, .text = SV("")};
    const struct value a = {.type = VALUE_TEXT, .text = SV("a")};
    const struct value not_a_number = {.type = VALUE_REAL, .real = (double)NAN};
    const struct value minus_zero = {.type = VALUE_REAL, .real = -0.0};
    const struct value plus_zero = {.type = VALUE_REAL, .real = 0.0};
    char letter[] = "ab";
    const struct value other_a = {.type = VALUE_TEXT, .text = {letter, 1}};
    assert_true(value_equal(&null, &null));
    assert_true(value_equal(&one, &one));
    assert_true(value_equal(&a, &other_a));
    assert_true(value_equal(&not_a_number, &not_a_number));
    assert_false(value_equal(&minus_zero, &plus_zero));
    assert_false(value_equal(&null, &zero));
    assert_false(value_equal(&null, &empty));
    assert_false(value_equal(&zero, &one));
    assert_false(value_equal(&zero, &plus_zero));
    assert_false(value_equal(&a, &empty));
}

static void test_row_id(void **state)
{
    (void)state;
    struct value values[8] = {{.type = VALUE_NULL}};
    const struct table *subscriptions = model_table(TABLE_subscriptions);
    struct row row = {.table = subscriptions, .values = values};
    values[subscriptions->id_column] = (struct value){.type = VALUE_TEXT, .text = SV("x")};
    assert_int_equal(subscriptions->id_column, 2);
    assert_true(sv_equal(row_id(&row), SV("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_names),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_rules_of_the_list),
        cmocka_unit_test(test_in_step),
        cmocka_unit_test(test_credential_keys),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_row_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
