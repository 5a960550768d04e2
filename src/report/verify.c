// SPDX-License-Identifier: Apache-2.0
// verify.c - our numbers beside Polar's own, period by period.
//
// Whole numbers must be equal; shares and averages may differ in the last digits that a double has. A metric that is flagged as approximate is compared and
// shown, but does not count as drift.
#include <math.h>
#include <string.h>

#include "report/metrics.h"

static bool differs(double ours, double theirs)
{
    double larger = fabs(ours) > fabs(theirs) ? fabs(ours) : fabs(theirs);
    return fabs(ours - theirs) > 1e-9 * (larger > 1 ? larger : 1);
}

void report_verify_begin(struct report_verify *verify, const struct report_metrics *ours)
{
    const struct metrics_answer *answer = &ours->answer;
    memset(verify, 0, sizeof *verify);
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        if (!answer->is_asked[i])
            continue;
        struct report_drift *line = &verify->lines[verify->line_count++];
        line->id = (enum metric_id)i;
        line->has_ours = answer->unavailable[i][0] == '\0';
        line->reason = line->has_ours ? answer->approximate[i] : answer->unavailable[i];
        line->is_exact = line->reason[0] == '\0';
        line->ours = metrics_real(answer->totals[i]);
    }
}

static struct report_drift *line_of(struct report_verify *verify, struct sv slug)
{
    for (size_t i = 0; i < verify->line_count; i++)
        if (sv_equal(slug, sv_of(model_metric(verify->lines[i].id)->slug)))
            return &verify->lines[i];
    return NULL;
}

void report_verify_take(struct report_verify *verify, const struct report_metrics *ours,
                        struct sv slug, int64_t at_us, double theirs)
{
    const struct metrics_answer *answer = &ours->answer;
    struct report_drift *line = line_of(verify, slug);
    if (!line)
        return;
    if (at_us == METRICS_NULL) {
        line->has_theirs = true;
        line->theirs = theirs;
        return;
    }
    double mine = 0;
    for (size_t i = 0; i < answer->period_count; i++) { // few periods: Polar answers 367 at most
        if (answer->starts_us[i] != at_us)
            continue;
        mine = metrics_real(answer->periods[(size_t)line->id * answer->period_count + i]);
        line->shared_periods++;
    }
    if (!line->has_ours || !differs(mine, theirs))
        return;
    line->differing_periods++;
    if (line->worst_us == 0 || fabs(mine - theirs) > fabs(line->difference)) {
        line->difference = mine - theirs;
        line->worst_us = at_us;
    }
}

void report_verify_end(struct report_verify *verify, const struct report_metrics *ours)
{
    for (size_t i = 0; i < verify->line_count; i++) {
        struct report_drift *line = &verify->lines[i];
        bool is_off = line->has_ours && line->has_theirs && differs(line->ours, line->theirs);
        if (is_off)
            line->difference = line->ours - line->theirs;
        bool is_missing = line->has_ours && !line->has_theirs;
        // Periods that only one of the two has.
        line->differing_periods += line->has_ours && line->has_theirs
                                       ? ours->answer.period_count - line->shared_periods
                                       : 0;
        if (line->is_exact && (is_off || is_missing || line->differing_periods > 0))
            verify->drift_count++;
    }
}
