// SPDX-License-Identifier: Apache-2.0
// arguments.c - values of options in words that people type: durations, counts, formats.
#include <string.h>

#include "base/sv.h"

#include "cli/cli.h"

static const struct {
    const char *unit;
    int64_t ms;
} units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000}, {"min", 60000},
             {"h", 3600000}, {"d", 86400000}, {"", 1000}};

// Longer spans mean a typo, and would overflow in microseconds.
static const int64_t most_ms = 100LL * 366 * 86400000;

enum till_code cli_duration(const char *text, const char *what, int64_t *ret_ms,
                            struct till_error *e)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0;
    if (digits > 0 && digits <= 12 && sv_to_int64((struct sv){text, digits}, &number)) {
        for (size_t i = 0; i < TILL_COUNT(units); i++) {
            int64_t ms = 0;
            if (strcmp(text + digits, units[i].unit) == 0 &&
                !__builtin_mul_overflow(number, units[i].ms, &ms) && ms <= most_ms) {
                *ret_ms = ms;
                return TILL_OK;
            }
        }
    }
    (void)TILL_FAIL(e, TILL_USAGE, 0, "%s: \"%s\" is not a time", what, text);
    return till_error_hint(e, "write a number and ms, s, m, h or d, such as 30s or 26h");
}

enum till_code cli_count(const char *text, const char *what, int64_t most, int64_t *ret_count,
                         struct till_error *e)
{
    int64_t count = 0;
    if (!sv_to_int64(sv_of(text), &count) || count < 0 || count > most)
        return TILL_FAIL(e, TILL_USAGE, 0, "%s: \"%s\" is not a number from 0 to %lld", what, text,
                         (long long)most);
    *ret_count = count;
    return TILL_OK;
}

enum till_code cli_format(const struct cli *cli, enum view_format *ret_format, struct till_error *e)
{
    const char *word = cli->options[OPTION_format];
    if (!word) {
        *ret_format = cli->is_json ? VIEW_JSON : cli->out_is_terminal ? VIEW_TABLE : VIEW_CSV;
        return TILL_OK;
    }
    if (view_format_parse(sv_of(word), ret_format))
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0, "--format: \"%s\" is not a format", word);
    return till_error_hint(e, "formats: table, json, jsonl, csv");
}

enum till_code cli_unknown_table(const char *name, struct till_error *e)
{
    const char *nearest = NULL;
    size_t least = 3;
    for (int i = 0; i < TABLE__COUNT; i++) {
        const char *known = model_table((enum table_id)i)->name;
        size_t away = sv_edit_distance(sv_of(name), sv_of(known));
        if (away < least) {
            least = away;
            nearest = known;
        }
    }
    (void)TILL_FAIL(e, TILL_USAGE, 0, "there is no table \"%s\"", name);
    if (nearest)
        return till_error_hint(e, "did you mean %s? `till tables` lists them", nearest);
    return till_error_hint(e, "`till tables` lists them");
}

enum till_code cli_expect_arguments(const struct cli *cli, int least, int most, const char *usage,
                                    struct till_error *e)
{
    if (cli->argument_count >= least && cli->argument_count <= most)
        return TILL_OK;
    (void)TILL_FAIL(e, TILL_USAGE, 0,
                    cli->argument_count < least ? "something is missing after the command"
                                                : "there is more after the command than it takes");
    return till_error_hint(e, "usage: %s", usage);
}
