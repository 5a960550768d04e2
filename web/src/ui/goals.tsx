// SPDX-License-Identifier: Apache-2.0
// goals.tsx - which goal a chart draws, and in words those of the same metric that it cannot draw: a line of euros has no place among dollars.
import * as f from "../format";
import { link } from "../router";
import type { Goal } from "../types";

export const goalMinor = (goal: Goal): number => goal.amount_minor ?? goal.amount ?? 0;

// currency null: the metric is a count. A goal that ended before the first day is neither drawn nor told.
export function goalsOf(goals: Goal[] | null | undefined, metric: string, currency: string | null, from: string): { drawn: Goal | null; others: Goal[] } {
    const list = (goals ?? []).filter((one) => one.metric === metric && !((one.until ?? one.date ?? from) < from));
    const drawn = list.find((one) => currency === null || !one.currency || one.currency === currency) ?? null;
    return { drawn, others: list.filter((one) => one !== drawn && one.currency) };
}

// why: after "not drawn: ". where: the name and address of a chart that does draw it.
export function OtherGoals(props: { list: Goal[]; isMonthly: boolean; why: (goal: Goal) => string; where: (goal: Goal) => [string, string] | null }) {
    if (props.list.length === 0) return null;
    return (
        <ul class="quiet small">
            {props.list.map((goal) => {
                const where = props.where(goal);
                return (
                    <li key={goal.currency}>
                        Goal {f.money(goalMinor(goal), goal.currency as string)}
                        {props.isMonthly ? " a month" : ""}, not drawn: {props.why(goal)}
                        {where && (
                            <>
                                {" · "}
                                <a href={where[1]}>{where[0]}</a>
                            </>
                        )}
                    </li>
                );
            })}
        </ul>
    );
}

export const MRR = "monthly_recurring_revenue";
export function mrrIn(goal: Goal): [string, string] | null {
    return goal.metric === MRR ? [`MRR in ${goal.currency?.toUpperCase()}`, link("/subscriptions", { currency: goal.currency ?? null })] : null;
}
