// SPDX-License-Identifier: Apache-2.0
// consent.h - a person's consent that till may read Search Console: the address to open, and what comes back from it made into a secret to keep.
//
// OAuth 2.0 for programs on a person's own machine (RFC 8252): the browser comes back to an address on loopback, where the caller listens. A code that
// somebody else picks up there is worth nothing without the verifier (PKCE, RFC 7636), which never leaves this process but to Google; the state tells
// our own answer.
#ifndef TILL_TRAFFIC_CONSENT_H
#define TILL_TRAFFIC_CONSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "http/http.h"

struct consent; // opaque

// client: the JSON file that Google Cloud gives for an OAuth client of type desktop. redirect: "http://127.0.0.1:PORT". No request is made.
enum till_code consent_new(struct sv client, const char *redirect, struct consent **ret_consent,
                           struct till_error *e) TILL_MUSTUSE;
void consent_free(struct consent *consent); // accepts NULL; wipes
const char *
consent_url(const struct consent *consent); // to be opened in a browser; holds no secret
// Is this what the browser was sent back with? query: the part behind the question mark.
bool consent_is_answer(const struct consent *consent, struct sv query);
// Exchanges the code for what is kept (traffic_options.secret). AUTH when it was denied. One request.
enum till_code consent_finish(struct consent *consent, struct sv query,
                              const struct http_options *http, struct secret *ret_secret,
                              struct till_error *e) TILL_MUSTUSE;

#endif
