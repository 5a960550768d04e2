// SPDX-License-Identifier: Apache-2.0
// assets_none.c - the assets of a build without the dashboard: one page that says how to get it. The server and its API work as well without it.
#include "serve/assets.h"

static const unsigned char page[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>till</title></head>\n"
    "<body>\n"
    "<h1>This till was built without its dashboard</h1>\n"
    "<p>The server works: its API answers under <code>/api/</code>, and Prometheus reads\n"
    "<code>/metrics</code>. To have the pages too, build with <code>./dev build</code>, which "
    "needs\n"
    "Node.js and npm.</p>\n"
    "</body>\n"
    "</html>\n";

const struct serve_asset serve_assets[] = {
    {"/index.html", "text/html; charset=utf-8", "\"built-in-1\"", page, sizeof(page) - 1, NULL, 0,
     false},
};
const size_t serve_asset_count = sizeof(serve_assets) / sizeof(serve_assets[0]);
