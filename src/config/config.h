// SPDX-License-Identifier: Apache-2.0
// config.h - settings from one table (config/settings.def): flag > environment > file > default, and where each value came from.
//
// The file is INI: "name = value", comments after ; or #, sections only as a prefix ("[query] timeout" is query_timeout). An unknown key,
// a key that is there twice, or a value out of range is a CONFIG error that names the line, the key, and a near match. An empty
// environment variable counts as unset.
#ifndef TILL_CONFIG_CONFIG_H
#define TILL_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// Where things are: --home/TILL_HOME puts all in one folder, else XDG (config: $XDG_CONFIG_HOME/till, data: $XDG_DATA_HOME/till).
struct config_places {
    char *config_folder, *config_file; // .../config.ini
    char *data_folder, *database;      // .../till.db
    char *secrets_folder;              // of the sealed file
    char *lock_file;                   // .../sync.lock
    char *home;                        // the --home folder, NULL when XDG folders are used
};

enum config_origin { CONFIG_DEFAULT, CONFIG_FROM_FILE, CONFIG_FROM_ENVIRONMENT, CONFIG_FROM_FLAG };

struct config; // opaque

enum till_code config_places_find(const char *home_flag, struct config_places *ret_places,
                                  struct till_error *e) TILL_MUSTUSE;
void config_places_release(struct config_places *places);

enum setting_kind {
    SETTING_TEXT,
    SETTING_INTEGER,
    SETTING_BOOLEAN,
    SETTING_ENUM,
    SETTING_DURATION
};
struct setting {
    const char *name; // "rate", "timezone", "query_timeout"
    enum setting_kind kind;
    const char *fallback;     // the default, as text
    int64_t minimum, maximum; // integers: value; durations: milliseconds; texts: bytes
    const char
        *words; // enums: "auto|always|never"; integers: the one word that stands for 0, or NULL
    const char *environment; // "TILL_RATE", NULL when none
    const char *sentence;
};
const struct setting *config_settings(size_t *ret_count);

// Reads the file (missing is fine), then the environment.
enum till_code config_load(const struct config_places *places, struct config **ret_config,
                           struct till_error *e) TILL_MUSTUSE;
void config_free(struct config *config); // accepts NULL
// A flag's value; checked as the file's would be (USAGE on error).
enum till_code config_set_flag(struct config *config, const char *name, const char *value,
                               struct till_error *e) TILL_MUSTUSE;

// Asserts that the name exists with that kind.
const char *config_text(const struct config *config, const char *name); // "" when unset
int64_t config_integer(const struct config *config, const char *name);  // durations: ms
bool config_boolean(const struct config *config, const char *name);
enum config_origin config_origin(const struct config *config, const char *name, int *ret_line);
const char *config_origin_word(enum config_origin origin);
// Writes one key into the file, keeping comments and order; checks the value as a flag's (USAGE) and the rest of the file (CONFIG).
enum till_code config_write(const struct config_places *places, const char *name, const char *value,
                            struct till_error *e) TILL_MUSTUSE;

#endif
