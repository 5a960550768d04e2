// SPDX-License-Identifier: Apache-2.0
// failure.c - why an exchange failed, in words, and whether another try may help.
//
// One row for each result of libcurl that a person can do something about; all others share the last row and carry libcurl's own words.
// A certificate that does not verify is never tried again: the second try would be the attack's second chance.
#include "http/failure.h"

#include <stdio.h>

#include "base/limits.h"
#include "http/http.h"
#include "http/url.h"

enum { NO_RETRY = 1, FEW = 3, MANY = TILL_LIMIT_RETRY_ATTEMPTS };
enum { CURL_TOO_LARGE = 100 }; // CURLE_TOO_LARGE of libcurl 8.6

struct failure {
    CURLcode result;
    int attempts;
    enum till_code code;
    const char *what; // follows "could not reach HOST: "; NULL = libcurl's words
    const char *hint;
};

#define HINT_CERTIFICATE                                                                           \
    "check this machine's date and its ca-certificates package; behind a proxy that opens TLS, "   \
    "add the proxy's certificate to the system's"
#define HINT_LATER                                                                                 \
    "check the network and try again; if it lasts, the service or a proxy is at fault"

static const struct failure failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, FEW, TILL_NETWORK, "its name could not be resolved",
     "check the network connection, the DNS settings and the spelling of the address"},
    {CURLE_COULDNT_RESOLVE_PROXY, FEW, TILL_NETWORK, "the proxy's name could not be resolved",
     "check the environment variables https_proxy and all_proxy"},
    {CURLE_COULDNT_CONNECT, MANY, TILL_NETWORK, "could not connect",
     "check the network, a firewall or proxy, and the port of the address"},
    {CURLE_OPERATION_TIMEDOUT, MANY, TILL_NETWORK, NULL, HINT_LATER},
    {CURLE_PEER_FAILED_VERIFICATION, NO_RETRY, TILL_NETWORK, NULL, HINT_CERTIFICATE},
    {CURLE_SSL_CACERT_BADFILE, NO_RETRY, TILL_NETWORK, NULL, HINT_CERTIFICATE},
    {CURLE_SSL_ISSUER_ERROR, NO_RETRY, TILL_NETWORK, NULL, HINT_CERTIFICATE},
    {CURLE_SSL_CIPHER, NO_RETRY, TILL_NETWORK, NULL, "TLS 1.2 or later is needed"},
    {CURLE_SSL_CONNECT_ERROR, FEW, TILL_NETWORK, NULL,
     "the address may not speak https, or a proxy interferes; TLS 1.2 or later is needed"},
    {CURLE_PARTIAL_FILE, MANY, TILL_NETWORK, "the answer ended before it was whole", HINT_LATER},
    {CURLE_GOT_NOTHING, MANY, TILL_NETWORK, "the connection was closed without an answer",
     HINT_LATER},
    {CURLE_RECV_ERROR, MANY, TILL_NETWORK, "the connection broke while the answer arrived",
     HINT_LATER},
    {CURLE_SEND_ERROR, MANY, TILL_NETWORK, "the connection broke while the request was sent",
     HINT_LATER},
    {CURLE_BAD_CONTENT_ENCODING, MANY, TILL_NETWORK, "the answer could not be decompressed",
     HINT_LATER},
    {CURLE_UNSUPPORTED_PROTOCOL, FEW, TILL_NETWORK, "what answers there does not speak HTTP",
     "check the address and its port"},
    {CURLE_WEIRD_SERVER_REPLY, FEW, TILL_NETWORK, "what answers there does not speak HTTP",
     "check the address and its port"},
    {CURLE_OUT_OF_MEMORY, NO_RETRY, TILL_MEMORY, "out of memory", ""},
    {CURLE_OK, MANY, TILL_NETWORK, NULL, HINT_LATER}, // any other
};

static int failure_of_this_side(const struct transfer *transfer, const char *host,
                                const struct failure_context *context, struct till_error *e)
{
    switch (transfer->stop) {
    case TRANSFER_BODY_TOO_LARGE:
        TILL_FAIL(e, TILL_LIMIT, 0, "the answer of %s is larger than %zu bytes", host,
                  transfer->body_limit_bytes);
        till_error_hint(
            e, "check that the address is the service's API; nothing was kept of the answer");
        return NO_RETRY;
    case TRANSFER_HEADERS_TOO_LARGE:
        TILL_FAIL(e, TILL_LIMIT, 0, "the header lines of %s are longer than %d bytes", host,
                  (int)TILL_LIMIT_RESPONSE_HEADER_BYTES);
        till_error_hint(e, "check that the address is the service's API");
        return NO_RETRY;
    case TRANSFER_NO_MEMORY:
        TILL_FAIL_MEMORY(e);
        return NO_RETRY;
    case TRANSFER_STALLED:
        TILL_FAIL(e, TILL_NETWORK, CURLE_OPERATION_TIMEDOUT,
                  "could not reach %s: nothing arrived for %lld ms", host,
                  (long long)context->stall_timeout_ms);
        till_error_hint(e, "%s", HINT_LATER);
        return MANY;
    case TRANSFER_NOT_WANTED:
        *e = transfer->hook_error;
        return NO_RETRY;
    case TRANSFER_RUNS:
        break;
    }
    return 0;
}

// libcurl has a ceiling for one header line, and calls passing it "out of memory" before 8.6.
static bool failure_is_endless_line(CURLcode result, const struct transfer *transfer)
{
    return transfer->stop == TRANSFER_RUNS && transfer->head.bytes > 0 &&
           !transfer->head.is_whole &&
           (result == CURLE_OUT_OF_MEMORY || (int)result == CURL_TOO_LARGE);
}

int failure_describe(CURLcode result, struct transfer *transfer,
                     const struct failure_context *context, struct till_error *e)
{
    char host[HTTP_HOST_BYTES], timeout[96];
    http_url_host(context->url, host);
    if (failure_is_endless_line(result, transfer))
        transfer->stop = TRANSFER_HEADERS_TOO_LARGE;
    int attempts = failure_of_this_side(transfer, host, context, e);
    if (attempts > 0)
        return attempts;
    const struct failure *failure = failures;
    while (failure->result != result && failure->result != CURLE_OK)
        failure++;
    const char *what = failure->what;
    if (!what)
        what = transfer->curl_text[0] ? transfer->curl_text : curl_easy_strerror(result);
    if (result == CURLE_OPERATION_TIMEDOUT) {
        curl_off_t connected_us = 0;
        if (curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us) !=
            CURLE_OK)
            connected_us = 0;
        if (connected_us > 0)
            snprintf(timeout, sizeof timeout, "the answer was not whole after %lld ms",
                     (long long)context->request_timeout_ms);
        else
            snprintf(timeout, sizeof timeout, "no connection in time");
        what = timeout;
    }
    if (failure->code == TILL_MEMORY)
        TILL_FAIL_MEMORY(e);
    else
        TILL_FAIL(e, failure->code, result, "could not reach %s: %s", host, what);
    if (failure->hint[0])
        till_error_hint(e, "%s", failure->hint);
    return failure->attempts;
}
