// SPDX-License-Identifier: Apache-2.0
// status.c - a card for each connected service: who it is, how fresh it is, and which tables are not well.
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/intervals.h"
#include "views/views.h"

enum { LABEL_COLUMNS = 16, NAME_COLUMNS = 32 };

static void label(struct buf *out, const char *word)
{
    buf_format(out, "  %-*s", LABEL_COLUMNS - 2, word);
}

static const char *place_words(const char *place)
{
    if (strcmp(place, "secret-service") == 0)
        return "in the desktop keyring (Secret Service)";
    if (strcmp(place, "file") == 0)
        return "in the sealed file";
    if (strcmp(place, "environment") == 0)
        return "not stored: read from $POLAR_ACCESS_TOKEN each time";
    return place[0] ? place : "not stored";
}

static void table_line(struct buf *out, const struct view_style *style,
                       const struct report_card *card, enum table_id table, int64_t now_us)
{
    const struct store_table_state *state = &card->tables[table];
    buf_format(out, "    %-14s", model_table(table)->name);
    if (!state->is_enabled) {
        buf_text(out, "off\n");
        return;
    }
    if (!report_card_reads(card, table)) {
        buf_format(out, "not readable: the token lacks %s\n", model_table(table)->scope);
        return;
    }
    AUTO_BUF count;
    buf_init(&count, 64);
    view_count(&count, state->row_count);
    buf_format(out, "%12s rows  ", count.data ? count.data : "0");
    if (state->last_finished_us == 0 && state->fresh_us == 0) {
        buf_text(out, state->walk_next_page > 1 ? "interrupted: `till sync` goes on\n"
                                                : "never synced\n");
        return;
    }
    view_ago(out, state->fresh_us, now_us);
    if (state->last_code != TILL_OK) {
        buf_text(out, "  ");
        view_ink(out, style, INK_RED, "failed");
    } else if (!state->is_proven) {
        buf_text(out, "  ");
        view_ink(out, style, INK_YELLOW, "unproven");
    }
    if (state->method == STORE_FULL)
        buf_text(out, "  full");
    if (state->quarantined_count > 0) {
        buf_text(out, "  ");
        view_count(out, state->quarantined_count);
        buf_text(out, " quarantined");
    }
    buf_char(out, '\n');
    if (state->last_code != TILL_OK) {
        AUTO_BUF words;
        buf_init(&words, out->limit_bytes);
        view_failing(&words, state, &card->schedule[table], now_us);
        buf_repeat(out, ' ', LABEL_COLUMNS);
        view_wrap(out, (struct sv){words.data ? words.data : "", words.len}, LABEL_COLUMNS,
                  LABEL_COLUMNS);
    }
}

static void card_text(struct buf *out, const struct view_style *style,
                      const struct report_card *card, int64_t now_us)
{
    const struct store_connection *connection = &card->connection;
    AUTO_BUF name;
    buf_init(&name, out->limit_bytes);
    (void)text_show(&name, sv_of(connection->name), 0);
    view_ink(out, style, INK_BOLD, name.data ? name.data : "");
    if (connection->disconnected_at_us != 0) {
        buf_text(out, "  disconnected ");
        view_ago(out, connection->disconnected_at_us, now_us);
        buf_text(out, "; its rows are kept (`--purge` removes them)\n");
        return;
    }
    buf_char(out, '\n');
    label(out, "organization");
    (void)text_show(out,
                    sv_of(connection->organization_name[0] ? connection->organization_name
                                                           : "(name not readable)"),
                    NAME_COLUMNS);
    buf_format(out, "  %s\n", connection->organization_id);
    label(out, "environment");
    buf_format(out, "%s  ", connection->environment);
    (void)text_show(out, sv_of(connection->api_url), 0);
    buf_char(out, '\n');
    label(out, "token");
    buf_format(out, "%s\n", place_words(connection->secret_place));
    label(out, "scopes");
    view_wrap(out, sv_of(connection->scopes[0] ? connection->scopes : "none"), LABEL_COLUMNS,
              LABEL_COLUMNS);
    if (connection->missing_scopes[0]) {
        view_ink(out, style, INK_YELLOW, "  missing       ");
        view_wrap(out, sv_of(connection->missing_scopes), LABEL_COLUMNS, LABEL_COLUMNS);
    }
    label(out, "last sync");
    view_ago(out, card->last_sync_us, now_us);
    buf_text(out, "\n");
    label(out, "fresh as of");
    view_ago(out, card->fresh_as_of_us, now_us);
    buf_text(out, card->fresh_as_of_us == 0 ? " (not every table has landed yet)\n" : "\n");
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (!model_table((enum table_id)i)->is_optional ||
            report_card_reads(card, (enum table_id)i))
            table_line(out, style, card, (enum table_id)i, now_us);
    }
}

void view_status_text(struct buf *out, const struct view_style *style,
                      const struct report_status *status)
{
    if (status->card_count == 0 && status->source_count == 0)
        buf_text(out, "Nothing is connected. Connect Polar: till connect polar\n");
    for (size_t i = 0; i < status->card_count; i++) {
        if (i > 0)
            buf_char(out, '\n');
        card_text(out, style, &status->cards[i], status->now_us);
    }
    view_sources_text(out, style, status);
    if (status->is_stale) {
        buf_char(out, '\n');
        view_ink(out, style, INK_YELLOW, "stale");
        buf_text(out, ": older than --max-age allows; run `till sync`\n");
    }
}

static void table_json(struct buf *out, const struct report_card *card, enum table_id table)
{
    const struct store_table_state *state = &card->tables[table];
    buf_char(out, '{');
    view_json_text(out, "table", model_table(table)->name);
    view_json_bool(out, "enabled", state->is_enabled);
    view_json_bool(out, "readable", report_card_reads(card, table));
    view_json_int(out, "rows", state->row_count);
    view_json_int(out, "deleted", state->deleted_count);
    view_json_int(out, "quarantined", state->quarantined_count);
    view_json_bool(out, "proven", state->is_proven);
    view_json_time(out, "last_run", state->last_finished_us);
    view_json_time(out, "last_success", state->last_success_us);
    view_json_time(out, "fresh_as_of", state->fresh_us);
    view_json_text(out, "method", store_method_word(state->method));
    view_json_text(out, "every", model_interval_word(card->schedule[table].every_ms));
    view_json_time(out, "next_due", card->schedule[table].due_us);
    view_json_int(out, "failures", state->failure_count);
    view_json_time(out, "failing_since", card->schedule[table].failing_since_us);
    view_json_text(out, "last_error", state->last_error);
    view_json_text(out, "last_error_class",
                   state->last_code == TILL_OK ? NULL : till_code_name(state->last_code));
    buf_char(out, '}');
}

static void card_json(struct buf *out, const struct report_card *card)
{
    const struct store_connection *connection = &card->connection;
    buf_char(out, '{');
    view_json_text(out, "name", connection->name);
    view_json_text(out, "service", connection->service);
    view_json_bool(out, "connected", connection->disconnected_at_us == 0);
    view_json_text(out, "environment", connection->environment);
    view_json_text(out, "api_url", connection->api_url);
    view_json_text(out, "organization_id", connection->organization_id);
    view_json_text(out, "organization_name", connection->organization_name);
    view_json_text(out, "token_place", connection->secret_place);
    view_json_text(out, "scopes", connection->scopes);
    view_json_text(out, "missing_scopes", connection->missing_scopes);
    view_json_time(out, "last_sync", card->last_sync_us);
    view_json_time(out, "fresh_as_of", card->fresh_as_of_us);
    view_json_int(out, "rows", card->row_count);
    view_json_int(out, "quarantined", card->quarantined_count);
    view_json_int(out, "failing_tables", card->failing_count);
    view_json_int(out, "unproven_tables", card->unproven_count);
    view_json_bool(out, "stale", card->is_stale);
    view_json_key(out, "tables");
    buf_char(out, '[');
    for (int i = 0; i < TABLE__COUNT; i++) {
        if (i > 0)
            buf_char(out, ',');
        table_json(out, card, (enum table_id)i);
    }
    buf_text(out, "]}");
}

void view_connections_json(struct buf *out, const struct report_status *status)
{
    buf_char(out, '[');
    for (size_t i = 0; i < status->card_count; i++) {
        if (i > 0)
            buf_char(out, ',');
        card_json(out, &status->cards[i]);
    }
    buf_char(out, ']');
}

void view_status_json(struct buf *out, const struct report_status *status)
{
    buf_char(out, '{');
    view_json_time(out, "now", status->now_us);
    view_json_bool(out, "stale", status->is_stale);
    view_json_key(out, "connections");
    view_connections_json(out, status);
    view_json_key(out, "sources");
    view_sources_json(out, status);
    buf_text(out, "}\n");
}
