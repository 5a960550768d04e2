// SPDX-License-Identifier: Apache-2.0
// warehouse.tsx - the mirror itself: its tables and their schedules, syncing now, the runs so far, and a console to ask it in SQL.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, act, perform, runSql, useAnswer } from "../api";
import * as f from "../format";
import { useReport } from "../report";
import { setParams, usePlace } from "../router";
import type { QueryAnswer, Run, Saved, SchemaTable, TableState } from "../types";
import { Bones, Dialog, Empty, ErrorBox, Field, Part } from "../ui/basics";
import { Chart } from "../ui/chart";
import { useWork } from "../work";

interface TablesAnswer {
    tables: TableState[];
    intervals?: string[];
    requests_day?: { connection: string; table: string; requests: number }[];
}

function tablesOf(data: TableState[] | TablesAnswer | undefined): TablesAnswer | null {
    return !data ? null : Array.isArray(data) ? { tables: data } : data;
}

const INTERVALS = ["5m", "15m", "1h", "6h", "24h", "7d"];

function state(table: TableState): [string, string] {
    if (!table.enabled) return ["", "off"];
    if (table.failures > 0) return ["bad", "failing"];
    if (!table.last_success) return ["wait", "never synced"];
    return table.proven ? ["good", "proven"] : ["wait", "unproven"];
}

function TablePanel({ table, intervals, onClose }: { table: TableState; intervals: string[]; onClose: () => void }) {
    const [every, setEvery] = useState(table.every);
    const [method, setMethod] = useState(table.method);
    const [isOn, setOn] = useState(Boolean(table.enabled));
    const [error, setError] = useState<ApiError | null>(null);
    return (
        <Dialog title={f.title(table.table)} onClose={onClose}>
            <form
                class="stack"
                onSubmit={async (event) => {
                    event.preventDefault();
                    try {
                        await perform("POST", "/api/tables", { table: table.table, connection: table.connection, every, method, enabled: isOn ? "1" : "0" });
                        onClose();
                    } catch (problem) {
                        setError(problem as ApiError);
                    }
                }}
            >
                <label class="radio">
                    <input type="checkbox" checked={isOn} onChange={(event) => setOn((event.target as HTMLInputElement).checked)} /> Keep this table in step
                </label>
                <Field label="How often">
                    {(id) => (
                        <select id={id} value={every} disabled={!isOn} onChange={(event) => setEvery((event.target as HTMLSelectElement).value)}>
                            {intervals.map((one) => (
                                <option key={one} value={one}>
                                    every {one}
                                </option>
                            ))}
                        </select>
                    )}
                </Field>
                <Field label="How" note="Incremental reads what may have changed, a request or two each time. Full reads every row, every time.">
                    {(id, more) => (
                        <select id={id} aria-describedby={more} value={method} disabled={!isOn} onChange={(event) => setMethod((event.target as HTMLSelectElement).value)}>
                            <option value="incremental">incremental</option>
                            <option value="full">full</option>
                        </select>
                    )}
                </Field>
                {error && <ErrorBox error={error} />}
                <div class="row">
                    <button class="button primary" type="submit">
                        Save
                    </button>
                    <button class="button" type="button" onClick={onClose}>
                        Cancel
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Tables() {
    const report = useReport();
    const { data, error, again, isLoading } = useAnswer<TableState[] | TablesAnswer>("/api/tables", { connection: report.query.connection });
    const answer = tablesOf(data);
    const [edited, edit] = useState<TableState | null>(null);
    const [finished, setFinished] = useState("");
    const { run, isBusy, line, error: problem } = useWork();
    const sync = async (table: string | null, full: boolean) => {
        setFinished("");
        const { isDone } = await run("/api/sync", { connection: report.query.connection, table, full: full ? "1" : null });
        if (isDone) setFinished(table ? `${f.title(table)}: in step` : "Everything is in step");
    };
    const several = new Set((answer?.tables ?? []).map((one) => one.connection)).size > 1;
    return (
        <Part
            title="Tables"
            note={answer?.requests_day ? `${f.plural(answer.requests_day.reduce((sum, one) => sum + one.requests, 0), "request")} in 24 hours` : undefined}
            tools={
                <>
                    <span class="quiet small" role="status">
                        {isBusy ? (line ?? "syncing…") : finished}
                    </span>
                    <button type="button" disabled={isBusy} onClick={() => void sync(null, false)}>
                        Sync now
                    </button>
                    <button type="button" disabled={isBusy} onClick={() => void sync(null, true)} title="Reads every row of every table, and proves that none is missing">
                        Full sync
                    </button>
                </>
            }
        >
            {error && <ErrorBox error={error} again={again} />}
            {problem && <ErrorBox error={problem} />}
            {isLoading && <Bones lines={9} />}
            {answer && (
                <div class="scroll" tabIndex={0} role="group" aria-label="Tables">
                    <table>
                        <caption class="sr">The mirrored tables</caption>
                        <thead>
                            <tr>
                                <th scope="col">Table</th>
                                {several && <th scope="col">Connection</th>}
                                <th scope="col" class="num">Rows</th>
                                <th scope="col">State</th>
                                <th scope="col">Fresh as of</th>
                                <th scope="col" class="p2">How</th>
                                <th scope="col" class="p2">Every</th>
                                <th scope="col" class="p2">Next</th>
                                <th scope="col" class="num p3">Requests</th>
                                <th scope="col" class="num p3">New</th>
                                <th scope="col" class="num p3">Changed</th>
                                <th scope="col" class="num p3">Gone</th>
                                <th scope="col"><span class="sr">Acts</span></th>
                            </tr>
                        </thead>
                        <tbody>
                            {answer.tables.map((one) => {
                                const [look, words] = state(one);
                                return (
                                    <tr key={`${one.connection}${one.table}`}>
                                        <th scope="row">{one.table}</th>
                                        {several && <td>{one.connection}</td>}
                                        <td class="num">
                                            {f.count(one.rows)}
                                            {one.quarantined > 0 && <span class="warn" title="rows that could not be understood"> +{f.count(one.quarantined)}</span>}
                                        </td>
                                        <td title={one.last_error ?? ""}>
                                            <span class={`tag ${look}`}>{words}</span>
                                        </td>
                                        <td class="nowrap">{f.ago(one.fresh_as_of)}</td>
                                        <td class="p2 quiet">{one.method}</td>
                                        <td class="p2 quiet">{one.every}</td>
                                        <td class="p2 quiet nowrap">{one.enabled && one.next_due ? f.ago(one.next_due) : "–"}</td>
                                        <td class="num p3">{f.count(one.requests)}</td>
                                        <td class="num p3">{f.count(one.added)}</td>
                                        <td class="num p3">{f.count(one.changed)}</td>
                                        <td class="num p3">{f.count(one.removed)}</td>
                                        <td class="num">
                                            <button class="plain small" disabled={isBusy} onClick={() => void sync(one.table, false)}>
                                                sync<span class="sr"> {one.table}</span>
                                            </button>{" "}
                                            <button class="plain small" onClick={() => edit(one)}>
                                                change<span class="sr"> the schedule of {one.table}</span>
                                            </button>
                                        </td>
                                    </tr>
                                );
                            })}
                        </tbody>
                    </table>
                </div>
            )}
            {edited && <TablePanel table={edited} intervals={answer?.intervals ?? INTERVALS} onClose={() => edit(null)} />}
        </Part>
    );
}

function Runs() {
    const { data, error, again, isLoading } = useAnswer<Run[] | { runs: Run[] }>("/api/runs", { limit: 60 });
    const list = !data ? [] : Array.isArray(data) ? data : data.runs;
    return (
        <Part title="Runs" note="the newest">
            {error && <ErrorBox error={error} again={again} />}
            {isLoading && <Bones lines={8} />}
            {data && list.length === 0 && <Empty>No run yet.</Empty>}
            {list.length > 0 && (
                <div class="scroll" tabIndex={0} role="group" aria-label="Runs" style={{ maxHeight: "360px" }}>
                    <table>
                        <caption class="sr">The newest runs</caption>
                        <thead>
                            <tr>
                                <th scope="col">When</th>
                                <th scope="col">Table</th>
                                <th scope="col" class="p2">How</th>
                                <th scope="col" class="num">Took</th>
                                <th scope="col" class="num p2">Requests</th>
                                <th scope="col" class="num">New</th>
                                <th scope="col" class="num">Changed</th>
                                <th scope="col" class="num p2">Gone</th>
                                <th scope="col">Outcome</th>
                            </tr>
                        </thead>
                        <tbody>
                            {list.map((one, i) => (
                                <tr key={i}>
                                    <td class="nowrap quiet">{f.ago(one.finished ?? one.started)}</td>
                                    <th scope="row">{one.table}</th>
                                    <td class="p2 quiet">{one.method}</td>
                                    <td class="num">{f.duration(one.seconds)}</td>
                                    <td class="num p2">{f.count(one.requests)}</td>
                                    <td class="num">{f.count(one.added)}</td>
                                    <td class="num">{f.count(one.changed)}</td>
                                    <td class="num p2">{f.count(one.removed)}</td>
                                    <td title={one.error ?? ""}>
                                        {one.error ? <span class="tag bad">{one.error}</span> : one.proven ? <span class="tag good">proven</span> : <span class="tag wait">unproven</span>}
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </Part>
    );
}

function Schema({ onPick }: { onPick: (text: string) => void }) {
    const { data, error, again } = useAnswer<SchemaTable[] | { tables: SchemaTable[] }>("/api/schema");
    const list = !data ? [] : Array.isArray(data) ? data : data.tables;
    const [filter, setFilter] = useState("");
    const shown = list.filter((one) => !filter || one.name.includes(filter) || one.columns.some((column) => column.name.includes(filter)));
    return (
        <div>
            <h3 class="label">Schema</h3>
            {error && <ErrorBox error={error} again={again} />}
            <input class="search" type="search" aria-label="Find a table or column" placeholder="Find a table or column" value={filter} onInput={(event) => setFilter((event.target as HTMLInputElement).value.toLowerCase())} style={{ width: "100%", margin: "4px 0 8px" }} />
            <div class="schema scroll" tabIndex={0} role="group" aria-label="Schema">
                {[...shown].sort((a, b) => (a.kind === b.kind ? 0 : a.kind === "view" ? -1 : 1)).map((one) => (
                    <details key={one.name} open={filter !== "" && shown.length < 6}>
                        <summary title={one.sentence}>
                            {one.name} {one.kind === "view" && <span class="quiet">view</span>}
                        </summary>
                        <ul>
                            {one.columns.map((column) => (
                                <li key={column.name} title={column.sentence ?? ""}>
                                    <button class="plain" type="button" onClick={() => onPick(column.name)}>
                                        {column.name}
                                    </button>
                                    <span class="quiet">{(column.type ?? "").toLowerCase()}</span>
                                </li>
                            ))}
                        </ul>
                    </details>
                ))}
            </div>
        </div>
    );
}

// A chart when the first column tells a day, a month or a word, and others are numbers.
function ResultChart({ answer }: { answer: QueryAnswer }) {
    const first = answer.rows.map((row) => String(row[0] ?? ""));
    const isTime = first.length > 1 && first.every((text) => /^\d{4}-\d{2}(-\d{2})?([T ].*)?$/.test(text));
    const numbers = answer.columns.map((column, i) => ({ column, i })).filter(({ i }) => i > 0 && answer.rows.some((row) => typeof row[i] === "number") && answer.rows.every((row) => row[i] === null || typeof row[i] === "number"));
    if (!isTime || numbers.length === 0) return <Empty>A chart needs a date in the first column and a number in another. Try: SELECT day, net_amount FROM v_daily_revenue WHERE currency = 'usd'.</Empty>;
    const rows = answer.rows.slice(0, 2000).map((row) => row).sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
    const isMonth = first[0].length === 7;
    const colors: [string, string][] = [["series-1", "s1"], ["series-2", "s2"], ["series-3", "s3"], ["series-5", "s5"]];
    return (
        <Chart
            title="Result"
            name="Query result"
            at={rows.map((row) => (isMonth ? `${String(row[0])}-01T00:00:00Z` : String(row[0]).length === 10 ? `${String(row[0])}T00:00:00Z` : String(row[0]).replace(" ", "T")))}
            series={numbers.slice(0, 4).map(({ column, i }, k) => ({ key: column.name, name: column.name, form: "line", color: colors[k][0], swatch: colors[k][1], values: rows.map((row) => row[i] as number | null) }))}
            interval={isMonth ? "month" : "day"}
            zone="UTC"
            kind="count"
            currency="usd"
            wholeLabel="the last row"
            height={280}
        />
    );
}

const SHOWN_ROWS = 500;

function Result({ answer }: { answer: QueryAnswer }) {
    const [isChart, setChart] = useState(false);
    const isNumber = answer.columns.map((_, i) => answer.rows.some((row) => typeof row[i] === "number"));
    return (
        <Part
            title="Result"
            note={`${f.plural(answer.row_count, "row")}${answer.is_cut ? ", cut at the limit" : ""}, ${f.count(answer.elapsed_ms)} ms`}
            tools={
                <>
                    <button type="button" aria-pressed={!isChart} onClick={() => setChart(false)}>
                        Table
                    </button>
                    <button type="button" aria-pressed={isChart} onClick={() => setChart(true)}>
                        Chart
                    </button>
                    <button type="button" onClick={() => f.download("query.csv", f.csv(answer.columns.map((column) => column.name), answer.rows))}>
                        CSV<span class="sr"> of the result</span>
                    </button>
                </>
            }
        >
            {isChart ? (
                <ResultChart answer={answer} />
            ) : answer.rows.length === 0 ? (
                <Empty>No row.</Empty>
            ) : (
                <div class="scroll" tabIndex={0} role="group" aria-label="Result of the query" style={{ maxHeight: "480px" }}>
                    <table>
                        <caption class="sr">Result of the query</caption>
                        <thead>
                            <tr>
                                {answer.columns.map((column, i) => (
                                    <th scope="col" key={i} class={isNumber[i] ? "num" : ""}>
                                        {column.name}
                                    </th>
                                ))}
                            </tr>
                        </thead>
                        <tbody>
                            {answer.rows.slice(0, SHOWN_ROWS).map((row, i) => (
                                <tr key={i}>
                                    {row.map((cell, k) => (
                                        <td key={k} class={isNumber[k] ? "num" : "nowrap"}>
                                            {cell === null ? <span class="quiet">null</span> : <bdi>{String(cell).length > 160 ? `${String(cell).slice(0, 159)}…` : String(cell)}</bdi>}
                                        </td>
                                    ))}
                                </tr>
                            ))}
                        </tbody>
                    </table>
                    {answer.rows.length > SHOWN_ROWS && <p class="empty">The first {f.count(SHOWN_ROWS)} rows are shown. The CSV has all {f.count(answer.rows.length)}.</p>}
                </div>
            )}
        </Part>
    );
}

const FIRST_SQL = "SELECT day, currency, orders, net_amount\nFROM v_daily_revenue\nORDER BY day DESC\nLIMIT 30";

function Console() {
    const { params } = usePlace();
    const [sql, setSql] = useState(params.get("sql") ?? FIRST_SQL);
    const [answer, setAnswer] = useState<QueryAnswer | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [isBusy, setBusy] = useState(false);
    const [isSaving, save] = useState(false);
    const [name, setName] = useState("");
    const saved = useAnswer<Saved[] | { saved: Saved[] }>("/api/saved");
    const list = !saved.data ? [] : Array.isArray(saved.data) ? saved.data : saved.data.saved;
    const editor = useRef<HTMLTextAreaElement>(null);
    const running = useRef<AbortController | null>(null);
    useEffect(() => () => running.current?.abort(), []);
    const run = async (text: string) => {
        running.current?.abort();
        const controller = new AbortController();
        running.current = controller;
        setBusy(true);
        setError(null);
        try {
            setAnswer(await runSql<QueryAnswer>(text, controller.signal));
            setParams({ sql: text === FIRST_SQL ? null : text.length < 1500 ? text : null }, true);
        } catch (problem) {
            if ((problem as Error).name === "AbortError") return;
            setError(problem instanceof ApiError ? problem : new ApiError(0, { class: "internal", text: String(problem) }));
        }
        setBusy(false);
    };
    const insert = (text: string) => {
        const area = editor.current;
        if (!area) return;
        area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
        setSql(area.value);
        area.focus();
    };
    return (
        <Part title="SQL" note="reads only; 5 seconds, 10,000 rows at most">
            <div class="grid">
                <div class="c9 m12 console">
                    <div class="field">
                        <label for="sql" class="sr">
                            SQL
                        </label>
                        <textarea
                            id="sql"
                            ref={editor}
                            rows={7}
                            spellcheck={false}
                            autocapitalize="off"
                            autocomplete="off"
                            value={sql}
                            onInput={(event) => setSql((event.target as HTMLTextAreaElement).value)}
                            onKeyDown={(event) => {
                                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                                    event.preventDefault();
                                    void run(sql);
                                }
                            }}
                        />
                    </div>
                    <div class="row" style={{ margin: "8px 0 16px" }}>
                        <button class="button primary" disabled={isBusy || !sql.trim()} onClick={() => void run(sql)}>
                            {isBusy ? "Running…" : "Run"}
                        </button>
                        <span class="quiet small p2">Ctrl Enter</span>
                        <button class="button" disabled={!sql.trim()} onClick={() => save(true)}>
                            Save…
                        </button>
                    </div>
                    {error && <ErrorBox error={error} />}
                    {answer && <Result answer={answer} />}
                </div>
                <div class="c3 m12">
                    {list.length > 0 && (
                        <div style={{ marginBottom: "16px" }}>
                            <h3 class="label">Saved</h3>
                            <ul>
                                {list.map((one) => (
                                    <li key={one.name} class="row" style={{ justifyContent: "space-between" }}>
                                        <button
                                            class="plain"
                                            onClick={() => {
                                                setSql(one.sql);
                                                void run(one.sql);
                                            }}
                                        >
                                            <bdi>{one.name}</bdi>
                                        </button>
                                        <button class="plain small" onClick={() => void act("DELETE", "/api/saved", { name: one.name })}>
                                            remove<span class="sr"> {one.name}</span>
                                        </button>
                                    </li>
                                ))}
                            </ul>
                        </div>
                    )}
                    <Schema onPick={insert} />
                </div>
            </div>
            {isSaving && (
                <Dialog title="Save this query" onClose={() => save(false)}>
                    <form
                        class="stack"
                        onSubmit={async (event) => {
                            event.preventDefault();
                            try {
                                await perform("POST", "/api/saved", { name, sql });
                                save(false);
                                setName("");
                            } catch (problem) {
                                setError(problem as ApiError);
                                save(false);
                            }
                        }}
                    >
                        <Field label="Name">{(id) => <input id={id} required maxLength={80} value={name} onInput={(event) => setName((event.target as HTMLInputElement).value)} />}</Field>
                        <div class="row">
                            <button class="button primary" type="submit">
                                Save
                            </button>
                            <button class="button" type="button" onClick={() => save(false)}>
                                Cancel
                            </button>
                        </div>
                    </form>
                </Dialog>
            )}
        </Part>
    );
}

export function Warehouse() {
    return (
        <>
            <h1 class="title" style={{ padding: "16px 0 12px" }}>
                Warehouse
            </h1>
            <div class="grid">
                <div class="c12">
                    <Tables />
                </div>
                <div class="c12">
                    <Console />
                </div>
                <div class="c12">
                    <Runs />
                </div>
            </div>
        </>
    );
}
