// SPDX-License-Identifier: Apache-2.0
// config.c - `till config explain`: every setting, its value, and where the value came from.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "cli/cli.h"

// As it would be written in the file, in the largest unit that is exact.
static void duration_text(int64_t ms, char *ret_text, size_t bytes)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;
    while (i + 1 < TILL_COUNT(units) && (ms == 0 || ms % units[i].ms != 0))
        i += 1;
    (void)snprintf(ret_text, bytes, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

static void value_text(const struct config *config, const struct setting *setting, char *ret_text,
                       size_t bytes)
{
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_ENUM:
        (void)snprintf(ret_text, bytes, "%s", config_text(config, setting->name));
        return;
    case SETTING_INTEGER:
        if (setting->words && config_integer(config, setting->name) == 0) {
            (void)snprintf(ret_text, bytes, "%s", setting->words);
            return;
        }
        (void)snprintf(ret_text, bytes, "%" PRId64, config_integer(config, setting->name));
        return;
    case SETTING_DURATION:
        duration_text(config_integer(config, setting->name), ret_text, bytes);
        return;
    case SETTING_BOOLEAN:
        (void)snprintf(ret_text, bytes, "%s",
                       config_boolean(config, setting->name) ? "true" : "false");
        return;
    }
}

enum till_code cli_config(struct cli *cli, struct till_error *e)
{
    static const char *const names[] = {"setting", "value", "from", "meaning"};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct row_view view = {.style = &cli->style, .out = &cli->out, .arena = &arena};
    size_t count = 0;
    const struct setting *settings = config_settings(&count);
    enum till_code code = cli_expect_arguments(cli, 0, 1, "till config [explain]", e);
    if (code == TILL_OK && cli->argument_count == 1 && strcmp(cli->arguments[0], "explain") != 0)
        code = TILL_FAIL(e, TILL_USAGE, 0, "`till config` knows explain, not \"%s\"",
                         cli->arguments[0]);
    if (code == TILL_OK)
        code = cli_format(cli, &view.format, e);
    if (code == TILL_OK)
        code = row_view_begin(&view, names, NULL, TILL_COUNT(names), e);
    for (size_t i = 0; i < count && code == TILL_OK; i++) {
        char value[TILL_LIMIT_PATH_BYTES];
        char from[TILL_LIMIT_PATH_BYTES + 32];
        int line = 0;
        enum config_origin origin = config_origin(cli->config, settings[i].name, &line);
        value_text(cli->config, &settings[i], value, sizeof(value));
        (void)snprintf(from, sizeof(from), "%s", config_origin_word(origin));
        if (origin == CONFIG_FROM_FILE)
            (void)snprintf(from, sizeof(from), "%s:%d", cli->places.config_file, line);
        struct value values[] = {{.type = VALUE_TEXT, .text = sv_of(settings[i].name)},
                                 {.type = VALUE_TEXT, .text = sv_of(value)},
                                 {.type = VALUE_TEXT, .text = sv_of(from)},
                                 {.type = VALUE_TEXT, .text = sv_of(settings[i].sentence)}};
        code = row_view_row(&view, values, e);
    }
    return code ? code : row_view_end(&view, e);
}
