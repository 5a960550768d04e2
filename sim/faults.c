// SPDX-License-Identifier: Apache-2.0
// faults.c - reading a fault plan and deciding which request meets which fault.
//
// A rule fires on its n-th matching request ("nth"), on every k-th ("every"), from a certain one on ("after"), with a probability, or on
// all; "times" bounds how often. The probability of one request is a hash of seed, rule and count, so a run can be repeated exactly.
#include "faults.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { ANY = -1 };

struct fault_rule {
    int environment; // ANY, 0, 1
    char table[24];
    char path[128]; // prefix
    int64_t page, nth, every, after, times;
    double probability;
    struct fault_action action;
    int64_t matched, fired;
};

struct fault_plan {
    pthread_mutex_t lock;
    uint64_t seed;
    struct fault_rule *rules;
    size_t count;
};

static const char *const kind_names[FAULT_KIND__COUNT] = {
    [FAULT_NONE] = "none",       [FAULT_STATUS] = "status",     [FAULT_REDIRECT] = "redirect",
    [FAULT_RESET] = "reset",     [FAULT_TRUNCATE] = "truncate", [FAULT_CHUNK_CUT] = "chunk_cut",
    [FAULT_STALL] = "stall",     [FAULT_TRICKLE] = "trickle",   [FAULT_SLOW] = "slow",
    [FAULT_GARBAGE] = "garbage", [FAULT_DRIFT] = "drift",       [FAULT_REPEAT_PAGE] = "repeat_page",
};

static const char *const variant_names[GARBAGE_VARIANT__COUNT] = {
    [GARBAGE_HTML] = "html",
    [GARBAGE_CONTENT_TYPE] = "content_type",
    [GARBAGE_INVALID_UTF8] = "invalid_utf8",
    [GARBAGE_NUL] = "nul",
    [GARBAGE_DEPTH_BOMB] = "depth_bomb",
    [GARBAGE_HUGE] = "huge",
    [GARBAGE_HALF] = "half",
    [GARBAGE_GZIP] = "gzip",
    [GARBAGE_NOT_OBJECT] = "not_object",
    [GARBAGE_EMPTY_BODY] = "empty_body",
    [GARBAGE_EMPTY_ITEMS] = "empty_items",
    [GARBAGE_WRONG_TOTAL] = "wrong_total",
    [GARBAGE_NO_PAGINATION] = "no_pagination",
    [GARBAGE_DUPLICATE_ROWS] = "duplicate_rows",
    [GARBAGE_MISSING_ID] = "missing_id",
    [GARBAGE_WRONG_TYPES] = "wrong_types",
    [GARBAGE_UNKNOWN] = "unknown",
    [GARBAGE_SET] = "set",
    [GARBAGE_REMOVE] = "remove",
    [GARBAGE_NOT_ROW] = "not_row",
};

struct fault_plan *fault_plan_new(void)
{
    struct fault_plan *plan = calloc(1, sizeof(*plan));
    if (plan != NULL) {
        pthread_mutex_init(&plan->lock, NULL);
    }
    return plan;
}

void fault_plan_free(struct fault_plan *plan)
{
    if (plan != NULL) {
        pthread_mutex_destroy(&plan->lock);
        free(plan->rules);
        free(plan);
    }
}

// Index of `name`, `count` when it is not there.
static unsigned name_index(const char *const *names, unsigned count, const char *name)
{
    unsigned i = 0;
    while (i < count && (name == NULL || strcmp(names[i], name) != 0)) {
        i++;
    }
    return i;
}

static bool copy_text(char *to, size_t size, const char *from)
{
    size_t length = from != NULL ? strlen(from) : 0;
    if (length >= size) {
        return false;
    }
    if (length > 0) {
        memcpy(to, from, length);
    }
    to[length] = '\0';
    return true;
}

static int64_t get_number(yyjson_val *object, const char *name, int64_t otherwise)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    return yyjson_is_int(value) ? yyjson_get_sint(value) : otherwise;
}

static const char *read_match(yyjson_val *match, struct fault_rule *rule)
{
    const char *environment = yyjson_get_str(yyjson_obj_get(match, "environment"));
    static const char *const environments[] = {"production", "sandbox",   "posthog", "posthog_eu",
                                               "google",     "plausible", "umami"};
    enum { COUNT = sizeof environments / sizeof *environments };
    rule->environment =
        environment == NULL ? ANY : (int)name_index(environments, COUNT, environment);
    if (rule->environment == COUNT) {
        return "match.environment is production, sandbox or a traffic service";
    }
    if (!copy_text(rule->table, sizeof(rule->table),
                   yyjson_get_str(yyjson_obj_get(match, "table"))) ||
        !copy_text(rule->path, sizeof(rule->path), yyjson_get_str(yyjson_obj_get(match, "path")))) {
        return "match.table or match.path is too long";
    }
    rule->page = get_number(match, "page", 0);
    rule->nth = get_number(match, "nth", 0);
    rule->every = get_number(match, "every", 0);
    rule->after = get_number(match, "after", 0);
    rule->times = get_number(match, "times", 0);
    yyjson_val *probability = yyjson_obj_get(match, "probability");
    rule->probability = yyjson_is_num(probability) ? yyjson_get_num(probability) : 1.0;
    return NULL;
}

// The JSON text of "value" for the variant `set`.
static bool read_value(yyjson_val *object, char *to, size_t size)
{
    yyjson_val *value = yyjson_obj_get(object, "value");
    char *text = value != NULL ? yyjson_val_write(value, 0, NULL) : NULL;
    bool is_good = text != NULL && copy_text(to, size, text);
    free(text);
    return is_good;
}

static void read_numbers(yyjson_val *object, struct fault_action *action)
{
    bool is_bomb = action->variant == GARBAGE_DEPTH_BOMB;
    yyjson_val *row = yyjson_obj_get(object, "row");
    action->status =
        (unsigned)get_number(object, "status", action->kind == FAULT_REDIRECT ? 302 : 503);
    action->retry_after_s = get_number(object, "retry_after", -1);
    action->is_retry_date = yyjson_is_true(yyjson_obj_get(object, "retry_date"));
    action->is_chunked = yyjson_is_true(yyjson_obj_get(object, "chunked"));
    action->at_bytes = get_number(object, "at_bytes", 100);
    action->rate = get_number(object, "bytes_per_second", 1000);
    action->size = get_number(object, "size", is_bomb ? 100000 : INT64_C(200) * 1024 * 1024);
    action->ms = get_number(object, "ms", SERVER_STALL_MS_MAX);
    action->seconds = get_number(object, "seconds", action->kind == FAULT_DRIFT ? 3600 : 1);
    action->row = yyjson_equals_str(row, "all") ? -1 : get_number(object, "row", 0);
    if (action->ms > SERVER_STALL_MS_MAX) {
        action->ms = SERVER_STALL_MS_MAX;
    }
}

static bool is_in_range(const struct fault_action *action)
{
    int64_t largest =
        action->variant == GARBAGE_DEPTH_BOMB ? FAULT_DEPTH_MAX : FAULT_BODY_BYTES_MAX;
    return action->status >= 200 && action->status <= 599 && action->size >= 0 &&
           action->size <= largest && action->rate >= 1 && action->at_bytes >= 0 && action->ms >= 0;
}

static const char *read_action(yyjson_val *object, struct fault_action *action)
{
    const char *kind_name = yyjson_get_str(yyjson_obj_get(object, "kind"));
    const char *variant_name = yyjson_get_str(yyjson_obj_get(object, "variant"));
    unsigned kind = name_index(kind_names, FAULT_KIND__COUNT, kind_name);
    unsigned variant = 0;
    if (kind == FAULT_KIND__COUNT) {
        return "action.kind is not known";
    }
    if (kind == FAULT_GARBAGE) {
        variant = name_index(variant_names, GARBAGE_VARIANT__COUNT, variant_name);
    }
    if (variant == GARBAGE_VARIANT__COUNT) {
        return "action.variant is not known";
    }
    action->kind = (enum fault_kind)kind;
    action->variant = (enum garbage_variant)variant;
    read_numbers(object, action);
    const char *field = yyjson_get_str(yyjson_obj_get(object, "field"));
    const char *text = yyjson_get_str(yyjson_obj_get(object, "text"));
    bool has_value = kind == FAULT_GARBAGE && variant == GARBAGE_SET;
    bool is_copied = copy_text(action->field, sizeof(action->field), field);
    if (has_value) {
        is_copied = is_copied && read_value(object, action->text, sizeof(action->text));
    } else {
        is_copied = is_copied && copy_text(action->text, sizeof(action->text), text);
    }
    if (!is_copied || !is_in_range(action)) {
        return "action holds a value that is missing, too long or out of range";
    }
    return NULL;
}

static const char *read_rules(yyjson_val *root, struct fault_rule *rules, size_t *ret_count)
{
    yyjson_val *list = yyjson_obj_get(root, "rules");
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > FAULT_RULES_MAX) {
        return "a plan is an object with a list of at most 64 rules";
    }
    const char *reason = NULL;
    size_t index, count;
    yyjson_val *rule;
    yyjson_arr_foreach(list, index, count, rule)
    {
        reason = read_match(yyjson_obj_get(rule, "match"), &rules[index]);
        if (reason == NULL) {
            reason = read_action(yyjson_obj_get(rule, "action"), &rules[index].action);
        }
        if (reason != NULL) {
            return reason;
        }
    }
    *ret_count = count;
    return NULL;
}

bool fault_plan_load(struct fault_plan *plan, const char *json, size_t length,
                     const char **ret_reason)
{
    yyjson_doc *document = yyjson_read(json, length, 0);
    struct fault_rule *rules = calloc(FAULT_RULES_MAX, sizeof(*rules));
    size_t count = 0;
    const char *reason = document == NULL ? "the plan is not JSON"
                         : rules == NULL  ? "out of memory"
                                          : NULL;
    if (reason == NULL) {
        reason = read_rules(yyjson_doc_get_root(document), rules, &count);
    }
    if (reason == NULL) {
        pthread_mutex_lock(&plan->lock);
        struct fault_rule *old = plan->rules;
        plan->rules = rules;
        plan->count = count;
        plan->seed = (uint64_t)get_number(yyjson_doc_get_root(document), "seed", 1);
        pthread_mutex_unlock(&plan->lock);
        rules = old;
    } else {
        *ret_reason = reason;
    }
    free(rules);
    yyjson_doc_free(document);
    return reason == NULL;
}

static bool is_match(const struct fault_rule *rule, const struct fault_request *request)
{
    if (rule->environment != ANY && (unsigned)rule->environment != request->environment) {
        return false;
    }
    if (rule->table[0] != '\0' &&
        (request->table == NULL || strcmp(rule->table, request->table) != 0)) {
        return false;
    }
    if (strncmp(rule->path, request->path, strlen(rule->path)) != 0) {
        return false;
    }
    return rule->page == 0 || rule->page == request->page;
}

// A number of [0, 1) that depends on seed, rule and count alone.
static double chance(uint64_t seed, uint64_t rule, uint64_t count)
{
    uint64_t value =
        seed * UINT64_C(0x9E3779B97F4A7C15) + rule * UINT64_C(0xD1B54A32D192ED03) + count;
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    value ^= value >> 31;
    return (double)(value >> 11) / 9007199254740992.0;
}

static bool is_firing(const struct fault_rule *rule, uint64_t seed, size_t index)
{
    int64_t n = rule->matched;
    if ((rule->nth > 0 && n != rule->nth) || (rule->every > 0 && n % rule->every != 0) ||
        n <= rule->after || (rule->times > 0 && rule->fired >= rule->times)) {
        return false;
    }
    return rule->probability >= 1.0 || chance(seed, index, (uint64_t)n) < rule->probability;
}

struct fault_action fault_plan_decide(struct fault_plan *plan, const struct fault_request *request)
{
    struct fault_action action = {.kind = FAULT_NONE};
    pthread_mutex_lock(&plan->lock);
    for (size_t i = 0; i < plan->count; i++) {
        struct fault_rule *rule = &plan->rules[i];
        if (!is_match(rule, request)) {
            continue;
        }
        rule->matched++;
        if (action.kind == FAULT_NONE && is_firing(rule, plan->seed, i)) {
            rule->fired++;
            action = rule->action;
        }
    }
    pthread_mutex_unlock(&plan->lock);
    return action;
}

void fault_plan_counts(struct fault_plan *plan, struct sim_out *out)
{
    sim_out_text(out, "{\"rules\":[");
    pthread_mutex_lock(&plan->lock);
    for (size_t i = 0; i < plan->count; i++) {
        sim_out_format(out, "%s{\"matched\":%lld,\"fired\":%lld}", i > 0 ? "," : "",
                       (long long)plan->rules[i].matched, (long long)plan->rules[i].fired);
    }
    pthread_mutex_unlock(&plan->lock);
    sim_out_text(out, "]}");
}
