// SPDX-License-Identifier: Apache-2.0
// webhook.c - endpoints, the queue of rendered events, and their signatures.
//
// A body is rendered once, when its event is made, and handed out byte for byte however often it is sent. Polar's key is the whole text of the secret; the
// standard's key, for endpoints registered so, is what follows "whsec_", base64-decoded.
#include "webhook.h"

#include "auth.h"
#include "render_out.h"
#include "server_json.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 37, RANDOM_CHARACTERS = 37, STANDARD_KEY_BYTES = 32, KEY_BYTES_MAX = 128 };

struct endpoint {
    char url[WEBHOOK_URL_BYTES];
    char secret[WEBHOOK_SECRET_BYTES];
    char events[1024]; // ",order.paid,": empty = all
    unsigned char key[KEY_BYTES_MAX];
    size_t key_bytes;
};

struct queued {
    unsigned endpoint;
    char id[ID_BYTES];
    char *body;
    size_t length;
};

struct webhooks {
    struct endpoint endpoints[WEBHOOK_ENDPOINTS_MAX];
    unsigned endpoint_count;
    struct webhook_past *past;
    struct queued *queue;
    size_t count, capacity;
};

struct webhooks *webhooks_new(void)
{
    return calloc(1, sizeof(struct webhooks));
}

static void empty_queue(struct webhooks *webhooks)
{
    for (size_t i = 0; i < webhooks->count; i++) {
        free(webhooks->queue[i].body);
    }
    webhooks->count = 0;
}

void webhooks_free(struct webhooks *webhooks)
{
    if (webhooks != NULL) {
        empty_queue(webhooks);
        free(webhooks->queue);
        webhook_past_free(webhooks->past);
        free(webhooks);
    }
}

// Registering.

static bool is_loopback(const char *url)
{
    static const char *const prefixes[] = {
        "http://127.0.0.1:", "http://localhost:", "http://[::1]:"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        if (strncmp(url, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

// "whsec_", random characters, and the checksum that Polar's tokens have too; or the standard's form.
static bool make_secret(bool is_standard, char secret[static WEBHOOK_SECRET_BYTES])
{
    unsigned char key[STANDARD_KEY_BYTES];
    memcpy(secret, "whsec_", 7);
    if (is_standard) {
        randombytes_buf(key, sizeof(key));
        sodium_bin2base64(secret + 6, WEBHOOK_SECRET_BYTES - 6, key, sizeof(key),
                          sodium_base64_VARIANT_ORIGINAL);
        return true;
    }
    if (!auth_random_text(secret + 6, RANDOM_CHARACTERS)) {
        return false;
    }
    auth_checksum(secret + 6, RANDOM_CHARACTERS, secret + 6 + RANDOM_CHARACTERS);
    return true;
}

static bool make_key(struct endpoint *endpoint, bool is_standard)
{
    size_t length = strlen(endpoint->secret);
    if (!is_standard) {
        memcpy(endpoint->key, endpoint->secret, length);
        endpoint->key_bytes = length;
        return true;
    }
    const char *text = endpoint->secret;
    text += strncmp(text, "whsec_", 6) == 0 ? 6 : 0;
    return sodium_base642bin(endpoint->key, sizeof(endpoint->key), text, strlen(text), NULL,
                             &endpoint->key_bytes, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

static const char *fill_endpoint(struct endpoint *endpoint,
                                 const struct webhook_endpoint_options *options)
{
    if (sodium_init() < 0) {
        return "the cryptographic library does not start";
    }
    if (options->url == NULL || strlen(options->url) >= sizeof(endpoint->url) ||
        !is_loopback(options->url)) {
        return "the address must begin with http:// on loopback and have a port";
    }
    memcpy(endpoint->url, options->url, strlen(options->url) + 1);
    if (options->secret == NULL) {
        if (!make_secret(options->is_standard, endpoint->secret)) {
            return "no random numbers";
        }
    } else if (strlen(options->secret) >= sizeof(endpoint->secret)) {
        return "the secret is too long";
    } else {
        memcpy(endpoint->secret, options->secret, strlen(options->secret) + 1);
    }
    if (!make_key(endpoint, options->is_standard)) {
        return "the secret is not base64";
    }
    bool is_all = options->events == NULL || strcmp(options->events, "all") == 0;
    if (!is_all && snprintf(endpoint->events, sizeof(endpoint->events), ",%s,", options->events) >=
                       (int)sizeof(endpoint->events)) {
        return "the list of events is too long";
    }
    return NULL;
}

bool webhooks_register(struct webhooks *webhooks, const struct sim_world *world,
                       const struct webhook_endpoint_options *options, const char **ret_secret,
                       const char **ret_reason)
{
    if (webhooks->endpoint_count == WEBHOOK_ENDPOINTS_MAX) {
        *ret_reason = "no more endpoints";
        return false;
    }
    struct endpoint *endpoint = &webhooks->endpoints[webhooks->endpoint_count];
    *endpoint = (struct endpoint){0};
    *ret_reason = fill_endpoint(endpoint, options);
    if (*ret_reason != NULL) {
        return false;
    }
    if (webhooks->past == NULL) {
        webhooks->past = webhook_past_new(world);
    }
    if (webhooks->past == NULL) {
        *ret_reason = "out of memory";
        return false;
    }
    webhooks->endpoint_count++;
    *ret_secret = endpoint->secret;
    return true;
}

// Events.

struct collecting {
    struct webhooks *webhooks;
    const struct sim_world *world;
};

static bool wants(const struct endpoint *endpoint, const char *type)
{
    char wanted[80];
    snprintf(wanted, sizeof(wanted), ",%s,", type);
    return endpoint->events[0] == '\0' || strstr(endpoint->events, wanted) != NULL;
}

static void render_event_body(const struct sim_world *world, const char *type, enum sim_table table,
                              uint32_t row, struct sim_out *out)
{
    sim_out_format(out, "{\"type\":\"%s\",\"timestamp\":", type);
    put_time(out, world_now_us(world));
    sim_out_text(out, ",\"data\":");
    world_render(world, table, row, out);
    if (strcmp(type, "customer.state_changed") == 0 && out->len > 0) {
        out->len--; // the customer, with more behind it
        sim_out_text(out, ",\"active_subscriptions\":[],\"granted_benefits\":[],"
                          "\"active_meters\":[]}");
    }
    sim_out_text(out, "}");
}

static void new_id(char id[static ID_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    randombytes_buf(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 15) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 63) | 0x80);
    char *at = id;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        *at++ = hex[bytes[i] >> 4];
        *at++ = hex[bytes[i] & 15];
        if (i == 3 || i == 5 || i == 7 || i == 9) {
            *at++ = '-';
        }
    }
    *at = '\0';
}

static bool has_room(struct webhooks *webhooks)
{
    if (webhooks->count < webhooks->capacity) {
        return true;
    }
    size_t capacity = webhooks->capacity * 2 + 64;
    struct queued *queue = webhooks->count < WEBHOOK_QUEUE_MAX
                               ? realloc(webhooks->queue, capacity * sizeof(*queue))
                               : NULL;
    if (queue == NULL) {
        return false;
    }
    webhooks->queue = queue;
    webhooks->capacity = capacity;
    return true;
}

// One event and one id for each endpoint that wants it.
static void queue_event(void *context, const char *type, enum sim_table table, uint32_t row)
{
    struct collecting *collecting = context;
    struct webhooks *webhooks = collecting->webhooks;
    for (unsigned i = 0; i < webhooks->endpoint_count; i++) {
        struct sim_out body = {0};
        if (!wants(&webhooks->endpoints[i], type) || !has_room(webhooks)) {
            continue;
        }
        render_event_body(collecting->world, type, table, row, &body);
        if (body.failed) {
            sim_out_release(&body);
            continue;
        }
        struct queued *queued = &webhooks->queue[webhooks->count++];
        *queued = (struct queued){.endpoint = i, .body = body.data, .length = body.len};
        new_id(queued->id);
    }
}

void webhooks_collect(struct webhooks *webhooks, const struct sim_world *world)
{
    if (webhooks->past == NULL) {
        return;
    }
    struct webhook_past *present = webhook_past_new(world);
    if (present == NULL) {
        return;
    }
    struct collecting collecting = {webhooks, world};
    webhook_events_since(webhooks->past, world, queue_event, &collecting);
    webhook_past_free(webhooks->past);
    webhooks->past = present;
}

// Deliveries.

static void sign(const struct endpoint *endpoint, const struct queued *queued, int64_t seconds,
                 char *ret_text, size_t bytes)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char head[ID_BYTES + 24];
    crypto_auth_hmacsha256_state state;
    int length = snprintf(head, sizeof(head), "%s.%lld.", queued->id, (long long)seconds);
    crypto_auth_hmacsha256_init(&state, endpoint->key, endpoint->key_bytes);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, (unsigned long long)length);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)queued->body, queued->length);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2base64(ret_text, bytes, mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
}

static void print_delivery(const struct webhooks *webhooks, const struct queued *queued,
                           int64_t seconds, struct sim_out *out)
{
    char signature[64];
    const struct endpoint *endpoint = &webhooks->endpoints[queued->endpoint];
    sign(endpoint, queued, seconds, signature, sizeof(signature));
    sim_out_text(out, "{\"url\":");
    json_append_string(out, endpoint->url);
    sim_out_format(out,
                   ",\"headers\":{\"webhook-id\":\"%s\",\"webhook-timestamp\":\"%lld\","
                   "\"webhook-signature\":\"v1,%s\",\"user-agent\":\"polar.sh webhooks\","
                   "\"content-type\":\"application/json\"},\"body\":",
                   queued->id, (long long)seconds, signature);
    put_text(out, queued->body, queued->length);
    sim_out_text(out, "}\n");
}

static uint64_t next_chance(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

// Which of the queue is sent, and in which order: indexes, at most two of each.
static size_t plan_order(const struct webhooks *webhooks, const struct webhook_delivery *delivery,
                         size_t *order)
{
    uint64_t chance = delivery->seed;
    size_t count = 0;
    for (size_t i = 0; i < webhooks->count; i++) {
        if (next_chance(&chance) % 100 >= delivery->drop_percent) {
            order[count++] = i;
        }
    }
    size_t once = count;
    for (size_t i = 0; i < once; i++) {
        if (next_chance(&chance) % 100 < delivery->duplicates_percent) {
            order[count++] = order[i];
        }
    }
    for (size_t i = count; delivery->is_shuffled && i > 1; i--) {
        size_t other = (size_t)(next_chance(&chance) % i);
        size_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    return count;
}

void webhooks_deliver(struct webhooks *webhooks, const struct webhook_delivery *delivery,
                      struct sim_out *out)
{
    size_t *order = calloc(webhooks->count * 2 + 1, sizeof(*order));
    if (order == NULL) {
        out->failed = true;
        return;
    }
    size_t count = plan_order(webhooks, delivery, order);
    for (size_t i = 0; i < count; i++) {
        print_delivery(webhooks, &webhooks->queue[order[i]],
                       delivery->now_seconds - delivery->age_seconds, out);
    }
    free(order);
    empty_queue(webhooks);
}
