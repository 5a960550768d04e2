// SPDX-License-Identifier: Apache-2.0
// config.c - one value for each setting, and who set it.
//
// Sources are applied in the order of their weight: default, file, environment, flags; each later one replaces the earlier. The file is
// rewritten by replacing the value on the setting's own line (or adding a line), and the result is read back before it is saved:
// what the parser would not understand as this value is never written.
#include "config/config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "config/ini.h"
#include "config/value.h"

struct config_value {
    char *text; // NULL = the default's
    int64_t number;
    enum config_origin origin;
    int line;
};

struct config {
    size_t count;
    struct config_value values[];
};

// Context of the file's walk.
struct config_file {
    struct config *config;
    const char *path;
};

static size_t setting_index(const struct setting *setting)
{
    size_t count;
    return (size_t)(setting - config_settings(&count));
}

// A setting of the program's own that is known to exist.
static const struct setting *setting_known(const char *name)
{
    const struct setting *setting = setting_find(sv_of(name));
    assert(setting != NULL);
    return setting;
}

// `where` begins the message: "config.ini:3: rate", "TILL_RATE", "--rate".
static enum till_code value_set(struct config *config, const struct setting *setting,
                                struct sv text, enum config_origin origin, const char *where,
                                struct till_error *e)
{
    AUTO_BUF reason;
    buf_init(&reason, TILL_ERROR_TEXT_BYTES);
    int64_t number;
    if (!setting_parse(setting, text, &number, &reason)) {
        buf_text(&reason, ", not ");
        buf_json_string(&reason, (struct sv){text.ptr, sv_utf8_cut(text, 60)});
        if (reason.failure == TILL_MEMORY)
            return TILL_FAIL_MEMORY(e);
        return TILL_FAIL(e, origin == CONFIG_FROM_FLAG ? TILL_USAGE : TILL_CONFIG, 0, "%s %s",
                         where, reason.data);
    }
    char *copy = till_malloc(text.len + 1);
    if (copy == NULL)
        return TILL_FAIL_MEMORY(e);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct config_value *value = &config->values[setting_index(setting)];
    till_free(value->text);
    value->text = copy;
    value->number = number;
    value->origin = origin;
    return TILL_OK;
}

static enum till_code unknown(enum till_code code, const char *where, struct sv name,
                              struct till_error *e)
{
    const struct setting *near = setting_suggest(name);
    TILL_FAIL(e, code, 0, "%sunknown setting \"%.*s\"", where, SV_ARGS(name));
    if (near != NULL)
        return till_error_hint(e, "did you mean \"%s\"?", near->name);
    return till_error_hint(e, "`till config explain` lists all settings");
}

static enum till_code file_entry(void *context, int line, struct sv section, struct sv name,
                                 struct sv text, struct till_error *e)
{
    struct config_file *file = context;
    AUTO_BUF full, where;
    buf_init(&full, TILL_LIMIT_PATH_BYTES);
    buf_init(&where, TILL_LIMIT_PATH_BYTES * 2);
    if (section.len > 0) {
        buf_sv(&full, section);
        buf_char(&full, '.');
    }
    buf_sv(&full, name);
    buf_format(&where, "%s:%d: ", file->path, line);
    if (buf_fail(&full, "a setting's name", e) != TILL_OK ||
        buf_fail(&where, "a setting's place", e) != TILL_OK)
        return e->code;
    struct sv full_name = {full.data, full.len};
    const struct setting *setting = setting_find(full_name);
    if (setting == NULL)
        return unknown(TILL_CONFIG, where.data, full_name, e);
    struct config_value *value = &file->config->values[setting_index(setting)];
    if (value->line != 0) {
        TILL_FAIL(e, TILL_CONFIG, line, "%s:%d: %s is already set in line %d", file->path, line,
                  setting->name, value->line);
        return till_error_hint(e, "remove line %d or line %d", value->line, line);
    }
    buf_text(&where, setting->name);
    if (buf_fail(&where, "a setting's place", e) != TILL_OK)
        return e->code;
    enum till_code code = value_set(file->config, setting, text, CONFIG_FROM_FILE, where.data, e);
    if (code == TILL_OK)
        value->line = line;
    return code;
}

static enum till_code config_new(struct config **ret_config, struct till_error *e)
{
    size_t count;
    const struct setting *settings = config_settings(&count);
    struct config *config = till_calloc(1, sizeof *config + count * sizeof config->values[0]);
    if (config == NULL)
        return TILL_FAIL_MEMORY(e);
    config->count = count;
    for (size_t i = 0; i < count; i++) {
        enum till_code code = value_set(config, &settings[i], sv_of(settings[i].fallback),
                                        CONFIG_DEFAULT, settings[i].name, e);
        if (code != TILL_OK) {
            config_free(config);
            return code;
        }
    }
    *ret_config = config;
    return TILL_OK;
}

static enum till_code config_read_text(struct config *config, const char *path, struct sv text,
                                       struct till_error *e)
{
    struct config_file file = {config, path};
    return ini_walk(path, text, file_entry, &file, e);
}

// The file's text into buf; nothing when there is no file.
static enum till_code config_file_text(const char *path, struct buf *buf, struct till_error *e)
{
    enum till_code code = fs_read(path, buf, e);
    if (code == TILL_CONFIG && e->detail == ENOENT) {
        till_error_clear(e);
        code = TILL_OK;
    }
    return code;
}

static enum till_code config_read_environment(struct config *config, struct till_error *e)
{
    size_t count;
    const struct setting *settings = config_settings(&count);
    for (size_t i = 0; i < count; i++) {
        const char *variable = settings[i].environment;
        struct sv text = sv_of(variable != NULL ? getenv(variable) : NULL);
        if (text.len == 0)
            continue;
        enum till_code code =
            value_set(config, &settings[i], text, CONFIG_FROM_ENVIRONMENT, variable, e);
        if (code != TILL_OK)
            return code;
    }
    return TILL_OK;
}

enum till_code config_load(const struct config_places *places, struct config **ret_config,
                           struct till_error *e)
{
    struct config *config;
    enum till_code code = config_new(&config, e);
    if (code != TILL_OK)
        return code;
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_CONFIG_BYTES);
    code = config_file_text(places->config_file, &text, e);
    if (code == TILL_OK)
        code = config_read_text(config, places->config_file, (struct sv){text.data, text.len}, e);
    if (code == TILL_OK)
        code = config_read_environment(config, e);
    if (code != TILL_OK) {
        config_free(config);
        return code;
    }
    *ret_config = config;
    return TILL_OK;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->count; i++)
        till_free(config->values[i].text);
    till_free(config);
}

enum till_code config_set_flag(struct config *config, const char *name, const char *value,
                               struct till_error *e)
{
    const struct setting *setting = setting_find(sv_of(name));
    if (setting == NULL)
        return unknown(TILL_USAGE, "", sv_of(name), e);
    AUTO_BUF where;
    buf_init(&where, TILL_ERROR_TEXT_BYTES);
    buf_text(&where, "--");
    for (const char *c = setting->name; *c != '\0'; c++)
        buf_char(&where, *c == '_' ? '-' : *c);
    if (buf_fail(&where, "a flag's name", e) != TILL_OK)
        return e->code;
    return value_set(config, setting, sv_of(value), CONFIG_FROM_FLAG, where.data, e);
}

const char *config_text(const struct config *config, const char *name)
{
    const struct setting *setting = setting_known(name);
    assert(setting->kind == SETTING_TEXT || setting->kind == SETTING_ENUM);
    return config->values[setting_index(setting)].text;
}

int64_t config_integer(const struct config *config, const char *name)
{
    const struct setting *setting = setting_known(name);
    assert(setting->kind == SETTING_INTEGER || setting->kind == SETTING_DURATION);
    return config->values[setting_index(setting)].number;
}

bool config_boolean(const struct config *config, const char *name)
{
    const struct setting *setting = setting_known(name);
    assert(setting->kind == SETTING_BOOLEAN);
    return config->values[setting_index(setting)].number != 0;
}

enum config_origin config_origin(const struct config *config, const char *name, int *ret_line)
{
    const struct config_value *value = &config->values[setting_index(setting_known(name))];
    if (ret_line != NULL)
        *ret_line = value->origin == CONFIG_FROM_FILE ? value->line : 0;
    return value->origin;
}

const char *config_origin_word(enum config_origin origin)
{
    static const char *const words[] = {[CONFIG_DEFAULT] = "default",
                                        [CONFIG_FROM_FILE] = "file",
                                        [CONFIG_FROM_ENVIRONMENT] = "environment",
                                        [CONFIG_FROM_FLAG] = "flag"};
    return words[origin];
}

static bool setting_is_named(const void *context, struct sv name)
{
    return setting_find(name) == context;
}

// Reads the new text back: it must be a good file in which the setting has this very value.
static enum till_code write_check(const char *path, struct sv text, const struct setting *setting,
                                  const char *wanted, struct till_error *e)
{
    struct config *config;
    enum till_code code = config_new(&config, e);
    if (code != TILL_OK)
        return code;
    code = config_read_text(config, path, text, e);
    if (code == TILL_OK &&
        !sv_equal(sv_of(config->values[setting_index(setting)].text), sv_of(wanted))) {
        TILL_FAIL(e, TILL_USAGE, 0, "%s: this value cannot be kept in an INI file", setting->name);
        code = till_error_hint(
            e, "leave out \" ;\" and white space at the ends, or set %s in the environment",
            setting->environment);
    }
    config_free(config);
    return code;
}

enum till_code config_write(const struct config_places *places, const char *name, const char *value,
                            struct till_error *e)
{
    const struct setting *setting = setting_find(sv_of(name));
    if (setting == NULL)
        return unknown(TILL_USAGE, "", sv_of(name), e);
    AUTO_BUF reason, before, after;
    buf_init(&reason, TILL_ERROR_TEXT_BYTES);
    buf_init(&before, TILL_LIMIT_CONFIG_BYTES);
    buf_init(&after, TILL_LIMIT_CONFIG_BYTES);
    int64_t number;
    if (!setting_parse(setting, sv_of(value), &number, &reason)) {
        if (buf_fail(&reason, "the reason", e) == TILL_MEMORY)
            return e->code;
        return TILL_FAIL(e, TILL_USAGE, 0, "%s %s", setting->name, reason.data);
    }
    enum till_code code = config_file_text(places->config_file, &before, e);
    if (code != TILL_OK)
        return code;
    ini_replace((struct sv){before.data, before.len}, setting_is_named, setting, setting->name,
                value, &after);
    code = buf_fail(&after, places->config_file, e);
    struct sv text = {after.data, after.len};
    if (code == TILL_OK)
        code = write_check(places->config_file, text, setting, value, e);
    if (code == TILL_OK)
        code = fs_make_folder(places->config_folder, e);
    return code == TILL_OK ? fs_write(places->config_file, text, e) : code;
}
