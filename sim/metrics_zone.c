// SPDX-License-Identifier: Apache-2.0
// metrics_zone.c - time zones by GLib, which reads the zone files of the C library without the process's own zone.
//
// A name is looked for among the files first, because GLib also takes what is none: offsets and POSIX rules. From local time to UTC there
// are at most two candidates, by the offsets of the day before and of the day after; zones do not change their offset twice in two days.
// Europe/Dublin is wrong from 2038 on, in GLib.
#include "metrics_zone.h"

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZONE_NAME_BYTES = 64, ZONE_PATH_BYTES = 4096 };

static const int64_t SECOND = 1000000, DAY = INT64_C(86400) * 1000000;

struct metrics_zone {
    GTimeZone *zone;
};

// GLib shares open zones between threads behind a lock that the thread sanitizer does not see; this one it does.
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_plain_name(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t len = strlen(name);
    return len > 0 && len < ZONE_NAME_BYTES && strspn(name, letters) == len && name[0] != '/' &&
           strncmp(name, "posix/", 6) != 0 && strncmp(name, "right/", 6) != 0;
}

static bool has_zone_file(const char *name)
{
    const char *folder = getenv("TZDIR");
    char path[ZONE_PATH_BYTES], magic[4] = {0};
    int len = snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", name);
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "rbe") : NULL;
    if (file == NULL)
        return false;
    bool is_zone = fread(magic, 1, sizeof magic, file) == sizeof magic &&
                   memcmp(magic, "TZif", sizeof magic) == 0;
    fclose(file);
    return is_zone;
}

struct metrics_zone *metrics_zone_open(const char *name)
{
    bool is_utc = strcmp(name, "UTC") == 0;
    if (!is_utc && (!is_plain_name(name) || !has_zone_file(name)))
        return NULL;
    struct metrics_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL)
        return NULL;
    pthread_mutex_lock(&zones_lock);
    zone->zone = is_utc ? g_time_zone_new_utc() : g_time_zone_new_identifier(name);
    pthread_mutex_unlock(&zones_lock);
    if (zone->zone == NULL) {
        free(zone);
        return NULL;
    }
    return zone;
}

void metrics_zone_close(struct metrics_zone *zone)
{
    if (zone == NULL)
        return;
    pthread_mutex_lock(&zones_lock);
    g_time_zone_unref(zone->zone);
    pthread_mutex_unlock(&zones_lock);
    free(zone);
}

static int64_t whole_seconds(int64_t at_us)
{
    return at_us / SECOND - (at_us % SECOND < 0);
}

int64_t metrics_zone_offset_us(const struct metrics_zone *zone, int64_t at_us)
{
    gint interval =
        g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL, whole_seconds(at_us));
    return g_time_zone_get_offset(zone->zone, interval) * SECOND;
}

int64_t metrics_zone_instant_us(const struct metrics_zone *zone, int64_t local_us)
{
    int64_t before_us = metrics_zone_offset_us(zone, local_us - DAY);
    int64_t after_us = metrics_zone_offset_us(zone, local_us + DAY);
    int64_t first_us = local_us - before_us, second_us = local_us - after_us;
    if (metrics_zone_offset_us(zone, first_us) == before_us)
        return first_us;
    if (metrics_zone_offset_us(zone, second_us) == after_us)
        return second_us;
    int64_t low_s = whole_seconds(second_us), high_s = whole_seconds(first_us);
    while (high_s - low_s > 1) { // the jump lies between
        int64_t middle_s = low_s + (high_s - low_s) / 2;
        if (metrics_zone_offset_us(zone, middle_s * SECOND) == before_us)
            low_s = middle_s;
        else
            high_s = middle_s;
    }
    return high_s * SECOND;
}
