// SPDX-License-Identifier: Apache-2.0
// sqlite_facts.c - keeps till_event_facts: of each event that reports ask for, what its metadata says, in columns.
//
// Events are many, wide, and say in JSON what they have to say: to open each of them at each question costs seconds where the answer costs a tenth of one.
// They hardly ever change, so they are opened once. Triggers do that, in the transaction that writes the event, whoever writes it: a page of a sync, the
// end of a walk, --purge, a person with another program. An event that is marked as deleted has no row. Events of one moment stand as they landed.
// An index on expressions would be simpler, but SQLite reads the wide row all the same (until 3.41).
//
// A database without the table, or with other triggers than these, gets the whole table anew when it is opened for writing (sqlite_migrate.c): a change
// of the lists below needs no migration of its own, unless it adds a column.
#include "store/sqlite.h"

#include "base/attr.h"

// Columns, and keys of the metadata, by the same name: of all events, of those about money, of those about subscriptions. A key that is not asked for is one
// that need not be looked for.
#define SAID(X)                                                                                    \
    X("subscription_id")                                                                           \
    X("amount")                                                                                    \
    X("currency")
#define SAID_OF_MONEY(X)                                                                           \
    X("order_id")                                                                                  \
    X("net_amount")                                                                                \
    X("presentment_amount")                                                                        \
    X("presentment_currency")                                                                      \
    X("exchange_rate")                                                                             \
    X("fee")                                                                                       \
    X("applied_balance_amount")                                                                    \
    X("order_created_at")
#define SAID_OF_LIVES(X)                                                                           \
    X("started_at")                                                                                \
    X("canceled_at")                                                                               \
    X("ends_at")                                                                                   \
    X("customer_cancellation_reason")                                                              \
    X("recurring_interval")                                                                        \
    X("recurring_interval_count")
#define COLUMN(name)     ", " name
#define GET(key)         "json_extract(new.metadata, '$." key "')"
#define VALUE(key)       ", " GET(key)
#define IS_LIFE          "new.name >= 'subscription.'"
#define MONEY_VALUE(key) ", iif(" IS_LIFE ", NULL, " GET(key) ")"
#define LIFE_VALUE(key)  ", iif(" IS_LIFE ", " GET(key) ", NULL)"
#define PAID_IN          GET("presentment_currency")
#define IS_EXCHANGE      PAID_IN " <> 'usd' OR " PAID_IN " <> " GET("currency")
#define TOPIC                                                                                      \
    "CASE WHEN " IS_LIFE " THEN 'subscription' WHEN new.name = 'balance.order' AND (" IS_EXCHANGE  \
    ") THEN 'exchange' ELSE 'order' END"
// A change of plan names the old product and the new one.
#define PRODUCT "coalesce(" GET("product_id") ", " GET("new_product_id") ")"
#define COLUMNS SAID(COLUMN) SAID_OF_MONEY(COLUMN) SAID_OF_LIVES(COLUMN)
#define VALUES  SAID(VALUE) SAID_OF_MONEY(MONEY_VALUE) SAID_OF_LIVES(LIFE_VALUE)
#define OPEN                                                                                       \
    "INSERT OR REPLACE INTO till_event_facts(organization_id, topic, timestamp, landed, "          \
    "event_id, name, customer_id, external_customer_id, product_id" COLUMNS                        \
    ") SELECT new.organization_id, " TOPIC ", new.timestamp, new.rowid, new.id, new.name, "        \
    "new.customer_id, new.external_customer_id, " PRODUCT VALUES
// What is no JSON says nothing.
#define SOUND " WHERE (new.metadata IS NULL OR json_valid(new.metadata))"
#define ASKED_FOR                                                                                  \
    "new.till_deleted_at IS NULL AND new.name IN ('order.paid', 'balance.order', "                 \
    "'balance.credit_order', 'balance.refund', 'balance.refund_reversal', 'balance.dispute', "     \
    "'balance.dispute_reversal', 'subscription.created', 'subscription.cycled', "                  \
    "'subscription.product_updated', 'subscription.uncanceled', 'subscription.reinstated', "       \
    "'subscription.canceled', 'subscription.revoked', 'subscription.paused', "                     \
    "'subscription.resumed', 'subscription.past_due', 'subscription.seats_updated', "              \
    "'subscription.units_updated')"
#define FORGET                                                                                     \
    "DELETE FROM till_event_facts WHERE organization_id = old.organization_id AND topic IN "       \
    "('subscription', 'order', 'exchange') AND timestamp = old.timestamp AND event_id = "          \
    "old.id;\n"

static const struct sqlite_trigger triggers[] = {
    {"events_added", "AFTER INSERT ON events WHEN " ASKED_FOR " BEGIN\n" OPEN SOUND ";\nEND"},
    {"events_removed", "AFTER DELETE ON events BEGIN\n" FORGET "END"},
    {"events_changed",
     "AFTER UPDATE ON events WHEN old.metadata IS NOT new.metadata OR old.till_deleted_at IS NOT "
     "new.till_deleted_at OR old.customer_id IS NOT new.customer_id OR old.external_customer_id IS "
     "NOT new.external_customer_id OR old.name IS NOT new.name OR old.timestamp IS NOT "
     "new.timestamp OR old.id IS NOT new.id OR old.organization_id IS NOT new.organization_id "
     "BEGIN\n" FORGET OPEN SOUND " AND " ASKED_FOR ";\nEND"},
};
_Static_assert(TILL_COUNT(triggers) == SQLITE_TRIGGER_COUNT, "see sqlite.h");

struct sqlite_trigger sqlite_trigger(size_t index)
{
    return triggers[index];
}

enum till_code sqlite_facts_make(struct sqlite_db *db, struct till_error *e)
{
    static const char sql[] =
        "DELETE FROM till_event_facts;" OPEN " FROM events AS new" SOUND " AND " ASKED_FOR;
    return sqlite_exec(db, sql, "open the metadata of events", e);
}
