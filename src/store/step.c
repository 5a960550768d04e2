// SPDX-License-Identifier: Apache-2.0
// step.c - what sync asks between walks: which rows move by themselves, which are about to, which is the newest, and a few at random.
//
// None of these reads a large table: each has an index whose words are the same as the query's (store/tables.def, *_moving, *_due, and those on
// walk_key), and a test looks at what the database makes of them. The newest row is looked for from the end of an index on time: a few entries,
// but for an organization that has slept while others did not, whose newer entries are passed over. Moving rows come newest first: young ones
// move soonest, and a row that has stood still for ever must not keep the others waiting.
//
// The sample jumps to random places of the whole table and keeps what is live and of the organization; a small table is listed instead. The tries
// are bounded: an organization with a few rows among another's millions may get fewer than it asked for.
#include "store/driver.h"

#include "base/attr.h"
#include "base/limits.h"

enum { SAMPLE_MOST = 1000, SAMPLE_TRIES = 20000 }; // a try takes some ten microseconds

// ---- lists of ids ----

struct id_gather {
    struct arena *arena;
    struct store_ids found;
    size_t capacity;
};

static enum till_code take_id(void *context, const struct value *values, size_t count,
                              struct till_error *e)
{
    struct id_gather *gather = context;
    if (count == 0 || values[0].type != VALUE_TEXT || gather->found.count >= gather->capacity)
        return TILL_OK;
    struct sv id = arena_sv(gather->arena, values[0].text);
    if (!id.ptr)
        return arena_fail(gather->arena, "a list of rows", e);
    gather->found.ids[gather->found.count++] = id;
    return TILL_OK;
}

static enum till_code gather_begin(struct id_gather *gather, struct arena *arena, int64_t total,
                                   size_t capacity, struct till_error *e)
{
    *gather = (struct id_gather){.arena = arena, .found.total = total, .capacity = capacity};
    if (total >= 0 && (uint64_t)total < capacity)
        gather->capacity = (size_t)total;
    if (gather->capacity > TILL_LIMIT_IDS)
        gather->capacity = TILL_LIMIT_IDS;
    gather->found.ids = arena_calloc(arena, gather->capacity + 1, sizeof *gather->found.ids);
    return gather->found.ids ? TILL_OK : arena_fail(arena, "a list of rows", e);
}

enum till_code store_ids_ask(struct store *store, const struct store_ids_query *query,
                             size_t capacity, struct arena *arena, struct store_ids *ret_ids,
                             struct till_error *e)
{
    int64_t total = 0;
    struct id_gather gather;
    struct store_result counted = {.row = store_take_integer, .context = &total};
    struct store_result listed = {.row = take_id, .context = &gather};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql, "SELECT count(*)%s", query->from->data ? query->from->data : "");
    enum till_code code = buf_fail(query->from, "the statement", e);
    if (code == TILL_OK)
        code =
            store_execute_made(store, &sql, query->parameters, query->parameter_count, &counted, e);
    if (code == TILL_OK)
        code = gather_begin(&gather, arena, total, capacity, e);
    if (code)
        return code;
    buf_reset(&sql);
    buf_format(&sql, "SELECT %s%s ORDER BY %s LIMIT %zu", query->column, query->from->data,
               query->order, gather.capacity);
    if (gather.capacity > 0)
        code =
            store_execute_made(store, &sql, query->parameters, query->parameter_count, &listed, e);
    if (code == TILL_OK)
        *ret_ids = gather.found;
    return code;
}

// "'draft', 'pending'", in the words and the order of the partial index.
static void quote_words(struct buf *sql, const char *words)
{
    struct sv rest = sv_of(words), word;
    for (bool is_first = true; sv_split(&rest, ' ', &word); is_first = false)
        buf_format(sql, is_first ? "'" SV_FORMAT "'" : ", '" SV_FORMAT "'", SV_ARGS(word));
}

static void from_live(struct buf *sql, const struct table *table, const char *statuses)
{
    buf_init(sql, STORE_SQL_BYTES);
    buf_format(sql,
               " FROM %s WHERE organization_id = ?1 AND till_deleted_at IS NULL AND status IN (",
               table->name);
    quote_words(sql, statuses);
    buf_char(sql, ')');
}

enum till_code store_moving(struct store *store, struct sv organization_id,
                            const struct table *table, size_t capacity, struct arena *arena,
                            struct store_ids *ret_ids, struct till_error *e)
{
    AUTO_BUF from, order;
    struct value organization = store_text(organization_id);
    buf_init(&order, STORE_SQL_BYTES);
    from_live(&from, table, table->in_step.moving);
    buf_format(&order, "%s DESC, %s DESC", table->walk_key, store_id_name(table));
    if (table->in_step.moving[0] == '\0') {
        *ret_ids = (struct store_ids){0};
        return TILL_OK;
    }
    enum till_code code = buf_fail(&order, "the statement", e);
    struct store_ids_query query = {store_id_name(table), &from, order.data, &organization, 1};
    return code ? code : store_ids_ask(store, &query, capacity, arena, ret_ids, e);
}

enum till_code store_due(struct store *store, struct sv organization_id, const struct table *table,
                         struct store_span span, size_t capacity, struct arena *arena,
                         struct store_ids *ret_ids, struct till_error *e)
{
    const char *column = table->in_step.due_column;
    char from_text[STORE_TIME_BYTES], to_text[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), store_time(span.from_us, from_text),
                             store_time(span.to_us, to_text)};
    AUTO_BUF from, order;
    buf_init(&order, STORE_SQL_BYTES);
    from_live(&from, table, "active trialing");
    buf_format(&from, " AND %s > ?2 AND %s <= ?3", column, column);
    buf_format(&order, "%s, %s", column, store_id_name(table));
    if (column[0] == '\0' || span.to_us <= span.from_us) {
        *ret_ids = (struct store_ids){0};
        return TILL_OK;
    }
    if (values[1].type == VALUE_NULL) // since ever
        values[1] = store_c_text("");
    if (values[2].type == VALUE_NULL)
        return TILL_FAIL(e, TILL_USAGE, 0, "the clock shows an impossible time");
    enum till_code code = buf_fail(&order, "the statement", e);
    struct store_ids_query query = {store_id_name(table), &from, order.data, values,
                                    TILL_COUNT(values)};
    return code ? code : store_ids_ask(store, &query, capacity, arena, ret_ids, e);
}

// ---- the newest ----

static enum till_code take_time(void *context, const struct value *values, size_t count,
                                struct till_error *e)
{
    (void)e;
    if (count > 0)
        *(int64_t *)context = store_time_of(&values[0]);
    return TILL_OK;
}

enum till_code store_newest(struct store *store, struct sv organization_id,
                            const struct table *table, int64_t *ret_us, struct till_error *e)
{
    int64_t newest_us = 0;
    struct value organization = store_text(organization_id);
    struct store_result result = {.row = take_time, .context = &newest_us};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql,
               "SELECT %s FROM %s WHERE organization_id = ?1 AND %s IS NOT NULL ORDER BY %s DESC "
               "LIMIT 1",
               table->walk_key, table->name, table->walk_key, table->walk_key);
    enum till_code code = store_execute_made(store, &sql, &organization, 1, &result, e);
    if (code == TILL_OK)
        *ret_us = newest_us;
    return code;
}

// ---- some at random ----

static uint64_t random_next(uint64_t *state) // splitmix64
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct sample {
    struct id_gather gather;
    struct sv organization_id;
    uint64_t random;
    uint64_t met_count; // live rows that were listed
    int64_t live;       // of the organization
    int64_t total;      // rows of the table, of all organizations, deleted ones too
};

static enum till_code take_counts(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    struct sample *sample = context;
    (void)e;
    if (count == 2) {
        sample->live = store_integer_of(&values[0]);
        sample->total = store_integer_of(&values[1]);
    }
    return TILL_OK;
}

static enum till_code take_met(void *context, const struct value *values, size_t count,
                               struct till_error *e)
{
    struct sample *sample = context;
    struct store_ids *found = &sample->gather.found;
    if (count != 3 || values[2].type != VALUE_NULL || values[1].type != VALUE_TEXT ||
        !sv_equal(values[1].text, sample->organization_id))
        return TILL_OK;
    for (size_t i = 0; i < found->count; i++)
        if (sv_equal(found->ids[i], values[0].text))
            return TILL_OK;
    return take_id(&sample->gather, values, count, e);
}

// Every row that is listed has the same chance to be among those that stay.
static enum till_code take_listed(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    struct sample *sample = context;
    struct store_ids *found = &sample->gather.found;
    if (count == 0 || values[0].type != VALUE_TEXT)
        return TILL_OK;
    sample->met_count++;
    if (found->count < sample->gather.capacity)
        return take_id(&sample->gather, values, count, e);
    uint64_t place = random_next(&sample->random) % sample->met_count;
    if (place >= found->count)
        return TILL_OK;
    struct sv id = arena_sv(sample->gather.arena, values[0].text);
    if (!id.ptr)
        return arena_fail(sample->gather.arena, "a list of rows", e);
    found->ids[place] = id;
    return TILL_OK;
}

static enum till_code sample_listed(struct store *store, const struct table *table,
                                    struct sample *sample, struct till_error *e)
{
    struct value organization = store_text(sample->organization_id);
    struct store_result result = {.row = take_listed, .context = sample};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql, "SELECT %s FROM %s WHERE organization_id = ?1 AND till_deleted_at IS NULL",
               store_id_name(table), table->name);
    return store_execute_made(store, &sql, &organization, 1, &result, e);
}

static enum till_code sample_met(struct store *store, const struct table *table,
                                 struct sample *sample, struct till_error *e)
{
    int tries = SAMPLE_TRIES;
    struct store_result result = {.row = take_met, .context = sample};
    enum till_code code = TILL_OK;
    while (tries-- > 0 && sample->gather.found.count < sample->gather.capacity && code == TILL_OK) {
        double place = (double)(random_next(&sample->random) >> 11) / 9007199254740992.0; // 2^53
        code = store->driver->row_at(store->db, table, place, &result, e);
    }
    return code;
}

enum till_code store_sample(struct store *store, struct sv organization_id,
                            const struct table *table, size_t capacity, uint64_t seed,
                            struct arena *arena, struct store_ids *ret_ids, struct till_error *e)
{
    static const char sql[] =
        "SELECT coalesce(sum(CASE WHEN organization_id = ?1 THEN row_count ELSE 0 END), 0), "
        "coalesce(sum(row_count + deleted_count), 0) FROM till_tables WHERE table_name = ?2";
    struct sample sample = {.organization_id = organization_id, .random = seed};
    struct value keys[] = {store_text(organization_id), store_c_text(table->name)};
    struct store_result result = {.row = take_counts, .context = &sample};
    enum till_code code = store_execute(store, sql, keys, TILL_COUNT(keys), &result, e);
    if (code == TILL_OK)
        code = gather_begin(&sample.gather, arena, sample.live,
                            capacity < SAMPLE_MOST ? capacity : SAMPLE_MOST, e);
    if (code == TILL_OK && sample.gather.capacity > 0)
        code = sample.total <= SAMPLE_MOST ? sample_listed(store, table, &sample, e)
                                           : sample_met(store, table, &sample, e);
    if (code == TILL_OK)
        *ret_ids = sample.gather.found;
    return code;
}

// ---- how many in a stretch of time ----

enum till_code store_count_between(struct store *store, struct sv organization_id,
                                   const struct table *table, int64_t after_us, int64_t before_us,
                                   int64_t *ret_count, struct till_error *e)
{
    char after[STORE_TIME_BYTES], before[STORE_TIME_BYTES];
    struct value values[] = {store_text(organization_id), store_time_from(after_us, after),
                             store_time_to(before_us, before)};
    int64_t count = 0;
    struct store_result result = {.row = store_take_integer, .context = &count};
    AUTO_BUF sql;
    buf_init(&sql, STORE_SQL_BYTES);
    buf_format(&sql,
               "SELECT count(*) FROM %s WHERE organization_id = ?1 AND till_deleted_at IS NULL AND "
               "%s > ?2 AND %s < ?3",
               table->name, table->walk_key, table->walk_key);
    enum till_code code = store_execute_made(store, &sql, values, TILL_COUNT(values), &result, e);
    if (code == TILL_OK)
        *ret_count = count;
    return code;
}
