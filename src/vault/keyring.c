// SPDX-License-Identifier: Apache-2.0
// keyring.c - the Secret Service through libsecret, without its habit of waiting for ever.
//
// libsecret's simple calls choose a place of their own (a file, under SECRET_BACKEND), prompt without a time limit, and let GLib end the process
// when the bus goes away. So this file speaks to the service itself: one private connection object, one deadline for each action
// (keyring_call.c), the default collection and no other, and an error that names the way out for each way in which keyrings fail:
// no bus, nobody on the bus, no default collection (a login without a desktop), a locked one. Items are found by the attributes
// service = till, name, and profile, which tells several homes apart; libsecret encrypts secrets on the bus and keeps them in locked memory.
#include "vault/keyring.h"

#include <libsecret/secret.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "vault/keyring_call.h"

enum { KEYRING_SETTLE_STEPS = 1000 };

struct keyring {
    GMainContext *context;
    GDBusConnection *bus;
    SecretService *service;
    gchar *profile, *label;
    gint64 deadline_us; // of the action under way
    bool is_abandoned;  // a call never came back: nothing more is asked
};

static const SecretSchema keyring_schema = {
    .name = "till.Secret",
    .flags = SECRET_SCHEMA_NONE,
    .attributes = {{"service", SECRET_SCHEMA_ATTRIBUTE_STRING},
                   {"name", SECRET_SCHEMA_ATTRIBUTE_STRING},
                   {"profile", SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

static const char keyring_way_out[] = "or keep secrets in a sealed file instead: TILL_KEYRING=file";

bool keyring_has_bus(void)
{
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
    if (address)
        return address[0] != '\0'; // set and empty: GLib would not look further either
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (!runtime || runtime[0] != '/')
        return false;
    gchar *path = g_build_filename(runtime, "bus", NULL);
    struct stat status;
    bool is_ours =
        stat(path, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_uid == geteuid();
    g_free(path);
    return is_ours;
}

static bool keyring_has_display(void)
{
    const char *x11 = getenv("DISPLAY");
    const char *wayland = getenv("WAYLAND_DISPLAY");
    return (x11 && x11[0] != '\0') || (wayland && wayland[0] != '\0');
}

// What libraries would print goes to the log, cleaned.
static void keyring_log(const gchar *domain, GLogLevelFlags level, const gchar *message,
                        gpointer data)
{
    (void)level;
    (void)data;
    log_event(LOG_LEVEL_DEBUG, "event=keyring_library domain=%s message=\"%s\"",
              domain ? domain : "", message ? message : "");
}

static void keyring_quiet_libraries(void)
{
    static const char *const domains[] = {"libsecret", "GLib-GIO", "GLib-GObject", "GLib"};
    static bool is_done;
    if (is_done)
        return;
    is_done = true;
    const GLogLevelFlags levels =
        G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO;
    for (size_t i = 0; i < TILL_COUNT(domains); i++)
        (void)g_log_set_handler(domains[i], levels, keyring_log, NULL);
}

static void keyring_begin(struct keyring *keyring)
{
    keyring->deadline_us = g_get_monotonic_time() + (gint64)TILL_LIMIT_KEYRING_TIMEOUT_MS * 1000;
}

static struct keyring_call *keyring_call(const struct keyring *keyring)
{
    return keyring_call_new(keyring->context, keyring->deadline_us);
}

static enum till_code keyring_fail_locked(struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "the desktop keyring is locked, and nobody unlocked it");
    return till_error_hint(e, "unlock it (log in to the desktop, or open Passwords and Keys), %s",
                           keyring_way_out);
}

static enum till_code keyring_fail_late(struct till_error *e)
{
    (void)TILL_FAIL(e, TILL_CONFIG, ETIMEDOUT,
                    "the desktop keyring did not answer within %d seconds",
                    TILL_LIMIT_KEYRING_TIMEOUT_MS / 1000);
    return till_error_hint(e, "restart the keyring service, %s", keyring_way_out);
}

static bool keyring_is_nobody(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_FAILED) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_CHILD_EXITED) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_EXEC_FAILED) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
}

// Says what went wrong while `doing`; frees error, which may be NULL.
static enum till_code keyring_fail(const char *doing, GError *error, struct till_error *e)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)) {
        (void)keyring_fail_late(e);
    } else if (g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED)) {
        (void)keyring_fail_locked(e);
    } else if (keyring_is_nobody(error)) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "no keyring service answers on the session bus");
        (void)till_error_hint(e, "start one (gnome-keyring, KWallet or KeePassXC), %s",
                              keyring_way_out);
    } else {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the keyring service failed: %s",
                        error ? error->message : "no reason given");
        (void)till_error_hint(e, "check the keyring service, %s", keyring_way_out);
    }
    g_clear_error(&error);
    return till_error_context(e, "could not %s", doing);
}

static enum till_code keyring_abandon(struct keyring *keyring, const char *doing,
                                      struct till_error *e)
{
    keyring->is_abandoned = true;
    (void)keyring_fail_late(e);
    return till_error_context(e, "could not %s", doing);
}

static enum till_code keyring_connect_bus(struct keyring *keyring, struct till_error *e)
{
    struct keyring_call *call = keyring_call(keyring);
    g_bus_get(G_BUS_TYPE_SESSION, keyring_call_cancellable(call), keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    if (!result)
        return keyring_abandon(keyring, "reach the session bus", e);
    GError *error = NULL;
    keyring->bus = g_bus_get_finish(result, &error);
    g_object_unref(result);
    if (keyring->bus) {
        g_dbus_connection_set_exit_on_close(keyring->bus, FALSE);
        return TILL_OK;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return keyring_fail("reach the session bus", error, e);
    (void)TILL_FAIL(e, TILL_CONFIG, 0, "could not reach the session bus: %s", error->message);
    g_clear_error(&error);
    return till_error_hint(e, "check DBUS_SESSION_BUS_ADDRESS, %s", keyring_way_out);
}

static enum till_code keyring_connect_service(struct keyring *keyring, struct till_error *e)
{
    struct keyring_call *call = keyring_call(keyring);
    secret_service_open(SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION,
                        keyring_call_cancellable(call), keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    if (!result)
        return keyring_abandon(keyring, "open the desktop keyring", e);
    GError *error = NULL;
    keyring->service = secret_service_open_finish(result, &error);
    g_object_unref(result);
    return keyring->service ? TILL_OK : keyring_fail("open the desktop keyring", error, e);
}

// The default collection, locked or not.
static enum till_code keyring_collection(struct keyring *keyring, SecretCollection **ret,
                                         struct till_error *e)
{
    if (keyring->is_abandoned)
        return keyring_fail_late(e);
    struct keyring_call *call = keyring_call(keyring);
    secret_collection_for_alias(keyring->service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE,
                                keyring_call_cancellable(call), keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    if (!result)
        return keyring_abandon(keyring, "open the desktop keyring", e);
    GError *error = NULL;
    SecretCollection *collection = secret_collection_for_alias_finish(result, &error);
    g_object_unref(result);
    if (error)
        return keyring_fail("open the desktop keyring", error, e);
    if (!collection) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0, "the desktop keyring has no default collection");
        return till_error_hint(e,
                               "create one (log in to the desktop, or open Passwords and Keys), %s",
                               keyring_way_out);
    }
    *ret = collection;
    return TILL_OK;
}

// Asks the service to unlock; where there is a display it may ask a person, and gets the time for that.
static enum till_code keyring_unlock(struct keyring *keyring, SecretCollection *collection,
                                     struct till_error *e)
{
    if (keyring_has_display())
        keyring->deadline_us += (gint64)TILL_LIMIT_KEYRING_PROMPT_MS * 1000;
    GList objects = {.data = collection};
    struct keyring_call *call = keyring_call(keyring);
    secret_service_unlock(keyring->service, &objects, keyring_call_cancellable(call),
                          keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    if (!result) {
        keyring->is_abandoned = true;
        return keyring_fail_locked(e);
    }
    GError *error = NULL;
    gint count = secret_service_unlock_finish(keyring->service, result, NULL, &error);
    g_object_unref(result);
    if (error) {
        log_event(LOG_LEVEL_INFO, "event=keyring_unlock error=\"%s\"", error->message);
        g_clear_error(&error);
    }
    return count > 0 ? TILL_OK : keyring_fail_locked(e);
}

// The default collection, unlocked.
static enum till_code keyring_enter(struct keyring *keyring, SecretCollection **ret,
                                    struct till_error *e)
{
    SecretCollection *collection = NULL;
    keyring_begin(keyring);
    enum till_code code = keyring_collection(keyring, &collection, e);
    if (code)
        return code;
    if (secret_collection_get_locked(collection))
        code = keyring_unlock(keyring, collection, e);
    if (code) {
        g_object_unref(collection);
        return code;
    }
    *ret = collection;
    return TILL_OK;
}

enum till_code keyring_open(const char *profile, struct keyring **ret, struct till_error *e)
{
    if (!keyring_has_bus()) {
        (void)TILL_FAIL(e, TILL_CONFIG, 0,
                        "could not reach the desktop keyring: there is no session bus");
        return till_error_hint(e, "run till inside a desktop session, %s", keyring_way_out);
    }
    keyring_quiet_libraries();
    struct keyring *keyring = g_new0(struct keyring, 1);
    keyring->context = g_main_context_new();
    keyring->profile = g_strdup(profile ? profile : "");
    SecretCollection *collection = NULL;
    keyring_begin(keyring);
    enum till_code code = keyring_connect_bus(keyring, e);
    if (!code)
        code = keyring_connect_service(keyring, e);
    if (!code)
        code = keyring_collection(keyring, &collection, e);
    if (code) {
        keyring_close(keyring);
        return code;
    }
    keyring->label = secret_collection_get_label(collection);
    g_object_unref(collection);
    *ret = keyring;
    return TILL_OK;
}

// GDBus frees what belonged to a proxy in the context that the proxy was made in, some time after the proxy is gone.
static void keyring_settle(const struct keyring *keyring)
{
    for (int i = 0; i < KEYRING_SETTLE_STEPS; i++) {
        if (!g_main_context_iteration(keyring->context, FALSE))
            return;
    }
}

void keyring_close(struct keyring *keyring)
{
    if (!keyring)
        return;
    g_clear_object(&keyring->service);
    keyring_settle(keyring);
    g_clear_object(&keyring->bus);
    g_main_context_unref(keyring->context);
    g_free(keyring->profile);
    g_free(keyring->label);
    g_free(keyring);
}

static GHashTable *keyring_attributes(const struct keyring *keyring, const char *name)
{
    return secret_attributes_build(&keyring_schema, "service", "till", "name", name, "profile",
                                   keyring->profile, NULL);
}

enum till_code keyring_put(struct keyring *keyring, const char *name, struct sv secret,
                           struct till_error *e)
{
    SecretCollection *collection = NULL;
    enum till_code code = keyring_enter(keyring, &collection, e);
    if (code)
        return code;
    GHashTable *attributes = keyring_attributes(keyring, name);
    gchar *label = g_strdup_printf("till: %s", name);
    SecretValue *value = secret_value_new(secret.ptr, (gssize)secret.len, "text/plain");
    struct keyring_call *call = keyring_call(keyring);
    secret_item_create(collection, &keyring_schema, attributes, label, value,
                       SECRET_ITEM_CREATE_REPLACE, keyring_call_cancellable(call),
                       keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    secret_value_unref(value);
    g_free(label);
    g_hash_table_unref(attributes);
    g_object_unref(collection);
    if (!result)
        return keyring_abandon(keyring, "save to the desktop keyring", e);
    GError *error = NULL;
    SecretItem *item = secret_item_create_finish(result, &error);
    g_object_unref(result);
    if (!item)
        return keyring_fail("save to the desktop keyring", error, e);
    g_object_unref(item);
    return TILL_OK;
}

// All items of that name and this profile, with their secrets; give the list back with g_list_free_full(.., g_object_unref).
static enum till_code keyring_find(struct keyring *keyring, const char *name, GList **ret_items,
                                   struct till_error *e)
{
    SecretCollection *collection = NULL;
    enum till_code code = keyring_enter(keyring, &collection, e);
    if (code)
        return code;
    GHashTable *attributes = keyring_attributes(keyring, name);
    struct keyring_call *call = keyring_call(keyring);
    secret_collection_search(collection, &keyring_schema, attributes,
                             SECRET_SEARCH_ALL | SECRET_SEARCH_LOAD_SECRETS,
                             keyring_call_cancellable(call), keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    g_hash_table_unref(attributes);
    GError *error = NULL;
    GList *items = result ? secret_collection_search_finish(collection, result, &error) : NULL;
    g_object_unref(collection);
    if (!result)
        return keyring_abandon(keyring, "search the desktop keyring", e);
    g_object_unref(result);
    if (error)
        return keyring_fail("search the desktop keyring", error, e);
    *ret_items = items;
    return TILL_OK;
}

// The newest; other programs may have left more than one.
static SecretItem *keyring_newest(GList *items)
{
    SecretItem *newest = NULL;
    for (GList *at = items; at; at = at->next) {
        SecretItem *item = at->data;
        if (!newest || secret_item_get_modified(item) > secret_item_get_modified(newest))
            newest = item;
    }
    return newest;
}

enum till_code keyring_get(struct keyring *keyring, const char *name, struct secret *ret_secret,
                           bool *ret_found, struct till_error *e)
{
    GList *items = NULL;
    enum till_code code = keyring_find(keyring, name, &items, e);
    if (code)
        return code;
    SecretItem *item = keyring_newest(items);
    SecretValue *value = item ? secret_item_get_secret(item) : NULL;
    if (value) {
        gsize len = 0;
        const gchar *bytes = secret_value_get(value, &len);
        code = secret_set(ret_secret, (struct sv){bytes, len}, e);
        secret_value_unref(value);
    } else if (item) {
        code = keyring_fail_locked(e);
    }
    if (!code)
        *ret_found = item != NULL;
    g_list_free_full(items, g_object_unref);
    return code;
}

static enum till_code keyring_delete(struct keyring *keyring, SecretItem *item,
                                     struct till_error *e)
{
    struct keyring_call *call = keyring_call(keyring);
    secret_item_delete(item, keyring_call_cancellable(call), keyring_call_done, call);
    GAsyncResult *result = keyring_call_wait(call);
    if (!result)
        return keyring_abandon(keyring, "remove from the desktop keyring", e);
    GError *error = NULL;
    gboolean is_deleted = secret_item_delete_finish(item, result, &error);
    g_object_unref(result);
    return is_deleted ? TILL_OK : keyring_fail("remove from the desktop keyring", error, e);
}

enum till_code keyring_remove(struct keyring *keyring, const char *name, bool *ret_found,
                              struct till_error *e)
{
    GList *items = NULL;
    enum till_code code = keyring_find(keyring, name, &items, e);
    for (GList *at = items; at && !code; at = at->next)
        code = keyring_delete(keyring, at->data, e);
    if (!code)
        *ret_found = items != NULL;
    g_list_free_full(items, g_object_unref);
    return code;
}

const char *keyring_label(const struct keyring *keyring)
{
    return keyring->label ? keyring->label : "";
}
