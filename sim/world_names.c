// SPDX-License-Identifier: Apache-2.0
// world_names.c - the words of the API for the world's enumerations, in the enumerations' order.
#include "world_names.h"

const char *const order_status_names[] = {
    "draft", "pending", "paid", "refunded", "partially_refunded", "void"};
const char *const billing_reason_names[] = {"purchase", "subscription_create", "subscription_cycle",
                                            "subscription_update", "subscription_meter_cycle"};
const char *const subscription_status_names[] = {
    "incomplete", "incomplete_expired", "trialing", "active",
    "past_due",   "canceled",           "unpaid",   "paused"};
const char *const refund_status_names[] = {"pending", "succeeded", "failed", "canceled"};
const char *const refund_reason_names[] = {"duplicate",
                                           "fraudulent",
                                           "customer_request",
                                           "service_disruption",
                                           "satisfaction_guarantee",
                                           "dispute_prevention",
                                           "other"};
const char *const checkout_status_names[] = {"open", "expired", "confirmed", "succeeded", "failed"};
const char *const cancellation_reason_names[] = {
    "customer_service", "low_quality",   "missing_features", "switched_service",
    "too_complex",      "too_expensive", "unused",           "other"};
const char *const cancellation_comments[] = {
    NULL,
    "Too many mails.",
    "Wird nicht mehr gebraucht – danke!",
    "使わなくなりました。",
    "لم أعد بحاجة إليها",
    "I'll be \"back\" 😀\nmaybe",
    "C:\\temp is full",
};
const char *const interval_names[] = {"day", "week", "month", "year", NULL};
const char *const benefit_type_names[BENEFIT_COUNT] = {
    "custom",       "discord",      "github_repository",    "downloadables", "license_keys",
    "meter_credit", "feature_flag", "slack_shared_channel", "custom"};
const char *const benefit_descriptions[BENEFIT_COUNT] = {
    "Priority support",     "Discord: members' lounge",
    "Repository access",    "Files: e-book, 日本語版",
    "Licence key",          "1000 API calls each month",
    "Beta features",        "Shared Slack channel",
    "Name in the credits ✨"};
const char *const benefit_visibilities[BENEFIT_COUNT] = {
    "public", "public", "private", "public", "public", "public", "draft", "public", "public"};
const struct event_word event_words[EVENT_NAME_COUNT] = {
    [EV_CUSTOMER_CREATED] = {"customer.created", "Customer Created"},
    [EV_CUSTOMER_UPDATED] = {"customer.updated", "Customer Updated"},
    [EV_CUSTOMER_DELETED] = {"customer.deleted", "Customer Deleted"},
    [EV_CHECKOUT_CREATED] = {"checkout.created", "Checkout Created"},
    [EV_ORDER_PAID] = {"order.paid", "Order Paid"},
    [EV_ORDER_REFUNDED] = {"order.refunded", "Order Refunded"},
    [EV_ORDER_VOIDED] = {"order.voided", "Order Voided"},
    [EV_ORDER_UNVOIDED] = {"order.unvoided", "Order Unvoided"},
    [EV_BALANCE_ORDER] = {"balance.order", "Balance Order"},
    [EV_BALANCE_CREDIT_ORDER] = {"balance.credit_order", "Balance Credit Order"},
    [EV_BALANCE_REFUND] = {"balance.refund", "Balance Refund"},
    [EV_BALANCE_REFUND_REVERSAL] = {"balance.refund_reversal", "Balance Refund Reversal"},
    [EV_BALANCE_DISPUTE] = {"balance.dispute", "Balance Dispute"},
    [EV_SUBSCRIPTION_CREATED] = {"subscription.created", "Subscription Created"},
    [EV_SUBSCRIPTION_CYCLED] = {"subscription.cycled", "Subscription Cycled"},
    [EV_SUBSCRIPTION_CANCELED] = {"subscription.canceled", "Subscription Canceled"},
    [EV_SUBSCRIPTION_UNCANCELED] = {"subscription.uncanceled", "Subscription Uncanceled"},
    [EV_SUBSCRIPTION_REINSTATED] = {"subscription.reinstated", "Subscription Reinstated"},
    [EV_SUBSCRIPTION_REVOKED] = {"subscription.revoked", "Subscription Revoked"},
    [EV_SUBSCRIPTION_UPDATED] = {"subscription.updated", "Subscription Updated"},
    [EV_SUBSCRIPTION_PRODUCT_UPDATED] = {"subscription.product_updated",
                                         "Subscription Product Updated"},
    [EV_SUBSCRIPTION_SEATS_UPDATED] = {"subscription.seats_updated", "Subscription Seats Updated"},
    [EV_SUBSCRIPTION_PAST_DUE] = {"subscription.past_due", "Subscription Past Due"},
    [EV_SUBSCRIPTION_PAUSED] = {"subscription.paused", "Subscription Paused"},
    [EV_SUBSCRIPTION_RESUMED] = {"subscription.resumed", "Subscription Resumed"},
    [EV_SUBSCRIPTION_REACTIVATED] = {"subscription.reactivated", "Subscription Reactivated"},
    [EV_SUBSCRIPTION_PERIOD_UPDATED] = {"subscription.billing_period_updated",
                                        "Subscription Billing Period Updated"},
    [EV_BENEFIT_GRANTED] = {"benefit.granted", "Benefit Granted"},
    [EV_BENEFIT_REVOKED] = {"benefit.revoked", "Benefit Revoked"},
    [EV_METER_CREDITED] = {"meter.credited", "Meter Credited"},
    [EV_METER_RESET] = {"meter.reset", "Meter Reset"},
    [EV_USER_API_CALL] = {"api.call", "api.call"},
    [EV_USER_COMPLETION] = {"llm.completion", "llm.completion"},
    [EV_USER_SIGNUP] = {"signup", "signup"},
};
