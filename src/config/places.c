// SPDX-License-Identifier: Apache-2.0
// places.c - where files are: one folder when a home is named, the XDG folders otherwise.
//
// The home is made absolute but links in it are not resolved: it may not exist yet, and the keyring tells several homes apart by this text.
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "config/config.h"

void config_places_release(struct config_places *places)
{
    till_free(places->config_folder);
    till_free(places->config_file);
    till_free(places->data_folder);
    till_free(places->database);
    till_free(places->secrets_folder);
    till_free(places->lock_file);
    till_free(places->home);
    *places = (struct config_places){.home = NULL};
}

// folder + middle + name as a new string; sets *failed instead of returning an error, so that the caller may join many and look once.
static char *join(const char *folder, const char *name, struct buf *scratch, bool *failed)
{
    buf_reset(scratch);
    buf_text(scratch, folder);
    if (scratch->len == 0 || scratch->data[scratch->len - 1] != '/')
        buf_char(scratch, '/');
    buf_text(scratch, name);
    char *copy = scratch->failure == TILL_OK ? till_strdup(scratch->data) : NULL;
    *failed = *failed || copy == NULL;
    return copy;
}

// *ret_folder is new.
static enum till_code absolute(const char *path, char **ret_folder, struct till_error *e)
{
    char current[PATH_MAX];
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_PATH_BYTES - 1);
    if (path[0] != '/') {
        if (getcwd(current, sizeof current) == NULL)
            return TILL_FAIL(e, TILL_CONFIG, errno, "could not find the current folder: %s",
                             strerror(errno));
        buf_text(&text, current);
        buf_char(&text, '/');
    }
    buf_text(&text, path);
    while (text.len > 1 && text.data[text.len - 1] == '/')
        text.data[--text.len] = '\0';
    if (buf_fail(&text, "the path of the home", e) != TILL_OK)
        return e->code;
    *ret_folder = till_strdup(text.data);
    return *ret_folder != NULL ? TILL_OK : TILL_FAIL_MEMORY(e);
}

static const char *user_home(void)
{
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user != NULL && user->pw_dir != NULL && user->pw_dir[0] == '/' ? user->pw_dir : NULL;
}

// $variable/till, or ~/otherwise/till. The XDG specification: a relative path there is to be ignored.
static enum till_code xdg_folder(const char *variable, const char *otherwise, struct buf *scratch,
                                 char **ret_folder, struct till_error *e)
{
    bool failed = false;
    const char *base = getenv(variable);
    char *folder;
    if (base != NULL && base[0] == '/') {
        folder = join(base, "till", scratch, &failed);
    } else {
        base = user_home();
        if (base == NULL) {
            TILL_FAIL(e, TILL_CONFIG, 0, "could not find your home folder");
            return till_error_hint(e, "set HOME, or name a folder with --home or TILL_HOME");
        }
        folder = join(base, otherwise, scratch, &failed);
    }
    if (folder == NULL)
        return scratch->failure == TILL_OK ? TILL_FAIL_MEMORY(e)
                                           : buf_fail(scratch, "the path of your home", e);
    *ret_folder = folder;
    return TILL_OK;
}

static enum till_code places_folders(const char *home, struct config_places *places,
                                     struct buf *scratch, struct till_error *e)
{
    if (home == NULL) {
        enum till_code code =
            xdg_folder("XDG_CONFIG_HOME", ".config/till", scratch, &places->config_folder, e);
        return code != TILL_OK ? code
                               : xdg_folder("XDG_DATA_HOME", ".local/share/till", scratch,
                                            &places->data_folder, e);
    }
    enum till_code code = absolute(home, &places->home, e);
    if (code != TILL_OK)
        return code;
    places->config_folder = till_strdup(places->home);
    places->data_folder = till_strdup(places->home);
    return places->config_folder != NULL && places->data_folder != NULL ? TILL_OK
                                                                        : TILL_FAIL_MEMORY(e);
}

enum till_code config_places_find(const char *home_flag, struct config_places *ret_places,
                                  struct till_error *e)
{
    struct config_places places = {.home = NULL};
    const char *home = home_flag != NULL ? home_flag : getenv("TILL_HOME");
    if (home_flag != NULL && home_flag[0] == '\0')
        return TILL_FAIL(e, TILL_USAGE, 0, "--home needs the name of a folder");
    if (home != NULL && home[0] == '\0')
        home = NULL;
    AUTO_BUF scratch;
    buf_init(&scratch, TILL_LIMIT_PATH_BYTES - 1);
    enum till_code code = places_folders(home, &places, &scratch, e);
    if (code == TILL_OK) {
        bool failed = false;
        places.config_file = join(places.config_folder, "config.ini", &scratch, &failed);
        places.database = join(places.data_folder, "till.db", &scratch, &failed);
        places.secrets_folder = join(places.data_folder, "secrets", &scratch, &failed);
        places.lock_file = join(places.data_folder, "sync.lock", &scratch, &failed);
        if (failed)
            code = scratch.failure == TILL_LIMIT ? buf_fail(&scratch, "the path of the home", e)
                                                 : TILL_FAIL_MEMORY(e);
    }
    if (code != TILL_OK) {
        config_places_release(&places);
        return code;
    }
    *ret_places = places;
    return TILL_OK;
}
