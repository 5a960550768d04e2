// SPDX-License-Identifier: Apache-2.0
// url.c - what may be asked where, and which two addresses are one service.
//
// Addresses are taken apart by libcurl's own parser, the one that later connects: a second parser that sees another host in the same
// text is how tokens end up at the wrong place. Plain http is for loopback alone, and loopback is an address or the name
// "localhost", which libcurl never asks a resolver about.
#include "http/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/http.h"

struct url_parts {
    char *scheme, *host, *port, *user;
};

static bool url_split(const char *url, struct url_parts *parts)
{
    CURLU *handle = curl_url();
    if (!handle)
        return false;
    *parts = (struct url_parts){0};
    bool is_good = !curl_url_set(handle, CURLUPART_URL, url, 0) &&
                   !curl_url_get(handle, CURLUPART_SCHEME, &parts->scheme, 0) &&
                   !curl_url_get(handle, CURLUPART_HOST, &parts->host, 0) &&
                   !curl_url_get(handle, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT);
    if (is_good && curl_url_get(handle, CURLUPART_USER, &parts->user, 0))
        parts->user = NULL;
    curl_url_cleanup(handle);
    return is_good;
}

static void url_parts_release(struct url_parts *parts)
{
    curl_free(parts->scheme);
    curl_free(parts->host);
    curl_free(parts->port);
    curl_free(parts->user);
}

static bool url_parts_are_loopback(const struct url_parts *parts)
{
    struct in_addr four;
    if (strcasecmp(parts->host, "localhost") == 0 || strcmp(parts->host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, parts->host, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

void http_url_host(const char *url, char ret_host[static HTTP_HOST_BYTES])
{
    struct url_parts parts = {0};
    if (!url_split(url, &parts)) {
        snprintf(ret_host, HTTP_HOST_BYTES, "?");
    } else {
        bool is_default =
            strcmp(parts.port, strcmp(parts.scheme, "https") == 0 ? "443" : "80") == 0;
        snprintf(ret_host, HTTP_HOST_BYTES, "%.260s%s%.8s", parts.host, is_default ? "" : ":",
                 is_default ? "" : parts.port);
    }
    url_parts_release(&parts);
}

bool url_is_same_origin(const char *a, const char *b)
{
    struct url_parts one = {0}, two = {0};
    bool is_same = url_split(a, &one) && url_split(b, &two) && !two.user &&
                   strcasecmp(one.scheme, two.scheme) == 0 && strcasecmp(one.host, two.host) == 0 &&
                   strcmp(one.port, two.port) == 0;
    url_parts_release(&one);
    url_parts_release(&two);
    return is_same;
}

bool url_is_loopback(const char *url)
{
    struct url_parts parts = {0};
    bool is_loopback = url_split(url, &parts) && url_parts_are_loopback(&parts);
    url_parts_release(&parts);
    return is_loopback;
}

// libcurl takes "1.2.3.4/x" and "http:/host" for good addresses in part; a token deserves an unmistakable one.
static bool url_is_clean(const char *url)
{
    size_t len = strnlen(url, HTTP_URL_BYTES);
    if (len == 0 || len >= HTTP_URL_BYTES || !strstr(url, "://"))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f)
            return false;
    return true;
}

// The text of an address in a message: itself in quotes, or nothing of it.
static void url_show(const char *url, bool is_secret, char *ret_text, size_t bytes)
{
    if (is_secret)
        snprintf(ret_text, bytes, "the address");
    else
        snprintf(ret_text, bytes, "\"%.200s\"", url ? url : "");
}

static enum till_code url_check(const char *url, bool is_secret, struct till_error *e)
{
    struct url_parts parts = {0};
    char shown[224];
    url_show(url, is_secret, shown, sizeof shown);
    if (!url || !url_is_clean(url) || !url_split(url, &parts)) {
        url_parts_release(&parts);
        TILL_FAIL(e, TILL_CONFIG, 0, "%s is not a web address", shown);
        return till_error_hint(e, "write it in whole, for example https://api.polar.sh");
    }
    enum till_code code = TILL_OK;
    bool is_http = strcmp(parts.scheme, "http") == 0;
    if (parts.user) { // not quoted: it may hold a password
        TILL_FAIL(e, TILL_CONFIG, 0, "the address of \"%.200s\" carries a user name or password",
                  parts.host);
        code = till_error_hint(e, "leave out everything before the \"@\"");
    } else if (!is_http && strcmp(parts.scheme, "https") != 0) {
        TILL_FAIL(e, TILL_CONFIG, 0, "%s is not an https address", shown);
        code = till_error_hint(e, "write it with https://");
    } else if (is_http && !url_parts_are_loopback(&parts)) {
        TILL_FAIL(e, TILL_CONFIG, 0, "%s would send the token unencrypted", shown);
        code = till_error_hint(
            e, "use https://; plain http is for this machine alone (127.0.0.1, localhost)");
    }
    url_parts_release(&parts);
    return code;
}

enum till_code http_check_url(const char *url, struct till_error *e)
{
    return url_check(url, false, e);
}

enum till_code http_check_secret_url(const char *url, struct till_error *e)
{
    return url_check(url, true, e);
}
