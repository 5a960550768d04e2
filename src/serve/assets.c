// SPDX-License-Identifier: Apache-2.0
// assets.c - finds a file of the dashboard by its path.
#include "serve/assets.h"

const struct serve_asset *serve_asset_find(struct sv path)
{
    for (size_t i = 0; i < serve_asset_count; i++) {
        if (sv_equal(path, sv_of(serve_assets[i].path)))
            return &serve_assets[i];
    }
    return NULL;
}
