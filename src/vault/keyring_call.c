// SPDX-License-Identifier: Apache-2.0
// keyring_call.c - bounded waiting without threads of ours.
//
// The call runs on a main context of its own (so that nothing else is dispatched meanwhile). At the deadline it is cancelled, which ends a
// well-behaved call at once; one that still does not end (libsecret waits for the service's word after a cancelled prompt) is abandoned after a
// grace. An abandoned call stays allocated until its callback comes, hence the two holders: the one who waits, and the callback.
#include "vault/keyring_call.h"

enum { KEYRING_CALL_GRACE_MS = 1500 };

struct keyring_call {
    GMainContext *context;
    GMainLoop *loop;
    GCancellable *cancellable;
    GAsyncResult *result;
    GSource *timer;
    int holders;
};

static void keyring_call_let_go(struct keyring_call *call)
{
    if (--call->holders > 0)
        return;
    g_clear_object(&call->result);
    g_object_unref(call->cancellable);
    g_main_loop_unref(call->loop);
    g_main_context_unref(call->context);
    g_free(call);
}

static gboolean keyring_call_abandon(gpointer data)
{
    struct keyring_call *call = data;
    g_main_loop_quit(call->loop);
    return G_SOURCE_REMOVE;
}

static void keyring_call_set_timer(struct keyring_call *call, guint wait_ms, GSourceFunc function)
{
    if (call->timer) {
        g_source_destroy(call->timer);
        g_source_unref(call->timer);
    }
    call->timer = g_timeout_source_new(wait_ms);
    g_source_set_callback(call->timer, function, call, NULL);
    (void)g_source_attach(call->timer, call->context);
}

static gboolean keyring_call_cancel(gpointer data)
{
    struct keyring_call *call = data;
    keyring_call_set_timer(call, KEYRING_CALL_GRACE_MS, keyring_call_abandon);
    g_cancellable_cancel(call->cancellable);
    return G_SOURCE_REMOVE;
}

struct keyring_call *keyring_call_new(GMainContext *context, gint64 deadline_us)
{
    struct keyring_call *call = g_new0(struct keyring_call, 1);
    call->context = g_main_context_ref(context);
    call->loop = g_main_loop_new(context, FALSE);
    call->cancellable = g_cancellable_new();
    call->holders = 2;
    gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
    keyring_call_set_timer(call, (guint)CLAMP(left_ms, 0, G_MAXINT), keyring_call_cancel);
    g_main_context_push_thread_default(context);
    return call;
}

GCancellable *keyring_call_cancellable(struct keyring_call *call)
{
    return call->cancellable;
}

void keyring_call_done(GObject *source, GAsyncResult *result, gpointer data)
{
    struct keyring_call *call = data;
    (void)source;
    call->result = g_object_ref(result);
    g_main_loop_quit(call->loop);
    keyring_call_let_go(call);
}

GAsyncResult *keyring_call_wait(struct keyring_call *call)
{
    g_main_loop_run(call->loop);
    g_main_context_pop_thread_default(call->context);
    g_source_destroy(call->timer);
    g_source_unref(call->timer);
    call->timer = NULL;
    GAsyncResult *result = g_steal_pointer(&call->result);
    keyring_call_let_go(call);
    return result;
}
