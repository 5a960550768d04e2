// SPDX-License-Identifier: Apache-2.0
// packed.c - the SQL of packed.h, and the form of a packed bill.
//
// A part is a row of up to half a megabyte: runs, one behind the other. A run is bills of one subscription that follow each other and do not differ but in
// their moment: a head (struct run_head, little-endian), three texts, and the bills behind the first one (struct store_bill_again).
//
// To pack: the row of till_packed is written first, not whole. From then on a change takes it away (store_bills_touch()). Orders are read and sorted after
// that, into a temporary table, which needs no lock; then one short transaction looks whether the row is still there, and puts the parts in place.
//
// What is odd is not packed at all: two bills of one subscription in one moment (their order would be that of an index), long ids, amounts that are no numbers.
#include "store/packed.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "store/driver.h"
#include "store/movement_rows.h"

static const int64_t day_us = INT64_C(86400) * 1000000;
enum { PACKED_TEXT_BYTES = 64, PART_BYTES = 512 * 1024 };
// Bills that old hardly change; a copy that ends that long ago is made anew.
enum { LIVELY_DAYS = 30, OLD_DAYS = 60 };

struct run_head {
    uint64_t key, at_us, amount_minor;
    uint32_t again_count;
    unsigned char subscription_bytes, product_bytes, currency_bytes, has_product;
};

#define WHERE_BILLS                                                                                \
    " FROM orders INDEXED BY orders_by_created_at WHERE organization_id = ?1 AND till_deleted_at " \
    "IS NULL AND paid = 1 AND subscription_id IS NOT NULL AND billing_reason IN "                  \
    "('subscription_create', 'subscription_cycle') AND created_at < ?2"

// ---- what ends a copy ----

bool store_bills_hold(const char *column_name)
{
    static const char *const columns[] = {"created_at", "organization_id", "till_deleted_at",
                                          "paid",       "subscription_id", "billing_reason",
                                          "product_id", "subtotal_amount", "discount_amount",
                                          "currency"};
    for (size_t i = 0; i < TILL_COUNT(columns); i++)
        if (strcmp(column_name, columns[i]) == 0)
            return true;
    return false;
}

enum till_code store_bills_touch(struct store *store, struct sv organization_id,
                                 struct sv created_at, struct till_error *e)
{
    static const char sql[] =
        "DELETE FROM till_packed WHERE organization_id = ?1 AND (?2 IS NULL OR until > ?2)";
    struct value values[] = {store_text(organization_id), store_text(created_at)};
    return store_execute(store, sql, values, TILL_COUNT(values), NULL, e);
}

// ---- packing ----

struct bill {
    int64_t key, at_us, amount_minor;
    struct sv subscription, product, currency;
};
struct packing {
    struct store *store;
    struct buf part, again; // runs that are complete; of the run under way all but the first
    int64_t part_number, count, last_us;
    struct bill first; // of the run under way; its texts lie in `texts`
    char texts[3][PACKED_TEXT_BYTES];
    bool has_run, is_odd;
};

static enum till_code put_part(struct packing *p, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO temp.till_packing(part, bills) VALUES (?1, CAST(?2 AS BLOB))";
    enum till_code code = buf_fail(&p->part, "packed bills", e);
    struct value values[] = {store_integer(p->part_number++),
                             store_text((struct sv){p->part.data, p->part.len})};
    if (code == TILL_OK && p->part.len > 0)
        code = store_execute(p->store, sql, values, TILL_COUNT(values), NULL, e);
    buf_reset(&p->part);
    return code;
}

static enum till_code close_run(struct packing *p, struct till_error *e)
{
    const struct bill *first = &p->first;
    if (!p->has_run)
        return TILL_OK;
    struct run_head head = {.key = htole64((uint64_t)first->key),
                            .at_us = htole64((uint64_t)first->at_us),
                            .amount_minor = htole64((uint64_t)first->amount_minor),
                            .again_count =
                                htole32((uint32_t)(p->again.len / sizeof(struct store_bill_again))),
                            .subscription_bytes = (unsigned char)first->subscription.len,
                            .product_bytes = (unsigned char)first->product.len,
                            .currency_bytes = (unsigned char)first->currency.len,
                            .has_product = first->product.ptr != NULL};
    enum till_code code = buf_fail(&p->again, "packed bills", e);
    buf_append(&p->part, &head, sizeof head);
    buf_append(&p->part, first->subscription.ptr, first->subscription.len);
    if (first->product.ptr)
        buf_append(&p->part, first->product.ptr, first->product.len);
    buf_append(&p->part, first->currency.ptr, first->currency.len);
    if (p->again.len > 0)
        buf_append(&p->part, p->again.data, p->again.len);
    buf_reset(&p->again);
    p->has_run = false;
    return code == TILL_OK && p->part.len >= PART_BYTES ? put_part(p, e) : code;
}

static struct sv keep(char place[static PACKED_TEXT_BYTES], struct sv text)
{
    if (!text.ptr)
        return text;
    memcpy(place, text.ptr, text.len);
    return (struct sv){place, text.len};
}

static bool is_same_text(struct sv a, struct sv b)
{
    return (a.ptr == NULL) == (b.ptr == NULL) && (a.ptr == NULL || sv_equal(a, b));
}

// False for what is not to be packed.
static bool read_bill(const struct value *v, struct bill *ret_bill)
{
    struct bill bill = {.key = store_integer_of(&v[STORE_BILL_KEY]),
                        .at_us = store_time_of(&v[STORE_BILL_AT]),
                        .amount_minor = store_integer_of(&v[STORE_BILL_AMOUNT])};
    bool is_number = v[STORE_BILL_AMOUNT].type == VALUE_INTEGER;
    if (v[STORE_BILL_SUBSCRIPTION].type != VALUE_TEXT || v[STORE_BILL_CURRENCY].type != VALUE_TEXT)
        return false;
    bill.subscription = v[STORE_BILL_SUBSCRIPTION].text;
    bill.currency = v[STORE_BILL_CURRENCY].text;
    if (v[STORE_BILL_PRODUCT].type == VALUE_TEXT)
        bill.product = v[STORE_BILL_PRODUCT].text;
    *ret_bill = bill;
    return is_number && bill.at_us != 0 && bill.subscription.len <= PACKED_TEXT_BYTES &&
           bill.product.len <= PACKED_TEXT_BYTES && bill.currency.len <= PACKED_TEXT_BYTES;
}

static enum till_code pack_bill(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    struct packing *p = context;
    struct bill bill;
    if (p->is_odd || count < STORE_BILL_AGAIN || !read_bill(values, &bill)) {
        p->is_odd = true;
        return TILL_OK;
    }
    const struct bill *first = &p->first;
    // Ids that differ in their letters' case alone may be one id.
    bool is_next = p->has_run && sv_equal_ignoring_case(bill.subscription, first->subscription);
    if (is_next && bill.at_us == p->last_us)
        p->is_odd = true;
    p->last_us = bill.at_us;
    p->count++;
    if (is_next && sv_equal(bill.subscription, first->subscription) &&
        bill.amount_minor == first->amount_minor && is_same_text(bill.product, first->product) &&
        sv_equal(bill.currency, first->currency) && p->again.len < PART_BYTES) {
        struct store_bill_again again = {htole64((uint64_t)bill.key),
                                         htole64((uint64_t)bill.at_us)};
        buf_append(&p->again, &again, sizeof again);
        return TILL_OK;
    }
    enum till_code code = close_run(p, e);
    bill.subscription = keep(p->texts[0], bill.subscription);
    bill.product = keep(p->texts[1], bill.product);
    bill.currency = keep(p->texts[2], bill.currency);
    p->first = bill;
    p->has_run = true;
    return code;
}

struct copy { // the row of till_packed
    char until[STORE_UNTIL_BYTES];
    int64_t epoch, state;
};
enum { COPY_IN_THE_MAKING, COPY_WHOLE, COPY_IMPOSSIBLE };

static enum till_code take_copy(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    struct copy *copy = context;
    (void)e;
    if (count != 3)
        return TILL_OK;
    store_copy(copy->until, sizeof copy->until, &values[0]);
    copy->epoch = store_integer_of(&values[1]);
    copy->state = store_integer_of(&values[2]);
    return TILL_OK;
}

// Row numbers are good within one epoch of the database.
static enum till_code read_copy(struct store *store, struct sv organization_id,
                                struct copy *ret_copy, bool *ret_is_good, struct till_error *e)
{
    static const char sql[] =
        "SELECT until, epoch, state FROM till_packed WHERE organization_id = ?1";
    struct store_result result = {.row = take_copy, .context = ret_copy};
    struct value organization = store_text(organization_id);
    int64_t epoch = 0;
    *ret_copy = (struct copy){.until = ""};
    enum till_code code = store_execute(store, sql, &organization, 1, &result, e);
    if (code == TILL_OK)
        code = store->driver->epoch(store->db, &epoch, e);
    *ret_is_good = ret_copy->until[0] != '\0' && ret_copy->epoch == epoch;
    return code;
}

static enum till_code announce(struct store *store, struct sv organization_id, struct value until,
                               int64_t *ret_epoch, struct till_error *e)
{
    static const char sql[] =
        "INSERT INTO till_packed(organization_id, until, epoch, state) VALUES (?1, ?2, ?3, 0) "
        "ON CONFLICT(organization_id) DO UPDATE SET until = excluded.until, epoch = "
        "excluded.epoch, state = 0";
    enum till_code code = store->driver->epoch(store->db, ret_epoch, e);
    if (code == TILL_OK)
        code = store_begin(store, e);
    if (code)
        return code;
    struct value values[] = {store_text(organization_id), until, store_integer(*ret_epoch)};
    return store_finish(store, store_execute(store, sql, values, TILL_COUNT(values), NULL, e), e);
}

static enum till_code sort_bills(struct packing *p, const struct value *values,
                                 struct till_error *e)
{
    static const char make[] =
        "CREATE TEMP TABLE IF NOT EXISTS till_packing(part INTEGER NOT NULL, bills BLOB NOT NULL)";
    static const char clear[] = "DELETE FROM temp.till_packing";
    static const char sorted[] = "SELECT rowid, created_at, subscription_id, product_id, "
                                 "subtotal_amount - discount_amount, currency" WHERE_BILLS
                                 " ORDER BY subscription_id COLLATE NOCASE, created_at";
    struct store_result result = {.row = pack_bill, .context = p};
    enum till_code code = store_execute(p->store, make, NULL, 0, NULL, e);
    if (code == TILL_OK)
        code = store_execute(p->store, clear, NULL, 0, NULL, e);
    if (code == TILL_OK)
        code = store_execute(p->store, sorted, values, 2, &result, e);
    if (code == TILL_OK && !p->is_odd)
        code = close_run(p, e);
    return code == TILL_OK && !p->is_odd ? put_part(p, e) : code;
}

// Only when no order has changed since it was announced. What is odd leaves no copy.
static enum till_code put_in_place(const struct packing *p, const struct value *values,
                                   int64_t epoch, struct till_error *e)
{
    static const char seal[] = "UPDATE till_packed SET state = ?4 WHERE organization_id = ?1 "
                               "AND until = ?2 AND epoch = ?3 AND state = 0";
    static const char remove[] = "DELETE FROM till_packed_bills WHERE organization_id = ?1";
    static const char fill[] = "INSERT INTO till_packed_bills(organization_id, part, bills) "
                               "SELECT ?1, part, bills FROM temp.till_packing";
    static const char clear[] = "DELETE FROM temp.till_packing";
    const struct value all[] = {values[0], values[1], store_integer(epoch),
                                store_integer(p->is_odd ? COPY_IMPOSSIBLE : COPY_WHOLE)};
    struct store_result sealed = {.changed_count = 0};
    enum till_code code = store_begin(p->store, e);
    if (code)
        return code;
    code = store_execute(p->store, seal, all, TILL_COUNT(all), &sealed, e);
    if (code == TILL_OK)
        code = store_execute(p->store, remove, values, 1, NULL, e);
    if (code == TILL_OK && sealed.changed_count > 0 && !p->is_odd)
        code = store_execute(p->store, fill, values, 1, NULL, e);
    if (code == TILL_OK)
        code = store_execute(p->store, clear, NULL, 0, NULL, e);
    return store_finish(p->store, code, e);
}

static enum till_code pack(struct store *store, const struct value *values, struct till_error *e)
{
    struct packing packing = {.store = store};
    int64_t epoch = 0;
    buf_init(&packing.part, 4 * PART_BYTES);
    buf_init(&packing.again, 2 * PART_BYTES);
    enum till_code code = announce(store, values[0].text, values[1], &epoch, e);
    if (code == TILL_OK)
        code = sort_bills(&packing, values, e);
    if (code == TILL_OK)
        code = put_in_place(&packing, values, epoch, e);
    buf_release(&packing.part);
    buf_release(&packing.again);
    return code ? till_error_context(e, "could not pack old bills") : TILL_OK;
}

enum till_code store_bills_pack(struct store *store, struct sv organization_id, int64_t now_us,
                                int64_t least_count, struct till_error *e)
{
    static const char counting[] = "SELECT count(*) FROM (SELECT 1" WHERE_BILLS " LIMIT ?3)";
    char until[STORE_TIME_BYTES], old[STORE_TIME_BYTES];
    int64_t count = 0, today_us = now_us - now_us % day_us;
    struct copy copy;
    bool is_good = false;
    struct store_result counted = {.row = store_take_integer, .context = &count};
    struct value values[] = {store_text(organization_id),
                             store_time(today_us - LIVELY_DAYS * day_us, until),
                             store_integer(least_count)};
    (void)store_time(today_us - OLD_DAYS * day_us, old);
    enum till_code code = read_copy(store, organization_id, &copy, &is_good, e);
    if (code || (is_good && copy.state != COPY_IN_THE_MAKING && strcmp(copy.until, old) >= 0 &&
                 strcmp(copy.until, until) <= 0))
        return code;
    code = store_execute(store, counting, values, TILL_COUNT(values), &counted, e);
    return code || count < least_count ? code : pack(store, values, e);
}

// ---- reading ----

static struct sv cut(struct sv *rest, size_t bytes)
{
    struct sv part = {rest->ptr, bytes};
    rest->ptr += bytes;
    rest->len -= bytes;
    return part;
}

static enum till_code fail_damaged(struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_STORE, 0, "the packed bills are damaged");
    return till_error_hint(e, "`till doctor` checks the database; without the rows of till_packed "
                              "orders are read instead");
}

static enum till_code unpack(void *context, const struct value *values, size_t count,
                             struct till_error *e)
{
    const struct store_metric_sink *sink = context;
    enum till_code code = TILL_OK;
    if (count != 1 || values[0].type != VALUE_TEXT)
        return fail_damaged(e);
    struct sv rest = values[0].text;
    while (rest.len > 0 && code == TILL_OK) {
        struct run_head head;
        if (rest.len < sizeof head)
            return fail_damaged(e);
        memcpy(&head, cut(&rest, sizeof head).ptr, sizeof head);
        size_t again_bytes = le32toh(head.again_count) * sizeof(struct store_bill_again);
        if (rest.len <
            again_bytes + head.subscription_bytes + head.product_bytes + head.currency_bytes)
            return fail_damaged(e);
        struct value row[STORE_BILL__COUNT] = {
            [STORE_BILL_KEY] = store_integer((int64_t)le64toh(head.key)),
            [STORE_BILL_AT] = store_integer((int64_t)le64toh(head.at_us)),
            [STORE_BILL_AMOUNT] = store_integer((int64_t)le64toh(head.amount_minor))};
        row[STORE_BILL_SUBSCRIPTION] = store_text(cut(&rest, head.subscription_bytes));
        struct sv product = cut(&rest, head.product_bytes);
        row[STORE_BILL_PRODUCT] = store_text(head.has_product ? product : (struct sv){NULL, 0});
        row[STORE_BILL_CURRENCY] = store_text(cut(&rest, head.currency_bytes));
        row[STORE_BILL_AGAIN] = store_text(cut(&rest, again_bytes));
        code = sink->row(sink->context, row, STORE_BILL__COUNT, e);
    }
    return code;
}

enum till_code store_bills_packed(struct store *store, struct sv organization_id,
                                  const struct store_metric_sink *sink,
                                  char ret_until[static STORE_UNTIL_BYTES], struct till_error *e)
{
    static const char sql[] =
        "SELECT bills FROM till_packed_bills WHERE organization_id = ?1 ORDER BY part";
    struct store_metric_sink taker = *sink;
    struct store_result result = {.row = unpack, .context = &taker};
    struct value organization = store_text(organization_id);
    struct copy copy;
    bool is_good = false;
    ret_until[0] = '\0';
    enum till_code code = read_copy(store, organization_id, &copy, &is_good, e);
    if (code || !is_good || copy.state != COPY_WHOLE)
        return code;
    code = store_execute(store, sql, &organization, 1, &result, e);
    if (code == TILL_OK)
        memcpy(ret_until, copy.until, sizeof copy.until);
    return code;
}
