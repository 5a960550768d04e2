// SPDX-License-Identifier: Apache-2.0
// assets.h - the dashboard's files, which are part of the program. Private to this room.
//
// The table is made by the build from the bundle of web/; a build without one holds a single page that says how to make it.
#ifndef TILL_SERVE_ASSETS_H
#define TILL_SERVE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sv.h"

struct serve_asset {
    const char *path;  // "/index.html", "/assets/index-4f1c.js"
    const char *type;  // Content-Type
    bool is_immutable; // its name changes with its content
    struct sv identity;
    struct sv gzip;   // .ptr NULL = not worth it
    const char *etag; // of the identity form, without quotes
};
extern const struct serve_asset serve_assets[];
extern const size_t serve_asset_count;

// By path; NULL when there is none. "/" and other pages are "/index.html": the caller knows.
const struct serve_asset *serve_asset_find(struct sv path);

#endif
