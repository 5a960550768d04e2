// SPDX-License-Identifier: Apache-2.0
// split_test.c - what is split comes out whole and in order, within every limit, whatever the lines are; and what escaping makes of a line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "channels/split.h"

#define ELLIPSIS "\xE2\x80\xA6"
#define JOINER   "\xE2\x81\xA0"

static struct sv escaped(struct sv line, enum escape_dialect dialect, struct arena *arena)
{
    struct buf out;
    buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
    escape_line(&out, line, dialect);
    assert_int_equal(out.failure, TILL_OK);
    struct sv text = arena_sv(arena, (struct sv){out.data ? out.data : "", out.len});
    buf_release(&out);
    assert_non_null(text.ptr);
    return text;
}

// ---- escaping ----

static void every_dialect_has_its_means(void **state)
{
    (void)state;
    static const struct {
        enum escape_dialect dialect;
        const char *line, *expected;
    } rows[] = {
        {ESCAPE_PLAIN, "a <b> & *c* @me", "a <b> & *c* @" JOINER "me"},
        {ESCAPE_PLAIN, "see evil.example", "see evil." JOINER "example"},
        {ESCAPE_PLAIN, "1,234.50 EUR", "1,234.50 EUR"},
        {ESCAPE_PLAIN, "https://x", "https:" JOINER "//x"},
        {ESCAPE_PLAIN, "a\nb\tc\x1b[0m", "a b c\xEF\xBF\xBD[0m"},
        {ESCAPE_PLAIN, "\xE2\x80\xAEx", "\xEF\xBF\xBDx"},
        {ESCAPE_PLAIN, "\xff", "\xEF\xBF\xBD"},
        {ESCAPE_SLACK, "a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"},
        {ESCAPE_SLACK, "> q", "\xE2\x80\xBA q"},
        {ESCAPE_SLACK, "pro_plan 2*3", "pro_plan 2*3"},
        {ESCAPE_SLACK, "*b*",
         "\xE2\x88\x97"
         "b\xE2\x88\x97"},
        {ESCAPE_SLACK, ":tada:", ":" JOINER "tada:"},
        {ESCAPE_SLACK, "[a](b)", "[a]" JOINER "(b)"},
        {ESCAPE_DISCORD, "*b* _i_ `c`", "\\*b\\* \\_i\\_ \\`c\\`"},
        {ESCAPE_DISCORD, "<@1> @everyone", "\\<@" JOINER "1> @" JOINER "everyone"},
        {ESCAPE_DISCORD, "# h", "\\# h"},
        {ESCAPE_DISCORD, "a # h - i", "a # h - i"},
        {ESCAPE_DISCORD, " - i", " \\- i"},
        {ESCAPE_DISCORD, "12. x", "12\\. x"},
        {ESCAPE_DISCORD, "x 12. x", "x 12. x"},
        {ESCAPE_DISCORD, ".5", ".5"},
        {ESCAPE_TELEGRAM, "<b>&", "&lt;b&gt;&amp;"},
        {ESCAPE_TELEGRAM, "/start #tag $TAG", "/" JOINER "start #" JOINER "tag $" JOINER "TAG"},
        {ESCAPE_TELEGRAM, "me@example.com", "me@example." JOINER "com"},
        {ESCAPE_TELEGRAM, "5/month", "5/month"},
        {ESCAPE_TELEGRAM, "", ""},
    };
    struct arena arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    for (size_t i = 0; i < TILL_COUNT(rows); i++) {
        struct sv text = escaped(sv_of(rows[i].line), rows[i].dialect, &arena);
        assert_string_equal(text.ptr, rows[i].expected);
    }
    arena_release(&arena);
}

static void units_are_the_services(void **state)
{
    (void)state;
    struct sv text = SV("a\xC3\xA9\xF0\x9F\x98\x80&amp;"); // a, e acute, an emoji
    assert_int_equal(escape_units(text, ESCAPE_PLAIN), 12);
    assert_int_equal(escape_units(text, ESCAPE_SLACK), 9);
    assert_int_equal(escape_units(text, ESCAPE_DISCORD), 9);
    assert_int_equal(escape_units(text, ESCAPE_TELEGRAM), 5);
}

// ---- random lines ----

static uint64_t chance_state;
static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(chance_state >> 33) % below;
}

static struct sv random_text(struct arena *arena, size_t number, size_t most)
{
    static const char *const pieces[] = {
        "a",    " ",   "&",  "<",  "*", "@x", ".b", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xE2\x80\xAE",
        "\xFF", ":c:", "//", "\n", "12"};
    struct buf out;
    buf_init(&out, TILL_LIMIT_BUFFER_BYTES);
    buf_format(&out, "%zu|", number);
    for (size_t i = chance((uint32_t)most); i > 0; i--)
        buf_text(&out, pieces[chance(TILL_COUNT(pieces))]);
    struct sv text = arena_sv(arena, (struct sv){out.data, out.len});
    buf_release(&out);
    return text;
}

enum { SECTIONS = 6, LINES = 60 };

struct world {
    struct channel_section sections[SECTIONS];
    struct sv lines[SECTIONS * LINES];
    size_t of[SECTIONS * LINES]; // section
    struct channel_message message;
    size_t count;
};

static void fill_world(struct world *world, struct arena *arena)
{
    size_t sections = chance(SECTIONS + 1);
    *world = (struct world){.count = 0};
    for (size_t i = 0; i < sections; i++) {
        size_t lines = chance(LINES);
        world->sections[i] =
            (struct channel_section){.title = chance(3) == 0 ? SV("") : random_text(arena, i, 40),
                                     .lines = world->lines + world->count,
                                     .line_count = lines};
        for (size_t k = 0; k < lines; k++) {
            world->of[world->count] = i;
            world->lines[world->count] = random_text(arena, world->count, chance(20) ? 30 : 400);
            world->count++;
        }
    }
    world->message = (struct channel_message){
        .title = random_text(arena, 0, 60), .sections = world->sections, .section_count = sections};
}

static struct split_limits random_limits(void)
{
    struct split_limits limits = {.dialect = (enum escape_dialect)chance(4),
                                  .title_units = 40,
                                  .heading_units = 30,
                                  .part_units = 300 + chance(2000),
                                  .group_units = 120 + chance(200),
                                  .first_units = chance(2) ? 0 : 400,
                                  .extra_units = chance(3),
                                  .groups = 3 + chance(20),
                                  .has_inner_headings = chance(2) == 0};
    return limits;
}

static bool ends_with(struct sv text, struct sv end)
{
    return text.len >= end.len && memcmp(text.ptr + text.len - end.len, end.ptr, end.len) == 0;
}

// Without the joiners, of which some depend on a sign far behind.
static struct sv without_joiners(struct sv text, struct arena *arena)
{
    char *copy = arena_copy(arena, text.ptr, text.len);
    size_t len = 0;
    assert_non_null(copy);
    for (size_t i = 0; i < text.len; i++) {
        struct sv rest = {text.ptr + i, text.len - i};
        if (sv_starts_with(rest, SV(JOINER)))
            i += strlen(JOINER) - 1;
        else
            copy[len++] = text.ptr[i];
    }
    return (struct sv){copy, len};
}

// The line, or its beginning and an ellipsis, never half a character.
static void check_line(struct sv got, struct sv line, enum escape_dialect dialect,
                       struct arena *arena)
{
    struct sv whole = escaped(line, dialect, arena);
    assert_true(sv_is_utf8(got));
    if (sv_equal(got, whole))
        return;
    assert_true(ends_with(got, SV(ELLIPSIS)));
    got = without_joiners(got, arena);
    whole = without_joiners(whole, arena);
    size_t kept = got.len - strlen(ELLIPSIS);
    size_t same = 0;
    while (same < kept && same < whole.len && got.ptr[same] == whole.ptr[same])
        same++;
    assert_true(same + 8 >= kept); // signs at the cut look at what follows them
    assert_true(kept > 30);
}

static size_t check_group(const struct split_limits *limits, const struct split_group *group,
                          bool is_first)
{
    size_t lines = 0, head = escape_units(group->heading, limits->dialect);
    for (size_t i = 0; i < group->line_count; i++)
        lines += escape_units(group->lines[i], limits->dialect) + 1;
    size_t most = is_first && head == 0 && limits->first_units > 0 ? limits->first_units
                                                                   : limits->group_units;
    assert_true(head <= limits->heading_units);
    head += head > 0 ? 1 : 0;
    assert_true(lines + (limits->has_inner_headings ? head : 0) <= most);
    return lines + head + limits->extra_units;
}

static bool is_note(const struct split_group *group)
{
    return group->line_count == 1 && sv_starts_with(group->lines[0], SV("... ")) &&
           ends_with(group->lines[0], SV("left out"));
}

// Gives the number of lines that are left out.
static size_t check_parts(const struct world *world, const struct split_limits *limits,
                          const struct split_parts *parts, struct arena *arena)
{
    size_t at = 0;
    assert_in_range(parts->count, 1, TILL_LIMIT_CHANNEL_PARTS);
    for (size_t p = 0; p < parts->count; p++) {
        const struct split_part *part = &parts->list[p];
        size_t used = 0;
        char number[64];
        (void)snprintf(number, sizeof number, " (%zu/%zu)", p + 1, parts->count);
        assert_true(part->title.len > 0);
        assert_int_equal(ends_with(part->title, sv_of(number)), parts->count > 1);
        assert_true(escape_units(part->title, limits->dialect) <= limits->title_units);
        assert_true(part->group_count <= limits->groups);
        assert_true(part->group_count > 0 || parts->count == 1);
        for (size_t g = 0; g < part->group_count; g++) {
            const struct split_group *group = &part->groups[g];
            used += check_group(limits, group, g == 0);
            if (is_note(group)) {
                assert_int_equal(p + 1, TILL_LIMIT_CHANNEL_PARTS);
                assert_int_equal(strtol(group->lines[0].ptr + 4, NULL, 10), world->count - at);
                assert_true(world->count > at);
                assert_true(used <= limits->part_units);
                return world->count - at;
            }
            for (size_t i = 0; i < group->line_count; i++, at++) {
                check_line(group->lines[i], world->lines[at], limits->dialect, arena);
                struct sv title = world->sections[world->of[at]].title;
                assert_int_equal(group->heading.len > 0, sv_trim(title).len > 0);
            }
        }
        assert_true(used <= limits->part_units);
    }
    assert_int_equal(at, world->count);
    return 0;
}

static void nothing_is_lost_and_nothing_cut(void **state)
{
    (void)state;
    enum { ROUNDS = 400 };
    static struct world world;
    size_t split = 0, left_out = 0;
    chance_state = 42;
    for (int round = 0; round < ROUNDS; round++) {
        struct till_error e = {0};
        struct arena arena;
        struct split_parts parts = {0};
        arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
        fill_world(&world, &arena);
        struct split_limits limits = random_limits();
        if (split_message(&world.message, &limits, &arena, &parts, &e))
            fail_msg("round %d: %s", round, e.text);
        left_out += check_parts(&world, &limits, &parts, &arena) > 0;
        split += parts.count > 1;
        arena_release(&arena);
    }
    assert_true(split > 50 && left_out > 5); // the dice show all sides
}

static void blank_lines_make_no_parts(void **state)
{
    (void)state;
    enum { BLANKS = 500 };
    static struct sv lines[BLANKS];
    struct till_error e = {0};
    struct arena arena;
    struct split_parts parts = {0};
    const struct split_limits limits = {.dialect = ESCAPE_DISCORD,
                                        .title_units = 40,
                                        .heading_units = 30,
                                        .part_units = 300,
                                        .group_units = 120,
                                        .groups = 4};
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    for (size_t i = 0; i < BLANKS; i++)
        lines[i] = i == 3 || i == 5 ? SV("x") : SV(" ");
    const struct channel_section section = {
        .title = SV("One"), .lines = lines, .line_count = BLANKS};
    const struct channel_message message = {.sections = &section, .section_count = 1};
    assert_int_equal(split_message(&message, &limits, &arena, &parts, &e), TILL_OK);
    assert_int_equal(parts.count, 1);
    assert_string_equal(parts.list[0].title.ptr, "till");
    assert_int_equal(parts.list[0].group_count, 1);
    assert_string_equal(parts.list[0].groups[0].lines[0].ptr, "x");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_has_its_means),
        cmocka_unit_test(units_are_the_services),
        cmocka_unit_test(nothing_is_lost_and_nothing_cut),
        cmocka_unit_test(blank_lines_make_no_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
