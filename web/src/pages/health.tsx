// SPDX-License-Identifier: Apache-2.0
// health.tsx - what `till doctor` says, each finding with its remedy; it asks Polar, so it runs when it is asked to.
import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "../api";
import * as f from "../format";
import { connected, useSession } from "../report";
import { link } from "../router";
import type { Definition, DoctorAnswer, VerifyAnswer } from "../types";
import { Bones, Empty, ErrorBox, Part } from "../ui/basics";
import { useWork } from "../work";

const VERDICTS: Record<string, [string, string]> = { ok: ["good", "fine"], warning: ["wait", "look at it"], failed: ["bad", "failed"], skipped: ["wait", "not checked"] };

// A job that is run when asked to, and the newest that it found. Such a job ends with a status of its own when what it found is bad (a drift, a check that
// failed), and tells its findings all the same.
function useFindings<T>(path: string, isFindings: (output: T) => boolean) {
    const [answer, setAnswer] = useState<T | null>(null);
    const work = useWork();
    const run = async () => {
        const { isDone, output } = await work.run(path);
        if (!isDone && !(output && isFindings(output as T))) return;
        setAnswer(output as T);
        work.forget();
    };
    return { answer, error: work.error, isBusy: work.isBusy, run };
}

// `till verify`: the same 30 days asked of Polar, beside what is computed here.
function Verify() {
    const { answer, error, isBusy, run } = useFindings<VerifyAnswer>("/api/verify", (output) => Boolean(output.metrics));
    const { data: definitions } = useAnswer<Definition[]>(answer ? "/api/definitions" : null);
    const show = (slug: string, amount: number | null) => f.value(definitions?.find((one) => one.slug === slug)?.kind ?? "count", amount, "usd");
    const differing = (answer?.metrics ?? []).filter((one) => one.difference);
    return (
        <Part
            title="Beside Polar's own numbers"
            note="the last 30 days"
            tools={
                <button type="button" disabled={isBusy} onClick={() => void run()}>
                    {isBusy ? "Asking Polar…" : answer ? "Compare again" : "Compare"}
                </button>
            }
        >
            {error && <ErrorBox error={error} />}
            {!answer && !error && <Empty>Asks Polar for its metrics and compares all of them with those computed here. The token needs the scope metrics:read.</Empty>}
            {answer && (
                <p class={`row ${answer.drift ? "warn" : ""}`} role="status" style={{ fontSize: "13px", marginBottom: "8px" }}>
                    {answer.drift === 0 ? `All ${f.count(answer.metrics.filter((one) => one.exact).length)} exact metrics are equal.` : `${f.plural(answer.drift, "exact metric")} differ.`}
                </p>
            )}
            {differing.length > 0 && (
                <table>
                    <caption class="sr">Metrics that differ</caption>
                    <thead>
                        <tr>
                            <th scope="col">Metric</th>
                            <th scope="col" class="num">Here</th>
                            <th scope="col" class="num">Polar</th>
                            <th scope="col" class="num p2">Largest difference</th>
                            <th scope="col" class="p2">Why</th>
                        </tr>
                    </thead>
                    <tbody>
                        {differing.map((one) => (
                            <tr key={one.slug}>
                                <th scope="row">{f.title(one.slug)}</th>
                                <td class="num">{show(one.slug, one.ours)}</td>
                                <td class="num">{show(one.slug, one.theirs)}</td>
                                <td class="num p2">{show(one.slug, one.difference)}</td>
                                <td class="p2 quiet">{one.reason ?? (one.exact ? "should be equal" : "")}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
        </Part>
    );
}

export function Health() {
    const session = useSession();
    const { answer, error, isBusy, run } = useFindings<DoctorAnswer>("/api/doctor", (output) => Boolean(output.checks));
    useEffect(() => void run(), []);
    const failing = connected(session).flatMap((one) => one.tables.filter((table) => table.last_error).map((table) => ({ connection: one.name, table })));
    return (
        <>
            <h1 class="title" style={{ padding: "16px 0 12px" }}>
                Health
            </h1>
            <div class="grid">
                <Part
                    class="c8 m12"
                    title="Checks"
                    note={answer ? `till ${answer.version}` : undefined}
                    tools={
                        <button type="button" disabled={isBusy} onClick={() => void run()}>
                            {isBusy ? "Checking…" : "Check again"}
                        </button>
                    }
                >
                    {error && <ErrorBox error={error} again={() => void run()} />}
                    {!answer && !error && <Bones lines={7} />}
                    {answer && (
                        <table aria-busy={isBusy}>
                            <caption class="sr">What till doctor says</caption>
                            <thead class="sr">
                                <tr>
                                    <th scope="col">Check</th>
                                    <th scope="col">Verdict</th>
                                    <th scope="col">Finding</th>
                                </tr>
                            </thead>
                            <tbody>
                                {answer.checks.map((one, i) => {
                                    const [look, words] = VERDICTS[one.verdict] ?? ["wait", one.verdict];
                                    return (
                                        <tr key={i}>
                                            <th scope="row" class="nowrap">
                                                {f.title(one.check)}
                                            </th>
                                            <td class="nowrap">
                                                <span class={`tag ${look}`}>{words}</span>
                                            </td>
                                            <td style={{ overflowWrap: "anywhere" }}>
                                                {f.sentence(one.text)}
                                                {one.remedy && <div class="quiet">To do: {one.remedy}</div>}
                                            </td>
                                        </tr>
                                    );
                                })}
                            </tbody>
                        </table>
                    )}
                </Part>
                <Part class="c4 m12" title="Tables that fail" tools={<a href={link("/warehouse")}>Warehouse</a>}>
                    {failing.length === 0 ? (
                        <Empty>{connected(session).length ? "None: every table was read the last time." : "Nothing is connected."}</Empty>
                    ) : (
                        <dl class="facts">
                            {failing.map(({ connection, table }) => (
                                <>
                                    <dt key={`${connection}${table.table}`}>{f.title(table.table)}</dt>
                                    <dd>
                                        {table.last_error}
                                        <span class="quiet"> · {f.plural(table.failures, "time")}{table.failing_since ? `, since ${f.ago(table.failing_since)}` : ""}</span>
                                    </dd>
                                </>
                            ))}
                        </dl>
                    )}
                </Part>
                {connected(session).length > 0 && (
                    <div class="c8 m12">
                        <Verify />
                    </div>
                )}
            </div>
        </>
    );
}
