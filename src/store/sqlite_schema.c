// SPDX-License-Identifier: Apache-2.0
// sqlite_schema.c - the schema as a list of objects, each with the text of its CREATE statement.
//
// Own tables and indexes come from store/tables.def, views from store/views.def, triggers from sqlite_facts.c, mirrored tables from
// model/tables.def. The text is what SQLite keeps in sqlite_schema, comments included: `.schema orders` in the shell explains every column,
// and comparing texts tells whether an index, a trigger or a view is the one of this program. Own tables with a primary key of several
// columns are WITHOUT ROWID: one tree, not two.
#include "store/sqlite.h"

#include <string.h>

#include "base/attr.h"

struct own_table {
    const char *name, *lifetime, *sentence, *columns;
};
static const struct own_table own_tables[] = {
#define OWN_TABLE(name, lifetime, sentence, columns) {#name, #lifetime, sentence, columns},
#define INDEX(name, table, columns, where)
#include "store/tables.def"
#undef OWN_TABLE
#undef INDEX
};

struct index {
    const char *name, *table, *columns, *where;
};
static const struct index indexes[] = {
#define OWN_TABLE(name, lifetime, sentence, columns)
#define INDEX(name, table, columns, where) {#name, #table, columns, where},
#include "store/tables.def"
#undef OWN_TABLE
#undef INDEX
};

struct view {
    const char *name, *sentence, *select;
};
static const struct view views[] = {
#define VIEW(name, sentence, select) {#name, sentence, select},
#include "store/views.def"
#undef VIEW
};

enum {
    FIRST_MIRRORED = TILL_COUNT(own_tables),
    FIRST_INDEX = FIRST_MIRRORED + TABLE__COUNT,
    FIRST_TRIGGER = FIRST_INDEX + TILL_COUNT(indexes),
    FIRST_VIEW = FIRST_TRIGGER + SQLITE_TRIGGER_COUNT,
    OBJECT_COUNT = FIRST_VIEW + TILL_COUNT(views),
};

size_t sqlite_object_count(void)
{
    return OBJECT_COUNT;
}

struct sqlite_object sqlite_object(size_t index)
{
    if (index < FIRST_MIRRORED)
        return (struct sqlite_object){
            .kind = "table", .name = own_tables[index].name, .is_own_table = true};
    if (index < FIRST_INDEX) {
        const struct table *table = model_table((enum table_id)(index - FIRST_MIRRORED));
        return (struct sqlite_object){.kind = "table", .name = table->name, .table = table};
    }
    if (index < FIRST_TRIGGER)
        return (struct sqlite_object){.kind = "index", .name = indexes[index - FIRST_INDEX].name};
    if (index < FIRST_VIEW)
        return (struct sqlite_object){.kind = "trigger",
                                      .name = sqlite_trigger(index - FIRST_TRIGGER).name};
    return (struct sqlite_object){.kind = "view", .name = views[index - FIRST_VIEW].name};
}

// A column that is added to rows that exist cannot be NOT NULL.
void sqlite_column_sql(const struct column *column, bool is_added_later, struct buf *sql)
{
    sqlite_name(sql, column->name);
    buf_format(sql, " %s", column_kind_sql(column->kind));
    if ((column->flags & COLUMN_NOT_NULL) && !is_added_later)
        buf_text(sql, " NOT NULL");
}

static void own_table_sql(const struct own_table *table, struct buf *sql)
{
    bool is_one_tree = strstr(table->columns, "\nPRIMARY KEY (") != NULL;
    buf_format(sql, "CREATE TABLE %s ( -- %s\n%s) STRICT%s", table->name, table->sentence,
               table->columns, is_one_tree ? ", WITHOUT ROWID" : "");
}

static void mirrored_table_sql(const struct table *table, struct buf *sql)
{
    buf_format(sql, "CREATE TABLE %s ( -- %s\n", table->name, table->sentence);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        bool is_organization = strcmp(column->name, "organization_id") == 0;
        sqlite_column_sql(column, is_organization, sql); // NOT NULL is said once, below
        buf_text(sql, i == table->id_column ? " PRIMARY KEY" : is_organization ? " NOT NULL" : "");
        buf_format(sql, ", -- %s\n", column->sentence);
        if (i == table->id_column && !store_table_has_organization(table, NULL))
            buf_text(
                sql,
                "organization_id TEXT NOT NULL, -- The organization that the row was read for.\n");
    }
    buf_text(sql, "till_synced_at TEXT NOT NULL, -- When till stored this version of the row.\n"
                  "till_deleted_at TEXT, -- When till found the row gone from the service; null "
                  "while it is there.\n"
                  "till_extra TEXT -- Fields without a column of their own, as a JSON object.\n"
                  ") STRICT");
}

void sqlite_object_sql(size_t index, struct buf *sql)
{
    if (index < FIRST_MIRRORED) {
        own_table_sql(&own_tables[index], sql);
    } else if (index < FIRST_INDEX) {
        mirrored_table_sql(model_table((enum table_id)(index - FIRST_MIRRORED)), sql);
    } else if (index < FIRST_TRIGGER) {
        const struct index *made = &indexes[index - FIRST_INDEX];
        buf_format(sql, "CREATE INDEX %s ON %s(%s)", made->name, made->table, made->columns);
        if (made->where[0])
            buf_format(sql, " WHERE %s", made->where);
    } else if (index < FIRST_VIEW) {
        struct sqlite_trigger trigger = sqlite_trigger(index - FIRST_TRIGGER);
        buf_format(sql, "CREATE TRIGGER %s %s", trigger.name, trigger.text);
    } else {
        const struct view *view = &views[index - FIRST_VIEW];
        buf_format(sql, "CREATE VIEW %s AS -- %s\n%s", view->name, view->sentence, view->select);
    }
}

enum till_code store_schema(struct buf *out, struct till_error *e)
{
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        if (i < FIRST_MIRRORED)
            buf_format(out, "-- %s\n",
                       strcmp(own_tables[i].lifetime, "ENDURING") == 0 ? "enduring" : "derivable");
        sqlite_object_sql(i, out);
        buf_text(out, ";\n\n");
    }
    return buf_fail(out, "the schema", e);
}
