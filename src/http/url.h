// SPDX-License-Identifier: Apache-2.0
// url.h - private to http: what may be asked where, and which two addresses are one service.
#ifndef TILL_HTTP_URL_H
#define TILL_HTTP_URL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/limits.h"

enum { HTTP_URL_BYTES = TILL_LIMIT_HTTP_URL_BYTES };

// Same scheme, host and port, and no credentials in b.
bool url_is_same_origin(const char *a, const char *b);
bool url_is_loopback(const char *url);

#endif
