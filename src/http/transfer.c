// SPDX-License-Identifier: Apache-2.0
// transfer.c - one exchange, from the request line to the last byte, within its limits.
//
// Everything that libcurl could do by itself and that would surprise is off: redirects, cookies, .netrc, HTTP/0.9, other protocols, signals. TLS is verified
// always and is 1.2 or later. The body is counted after decompression, 16 KiB at a time, so a small answer that unpacks into a huge one is broken off at
// the limit. The token is in one header line that is ours and is wiped; libcurl's own send buffer is the one copy that cannot be reached.
#include "http/transfer.h"

#include <string.h>

#include "base/fault.h"
#include "base/limits.h"
#include "http/url.h"

enum { RECEIVE_BUFFER_BYTES = 128 * 1024 };

struct header_field {
    struct sv name;
    size_t offset, bytes;
};
#define FIELD(text, member)                                                                        \
    {                                                                                              \
        {(text), sizeof(text) - 1}, offsetof(struct transfer_head, member),                        \
            sizeof(((struct transfer_head *)NULL)->member)                                         \
    }
static const struct header_field header_fields[] = {
    FIELD("content-type", content_type),   FIELD("www-authenticate", www_authenticate),
    FIELD("polar-version", polar_version), FIELD("date", date),
    FIELD("retry-after", retry_after),
};

// A repeated header is a list (RFC 9110, 5.3). Bytes that could forge a line of a log or a terminal become '?'.
static void head_put(char *field, size_t bytes, struct sv value)
{
    size_t len = strlen(field);
    if (len > 0 && len + 3 < bytes) {
        field[len++] = ',';
        field[len++] = ' ';
    }
    for (size_t i = 0; i < value.len && len + 1 < bytes; i++)
        field[len++] = value.ptr[i] >= ' ' && value.ptr[i] < 0x7f ? value.ptr[i] : '?';
    field[len] = '\0';
}

static void head_line(struct transfer_head *head, const char *data, size_t bytes)
{
    struct sv line = {data, bytes};
    struct sv name;
    if (sv_starts_with(line, SV("HTTP/"))) { // also after a 1xx answer
        *head = (struct transfer_head){.bytes = head->bytes};
        return;
    }
    struct sv rest = line;
    if (sv_trim(line).len == 0)
        head->is_whole = true;
    if (!sv_split(&rest, ':', &name) || name.len == line.len)
        return;
    struct sv value = sv_trim(rest);
    if (sv_equal_ignoring_case(name, SV("content-encoding")))
        head->is_encoded = !sv_equal_ignoring_case(value, SV("identity"));
    for (size_t i = 0; i < TILL_COUNT(header_fields); i++)
        if (sv_equal_ignoring_case(name, header_fields[i].name))
            head_put((char *)head + header_fields[i].offset, header_fields[i].bytes, value);
}

static size_t transfer_on_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t bytes = size * count;
    transfer->last_byte_ms = clock_monotonic_ms(transfer->clock);
    transfer->head.bytes += bytes;
    if (transfer->head.bytes > TILL_LIMIT_RESPONSE_HEADER_BYTES) {
        transfer->stop = TRANSFER_HEADERS_TOO_LARGE;
        return 0;
    }
    head_line(&transfer->head, data, bytes);
    return bytes;
}

// Room for the whole body at once when its length is known; false when the length alone passes the limit.
static bool transfer_expect(struct transfer *transfer)
{
    curl_off_t length = -1;
    if (transfer->head.is_encoded ||
        curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) !=
            CURLE_OK ||
        length <= 0)
        return true;
    if ((uint64_t)length > transfer->body_limit_bytes)
        return false;
    (void)buf_reserve(&transfer->body,
                      (size_t)length + TRANSFER_BODY_PADDING); // a failure shows at the append
    return true;
}

static size_t transfer_on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t bytes = size * count;
    transfer->last_byte_ms = clock_monotonic_ms(transfer->clock);
    bool fits = transfer->body.len > 0 || transfer_expect(transfer);
    if (!fits || bytes > transfer->body_limit_bytes - transfer->body.len) {
        transfer->stop = TRANSFER_BODY_TOO_LARGE;
        return 0;
    }
    buf_append(&transfer->body, data, bytes);
    if (transfer->body.failure || fault_point("http.body")) {
        transfer->stop = TRANSFER_NO_MEMORY;
        return 0;
    }
    return bytes;
}

void transfer_release(struct transfer *transfer)
{
    transfer_end(transfer);
    curl_easy_cleanup(transfer->easy);
    buf_release(&transfer->body);
    *transfer = (struct transfer){0};
}

// The Authorization line in front of the request's own lines.
static enum till_code transfer_headers(struct transfer *transfer,
                                       const struct transfer_request *request, struct till_error *e)
{
    transfer->headers = request->headers;
    if (!request->bearer)
        return TILL_OK;
    struct sv token = secret_bytes(request->bearer);
    static const struct sv bearer = {"Authorization: Bearer ", 22},
                           basic = {"Authorization: Basic ", 21};
    struct sv scheme = request->is_basic ? basic : bearer;
    char line[32 + TILL_LIMIT_TOKEN_BYTES];
    if (token.len > TILL_LIMIT_TOKEN_BYTES)
        return TILL_FAIL(e, TILL_LIMIT, 0, "the token is longer than %d bytes",
                         (int)TILL_LIMIT_TOKEN_BYTES);
    memcpy(line, scheme.ptr, scheme.len);
    memcpy(line + scheme.len, token.ptr, token.len);
    line[scheme.len + token.len] = '\0';
    struct curl_slist *node = curl_slist_append(NULL, line);
    memory_wipe(line, sizeof line);
    if (!node)
        return TILL_FAIL_MEMORY(e);
    node->next = request->headers;
    transfer->headers = node;
    return TILL_OK;
}

void transfer_end(struct transfer *transfer)
{
    struct curl_slist *node = transfer->headers;
    static const char scheme[] = "Authorization:";
    transfer->headers = NULL;
    transfer->is_busy = false;
    if (transfer->easy) {
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
    }
    if (!node || strncmp(node->data, scheme, sizeof scheme - 1) != 0)
        return;
    memory_wipe(node->data, strlen(node->data));
    node->next = NULL; // the rest is the request's
    curl_slist_free_all(node);
}

#define SET(option, value)                                                                         \
    if (!rc)                                                                                       \
    rc = curl_easy_setopt(easy, option, value)

// What may go over the wire, and what libcurl must leave alone: the same for all requests of a handle.
static CURLcode transfer_set_policy(CURL *easy, const struct transfer_options *options)
{
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip");
    SET(CURLOPT_USERAGENT, options->user_agent);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); // a proxy never sees the token
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->ca_file)
        SET(CURLOPT_CAINFO, options->ca_file);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); // a resolver that hangs must not hold up Ctrl-C
    return rc;
}

static CURLcode transfer_set_limits(struct transfer *transfer,
                                    const struct transfer_options *options)
{
    CURL *easy = transfer->easy;
    CURLcode rc = CURLE_OK;
    long connect_ms = options->timeout_ms < options->connect_timeout_ms
                          ? (long)options->timeout_ms
                          : (long)options->connect_timeout_ms;
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    SET(CURLOPT_BUFFERSIZE,
        (long)RECEIVE_BUFFER_BYTES); // libcurl 7.88 refuses it after a failed connection: set once
    SET(CURLOPT_ERRORBUFFER, transfer->curl_text);
    SET(CURLOPT_HEADERFUNCTION, transfer_on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, transfer_on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    return rc;
}

// libcurl calls it when the connection stands, TLS included, and before the first byte of the request. A stream that the service refused unseen comes by twice.
static int transfer_on_connected(void *context, TILL_UNUSED char *remote, TILL_UNUSED char *local,
                                 TILL_UNUSED int remote_port, TILL_UNUSED int local_port)
{
    struct transfer *transfer = context;
    if (transfer->is_handed_over)
        return CURL_PREREQFUNC_OK;
    if (transfer->before_body.call(transfer->before_body.context, &transfer->hook_error)) {
        transfer->stop = TRANSFER_NOT_WANTED;
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->is_handed_over = true;
    return CURL_PREREQFUNC_OK;
}

// A connection of its own: libcurl sends again by itself what it had sent over a kept one that turns out to be closed.
static CURLcode transfer_set_hook(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    CURLcode rc = CURLE_OK;
    bool has_hook = transfer->before_body.call != NULL;
    SET(CURLOPT_PREREQFUNCTION, has_hook ? transfer_on_connected : NULL);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_FRESH_CONNECT, has_hook ? 1L : 0L);
    return rc;
}

static CURLcode transfer_set_request(struct transfer *transfer,
                                     const struct transfer_request *request, void *owner)
{
    CURL *easy = transfer->easy;
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, strncmp(request->url, "https:", 6) == 0 ? "https" : "http");
    SET(CURLOPT_PROXY, url_is_loopback(request->url) ? "" : NULL);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_PRIVATE, owner);
    if (request->post.ptr) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->post.len);
        SET(CURLOPT_POSTFIELDS, request->post.ptr); // not copied
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    return rc ? rc : transfer_set_hook(transfer);
}
#undef SET

static enum till_code transfer_fail_setup(CURLcode rc, struct till_error *e)
{
    return TILL_FAIL(e, rc == CURLE_OUT_OF_MEMORY ? TILL_MEMORY : TILL_NETWORK, rc,
                     "could not prepare a request: %s", curl_easy_strerror(rc));
}

enum till_code transfer_init(struct transfer *transfer, const struct transfer_options *options,
                             struct till_error *e)
{
    *transfer = (struct transfer){.clock = options->clock};
    transfer->easy = fault_point("http.easy") ? NULL : curl_easy_init();
    if (!transfer->easy)
        return TILL_FAIL_MEMORY(e);
    CURLcode rc = transfer_set_policy(transfer->easy, options);
    if (!rc)
        rc = transfer_set_limits(transfer, options);
    return rc ? transfer_fail_setup(rc, e) : TILL_OK;
}

// libcurl 8.14 loses the name when a handle whose name did not resolve is used again (curl issue 17602).
static void transfer_renew(struct transfer *transfer)
{
    CURL *fresh = curl_easy_duphandle(transfer->easy);
    if (!fresh)
        return; // the old one works as well
    curl_easy_cleanup(transfer->easy);
    transfer->easy = fresh;
    transfer->is_spent = false;
}

enum till_code transfer_begin(struct transfer *transfer, const struct transfer_request *request,
                              void *owner, struct till_error *e)
{
    if (transfer->is_spent)
        transfer_renew(transfer);
    transfer->stop = TRANSFER_RUNS;
    transfer->head = (struct transfer_head){0};
    transfer->curl_text[0] = '\0';
    transfer->body_limit_bytes = request->body_limit_bytes;
    transfer->before_body = request->before_body;
    transfer->is_handed_over = false;
    till_error_clear(&transfer->hook_error);
    buf_release(&transfer->body);
    buf_init(&transfer->body, request->body_limit_bytes + 2 * TRANSFER_BODY_PADDING);
    enum till_code code = transfer_headers(transfer, request, e);
    if (code)
        return code;
    CURLcode rc = transfer_set_request(transfer, request, owner);
    if (rc) {
        transfer_end(transfer);
        return transfer_fail_setup(rc, e);
    }
    transfer->begun_ms = transfer->last_byte_ms = clock_monotonic_ms(transfer->clock);
    transfer->is_busy = true;
    return TILL_OK;
}
