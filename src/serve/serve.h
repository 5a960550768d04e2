// SPDX-License-Identifier: Apache-2.0
// serve.h - the dashboard's server: one process that listens, reads, and never holds a token.
//
// It opens the database for reading only, and no vault. Whatever writes or needs a secret is done by another till process that it starts and that listens
// to nobody. So whoever got through every guard of this server would have the owner's reports, and the commands that the page offers, but no token.
// Everything but reading the database happens in one loop in the caller's thread.
#ifndef TILL_SERVE_SERVE_H
#define TILL_SERVE_SERVE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/sv.h"

struct serve_place {   // where it can be reached, once it accepts connections
    const char *url;   // "http://127.0.0.1:8455/"
    const char *token; // of the session
    bool has_password, is_loopback;
};
struct serve_options {       // borrowed until serve_run() returns
    const char *home;        // passed on to the processes that it starts; NULL = none
    const char *data_folder; // of the session token and the password; made when missing
    const char *database;
    const char *timezone, *locale; // "" = the system's
    int64_t default_every_ms;      // as the setting sync_every
    const struct clock *clock;
    const char *address; // numeric
    uint16_t port;       // 0 = any
    const char *const *allowed_hosts;
    size_t allowed_count;
    bool has_new_token; // ends all sessions
    bool is_watching;   // keeps `till watch` running
    int webhook_port;   // keeps `till webhook-listen` running there; -1 = no
    const volatile sig_atomic_t *stop;
    void *context;
    // Called once.
    enum till_code (*ready)(void *context, const struct serve_place *place, struct till_error *e);
    void (*say)(void *context, const char *text); // remarks for the owner's terminal
};
// Until *stop is set. CONFIG: the address is taken, or reachable from other machines without a password.
enum till_code serve_run(const struct serve_options *options, struct till_error *e) TILL_MUSTUSE;

// The password that other machines need. USAGE when it is too short.
enum till_code serve_set_password(const char *data_folder, struct sv password,
                                  struct till_error *e) TILL_MUSTUSE;

#endif
