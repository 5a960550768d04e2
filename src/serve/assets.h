// SPDX-License-Identifier: Apache-2.0
// assets.h - the dashboard's files, which are part of the program. Private to this room.
//
// The table is made by tools/embed-assets from the built page, sorted by path; a build without one holds a single page that says how to make it.
#ifndef TILL_SERVE_ASSETS_H
#define TILL_SERVE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sv.h"

struct serve_asset {
    const char *path;           // "/index.html", "/assets/index-4f1c.js"
    const char *type;           // Content-Type
    const char *etag;           // of the plain form, with its quotes
    const unsigned char *plain; // as it is
    size_t plain_bytes;
    const unsigned char *packed; // gzipped; NULL = not worth it
    size_t packed_bytes;
    bool is_immutable; // its name changes with its content
};
extern const struct serve_asset serve_assets[];
extern const size_t serve_asset_count;

// By path; NULL when there is none. "/" and other pages are "/index.html": the caller knows.
const struct serve_asset *serve_asset_find(struct sv path);

#endif
