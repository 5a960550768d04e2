// SPDX-License-Identifier: Apache-2.0
// vault_probe.c - the vault as a program for tests: vault_probe PLACE FOLDER PROFILE open|put|get|remove|describe|hold [NAME]
//
// The secret comes in on stdin and, for get, goes out on stdout. "hold" opens the vault, waits for a line on stdin, then gets: what happens
// between is the script's doing. The exit status is till's; a get or remove that finds nothing exits with 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vault/vault.h"

enum { PROBE_NOT_FOUND = 1, PROBE_DESCRIPTION_BYTES = 8192 };

static enum till_code probe_put(struct vault *vault, const char *name, struct till_error *e)
{
    char bytes[1024];
    AUTO_SECRET secret = {0};
    size_t len = fread(bytes, 1, sizeof(bytes), stdin);
    enum till_code code = secret_set(&secret, (struct sv){bytes, len}, e);
    memory_wipe(bytes, sizeof(bytes));
    return code ? code : vault_put(vault, name, &secret, e);
}

static enum till_code probe_get(struct vault *vault, const char *name, bool *found,
                                struct till_error *e)
{
    AUTO_SECRET secret = {0};
    enum till_code code = vault_get(vault, name, &secret, found, e);
    if (!code && *found)
        (void)fwrite(secret_bytes(&secret).ptr, 1, secret_bytes(&secret).len, stdout);
    return code;
}

static enum till_code probe_hold(struct vault *vault, const char *name, bool *found,
                                 struct till_error *e)
{
    (void)puts("open");
    (void)fflush(stdout);
    (void)getchar();
    return probe_get(vault, name, found, e);
}

static void probe_describe(const struct vault *vault)
{
    struct buf text;
    buf_init(&text, PROBE_DESCRIPTION_BYTES);
    vault_describe(vault, &text);
    (void)printf("%s|%d|%s\n", vault_place_word(vault_place(vault)), vault_key_source(vault),
                 text.data);
    buf_release(&text);
}

static enum till_code probe_act(struct vault *vault, const char *action, const char *name,
                                bool *found, struct till_error *e)
{
    if (strcmp(action, "put") == 0)
        return probe_put(vault, name, e);
    if (strcmp(action, "get") == 0)
        return probe_get(vault, name, found, e);
    if (strcmp(action, "hold") == 0)
        return probe_hold(vault, name, found, e);
    if (strcmp(action, "remove") == 0)
        return vault_remove(vault, name, found, e);
    if (strcmp(action, "describe") == 0)
        probe_describe(vault);
    return TILL_OK;
}

int main(int argc, char **argv)
{
    struct till_error e = {0};
    struct vault *vault = NULL;
    struct vault_options options = {0};
    bool found = true;
    if (argc < 5)
        return till_code_exit_status(TILL_USAGE);
    log_set_level_from_environment();
    options.folder = argv[2];
    options.profile = argv[3];
    enum till_code code = vault_choice_parse(argv[1], &options.choice, &e);
    if (!code)
        code = vault_open(&options, &vault, &e);
    if (!code)
        code = probe_act(vault, argv[4], argc > 5 ? argv[5] : "", &found, &e);
    vault_close(vault);
    if (code)
        (void)fprintf(stderr, "%s\nhint: %s\n", e.text, e.hint);
    return code ? till_code_exit_status(code) : found ? 0 : PROBE_NOT_FOUND;
}
