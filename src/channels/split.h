// SPDX-License-Identifier: Apache-2.0
// split.h - private to channels: a message as escaped lines, packed into parts that a chat takes.
#ifndef TILL_CHANNELS_SPLIT_H
#define TILL_CHANNELS_SPLIT_H

#include "channels/channels.h"
#include "channels/escape.h"

// In units of escape_units(); a line counts one more, for its end.
struct split_limits {
    enum escape_dialect dialect;
    size_t title_units;   // of each part's title, its number included
    size_t heading_units; // of a group's
    size_t part_units;    // of all groups together, headings included; the title counts apart
    size_t group_units;   // of one group's lines, and of its heading when has_inner_headings
    size_t first_units; // likewise, of a group without a heading at the beginning; 0 = group_units
    size_t extra_units; // that every group costs in a part
    size_t groups;      // in a part
    bool has_inner_headings;
};
struct split_group {   // lines of one section
    struct sv heading; // "" = none
    struct sv *lines;  // the first is not blank
    size_t line_count;
};
struct split_part {
    struct sv title; // "Tuesday (2/3)"
    struct split_group *groups;
    size_t group_count;
};
struct split_parts {
    struct split_part *list;
    size_t count; // 1 to TILL_LIMIT_CHANNEL_PARTS
};
// Cuts between lines alone, and repeats the heading where a section goes on in another group; a single line beyond a group is shortened. What is beyond the
// last part is counted in a line at its end. All texts are escaped and in the arena.
enum till_code split_message(const struct channel_message *message,
                             const struct split_limits *limits, struct arena *arena,
                             struct split_parts *ret_parts, struct till_error *e);

#endif
