// SPDX-License-Identifier: Apache-2.0
// world_store.c - growing arrays of rows, the agenda (a binary heap by time), and events in time order.
//
// Rows only ever get appended. Every array keeps one spare element, so that a caller who ran out of memory still writes
// to memory that is ours; the flag `has_failed` is looked at once, at the end. Items of the agenda carry a sequence
// number, so equal instants come out in the order they were planned and the world stays deterministic.
#include "world_parts.h"

#include <stdlib.h>
#include <string.h>

enum { NEAR_EVENTS = 64 };

bool table_reserve(struct table *table, size_t element, size_t count)
{
    char *data = realloc(table->data, element * (count + 1));
    if (data == NULL)
        return false;
    table->data = data;
    table->element = element;
    table->capacity = count;
    return true;
}

static bool table_grow(struct table *table)
{
    if (table->count < table->capacity)
        return true;
    return table->count < UINT32_MAX / 2 &&
           table_reserve(table, table->element, table->capacity + table->capacity / 2 + 16);
}

uint32_t row_append(struct sim_world *w, struct table *table)
{
    uint32_t index = (uint32_t)table->count;
    if (table_grow(table))
        table->count++;
    else
        w->has_failed = true;
    memset(table->data + (size_t)index * table->element, 0, table->element);
    w->changes++;
    return index;
}

void row_touched(struct sim_world *w, int64_t *modified_us)
{
    *modified_us = w->now_us;
    w->changes++;
}

// Agenda.

static struct agenda_item *items_of(const struct sim_world *w)
{
    return (struct agenda_item *)(void *)w->agenda.data;
}

static bool is_before(const struct agenda_item *a, const struct agenda_item *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->sequence < b->sequence;
}

void agenda_add(struct sim_world *w, int64_t at_us, enum deed deed, uint32_t ref,
                uint16_t generation, uint8_t attempt)
{
    if (!table_grow(&w->agenda)) {
        w->has_failed = true;
        return;
    }
    struct agenda_item item = {at_us > w->now_us ? at_us : w->now_us,
                               w->agenda_sequence++,
                               ref,
                               generation,
                               (uint8_t)deed,
                               attempt};
    struct agenda_item *heap = items_of(w);
    size_t hole = w->agenda.count++;
    while (hole > 0 && is_before(&item, &heap[(hole - 1) / 2])) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = item;
}

bool agenda_take(struct sim_world *w, int64_t until_us, struct agenda_item *ret)
{
    struct agenda_item *heap = items_of(w);
    if (w->agenda.count == 0 || heap[0].at_us > until_us)
        return false;
    *ret = heap[0];
    struct agenda_item last = heap[--w->agenda.count];
    size_t hole = 0, child = 1;
    while (child < w->agenda.count) {
        if (child + 1 < w->agenda.count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &last))
            break;
        heap[hole] = heap[child];
        hole = child;
        child = 2 * hole + 1;
    }
    heap[hole] = last;
    return true;
}

// Events.

// An event's time may lie before the last one's (a payment is booked on the day of its order). Near ones are moved into
// place at once; far ones wait for events_merge_late. A world that is already being read never moves rows.
struct event_row *event_add(struct sim_world *w, enum event_name name, int64_t at_us,
                            uint32_t customer, uint32_t ref)
{
    struct event_row row = {
        .at_us = at_us, .customer = customer, .ref = ref, .name = (uint8_t)name};
    if (name <= EV_CUSTOMER_DELETED) // what it says of the customer stays said
        row.aux = customer_at(w, ref)->edits | (uint32_t)customer_at(w, ref)->flags << 8;
    if (w->event_lag_minutes > 0)
        row.lag_minutes = (uint8_t)(1 + chance_below(w, w->event_lag_minutes));
    size_t count = w->events.count, place = count;
    if (!w->is_built)
        while (place > 0 && count - place < NEAR_EVENTS &&
               event_at(w, (uint32_t)place - 1)->at_us > at_us)
            place--;
    struct table *table = count - place >= NEAR_EVENTS ? &w->late_events : &w->events;
    uint32_t index = row_append(w, table);
    struct event_row *rows = (struct event_row *)(void *)table->data;
    if (table == &w->events && place < index) {
        memmove(&rows[place + 1], &rows[place], (index - place) * sizeof *rows);
        index = (uint32_t)place;
    }
    rows[index] = row;
    return &rows[index];
}

static int compare_events(const void *a, const void *b)
{
    const struct event_row *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->ref < y->ref ? -1 : x->ref > y->ref;
}

bool events_merge_late(struct sim_world *w)
{
    size_t late = w->late_events.count, kept = w->events.count;
    if (late == 0)
        return true;
    if (w->events.capacity < kept + late &&
        !table_reserve(&w->events, sizeof(struct event_row), kept + late + kept / 64))
        return false;
    struct event_row *rows = (struct event_row *)(void *)w->events.data;
    struct event_row *add = (struct event_row *)(void *)w->late_events.data;
    qsort(add, late, sizeof *add, compare_events);
    for (size_t to = kept + late; late > 0; to--) {
        if (kept > 0 && rows[kept - 1].at_us > add[late - 1].at_us)
            rows[to - 1] = rows[--kept];
        else
            rows[to - 1] = add[--late];
    }
    w->events.count += w->late_events.count;
    free(w->late_events.data);
    w->late_events = (struct table){.element = sizeof *rows};
    return table_reserve(&w->late_events, sizeof *rows, 16);
}
