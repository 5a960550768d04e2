// SPDX-License-Identifier: Apache-2.0
// fault.c - counted failures for tests, and the allocator that takes part in them.
//
// Each name that passes gets a line in one small table: how often it was passed since it was armed, and at which passage it fails. A process
// can be armed from outside with TILL_FAULT=name:nth[:forever] (several, separated by commas), read at the first passage; a value that
// does not parse is logged as an error, because a test that arms nothing would pass for the wrong reason. One lock guards the table:
// points are passed from several threads. In a release none of this exists and the allocator is the C library's.
#include "base/fault.h"

#include <stdlib.h>
#include <string.h>

#ifdef TILL_FAULTS
#include <pthread.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/sv.h"

enum { FAULT_NAME_BYTES = 64 };

struct fault_line {
    char name[FAULT_NAME_BYTES];
    long passages;
    long nth; // 0: not armed
    bool for_ever;
};
static struct fault_line fault_lines[TILL_LIMIT_FAULT_POINTS];
static size_t fault_line_count;
static pthread_mutex_t fault_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fault_once = PTHREAD_ONCE_INIT;

// NULL when the table is full or the name too long. Called with the lock held.
static struct fault_line *fault_line(struct sv name)
{
    for (size_t i = 0; i < fault_line_count; i++)
        if (sv_equal(sv_of(fault_lines[i].name), name))
            return &fault_lines[i];
    if (fault_line_count == TILL_COUNT(fault_lines) || name.len >= FAULT_NAME_BYTES)
        return NULL;
    struct fault_line *line = &fault_lines[fault_line_count++];
    *line = (struct fault_line){.nth = 0};
    memcpy(line->name, name.ptr, name.len);
    return line;
}

static bool fault_set(struct sv name, long nth, bool for_ever)
{
    pthread_mutex_lock(&fault_mutex);
    struct fault_line *line = fault_line(name);
    if (line != NULL) {
        line->passages = 0;
        line->nth = nth;
        line->for_ever = for_ever;
    }
    pthread_mutex_unlock(&fault_mutex);
    return line != NULL;
}

static bool fault_parse(struct sv text)
{
    struct sv name, nth, mode = {NULL, 0};
    int64_t number;
    if (!sv_split(&text, ':', &name) || !sv_split(&text, ':', &nth))
        return false;
    bool for_ever = sv_split(&text, ':', &mode);
    if (for_ever && !sv_equal(mode, SV("forever")))
        return false;
    if (name.len == 0 || text.ptr != NULL || !sv_to_int64(nth, &number) || number < 1)
        return false;
    return fault_set(name, (long)number, for_ever);
}

static void fault_read_environment(void)
{
    struct sv rest = sv_of(getenv("TILL_FAULT")), part;
    while (sv_split(&rest, ',', &part))
        if (part.len > 0 && !fault_parse(part))
            log_event(LOG_LEVEL_ERROR, "TILL_FAULT is not name:nth[:forever]: \"%.*s\"",
                      SV_ARGS(part));
}

bool fault_point(const char *name)
{
    pthread_once(&fault_once, fault_read_environment);
    pthread_mutex_lock(&fault_mutex);
    struct fault_line *line = fault_line(sv_of(name));
    bool fails = false;
    if (line != NULL) {
        line->passages++;
        fails = line->nth > 0 &&
                (line->passages == line->nth || (line->for_ever && line->passages > line->nth));
    }
    pthread_mutex_unlock(&fault_mutex);
    return fails;
}

void fault_arm(const char *name, long nth, bool for_ever)
{
    pthread_once(&fault_once, fault_read_environment);
    if (!fault_set(sv_of(name), nth, for_ever))
        log_event(LOG_LEVEL_ERROR, "no room for the fault point \"%s\"", name);
}

void fault_disarm(void)
{
    pthread_once(&fault_once, fault_read_environment);
    pthread_mutex_lock(&fault_mutex);
    fault_line_count = 0;
    pthread_mutex_unlock(&fault_mutex);
}

long fault_passages(const char *name)
{
    long passages = 0;
    pthread_mutex_lock(&fault_mutex);
    for (size_t i = 0; i < fault_line_count; i++)
        if (strcmp(fault_lines[i].name, name) == 0)
            passages = fault_lines[i].passages;
    pthread_mutex_unlock(&fault_mutex);
    return passages;
}
#endif

// malloc(0) may be NULL, which must mean failure alone here.
void *till_malloc(size_t bytes)
{
    return fault_point("malloc") ? NULL : malloc(bytes > 0 ? bytes : 1);
}

void *till_calloc(size_t count, size_t bytes)
{
    if (fault_point("malloc"))
        return NULL;
    return count > 0 && bytes > 0 ? calloc(count, bytes) : calloc(1, 1);
}

void *till_realloc(void *old, size_t bytes)
{
    return fault_point("malloc") ? NULL : realloc(old, bytes > 0 ? bytes : 1);
}

char *till_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = till_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void till_free(void *memory)
{
    free(memory);
}
