// SPDX-License-Identifier: Apache-2.0
// doctor.c - `till doctor`: one line a check, each with its remedy. No secret and no personal data in it: organization ids and names, paths under the home
// folder and scopes are all it shows, so that it can be pasted into an issue.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/deliver.h"
#include "cli/sources.h"

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_FAILED };
enum { FINDINGS = 96, TEXT_COLUMNS = 23, CLOCK_TOLERANCE_SECONDS = 60, LOW_DISK_MIB = 200 };

struct finding {
    const char *check;
    enum verdict verdict;
    char text[TILL_ERROR_TEXT_BYTES];
    char remedy[TILL_ERROR_HINT_BYTES];
};

struct doctor {
    struct cli *cli;
    struct finding findings[FINDINGS];
    size_t count;
};

static const char *const verdict_words[] = {
    [VERDICT_OK] = "ok", [VERDICT_WARNING] = "warning", [VERDICT_FAILED] = "failed"};

// The home folder as ~: a pasted report need not name the user.
static void shorten_home(char *text, size_t bytes)
{
    const char *home = getenv("HOME");
    char shortened[TILL_ERROR_TEXT_BYTES];
    char *at = home && home[0] == '/' && home[1] ? strstr(text, home) : NULL;
    if (!at || strlen(text) >= sizeof(shortened))
        return;
    (void)snprintf(shortened, sizeof(shortened), "%.*s~%s", (int)(at - text), text,
                   at + strlen(home));
    (void)snprintf(text, bytes, "%s", shortened);
}

static struct finding *add(struct doctor *doctor, const char *check, enum verdict verdict,
                           const char *remedy, const char *format, ...) TILL_PRINTF(5, 6);
static struct finding *add(struct doctor *doctor, const char *check, enum verdict verdict,
                           const char *remedy, const char *format, ...)
{
    struct finding *finding =
        &doctor->findings[doctor->count < FINDINGS ? doctor->count++ : FINDINGS - 1];
    va_list arguments;
    finding->check = check;
    finding->verdict = verdict;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
    (void)snprintf(finding->remedy, sizeof(finding->remedy), "%s",
                   verdict == VERDICT_OK ? "" : remedy);
    shorten_home(finding->text, sizeof(finding->text));
    shorten_home(finding->remedy, sizeof(finding->remedy));
    return finding;
}

static void add_error(struct doctor *doctor, const char *check, const struct till_error *e)
{
    (void)add(doctor, check, VERDICT_FAILED, e->hint[0] ? e->hint : "see the message", "%s",
              e->text);
}

static void check_files(struct doctor *doctor)
{
    const struct config_places *places = &doctor->cli->places;
    const char *const paths[] = {places->secrets_folder, places->config_file, places->database};
    for (size_t i = 0; i < TILL_COUNT(paths); i++) {
        if (!fs_exists(paths[i]))
            continue;
        bool is_exposed = fs_is_exposed(paths[i]);
        (void)add(doctor, "permissions", is_exposed ? VERDICT_WARNING : VERDICT_OK,
                  "take it from group and others (chmod go= PATH): it holds your customers' data "
                  "or your token",
                  "%s can be read by %s", paths[i],
                  is_exposed ? "other users of this machine" : "you alone");
    }
    if (fs_is_open_folder(places->data_folder))
        (void)add(doctor, "permissions", VERDICT_WARNING,
                  "take it from group and others (chmod go-w PATH)",
                  "other users of this machine can put files into %s", places->data_folder);
}

static void check_database(struct doctor *doctor, struct store *store)
{
    struct store_health health = {0};
    struct till_error e = {0};
    if (store_health(store, &health, &e) != TILL_OK) {
        add_error(doctor, "database", &e);
        return;
    }
    (void)add(doctor, "database", health.is_intact ? VERDICT_OK : VERDICT_FAILED,
              "restore a backup (till.db.backup-*), or remove the file and sync again: Polar still "
              "has everything",
              "%s", health.is_intact ? "integrity check passed" : health.problem);
    bool is_low = health.free_disk_bytes < (int64_t)LOW_DISK_MIB * 1024 * 1024;
    (void)add(doctor, "disk", is_low ? VERDICT_WARNING : VERDICT_OK,
              "make room: a sync that finds the disk full stops",
              "the database takes %" PRId64 " MiB, %" PRId64 " MiB are free",
              health.file_bytes / 1048576, health.free_disk_bytes / 1048576);
}

static void check_clock(struct doctor *doctor, const struct polar *polar)
{
    int64_t offset = polar_clock_offset_seconds(polar);
    bool is_off = offset > CLOCK_TOLERANCE_SECONDS || offset < -CLOCK_TOLERANCE_SECONDS;
    (void)add(doctor, "clock", is_off ? VERDICT_WARNING : VERDICT_OK,
              "set this machine's clock (timedatectl set-ntp true)", "%" PRId64 " s from Polar's",
              -offset);
}

static void check_scopes(struct doctor *doctor, const struct polar_identity *identity)
{
    for (int i = 0; i < TABLE__COUNT; i++) {
        const struct polar_probe *probe = &identity->probes[i];
        if (probe->access == POLAR_HELD)
            (void)add(doctor, "scope", VERDICT_OK, "", "%s is held", probe->table->scope);
        else if (probe->access == POLAR_UNKNOWN)
            (void)add(doctor, "scope", VERDICT_WARNING, "try again later",
                      "%s could not be checked: %s", probe->table->scope, probe->error.text);
        else if (!probe->table->is_optional)
            (void)add(doctor, "scope", VERDICT_WARNING,
                      "add it to the token in Polar (Settings, Developers)", "%s is missing: %s",
                      probe->table->scope, probe->table->missing_cost);
    }
}

static void check_service(struct doctor *doctor, const struct store_connection *connection)
{
    AUTO_SECRET token = {0};
    struct polar *polar = NULL;
    struct till_error e = {0};
    struct polar_identity identity = {0};
    char version[32];
    if (cli_stored_token(doctor->cli, connection, &token, &e) != TILL_OK) {
        add_error(doctor, "token", &e);
        return;
    }
    (void)add(doctor, "token", VERDICT_OK, "", "kept in %s", connection->secret_place);
    enum till_code code = cli_open_polar(doctor->cli, connection->api_url, &token, &polar, &e);
    if (code == TILL_OK)
        code = cli_share_budget(doctor->cli, polar, connection->organization_id, &e);
    if (code == TILL_OK)
        code = polar_identify(polar, &identity, &e);
    if (code) {
        add_error(doctor, "connection", &e);
        polar_close(polar);
        return;
    }
    bool is_tls = strncmp(connection->api_url, "https://", 8) == 0;
    (void)add(doctor, "connection", VERDICT_OK, "", "%s answers%s", connection->api_url,
              is_tls ? ", certificate verified" : " (loopback, no TLS)");
    bool is_other = identity.organization_id[0] &&
                    strcmp(identity.organization_id, connection->organization_id) != 0;
    (void)add(doctor, "organization", is_other ? VERDICT_FAILED : VERDICT_OK,
              "connect again with the right token", "%s %s",
              is_other ? "the token belongs to another organization:" : "the token belongs to",
              identity.organization_id);
    check_clock(doctor, polar);
    if (polar_version_fell_back(polar, version))
        (void)add(doctor, "api version", VERDICT_WARNING, "update till, or set api_version",
                  "Polar no longer serves the pinned version; %s was used", version);
    check_scopes(doctor, &identity);
    if (identity.has_more_than_needed)
        (void)add(doctor, "scope", VERDICT_WARNING,
                  "a token with only the read scopes above is enough", "the token also opens %s",
                  identity.more_than_needed);
    polar_close(polar);
}

static void check_freshness(struct doctor *doctor, struct store *store,
                            const struct store_connection *connection)
{
    for (int i = 0; i < TABLE__COUNT; i++) {
        struct store_table_state state = {0};
        struct till_error e = {0};
        const struct table *table = model_table((enum table_id)i);
        if (store_table_state(store, sv_of(connection->organization_id), table, &state, &e) !=
            TILL_OK) {
            add_error(doctor, "tables", &e);
            return;
        }
        if (state.last_finished_us > 0 && state.last_code != TILL_OK && !table->is_optional)
            (void)add(doctor, "tables", VERDICT_WARNING, "run `till sync`", "%s: %s", table->name,
                      state.last_error);
        if (state.quarantined_count > 0)
            (void)add(doctor, "tables", VERDICT_WARNING,
                      "look at the reasons: till query 'SELECT * FROM till_quarantine'",
                      "%s: %" PRId64 " rows could not be understood", table->name,
                      state.quarantined_count);
    }
}

static void check_source(struct doctor *doctor, const struct store_source *source)
{
    const char *check = traffic_service_word(source->service); // lives as long as the findings
    const char *service = traffic_service_title(source->service);
    struct traffic *traffic = NULL;
    struct traffic_identity identity;
    struct till_error e = {0};
    enum till_code code = cli_open_source(doctor->cli, source, &traffic, &e);
    if (code == TILL_OK)
        code = traffic_validate(traffic, &identity, &e);
    if (code) {
        add_error(doctor, check, &e);
    } else {
        (void)add(doctor, check, VERDICT_OK, "", "%s answers for %s %s; the key is kept in %s",
                  service, traffic_service_property(source->service), source->property_name,
                  source->secret_place);
    }
    int64_t offset = traffic ? traffic_clock_offset_seconds(traffic) : 0;
    if (offset > CLOCK_TOLERANCE_SECONDS || offset < -CLOCK_TOLERANCE_SECONDS)
        (void)add(doctor, "clock", VERDICT_WARNING,
                  "set this machine's clock (timedatectl set-ntp true)", "%" PRId64 " s from %s's",
                  -offset, service);
    traffic_close(traffic);
    if (source->last_code != TILL_OK)
        (void)add(doctor, check, VERDICT_WARNING, "run `till sync`", "the last run: %s",
                  source->last_error);
}

static void check_sources(struct doctor *doctor, struct store *store)
{
    struct till_error e = {0};
    struct store_sources *sources = till_calloc(1, sizeof *sources);
    enum till_code code =
        sources ? cli_sources(doctor->cli, store, false, sources, &e) : TILL_FAIL_MEMORY(&e);
    if (code)
        add_error(doctor, "web traffic", &e);
    for (size_t i = 0; code == TILL_OK && i < sources->count; i++)
        check_source(doctor, &sources->list[i]);
    till_free(sources);
}

// Digests that did not simply arrive.
static void check_channels(struct doctor *doctor, struct store *store)
{
    AUTO_BUF lines;
    struct till_error e = {0};
    int count = 0;
    buf_init(&lines, TILL_LIMIT_BUFFER_BYTES);
    if (cli_delivery_troubles(doctor->cli, store, &lines, &count, &e) != TILL_OK)
        add_error(doctor, "channels", &e);
    struct sv rest = {lines.data ? lines.data : "", lines.len};
    for (int i = 0; i < count && rest.len > 0; i++) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t length = end ? (size_t)(end - rest.ptr) : rest.len;
        (void)add(doctor, "channels", VERDICT_WARNING, "`till digest schedule` shows all of them",
                  SV_FORMAT, SV_ARGS(((struct sv){rest.ptr, length})));
        length += end ? 1 : 0;
        rest = (struct sv){rest.ptr + length, rest.len - length};
    }
}

static void examine(struct doctor *doctor)
{
    struct store *store = NULL;
    struct till_error e = {0};
    struct cli_connections connections = {.count = 0};
    check_files(doctor);
    if (!fs_exists(doctor->cli->places.database)) {
        (void)add(doctor, "database", VERDICT_WARNING, "run `till connect polar`",
                  "nothing is connected yet");
        return;
    }
    enum till_code code = cli_open_store(doctor->cli, STORE_READ_ONLY, &store, &e);
    if (code) {
        add_error(doctor, "database", &e);
        store_close(store);
        return;
    }
    check_database(doctor, store);
    if (cli_connection_or_source(doctor->cli, store, &connections, &e) != TILL_OK)
        (void)add(doctor, "connection",
                  doctor->cli->options[OPTION_name] ? VERDICT_FAILED : VERDICT_WARNING, e.hint,
                  "%s", e.text);
    for (size_t i = 0; i < connections.count; i++) {
        check_service(doctor, &connections.list[i]);
        check_freshness(doctor, store, &connections.list[i]);
    }
    check_sources(doctor, store);
    check_channels(doctor, store);
    store_close(store);
}

static void print_text(struct cli *cli, const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++) {
        const struct finding *finding = &doctor->findings[i];
        static const enum view_ink inks[] = {
            [VERDICT_OK] = INK_GREEN, [VERDICT_WARNING] = INK_YELLOW, [VERDICT_FAILED] = INK_RED};
        view_ink(&cli->out, &cli->style, inks[finding->verdict], verdict_words[finding->verdict]);
        buf_repeat(&cli->out, ' ', 9 - strlen(verdict_words[finding->verdict]));
        buf_format(&cli->out, "%-13s ", finding->check);
        view_wrap(&cli->out, sv_of(finding->text), TEXT_COLUMNS, TEXT_COLUMNS);
        if (finding->remedy[0]) {
            buf_format(&cli->out, "%*s", TEXT_COLUMNS, "-> ");
            view_wrap(&cli->out, sv_of(finding->remedy), TEXT_COLUMNS, TEXT_COLUMNS);
        }
    }
}

static void print_json(struct cli *cli, const struct doctor *doctor)
{
    buf_char(&cli->out, '{');
    view_json_text(&cli->out, "version", TILL_VERSION);
    view_json_key(&cli->out, "checks");
    buf_char(&cli->out, '[');
    for (size_t i = 0; i < doctor->count; i++) {
        buf_text(&cli->out, i > 0 ? ",{" : "{");
        view_json_text(&cli->out, "check", doctor->findings[i].check);
        view_json_text(&cli->out, "verdict", verdict_words[doctor->findings[i].verdict]);
        view_json_text(&cli->out, "text", doctor->findings[i].text);
        view_json_text(&cli->out, "remedy", doctor->findings[i].remedy);
        buf_char(&cli->out, '}');
    }
    buf_text(&cli->out, "]}\n");
}

enum till_code cli_doctor(struct cli *cli, struct till_error *e)
{
    struct doctor doctor = {.cli = cli};
    int failed = 0;
    enum till_code code = cli_expect_arguments(cli, 0, 0, "till doctor", e);
    if (code)
        return code;
    examine(&doctor);
    for (size_t i = 0; i < doctor.count; i++)
        failed += doctor.findings[i].verdict == VERDICT_FAILED ? 1 : 0;
    if (cli->is_json)
        print_json(cli, &doctor);
    else
        print_text(cli, &doctor);
    if (failed == 0)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_PARTIAL, 0, "%d %s", failed,
                    failed == 1 ? "check failed" : "checks failed");
    return till_error_hint(e, "follow the remedies above");
}
