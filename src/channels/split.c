// SPDX-License-Identifier: Apache-2.0
// split.c - a message as escaped lines, packed into parts that a chat takes.
//
// Greedy, line by line, because digests are read from the top and the first part should be full. A line is made to fit an empty part before it is placed, so
// placing never fails twice. Room for the line that says what was left out is kept free in the last allowed part alone.
#include "channels/split.h"

#include <stdio.h>

#include "base/limits.h"

enum { NOTE_BYTES = 64, NUMBER_UNITS = 8 }; // NUMBER_UNITS: " (2/3)"
_Static_assert(TILL_LIMIT_CHANNEL_PARTS <= 99, "\" (2/3)\" has room for two digits each");

struct packer {
    const struct split_limits *limits;
    struct arena *arena;
    struct split_part *parts;
    size_t part_count;
    size_t part_units, group_units; // of the newest part and group
    size_t section;                 // of the newest group
};

static bool is_blank(struct sv line)
{
    return sv_trim(line).len == 0;
}

static size_t group_limit(const struct packer *packer, const struct split_group *group)
{
    const struct split_part *part = &packer->parts[packer->part_count - 1];
    bool is_first = group == part->groups && group->heading.len == 0;
    return is_first && packer->limits->first_units > 0 ? packer->limits->first_units
                                                       : packer->limits->group_units;
}

static size_t heading_units(const struct packer *packer, struct sv heading)
{
    size_t units = escape_units(heading, packer->limits->dialect);
    return units > 0 ? units + 1 : 0;
}

// The longest line that an empty part takes, and the smallest group.
static size_t line_limit(const struct split_limits *limits)
{
    size_t heading = limits->heading_units + 1;
    size_t group = limits->group_units - (limits->has_inner_headings ? heading : 0);
    size_t part = limits->part_units - heading - 2 * limits->extra_units - NOTE_BYTES;
    return (group < part ? group : part) - 1;
}

static struct split_group *newest_group(const struct packer *packer)
{
    struct split_part *part = &packer->parts[packer->part_count - 1];
    return part->group_count > 0 ? &part->groups[part->group_count - 1] : NULL;
}

// Room for all lines that may come: lines of a group lie one after the other in the message's own list of escaped lines.
static bool begin_part(struct packer *packer)
{
    struct split_part *part = &packer->parts[packer->part_count];
    part->groups = arena_calloc(packer->arena, packer->limits->groups, sizeof *part->groups);
    if (!part->groups)
        return false;
    packer->part_count++;
    packer->part_units = 0;
    packer->group_units = 0;
    return true;
}

// False: not in this part.
static bool place(struct packer *packer, size_t section, struct sv heading, struct sv *line)
{
    const struct split_limits *limits = packer->limits;
    struct split_part *part = &packer->parts[packer->part_count - 1];
    struct split_group *group = newest_group(packer);
    bool is_last = packer->part_count == TILL_LIMIT_CHANNEL_PARTS;
    size_t budget = limits->part_units - (is_last ? NOTE_BYTES + limits->extra_units : 0);
    size_t units = escape_units(*line, limits->dialect) + 1, head = heading_units(packer, heading);
    bool goes_on = group && packer->section == section &&
                   packer->group_units + units <= group_limit(packer, group);
    if (!goes_on && is_blank(*line))
        return true; // nothing to begin with
    size_t cost = units + (goes_on ? 0 : head + limits->extra_units);
    if (packer->part_units + cost > budget ||
        (!goes_on && part->group_count + (is_last ? 1 : 0) == limits->groups))
        return is_blank(*line); // the end of a part is space enough
    packer->part_units += cost;
    if (goes_on) {
        group->line_count++;
        packer->group_units += units;
        return true;
    }
    part->groups[part->group_count++] = (struct split_group){heading, line, 1};
    packer->section = section;
    packer->group_units = units + (limits->has_inner_headings ? head : 0);
    return true;
}

static enum till_code note_left_out(struct packer *packer, size_t count, struct till_error *e)
{
    char text[NOTE_BYTES];
    (void)snprintf(text, sizeof text, "... %zu more %s left out", count,
                   count == 1 ? "line is" : "lines are");
    struct sv *line = arena_alloc(packer->arena, sizeof *line);
    if (!line)
        return arena_fail(packer->arena, "a message", e);
    *line = arena_sv(packer->arena, sv_of(text));
    if (!line->ptr)
        return arena_fail(packer->arena, "a message", e);
    struct split_part *part = &packer->parts[packer->part_count - 1];
    part->groups[part->group_count++] = (struct split_group){SV(""), line, 1};
    return TILL_OK;
}

struct flat { // all lines of a message, escaped
    struct sv *lines, *headings;
    size_t *sections;
    size_t count;
};

static enum till_code flatten(const struct channel_message *message,
                              const struct split_limits *limits, struct arena *arena,
                              struct flat *flat, struct till_error *e)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i < message->section_count; i++)
        count += message->sections[i].line_count;
    flat->lines = arena_calloc(arena, count + 1, sizeof *flat->lines);
    flat->sections = arena_calloc(arena, count + 1, sizeof *flat->sections);
    flat->headings = arena_calloc(arena, message->section_count + 1, sizeof *flat->headings);
    if (!flat->lines || !flat->sections || !flat->headings)
        return arena_fail(arena, "a message", e);
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < message->section_count && code == TILL_OK; i++) {
        const struct channel_section *section = &message->sections[i];
        code = escape_fit(sv_trim(section->title), limits->dialect, limits->heading_units, arena,
                          &flat->headings[i], e);
        for (size_t k = 0; k < section->line_count && code == TILL_OK; k++, at++) {
            flat->sections[at] = i;
            code = escape_fit(section->lines[k], limits->dialect, line_limit(limits), arena,
                              &flat->lines[at], e);
        }
    }
    flat->count = count;
    return code;
}

static enum till_code give_titles(struct packer *packer, struct sv title, struct till_error *e)
{
    const struct split_limits *limits = packer->limits;
    title = is_blank(title) ? SV("till") : sv_trim(title);
    for (size_t i = 0; i < packer->part_count; i++) {
        struct sv escaped;
        char number[64] = "";
        if (packer->part_count > 1)
            (void)snprintf(number, sizeof number, " (%zu/%zu)", i + 1, packer->part_count);
        enum till_code code = escape_fit(title, limits->dialect, limits->title_units - NUMBER_UNITS,
                                         packer->arena, &escaped, e);
        if (code)
            return code;
        AUTO_BUF whole;
        buf_init(&whole, TILL_LIMIT_BUFFER_BYTES);
        buf_sv(&whole, escaped);
        buf_text(&whole, number);
        if (buf_fail(&whole, "a title", e))
            return e->code;
        packer->parts[i].title = arena_sv(packer->arena, (struct sv){whole.data, whole.len});
        if (!packer->parts[i].title.ptr)
            return arena_fail(packer->arena, "a title", e);
    }
    return TILL_OK;
}

enum till_code split_message(const struct channel_message *message,
                             const struct split_limits *limits, struct arena *arena,
                             struct split_parts *ret_parts, struct till_error *e)
{
    struct flat flat = {0};
    struct packer packer = {.limits = limits, .arena = arena};
    packer.parts = arena_calloc(arena, TILL_LIMIT_CHANNEL_PARTS, sizeof *packer.parts);
    if (!packer.parts)
        return arena_fail(arena, "a message", e);
    enum till_code code = flatten(message, limits, arena, &flat, e);
    if (code)
        return code;
    if (!begin_part(&packer))
        return arena_fail(arena, "a message", e);
    size_t at = 0;
    while (at < flat.count) {
        size_t section = flat.sections[at];
        if (place(&packer, section, flat.headings[section], &flat.lines[at])) {
            at++;
        } else if (packer.part_count == TILL_LIMIT_CHANNEL_PARTS) {
            break;
        } else if (!begin_part(&packer)) {
            return arena_fail(arena, "a message", e);
        }
    }
    if (at < flat.count)
        code = note_left_out(&packer, flat.count - at, e);
    if (code == TILL_OK)
        code = give_titles(&packer, message->title, e);
    *ret_parts = (struct split_parts){packer.parts, packer.part_count};
    return code;
}
