// SPDX-License-Identifier: Apache-2.0
// example_test.c - the documented example of each object decodes whole: every field is accounted for and every value is what was sent.
//
// A second reading of the same file by yyjson's own tree is the judge: each key of the example is a column, a dropped field, or one
// of the undocumented fields listed here; each column is a key of the example; each value is compared with the tree.
#include "fixture.h"

#include <yyjson.h>

#include "base/timestamp.h"

struct example {
    const char *file;
    enum table_id table;
    const char *
        extras; // the fields that the service sends without documenting them, in the order of the answer
};

static const struct example examples[] = {
    {"organization", TABLE_organizations,
     "bio company blog location twitter_username pledge_minimum_amount pledge_badge_show_amount "
     "default_upfront_split_to_contributors notification_settings"},
    {"customer", TABLE_customers, ""},
    {"product", TABLE_products, ""},
    {"order", TABLE_orders,
     "product_price_id user_id user product_price amount from_balance_amount"},
    {"subscription", TABLE_subscriptions, "price_id user_id user price"},
    {"refund", TABLE_refunds, ""},
    {"refund_of_dispute", TABLE_refunds, ""},
    {"checkout", TABLE_checkouts,
     "customer_billing_address_fields customer_external_id subtotal_amount"},
    {"benefit_license_keys", TABLE_benefits, ""},
    {"benefit_custom", TABLE_benefits, "is_tax_applicable"},
    {"event", TABLE_events, ""},
};

static struct sv read_example(const char *name, struct buf *buf)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/data/polar/%s.json", name);
    return read_whole_file(path, buf);
}

static void check_json(const struct value *value, yyjson_val *sent)
{
    yyjson_doc *doc = yyjson_read(value->text.ptr, value->text.len, 0);
    assert_non_null(doc);
    assert_true(yyjson_equals(yyjson_doc_get_root(doc), sent));
    size_t compact_len;
    char *compact = yyjson_val_write(sent, 0, &compact_len);
    assert_non_null(compact);
    assert_text_is(value->text, compact);
    free(compact);
    yyjson_doc_free(doc);
}

static void check_timestamp(const struct value *value, const char *sent)
{
    char expected[64];
    size_t len = strlen(sent);
    assert_int_equal(sent[len - 1], 'Z');
    if (len == 20)
        (void)snprintf(expected, sizeof expected, "%.19s.000000Z", sent);
    else
        (void)snprintf(expected, sizeof expected, "%s", sent);
    assert_int_equal(value->text.len, TIMESTAMP_BYTES);
    assert_text_is(value->text, expected);
}

static void check_value(const struct column *column, const struct value *value, yyjson_val *sent)
{
    if (yyjson_is_null(sent)) {
        assert_int_equal(value->type, VALUE_NULL);
        return;
    }
    switch (column->kind) {
    case COLUMN_ID:
    case COLUMN_TEXT:
    case COLUMN_ENUM:
        assert_int_equal(value->type, VALUE_TEXT);
        assert_text_is(value->text, yyjson_get_str(sent));
        break;
    case COLUMN_TIMESTAMP:
        check_timestamp(value, yyjson_get_str(sent));
        break;
    case COLUMN_INTEGER:
    case COLUMN_MONEY:
        assert_int_equal(value->type, VALUE_INTEGER);
        assert_true(value->integer == yyjson_get_sint(sent));
        break;
    case COLUMN_BOOLEAN:
        assert_int_equal(value->type, VALUE_INTEGER);
        assert_true(value->integer == yyjson_get_bool(sent));
        break;
    case COLUMN_JSON:
        assert_int_equal(value->type, VALUE_TEXT);
        check_json(value, sent);
        break;
    }
}

static bool is_dropped(const struct table *table, const char *key)
{
    for (const char *const *name = table->dropped; *name; name++) {
        if (strcmp(*name, key) == 0)
            return true;
    }
    return false;
}

// The extra object holds exactly the listed fields, each as it was sent.
static void check_extra(const struct row *row, yyjson_val *sent, const char *extras)
{
    struct sv rest = sv_of(extras), name;
    size_t count = 0;
    if (rest.len == 0) {
        assert_null(row->extra.ptr);
        return;
    }
    yyjson_doc *doc = yyjson_read(row->extra.ptr, row->extra.len, 0);
    assert_non_null(doc);
    yyjson_val *extra = yyjson_doc_get_root(doc);
    while (sv_split(&rest, ' ', &name)) {
        yyjson_val *value = yyjson_obj_getn(extra, name.ptr, name.len);
        assert_non_null(value);
        assert_true(yyjson_equals(value, yyjson_obj_getn(sent, name.ptr, name.len)));
        count++;
    }
    assert_int_equal(yyjson_obj_size(extra), count);
    yyjson_doc_free(doc);
}

static void check_example(struct fixture *fixture, const struct example *example)
{
    const struct table *table = model_table(example->table);
    AUTO_BUF file;
    size_t index, count, columns_seen = 0;
    yyjson_val *key, *value;
    buf_init(&file, TILL_LIMIT_BUFFER_BYTES);
    struct sv text = read_example(example->file, &file);
    fixture_items(fixture, example->table, text.ptr);
    assert_int_equal(fixture->page.reject_count, 0);
    assert_int_equal(fixture->page.row_count, 1);
    const struct row *row = fixture->page.rows;
    assert_ptr_equal(row->table, table);

    yyjson_doc *doc = yyjson_read(text.ptr, text.len, 0);
    assert_non_null(doc);
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_obj_foreach(root, index, count, key, value)
    {
        size_t column;
        if (model_column(table, sv_of(yyjson_get_str(key)), &column)) {
            columns_seen++;
            check_value(&table->columns[column], &row->values[column], value);
        }
    }
    assert_int_equal(columns_seen, table->column_count);
    yyjson_obj_foreach(root, index, count, key, value)
    {
        const char *name = yyjson_get_str(key);
        bool is_column = model_column(table, sv_of(name), NULL) != NULL;
        if (!is_column && !is_dropped(table, name))
            assert_non_null(strstr(example->extras, name));
    }
    check_extra(row, root, example->extras);
    assert_text_is(row->organization_id, "1dbfc517-0bbf-4301-9ba8-555ca42b9737");
    yyjson_doc_free(doc);
}

static void test_examples(void **state)
{
    for (size_t i = 0; i < TILL_COUNT(examples); i++)
        check_example(*state, &examples[i]);
}

static void test_order_in_words(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF file;
    buf_init(&file, TILL_LIMIT_BUFFER_BYTES);
    fixture_items(fixture, TABLE_orders, read_example("order", &file).ptr);
    const struct row *row = fixture->page.rows;
    assert_text_is(row_id(row), "57107b74-8400-4d80-a2fc-54c2b4239cb3");
    assert_value_text(row, "created_at", "2026-08-20T11:02:47.000500Z");
    assert_value_text(row, "status", "partially_refunded");
    assert_value_integer(row, "paid", 1);
    assert_value_integer(row, "net_amount", 2610);
    assert_value_integer(row, "refunded_amount", 1000);
    assert_value_text(row, "currency", "eur");
    assert_value_null(row, "checkout_id");
    assert_value_null(row, "seats");
    assert_value_integer(row, "platform_fee_amount", 197);
    assert_value_text(row, "platform_fee_currency", "usd");
    assert_value_text(row, "metadata", "{\"source\":\"landing\"}");
    assert_value_text(row, "custom_field_data", "{\"company-size\":\"11-50\"}");
    assert_value_text(row, "billing_address",
                      "{\"line1\":\"12 Rue de la Paix\",\"line2\":null,\"postal_code\":\"75002\","
                      "\"city\":\"Paris\",\"state\":null,\"country\":\"FR\"}");
    assert_true(
        contains(fixture_value(row, "items")->text, "API calls — (0 consumed units) × €0.001"));
    assert_true(sv_starts_with(row->extra, SV("{\"product_price_id\":\"196ca717-")));
    assert_true(contains(row->extra, "\"from_balance_amount\":0}"));
    assert_int_equal(fixture->page.total_count, 3);
    assert_int_equal(fixture->page.max_page, 1);
    assert_false(fixture->page.has_next_page);
}

static void test_checkout_without_credentials(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF file;
    buf_init(&file, TILL_LIMIT_BUFFER_BYTES);
    struct sv text = read_example("checkout", &file);
    assert_true(contains(text, "polar_c_EXAMPLE"));
    assert_true(contains(text, "pk_live_EXAMPLE"));
    fixture_items(fixture, TABLE_checkouts, text.ptr);
    assert_int_equal(fixture->page.row_count, 1);
    assert_false(page_contains(&fixture->page, "EXAMPLE"));
    assert_value_text(fixture->page.rows, "success_url",
                      "https://acme.example/thanks?checkout=e4b478fa-cd25-4253-9f1f-8a41e6370ede");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_examples),
        FIXTURE_TEST(test_order_in_words),
        FIXTURE_TEST(test_checkout_without_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
