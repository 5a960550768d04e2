// SPDX-License-Identifier: Apache-2.0
// digest.tsx - what the daily message says, of any day that is over: the figures, each beside its own past, what stands out, and what is not known.
//
// The numbers, the comparisons and the sentences are the program's own (`till digest --json`); the page only writes them in the reader's locale. Where digests
// go, and when, is below (delivery.tsx).
import { useAnswer } from "../api";
import * as f from "../format";
import { addDays, today, useReport, type Report } from "../report";
import { link, setParams, usePlace } from "../router";
import type { DigestAnswer, DigestCell, DigestLine, DigestSource, DigestTop, DigestWindow } from "../types";
import { Bones, Empty, ErrorBox, Name, Part } from "../ui/basics";
import { Chart } from "../ui/chart";
import { ConnectionChoice, ZoneChoice } from "../ui/choices";
import { PlainTable, type PlainColumn } from "../ui/plaintable";
import { Figure, TileBones } from "../ui/tile";
import { Delivery } from "./delivery";

const SECTIONS: [DigestLine["section"], string][] = [
    ["money", "Money"],
    ["subscriptions", "Subscriptions"],
    ["traffic", "Traffic"],
];
const FIGURES = ["mrr", "revenue", "orders", "new_subscriptions", "visitors", "conversion"];
const LESS_IS_BETTER = new Set(["refunds", "refunded", "lost_subscriptions", "cancellations", "customers_at_risk"]);
const WINDOWS: Record<DigestWindow, string> = { day: "The day", week: "7 days", month: "Month to date" };
const FULL_WINDOWS: Record<DigestWindow, string> = { day: "The day", week: "Last 7 days", month: "Month to date" };
const WEEK = 7;

// ---- words

function valueOf(line: DigestLine, amount: number | null): string {
    return f.value(line.unit === "percent" ? "rate" : line.unit, amount, line.currency ?? "usd");
}

// "6%", "4", "$7.50", "0.3 pp": the size of a change, as the text of the digest has it.
function sizeOf(line: DigestLine, change: DigestCell["change"]): string {
    const amount = change.amount ?? 0;
    if (change.measure === "points") return `${f.fixed(amount, 1)} pp`;
    if (change.measure === "percent") return amount < 1 ? `${f.fixed(amount, 1)}%` : `${f.count(Math.round(amount))}%`;
    return line.unit === "money" ? f.money(amount, line.currency ?? "usd") : f.count(amount);
}

function Moved({ line, window, isLong }: { line: DigestLine; window: DigestWindow; isLong?: boolean }) {
    const { change, before } = line[window];
    if (change.kind === "unknown") return <span class="change">{line.slug === "customers_at_risk" ? "now" : ""}</span>;
    const isUp = change.kind === "up";
    const isGood = isUp !== LESS_IS_BETTER.has(line.slug);
    const from = `from ${valueOf(line, before)}`;
    return (
        <span class="change" title={change.kind === "new" ? undefined : from}>
            {change.kind === "flat" || change.kind === "new" ? (
                change.kind
            ) : (
                <b class={isGood ? "up" : "down"}>
                    <span aria-hidden="true">{isUp ? "▲ " : "▼ "}</span>
                    <span class="sr">{isUp ? "up " : "down "}</span>
                    {sizeOf(line, change)}
                </b>
            )}
            {isLong && change.kind !== "new" && change.kind !== "flat" && <span> {from}</span>}
        </span>
    );
}

function labelOf(line: DigestLine, data: DigestAnswer): string {
    return line.currency && line.currency !== data.currency ? `${line.label}, ${line.currency.toUpperCase()}` : line.label;
}

// What is counted later than sales says until when it is.
function OwnDate({ line, data }: { line: DigestLine; data: DigestAnswer }) {
    if (line.date === data.date) return null;
    return (
        <span class="quiet small nowrap">
            {data.period === "week" ? "up to" : "of"} {f.shortDay(line.date, "UTC")}
        </span>
    );
}

// ---- which digest

function Which({ report, zone, date, latest, isWeekly }: { report: Report; zone: string; date: string; latest: string; isWeekly: boolean }) {
    const step = isWeekly ? WEEK : 1;
    const show = (to: string) => setParams({ date: to >= latest ? null : to });
    return (
        <div class="choices" role="group" aria-label="What the page shows">
            <ConnectionChoice report={report} />
            <div class="choice either" role="group" aria-label="About">
                {[false, true].map((one) => (
                    <button key={String(one)} type="button" aria-pressed={one === isWeekly} onClick={() => setParams({ weekly: one ? "1" : null })}>
                        {one ? "7 days" : "A day"}
                    </button>
                ))}
            </div>
            <div class="choice steps">
                <button type="button" onClick={() => show(addDays(date, -step))} title={isWeekly ? "7 days earlier" : "The day before"}>
                    <span aria-hidden="true">‹</span>
                    <span class="sr">{isWeekly ? "7 days earlier" : "The day before"}</span>
                </button>
                <label class="sr" for="digest-date">
                    {isWeekly ? "Up to" : "Day"}
                </label>
                <input id="digest-date" type="date" required value={date} max={latest} onChange={(event) => (event.target as HTMLInputElement).value && show((event.target as HTMLInputElement).value)} />
                <button type="button" disabled={date >= latest} onClick={() => show(addDays(date, step))} title={isWeekly ? "7 days later" : "The day after"}>
                    <span aria-hidden="true">›</span>
                    <span class="sr">{isWeekly ? "7 days later" : "The day after"}</span>
                </button>
            </div>
            {date < latest && (
                <div class="choice">
                    <button type="button" onClick={() => setParams({ date: null })}>
                        Newest
                    </button>
                </div>
            )}
            <span class="gap" />
            <ZoneChoice zone={zone} />
        </div>
    );
}

// ---- the numbers

function Figures({ data, window }: { data: DigestAnswer; window: DigestWindow }) {
    const list = FIGURES.map((slug) => data.lines.findIndex((one) => one.slug === slug && (!one.currency || one.currency === data.currency)))
        .filter((i) => i >= 0 && data.shown[i].includes(window))
        .map((i) => data.lines[i]);
    const half = list.length <= 4 ? list.length : Math.ceil(list.length / 2);
    if (list.length === 0) return null;
    return (
        <ul class="tiles" aria-label="First of all" style={{ "--tiles": list.length, "--tiles-m": half } as never}>
            {list.map((line, i) => (
                <li class={`tile ${half < list.length && i % half === 0 ? "edge-m" : ""}`} key={line.slug}>
                    <div class="what">
                        <span>
                            {line.label} <OwnDate line={line} data={data} />
                        </span>
                    </div>
                    <Figure kind={line.unit === "percent" ? "rate" : line.unit} value={line[window].value} currency={line.currency ?? "usd"} />
                    <p>
                        <Moved line={line} window={window} isLong />
                    </p>
                </li>
            ))}
        </ul>
    );
}

function Days({ data }: { data: DigestAnswer }) {
    const values = data.days.map((one) => one.revenue_minor);
    const currency = data.currency ?? "usd";
    const isWeek = data.period === "week";
    return (
        <Chart
            title="Revenue"
            name="Revenue by day"
            note={currency.toUpperCase()}
            at={data.days.map((one) => one.date)}
            interval="day"
            zone="UTC"
            kind="money"
            currency={currency}
            height={220}
            isPartial={data.partial}
            wholeLabel={isWeek ? f.span(data.windows.week.from, data.windows.week.to) : f.day(data.date, "UTC")}
            series={[
                { key: "revenue", name: "Revenue", form: "bar", color: "series-1", swatch: "s1", values, whole: isWeek ? values.slice(-WEEK).reduce((sum, one) => sum + one, 0) : values.at(-1) },
                { key: "before", name: "a week before", form: "tick", color: "ink-2", swatch: "quiet", values: values.map((_, i) => (i < WEEK ? null : values[i - WEEK] || null)), whole: isWeek ? values.slice(0, WEEK).reduce((sum, one) => sum + one, 0) : values.at(-1 - WEEK), isQuiet: true },
            ]}
        />
    );
}

function spans(data: DigestAnswer, window: DigestWindow): [string, string] {
    const { from, to, before_from, before_to } = data.windows[window];
    return window === "day" ? [f.middleDay(Date.parse(to), "UTC"), f.middleDay(Date.parse(before_to), "UTC")] : [f.shortSpan(from, to), f.shortSpan(before_from, before_to)];
}

function Lines({ data, windows }: { data: DigestAnswer; windows: DigestWindow[] }) {
    const shown = data.lines.map((line, i) => ({ line, of: data.shown[i] })).filter((one) => one.of.length > 0);
    const save = () => {
        const header = ["line", "currency", "last_day", ...windows.flatMap((window) => [window, `${window}_before`])];
        const plain = (line: DigestLine, amount: number | null) => (amount !== null && line.unit === "money" ? f.decimal(amount, line.currency ?? "usd") : amount);
        f.download(`digest-${data.period}-${data.date}.csv`, f.csv(header, shown.map(({ line }) => [line.slug, line.currency, line.date, ...windows.flatMap((window) => [plain(line, line[window].value), plain(line, line[window].before)])])));
    };
    return (
        <Part
            title="Beside their own past"
            tools={
                <button type="button" onClick={save}>
                    CSV<span class="sr"> of the lines</span>
                </button>
            }
        >
            <div class="scroll" tabIndex={0} role="group" aria-label="The lines">
                <table class="lines">
                    <caption class="sr">The lines of the digest</caption>
                    <thead>
                        <tr>
                            <th scope="col">
                                <span class="sr">Line</span>
                            </th>
                            {windows.map((window) => {
                                const [now, before] = spans(data, window);
                                return (
                                    <th scope="col" key={window} class="num">
                                        <span title={`${FULL_WINDOWS[window]}: ${now} beside ${before}`}>{WINDOWS[window]}</span>
                                        <span class="when">
                                            {now}
                                            <span class="p2"> beside {before}</span>
                                        </span>
                                    </th>
                                );
                            })}
                        </tr>
                    </thead>
                    {SECTIONS.map(([section, title]) => {
                        const list = shown.filter(({ line }) => line.section === section);
                        if (list.length === 0) return null;
                        return (
                            <tbody key={section}>
                                <tr class="group">
                                    <th scope="rowgroup" colSpan={windows.length + 1}>
                                        {title}
                                    </th>
                                </tr>
                                {list.map(({ line, of }) => (
                                    <tr key={line.slug + (line.currency ?? "")}>
                                        <th scope="row">
                                            {labelOf(line, data)}
                                            {" "}
                                            <OwnDate line={line} data={data} />
                                        </th>
                                        {windows.map((window) => (
                                            <td class="num" key={window}>
                                                {of.includes(window) && (
                                                    <>
                                                        <span class="value">{valueOf(line, line[window].value)}</span> <Moved line={line} window={window} />
                                                    </>
                                                )}
                                            </td>
                                        ))}
                                    </tr>
                                ))}
                            </tbody>
                        );
                    })}
                </table>
            </div>
        </Part>
    );
}

// ---- what stands out

const PAGES: Record<string, [string, string]> = { traffic: ["/traffic", "Traffic"], movements: ["/subscriptions", "Subscriptions"], breakdown: ["/revenue", "Revenue"], customers: ["/customers", "Customers"] };

// The page that shows what a command shows: "till customers --lost --from A --to B".
function LookAt({ look }: { look: string }) {
    const words = look.split(" ");
    const after = (option: string) => (words.includes(option) ? (words[words.indexOf(option) + 1] ?? null) : null);
    const page = PAGES[words[1]];
    if (!page) return <code>{look}</code>;
    const [from, to, by] = [after("--from"), after("--to"), after("--by")];
    const list = words.includes("--lost") ? "lost" : words.includes("--at-risk") ? "at_risk" : null;
    const range = from && to ? { range: null, from, to, interval: null } : {};
    return (
        <a href={link(page[0], { ...range, by, list })} title={look}>
            {page[1]}
            {from && to ? `, ${f.shortSpan(from, to)}` : list === "at_risk" ? " at risk" : ""}
        </a>
    );
}

function Standouts({ data }: { data: DigestAnswer }) {
    return (
        <Part title="What stands out" class="standing">
            {data.standouts.length === 0 ? (
                <Empty>{data.nothing}</Empty>
            ) : (
                <ul class="standouts">
                    {data.standouts.map((one) => (
                        <li key={one.text}>
                            <bdi>{one.text}</bdi>
                            {one.look && (
                                <span class="small quiet">
                                    Worth a look: <LookAt look={one.look} />
                                </span>
                            )}
                        </li>
                    ))}
                </ul>
            )}
        </Part>
    );
}

function Tops({ title, by, list, data, empty }: { title: string; by: string; list: DigestTop[]; data: DigestAnswer; empty: string }) {
    const most = new Map<string, number>();
    for (const one of list) most.set(one.currency, Math.max(most.get(one.currency) ?? 1, one.revenue_minor));
    const { from, to } = data.windows[data.period];
    const columns: PlainColumn<DigestTop>[] = [
        { key: "name", title: "", cell: (one) => <span title={one.name}><Name>{one.name}</Name></span>, text: (one) => one.name, bar: (one) => one.revenue_minor / (most.get(one.currency) ?? 1) },
        { key: "revenue", title: "Revenue", isNumber: true, cell: (one) => f.money(one.revenue_minor, one.currency), text: (one) => f.decimal(one.revenue_minor, one.currency) },
        { key: "orders", title: "Orders", isNumber: true, cell: (one) => f.count(one.orders), text: (one) => one.orders },
        ...(list.some((one) => one.visitors !== undefined) ? [{ key: "visitors", title: "Visitors", isNumber: true, cell: (one: DigestTop) => f.count(one.visitors), text: (one: DigestTop) => one.visitors ?? null }] : []),
    ];
    return <PlainTable title={title} rows={list} columns={columns} id={(one, i) => `${one.name}${one.currency}${i}`} file={`digest-${by}-${data.date}`} empty={empty} tools={<a href={link("/revenue", { range: null, from, to, interval: null, by: by === "product" ? null : by })}>All</a>} />;
}

// ---- what is not known

function Source({ one, zone }: { one: DigestSource; zone: string }) {
    return (
        <>
            <dt>
                <bdi>{one.name}</bdi>
                {one.about && (
                    <span class="quiet">
                        {" "}
                        (<bdi>{one.about}</bdi>)
                    </span>
                )}
            </dt>
            <dd>
                <span class={`tag ${one.error ? "bad" : one.stale ? "wait" : "good"}`}>{one.error ? "failed" : one.stale ? "stale" : "fresh"}</span> {one.fresh_as_of ? `as of ${f.moment(one.fresh_as_of, zone)}` : "not read yet"}
                {one.complete_to && `, whole days up to ${f.day(one.complete_to, "UTC")}`}
                {one.stale && !one.complete_to && ": what is newer is not in these numbers"}
                {one.not_counted && <div class="quiet">Not counted: {one.not_counted}</div>}
                {one.error && <div class="warn">{f.sentence(one.error)}</div>}
            </dd>
        </>
    );
}

function Said({ data }: { data: DigestAnswer }) {
    const window: DigestWindow = data.period;
    const windows: DigestWindow[] = data.period === "week" ? ["week", "month"] : ["day", "week", "month"];
    const [, before] = spans(data, window);
    return (
        <>
            <div class="head">
                <h1 class="title">{data.period === "week" ? f.span(data.windows.week.from, data.windows.week.to) : f.longDay(Date.parse(data.date), "UTC")}</h1>
                <span class="quiet small">
                    beside {before}, days of {data.timezone.replace(/_/g, " ")}
                </span>
            </div>
            {data.remark && <p class={data.partial ? "notice wait" : "notice"}>{data.remark}</p>}
            <Figures data={data} window={window} />
            <div class="grid columns">
                <div class="c7 m12 stack far">
                    {data.days.length > 0 ? (
                        <Days data={data} />
                    ) : (
                        <Part title="Revenue" class="chart">
                            <Empty>No order has come in yet: the first one begins the chart.</Empty>
                        </Part>
                    )}
                    <Lines data={data} windows={windows} />
                </div>
                <div class="c5 m12 stack far">
                    <Standouts data={data} />
                    <Tops title="Top products" by="product" list={data.products} data={data} empty="Nothing was sold." />
                    <Tops title="Top sources" by="source" list={data.sources} data={data} empty="No order tells where it came from." />
                    <Part title="Data" tools={<a href={link("/health")}>Health</a>}>
                        <dl class="facts over">
                            {data.data.map((one) => (
                                <Source key={one.name + (one.about ?? "")} one={one} zone={data.timezone} />
                            ))}
                        </dl>
                    </Part>
                </div>
            </div>
        </>
    );
}

export function Digest() {
    const report = useReport();
    const { params } = usePlace();
    const isWeekly = params.get("weekly") === "1";
    const asked = params.get("date");
    const { data, error, again, isLoading } = useAnswer<DigestAnswer>("/api/digest", {
        connection: report.query.connection,
        date: asked,
        weekly: isWeekly ? "1" : null,
        timezone: report.query.timezone,
        traffic_source: params.get("source"),
    });
    // Unless one is chosen it is the zone that digests are sent in.
    const zone = params.get("timezone") || data?.timezone || report.zone;
    const latest = data?.latest_date ?? addDays(today(zone), -1);
    return (
        <>
            <Which report={report} zone={zone} date={asked ?? latest} latest={latest} isWeekly={isWeekly} />
            {error && (
                <>
                    <h1 class="sr">Digest</h1>
                    <ErrorBox error={error} again={again} />
                </>
            )}
            {!error && isLoading && !data && (
                <>
                    <h1 class="sr">Digest</h1>
                    <TileBones n={6} />
                    <Bones height={300} />
                </>
            )}
            {!error && data && <Said data={data} />}
            <Delivery date={data?.date ?? null} isWeekly={isWeekly} />
        </>
    );
}
