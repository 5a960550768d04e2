// SPDX-License-Identifier: Apache-2.0
// keyring_call.h - one asynchronous GLib call, waited for until a deadline.
#ifndef TILL_VAULT_KEYRING_CALL_H
#define TILL_VAULT_KEYRING_CALL_H

#include <gio/gio.h>

struct keyring_call;

// Between keyring_call_new() and keyring_call_wait() start exactly one asynchronous function with keyring_call_cancellable(),
// keyring_call_done and the call itself. GLib ends the process when it has no memory.
struct keyring_call *keyring_call_new(GMainContext *context, gint64 deadline_us);
GCancellable *keyring_call_cancellable(struct keyring_call *call);
void keyring_call_done(GObject *source, GAsyncResult *result, gpointer call);
// Gives the result (to unref), or NULL when the call did not even end by being cancelled. The call is gone afterwards.
GAsyncResult *keyring_call_wait(struct keyring_call *call);

#endif
