// SPDX-License-Identifier: Apache-2.0
// metrics.c - the answer to a request for metrics: periods, totals, and what each metric is called.
//
// Only the wanted metrics are printed, in the order of the list. A time is printed as its zone's clock shows it, with the offset; Z when that
// is nothing. Doubles are printed with the fewest digits that read back as the same, as Python does.
#include "metrics.h"

#include "metrics_parts.h"
#include "server_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum metric_type { SCALAR, CURRENCY, SUB_CENT, PERCENTAGE };
enum metric_number { WHOLE, REAL };

static const struct metric {
    const char *slug, *name;
    enum metric_type type;
    enum metric_number number;
} metrics[METRIC_COUNT] = {
#define METRIC(slug, name, type, number, total) {#slug, name, type, number},
#include "metrics_slugs.def"
#undef METRIC
};

int metrics_find(const char *slug)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metrics[i].slug, slug) == 0)
            return i;
    return -1;
}

static void append_real(struct sim_out *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double read = strtod(text, NULL);
        if (!(read < value) && !(read > value))
            break;
    }
    sim_out_text(out, text);
    if (strpbrk(text, ".e") == NULL)
        sim_out_text(out, ".0");
}

static void append_time(struct sim_out *out, const struct metrics_zone *zone, int64_t at_us)
{
    int64_t offset_us = metrics_zone_offset_us(zone, at_us);
    int64_t local_s = (at_us + offset_us) / SECOND_US, minutes = offset_us / MINUTE_US;
    int64_t second = (local_s % 86400 + 86400) % 86400;
    struct calendar_date date = calendar_from_days((local_s - second) / 86400);
    sim_out_format(out, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day,
                   (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
    if (minutes == 0)
        sim_out_text(out, "Z");
    else
        sim_out_format(out, "%c%02d:%02d", minutes < 0 ? '-' : '+', (int)(llabs(minutes) / 60),
                       (int)(llabs(minutes) % 60));
}

// `"slug":value` for each wanted metric. The averages' totals are not cut to integers as their periods are.
static void append_figures(struct sim_out *out, uint64_t wanted, const struct metrics_bucket *from,
                           bool is_total)
{
    bool is_first = true;
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (!(wanted >> i & 1U))
            continue;
        bool is_average = i == M_average_order_value || i == M_net_average_order_value;
        sim_out_format(out, "%s\"%s\":", is_first ? "" : ",", metrics[i].slug);
        if (metrics[i].number == REAL || (is_average && is_total))
            append_real(out, from->real[i]);
        else
            sim_out_format(out, "%" PRId64, from->whole[i]);
        is_first = false;
    }
}

static void append_names(struct sim_out *out, uint64_t wanted)
{
    static const char *const types[] = {[SCALAR] = "scalar",
                                        [CURRENCY] = "currency",
                                        [SUB_CENT] = "currency_sub_cent",
                                        [PERCENTAGE] = "percentage"};
    bool is_first = true;
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (!(wanted >> i & 1U))
            continue;
        sim_out_format(out, "%s\"%s\":{\"slug\":\"%s\",\"display_name\":\"%s\",\"type\":\"%s\"}",
                       is_first ? "" : ",", metrics[i].slug, metrics[i].slug, metrics[i].name,
                       types[metrics[i].type]);
        is_first = false;
    }
}

static void append_answer(struct sim_out *out, const struct metrics *m)
{
    uint64_t wanted = m->query->wanted;
    struct metrics_bucket totals = metrics_totals(m, metrics_present(wanted));
    json_append_literal(out, "{\"periods\":[");
    for (size_t i = 0; i < m->count; i++) {
        sim_out_text(out, i > 0 ? ",{\"timestamp\":\"" : "{\"timestamp\":\"");
        append_time(out, m->query->zone, m->buckets[i].from_us);
        sim_out_text(out, wanted != 0 ? "\"," : "\"");
        append_figures(out, wanted, &m->buckets[i], false);
        json_append_literal(out, "}");
    }
    json_append_literal(out, "],\"totals\":{");
    append_figures(out, wanted, &totals, true);
    json_append_literal(out, "},\"metrics\":{");
    append_names(out, wanted);
    json_append_literal(out, "}}");
}

bool metrics_answer(const struct sim_world *world, const struct metrics_query *query,
                    struct sim_out *out)
{
    struct metrics m;
    bool is_done = metrics_open(&m, world, query);
    if (is_done) {
        metrics_of_subscriptions(&m);
        metrics_of_checkouts(&m);
        metrics_of_seats(&m);
        metrics_of_revenue(&m);
        metrics_of_orders(&m);
        metrics_of_subscription_events(&m);
        metrics_of_costs(&m);
        metrics_of_metrics(&m);
        append_answer(out, &m);
        is_done = !m.has_failed;
    }
    metrics_close(&m);
    return is_done;
}
