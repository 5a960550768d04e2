// SPDX-License-Identifier: Apache-2.0
// google.h - private to traffic: Google's sign-in, by a service account's key or by a person's consent.
#ifndef TILL_TRAFFIC_GOOGLE_H
#define TILL_TRAFFIC_GOOGLE_H

#include "traffic/source.h"

#define GOOGLE_SCOPE     "https://www.googleapis.com/auth/webmasters.readonly"
#define GOOGLE_TOKEN_URL "https://oauth2.googleapis.com/token"

// Is the secret a service account's key, or what a consent left behind? USAGE when it is neither.
enum till_code google_open(struct traffic *traffic, struct till_error *e) TILL_MUSTUSE;
// An access token in traffic->bearer that is good for a minute at least: asks for one when there is none.
enum till_code google_sign_in(struct traffic *traffic, struct till_error *e) TILL_MUSTUSE;
void google_forget(struct traffic *traffic); // it was refused
// The service account's address; "" for a person.
void google_account(const struct traffic *traffic, char *ret_account, size_t bytes);
bool google_is_person(const struct traffic *traffic);

#endif
