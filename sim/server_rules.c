// SPDX-License-Identifier: Apache-2.0
// server_rules.c - the tables of filters, sort keys and scopes; nothing else, so that a change of Polar's API is a change of a line here.
#include "server_rules.h"

#include <string.h>

static const char *const order_statuses[] = {
    "draft", "pending", "paid", "refunded", "partially_refunded", "void", NULL};
static const char *const subscription_statuses[] = {
    "incomplete", "incomplete_expired", "trialing", "active",
    "past_due",   "canceled",           "unpaid",   "paused",
    NULL};
static const char *const checkout_statuses[] = {"open",      "expired", "confirmed",
                                                "succeeded", "failed",  NULL};
static const char *const cancellation_reasons[] = {
    "customer_service", "low_quality", "missing_features",
    "switched_service", "too_complex", "too_expensive",
    "unused",           "other",       NULL};
static const char *const benefit_types[] = {"custom",
                                            "discord",
                                            "github_repository",
                                            "downloadables",
                                            "license_keys",
                                            "meter_credit",
                                            "feature_flag",
                                            "slack_shared_channel",
                                            NULL};
static const char *const billing_types[] = {"one_time", "recurring", NULL};
static const char *const visibilities[] = {"draft", "private", "public", NULL};
static const char *const sources[] = {"system", "user", NULL};

#define ORGANIZATION_ID                                                                            \
    {                                                                                              \
        .name = "organization_id", .kind = FILTER_UUID, .field = SIM_F_ORGANIZATION_ID             \
    }
#define CUSTOMER_ID                                                                                \
    {                                                                                              \
        .name = "customer_id", .kind = FILTER_UUID, .field = SIM_F_CUSTOMER_ID                     \
    }
#define EXTERNAL_CUSTOMER_ID                                                                       \
    {                                                                                              \
        .name = "external_customer_id", .kind = FILTER_TEXT, .field = SIM_F_EXTERNAL_ID            \
    }
#define PRODUCT_ID                                                                                 \
    {                                                                                              \
        .name = "product_id", .kind = FILTER_UUID, .field = SIM_F_PRODUCT_ID                       \
    }
#define DISCOUNT_ID                                                                                \
    {                                                                                              \
        .name = "discount_id", .kind = FILTER_UUID, .field = SIM_F_DISCOUNT_ID                     \
    }
#define SUBSCRIPTION_ID                                                                            \
    {                                                                                              \
        .name = "subscription_id", .kind = FILTER_UUID, .field = SIM_F_SUBSCRIPTION_ID             \
    }
#define ID                                                                                         \
    {                                                                                              \
        .name = "id", .kind = FILTER_UUID, .field = SIM_F_ID                                       \
    }

static const struct filter_rule organization_filters[] = {
    {.name = "slug", .kind = FILTER_TEXT_FOLD, .field = SIM_F_SLUG, .is_single = true},
    {0},
};
static const struct filter_rule customer_filters[] = {
    ORGANIZATION_ID,
    {.name = "email", .kind = FILTER_TEXT_FOLD, .field = SIM_F_EMAIL, .is_single = true},
    {.name = "query", .kind = FILTER_CUSTOMER, .field = SIM_F_EMAIL, .is_single = true},
    {.name = "active", .kind = FILTER_BOOL, .field = SIM_F_IS_ACTIVE, .is_single = true},
    {0},
};
static const struct filter_rule product_filters[] = {
    ID,
    ORGANIZATION_ID,
    {.name = "query", .kind = FILTER_CONTAINS, .field = SIM_F_NAME, .is_single = true},
    {.name = "is_archived", .kind = FILTER_BOOL, .field = SIM_F_IS_ARCHIVED, .is_single = true},
    {.name = "is_recurring", .kind = FILTER_BOOL, .field = SIM_F_IS_RECURRING, .is_single = true},
    {.name = "benefit_id", .kind = FILTER_MEMBER},
    {.name = "visibility", .kind = FILTER_ENUM, .field = SIM_F_VISIBILITY, .values = visibilities},
    {0},
};
static const struct filter_rule order_filters[] = {
    ORGANIZATION_ID,
    PRODUCT_ID,
    {.name = "product_billing_type",
     .kind = FILTER_ENUM,
     .field = SIM_F_TYPE,
     .values = billing_types},
    DISCOUNT_ID,
    CUSTOMER_ID,
    EXTERNAL_CUSTOMER_ID,
    {.name = "checkout_id", .kind = FILTER_UUID, .field = SIM_F_CHECKOUT_ID},
    SUBSCRIPTION_ID,
    {.name = "status", .kind = FILTER_ENUM, .field = SIM_F_STATUS, .values = order_statuses},
    {.name = "created_after", .kind = FILTER_AFTER, .field = SIM_F_CREATED_AT, .is_single = true},
    {.name = "created_before", .kind = FILTER_BEFORE, .field = SIM_F_CREATED_AT, .is_single = true},
    {0},
};
static const struct filter_rule subscription_filters[] = {
    ORGANIZATION_ID,
    PRODUCT_ID,
    CUSTOMER_ID,
    EXTERNAL_CUSTOMER_ID,
    DISCOUNT_ID,
    {.name = "status", .kind = FILTER_ENUM, .field = SIM_F_STATUS, .values = subscription_statuses},
    {.name = "customer_cancellation_reason",
     .kind = FILTER_ENUM,
     .field = SIM_F_CANCELLATION_REASON,
     .values = cancellation_reasons},
    {.name = "active", .kind = FILTER_ACTIVE, .field = SIM_F_STATUS, .is_single = true},
    {.name = "cancel_at_period_end",
     .kind = FILTER_BOOL,
     .field = SIM_F_CANCEL_AT_PERIOD_END,
     .is_single = true},
    {.name = "canceled_at_after",
     .kind = FILTER_SINCE,
     .field = SIM_F_CANCELED_AT,
     .is_single = true},
    {.name = "canceled_at_before",
     .kind = FILTER_UNTIL,
     .field = SIM_F_CANCELED_AT,
     .is_single = true},
    {.name = "started_after", .kind = FILTER_AFTER, .field = SIM_F_STARTED_AT, .is_single = true},
    {.name = "started_before", .kind = FILTER_BEFORE, .field = SIM_F_STARTED_AT, .is_single = true},
    {0},
};
static const struct filter_rule refund_filters[] = {
    ID,
    ORGANIZATION_ID,
    {.name = "order_id", .kind = FILTER_UUID, .field = SIM_F_ORDER_ID},
    SUBSCRIPTION_ID,
    CUSTOMER_ID,
    EXTERNAL_CUSTOMER_ID,
    {.name = "succeeded", .kind = FILTER_BOOL, .field = SIM_F_SUCCEEDED, .is_single = true},
    {0},
};
static const struct filter_rule checkout_filters[] = {
    ORGANIZATION_ID,
    {.name = "product_id", .kind = FILTER_MEMBER},
    CUSTOMER_ID,
    EXTERNAL_CUSTOMER_ID,
    {.name = "status", .kind = FILTER_ENUM, .field = SIM_F_STATUS, .values = checkout_statuses},
    {.name = "query", .kind = FILTER_CONTAINS, .field = SIM_F_EMAIL, .is_single = true},
    {0},
};
static const struct filter_rule benefit_filters[] = {
    ORGANIZATION_ID,
    {.name = "type", .kind = FILTER_ENUM, .field = SIM_F_TYPE, .values = benefit_types},
    ID,
    {.name = "exclude_id", .kind = FILTER_UUID_EXCLUDE, .field = SIM_F_ID},
    {.name = "query", .kind = FILTER_CONTAINS, .field = SIM_F_DESCRIPTION, .is_single = true},
    {0},
};
static const struct filter_rule event_filters[] = {
    ORGANIZATION_ID,
    CUSTOMER_ID,
    EXTERNAL_CUSTOMER_ID,
    {.name = "name", .kind = FILTER_TEXT, .field = SIM_F_NAME},
    {.name = "source", .kind = FILTER_ENUM, .field = SIM_F_SOURCE, .values = sources},
    {.name = "start_timestamp",
     .kind = FILTER_AFTER,
     .field = SIM_F_CREATED_AT,
     .is_single = true,
     .must_be_aware = true},
    {.name = "end_timestamp",
     .kind = FILTER_BEFORE,
     .field = SIM_F_CREATED_AT,
     .is_single = true,
     .must_be_aware = true},
    {.name = "query", .kind = FILTER_CONTAINS, .field = SIM_F_NAME, .is_single = true},
    {0},
};

// next_review_threshold and days_in_status order one row: any field will do.
static const struct sort_rule organization_sorts[] = {
    {"created_at", SIM_F_CREATED_AT},    {"slug", SIM_F_SLUG},         {"name", SIM_F_NAME},
    {"next_review_threshold", SIM_F_ID}, {"days_in_status", SIM_F_ID}, {0}};
static const struct sort_rule customer_sorts[] = {
    {"created_at", SIM_F_CREATED_AT}, {"email", SIM_F_EMAIL}, {"name", SIM_F_NAME}, {0}};
static const struct sort_rule product_sorts[] = {{"created_at", SIM_F_CREATED_AT},
                                                 {"name", SIM_F_NAME},
                                                 {"price_amount_type", SIM_F_PRICE_AMOUNT_TYPE},
                                                 {"price_amount", SIM_F_PRICE_AMOUNT},
                                                 {0}};
static const struct sort_rule order_sorts[] = {{"created_at", SIM_F_CREATED_AT},
                                               {"status", SIM_F_STATUS},
                                               {"invoice_number", SIM_F_INVOICE_NUMBER},
                                               {"amount", SIM_F_AMOUNT},
                                               {"net_amount", SIM_F_AMOUNT},
                                               {"customer", SIM_F_CUSTOMER_EMAIL},
                                               {"product", SIM_F_PRODUCT_NAME},
                                               {"discount", SIM_F_DISCOUNT_NAME},
                                               {"subscription", SIM_F_SUBSCRIPTION_ID},
                                               {0}};
static const struct sort_rule subscription_sorts[] = {
    {"customer", SIM_F_CUSTOMER_EMAIL}, {"status", SIM_F_STATUS},
    {"started_at", SIM_F_STARTED_AT},   {"current_period_end", SIM_F_CURRENT_PERIOD_END},
    {"ended_at", SIM_F_ENDED_AT},       {"ends_at", SIM_F_ENDS_AT},
    {"amount", SIM_F_AMOUNT},           {"product", SIM_F_PRODUCT_NAME},
    {"discount", SIM_F_DISCOUNT_NAME},  {0}};
static const struct sort_rule refund_sorts[] = {
    {"created_at", SIM_F_CREATED_AT}, {"amount", SIM_F_AMOUNT}, {0}};
static const struct sort_rule checkout_sorts[] = {{"created_at", SIM_F_CREATED_AT},
                                                  {"expires_at", SIM_F_EXPIRES_AT},
                                                  {"status", SIM_F_STATUS},
                                                  {0}};
static const struct sort_rule benefit_sorts[] = {{"created_at", SIM_F_CREATED_AT},
                                                 {"description", SIM_F_DESCRIPTION},
                                                 {"type", SIM_F_TYPE},
                                                 {"user_order", USER_ORDER},
                                                 {0}};
static const struct sort_rule event_sorts[] = {{"timestamp", SIM_F_CREATED_AT}, {0}};

#define TABLE(table_name, singular, first_sort, metadata, get_one, needed, ...)                    \
    {                                                                                              \
        .name = table_name, .filters = singular##_filters, .sorts = singular##_sorts,              \
        .default_sort = first_sort, .has_metadata_filter = metadata, .has_get_one = get_one,       \
        .needs = needed, .scopes = {                                                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

const struct table_rules table_rules[SIM_TABLE__COUNT] = {
    [SIM_ORGANIZATIONS] = TABLE("organizations", organization, "created_at", false, true,
                                SIM_F__COUNT, "organizations:read", "organizations:write"),
    [SIM_CUSTOMERS] = TABLE("customers", customer, "-created_at", true, true, SIM_F__COUNT,
                            "customers:read", "customers:write"),
    [SIM_PRODUCTS] = TABLE("products", product, "-created_at", true, true, SIM_F__COUNT,
                           "products:read", "products:write"),
    [SIM_ORDERS] = TABLE("orders", order, "-created_at", true, true, SIM_F__COUNT, "orders:read"),
    [SIM_SUBSCRIPTIONS] = TABLE("subscriptions", subscription, "-started_at", true, true,
                                SIM_F_STARTED_AT, "subscriptions:read", "subscriptions:write"),
    [SIM_REFUNDS] = TABLE("refunds", refund, "-created_at", false, false, SIM_F__COUNT,
                          "refunds:read", "refunds:write"),
    [SIM_CHECKOUTS] = TABLE("checkouts", checkout, "-created_at", false, true, SIM_F__COUNT,
                            "checkouts:read", "checkouts:write"),
    [SIM_BENEFITS] = TABLE("benefits", benefit, "-created_at", true, true, SIM_F__COUNT,
                           "benefits:read", "benefits:write"),
    [SIM_EVENTS] = TABLE("events", event, "-timestamp", true, true, SIM_F__COUNT, "events:read",
                         "events:write"),
};

enum sim_table table_by_name(const char *name, size_t length)
{
    for (unsigned table = 0; table < SIM_TABLE__COUNT; table++) {
        if (strlen(table_rules[table].name) == length &&
            memcmp(table_rules[table].name, name, length) == 0) {
            return (enum sim_table)table;
        }
    }
    return SIM_TABLE__COUNT;
}
