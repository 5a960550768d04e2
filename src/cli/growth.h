// SPDX-License-Identifier: Apache-2.0
// growth.h - private to the commands about numbers: the way from a question to its report, and to its printing, that they share.
#ifndef TILL_CLI_GROWTH_H
#define TILL_CLI_GROWTH_H

#include "cli/cli.h"

// What a report is made from.
struct cli_report_source {
    struct store *store;
    const struct report_metrics_query *query;
    int64_t now_us;
    struct arena *arena; // for what belongs to the report
    const void *wish;    // the command's own options
};
// A report as a command knows it: how it is made, and its three views.
struct cli_report {
    const char *
        usage; // of a command without arguments, by month over twelve of them; NULL: arguments are slugs
    size_t bytes; // of the report, which begins zeroed
    enum till_code (*make)(const struct cli_report_source *source, void *ret_report,
                           struct till_error *e);
    void (*text)(struct buf *out, const struct view_style *style, const void *report);
    void (*json)(struct buf *out, const void *report);
    enum till_code (*rows)(struct row_view *view, const void *report, struct till_error *e);
    void (*say)(const struct cli *cli, const void *report); // beside rows; may be NULL
    void (*release)(void *report);                          // also after a failure; may be NULL
};
// One report of the only connection, or of the one called --name. Of several connections one report each: under headings, in an object
// {"organizations":[...]}, or as rows that begin with the column "connection".
enum till_code cli_report(struct cli *cli, const struct cli_report *report, const void *wish,
                          struct till_error *e) TILL_MUSTUSE;

#endif
