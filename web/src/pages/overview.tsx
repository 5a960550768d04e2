// SPDX-License-Identifier: Apache-2.0
// overview.tsx - the front page: the numbers, the one that was picked as a chart, how MRR moved, what happened last, and where it comes from.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, act, perform, useAnswer } from "../api";
import * as f from "../format";
import { connected, useReport, useSession, type Report } from "../report";
import { link, setParams, usePlace } from "../router";
import type { Annotation, Group, LatestRow, Movement, Overview as Data, TileData } from "../types";
import { Bones, Change, Dialog, Empty, ErrorBox, Field, Name, Part } from "../ui/basics";
import { Chart, type Series } from "../ui/chart";
import { Choices } from "../ui/choices";
import { goalMinor, goalsOf, mrrIn, OtherGoals } from "../ui/goals";
import { shortName, Spoken, TileBones, Tiles } from "../ui/tile";

export const MOVEMENTS: { key: "new" | "expansion" | "reactivation" | "contraction" | "churn"; name: string; form: "up" | "down"; color: string; swatch: string }[] = [
    { key: "new", name: "New", form: "up", color: "series-1", swatch: "s1" },
    { key: "expansion", name: "Expansion", form: "up", color: "series-6", swatch: "s6" },
    { key: "reactivation", name: "Reactivation", form: "up", color: "series-3", swatch: "s3" },
    { key: "contraction", name: "Contraction", form: "down", color: "series-2", swatch: "s2" },
    { key: "churn", name: "Churn", form: "down", color: "series-4", swatch: "s4" },
];

export function movementSeries(list: Movement[]): Series[] {
    return MOVEMENTS.map(({ key, ...rest }) => ({ key, ...rest, values: list.map((one) => one[key]), whole: list.reduce((sum, one) => sum + one[key], 0) }));
}

function previousLabel(report: Report): string {
    return report.compare === "year" ? "a year before" : `${f.plural(report.days, "day")} before`;
}

function NoteDialog(props: { zone: string; last: string; onClose: () => void }) {
    const [date, setDate] = useState(props.last);
    const [text, setText] = useState("");
    const [error, setError] = useState<ApiError | null>(null);
    return (
        <Dialog title="A note on the chart" onClose={props.onClose}>
            <form
                class="stack"
                onSubmit={async (event) => {
                    event.preventDefault();
                    try {
                        await perform("POST", "/api/annotations", { date, text });
                        props.onClose();
                    } catch (problem) {
                        setError(problem as ApiError);
                    }
                }}
            >
                <Field label="Day">{(id) => <input id={id} type="date" required value={date} onInput={(event) => setDate((event.target as HTMLInputElement).value)} />}</Field>
                <Field label="What happened">{(id) => <input id={id} required maxLength={200} placeholder="Launched v2" value={text} onInput={(event) => setText((event.target as HTMLInputElement).value)} />}</Field>
                {error && <ErrorBox error={error} />}
                <div class="row">
                    <button class="button primary" type="submit">
                        Add the note
                    </button>
                    <button class="button" type="button" onClick={props.onClose}>
                        Cancel
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function GoalDialog(props: { tile: TileData; currency: string; goal: number | null; onClose: () => void }) {
    const isMoney = props.tile.kind === "money";
    const known = props.goal === null ? "" : isMoney ? f.decimal(props.goal, props.currency) : String(props.goal);
    const [typed, setAmount] = useState<string | null>(null);
    const amount = typed ?? known;
    const [error, setError] = useState<ApiError | null>(null);
    const key = { metric: props.tile.slug, currency: isMoney ? props.currency : null };
    const attempt = async (action: () => Promise<unknown>) => {
        try {
            await action();
            props.onClose();
        } catch (problem) {
            setError(problem as ApiError);
        }
    };
    return (
        <Dialog title={`A goal for ${shortName(props.tile)}`} onClose={props.onClose}>
            <form
                class="stack"
                onSubmit={(event) => {
                    event.preventDefault();
                    void attempt(() => perform("POST", "/api/goals", { ...key, amount: amount.replace(/\s/g, "") }));
                }}
            >
                <Field label={isMoney ? `Amount in ${props.currency.toUpperCase()}` : "Number"} note={isLevel(props.tile) ? "The level to reach." : "For a calendar month. A chart by day shows a day's part of it."}>
                    {(id, more) => <input id={id} aria-describedby={more} inputMode="decimal" required pattern="[0-9]+([.][0-9]+)?" value={amount} onInput={(event) => setAmount((event.target as HTMLInputElement).value)} />}
                </Field>
                {error && <ErrorBox error={error} />}
                <div class="row">
                    <button class="button primary" type="submit">
                        Set the goal
                    </button>
                    {props.goal !== null && (
                        <button class="button danger" type="button" onClick={() => void attempt(() => perform("DELETE", "/api/goals", key))}>
                            Remove it
                        </button>
                    )}
                    <button class="button" type="button" onClick={props.onClose}>
                        Cancel
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

// Levels hold at any time; what is summed over days has a goal for a month.
function isLevel(tile: TileData): boolean {
    return tile.balance || tile.kind === "rate" || tile.slug.includes("average");
}

// A month's goal on a chart of other buckets: a day's part of the month that the range ends in, times the bucket's days.
function bucketGoal(minor: number, isMonthly: boolean, interval: string, to: string): number {
    if (!isMonthly || interval === "month") return minor;
    const days = new Date(Date.UTC(Number(to.slice(0, 4)), Number(to.slice(5, 7)), 0)).getUTCDate();
    const parts: Record<string, number> = { hour: 1 / 24 / days, day: 1 / days, week: 7 / days, year: 12 };
    return minor * (parts[interval] ?? 1);
}

// What stands below the main chart on the same axis of time: visitors beside money, money beside visitors.
function Beside({ data, tile, sync }: { data: Data; tile: TileData; sync: string }) {
    const isVisit = tile.slug.startsWith("traffic.");
    const other = isVisit ? data.tiles?.find((one) => one.slug === "revenue") : data.traffic?.tiles[0];
    if (!other) return null;
    const isOpen = other.slug.startsWith("traffic.") ? other.series.at(-1)?.complete === false : data.range.is_partial;
    return (
        <Chart
            title={shortName(other)}
            name={`${shortName(other)} beside ${shortName(tile)}`}
            note={isVisit ? "" : `as ${data.traffic?.source} counts`}
            at={other.series.map((point) => point.at)}
            series={[{ key: "beside", name: shortName(other), form: "bar", color: "series-2", swatch: "s2", values: other.series.map((point) => point.value), whole: other.value }]}
            interval={data.range.interval}
            zone={data.range.timezone}
            kind={other.kind}
            currency={data.currency}
            height={130}
            wholeLabel={f.span(data.range.from, data.range.to)}
            isPartial={isOpen}
            sync={sync}
        />
    );
}

export function MetricChart(props: { data: Data; tile: TileData; report: Report; height?: number; sync?: string }) {
    const { data, tile, report } = props;
    const isVisit = tile.slug.startsWith("traffic.");
    const [dialog, open] = useState<"note" | "goal" | null>(null);
    const { drawn: kept, others } = goalsOf(data.goals, tile.slug, tile.kind === "money" ? data.currency : null, data.range.from);
    const keptMinor = kept ? goalMinor(kept) : 0;
    const isMonthly = kept?.per !== undefined ? kept.per === "month" : !isLevel(tile);
    const goal = kept ? bucketGoal(keptMinor, isMonthly, data.range.interval, data.range.to) : null;
    const at = tile.series.map((point) => point.at);
    const inRange = (note: Annotation) => note.date >= data.range.from && note.date <= data.range.to;
    const hasPrevious = data.previous !== null && tile.series.some((point) => point.previous !== null);
    const series: Series[] = [
        { key: "now", name: shortName(tile), form: tile.balance ? "line" : "bar", color: "series-1", swatch: "s1", values: tile.series.map((point) => point.value), whole: tile.value },
        ...(hasPrevious ? [{ key: "before", name: previousLabel(report), form: tile.balance ? ("dash" as const) : ("tick" as const), color: tile.balance ? "series-muted" : "ink-2", swatch: tile.balance ? "sm" : "quiet", values: tile.series.map((point) => point.previous), whole: tile.previous, isQuiet: true }] : []),
    ];
    return (
        <>
            <Chart
                title={shortName(tile)}
                name={shortName(tile)}
                note={[tile.kind === "money" && data.currencies.length > 1 ? `all currencies, in ${data.currency.toUpperCase()}` : "", tile.approximate ? `≈ ${tile.approximate}` : ""].filter(Boolean).join(" · ")}
                at={at}
                series={series}
                interval={data.range.interval}
                zone={data.range.timezone}
                kind={tile.kind}
                currency={data.currency}
                height={props.height ?? 300}
                sync={props.sync}
                wholeLabel={f.span(data.range.from, data.range.to)}
                goal={goal}
                goalLabel={kept ? `goal ${f.value(tile.kind, keptMinor, data.currency)}${isMonthly ? " a month" : ""}` : undefined}
                isPartial={data.range.is_partial && !tile.balance}
                annotations={(data.annotations ?? []).filter(inRange)}
                onRemove={(note) => void act("DELETE", "/api/annotations", { id: String(note.id) })}
                tools={
                    <>
                        <button type="button" onClick={() => open("note")}>
                            Note
                        </button>
                        {!isVisit && (
                            <button type="button" onClick={() => open("goal")}>
                                Goal
                            </button>
                        )}
                    </>
                }
            />
            <OtherGoals list={others} isMonthly={!isLevel(tile)} why={() => `this chart is in ${data.currency.toUpperCase()}`} where={mrrIn} />
            {dialog === "note" && <NoteDialog zone={report.zone} last={data.range.to} onClose={() => open(null)} />}
            {dialog === "goal" && <GoalDialog tile={tile} currency={data.currency} goal={kept ? keptMinor : null} onClose={() => open(null)} />}
        </>
    );
}

export function MovementTable({ total, currency }: { total: Movement | null; currency: string }) {
    if (!total) return null;
    const rows: [string, number, string, number | undefined][] = [
        ["New", total.new, "s1", total.customers_new],
        ["Expansion", total.expansion, "s6", undefined],
        ["Reactivation", total.reactivation, "s3", total.customers_reactivated],
        ["Contraction", -total.contraction, "s2", undefined],
        ["Churn", -total.churn, "s4", total.customers_churned],
    ];
    return (
        <table>
            <caption class="sr">Movements of monthly recurring revenue</caption>
            <thead class="sr">
                <tr>
                    <th scope="col">Movement</th>
                    <th scope="col">Customers</th>
                    <th scope="col">Amount</th>
                </tr>
            </thead>
            <tbody>
                <tr>
                    <th scope="row">At the start</th>
                    <td class="num quiet">{total.customers_start !== undefined ? f.plural(total.customers_start, "customer") : ""}</td>
                    <td class="num">{f.money(total.start, currency)}</td>
                </tr>
                {rows.map(([name, amount, swatch, customers]) => (
                    <tr key={name}>
                        <th scope="row">
                            <i class={`swatch ${swatch}`} aria-hidden="true" /> {name}
                        </th>
                        <td class="num quiet">{customers ? f.signed(amount < 0 ? -customers : customers) : ""}</td>
                        <td class="num">{amount === 0 ? f.money(0, currency) : f.signedMoney(amount, currency)}</td>
                    </tr>
                ))}
            </tbody>
            <tfoot>
                <tr>
                    <th scope="row">At the end</th>
                    <td class="num quiet">{total.customers_end !== undefined ? f.plural(total.customers_end, "customer") : ""}</td>
                    <td class="num">{f.money(total.end, currency)}</td>
                </tr>
            </tfoot>
        </table>
    );
}

export function sumMovements(list: Movement[]): Movement | null {
    if (list.length === 0) return null;
    const [first, last] = [list[0], list[list.length - 1]];
    const sum = (pick: (one: Movement) => number | undefined) => list.reduce((n, one) => n + (pick(one) ?? 0), 0);
    return {
        timestamp: first.timestamp,
        start: first.start,
        end: last.end,
        new: sum((one) => one.new),
        expansion: sum((one) => one.expansion),
        contraction: sum((one) => one.contraction),
        churn: sum((one) => one.churn),
        reactivation: sum((one) => one.reactivation),
        customers_start: first.customers_start,
        customers_end: last.customers_end,
        customers_new: sum((one) => one.customers_new),
        customers_churned: sum((one) => one.customers_churned),
        customers_reactivated: sum((one) => one.customers_reactivated),
    };
}

export function Groups(props: { title: string; list: Group[]; currency: string; name?: (group: Group) => string; href?: (group: Group) => string | null; more?: string; hasNoOrders?: boolean; empty: string }) {
    const total = props.list.reduce((sum, one) => Math.max(sum, one.revenue), 0);
    const tools = (
        <>
            {props.more && <a href={props.more}>All</a>}
            <button
                type="button"
                onClick={() =>
                    f.download(
                        `${props.title.toLowerCase().replace(/\s+/g, "-")}.csv`,
                        f.csv(["name", "currency", "revenue", "orders", "mrr"], props.list.map((one) => [one.name, one.currency, f.decimal(one.revenue, one.currency), one.orders, f.decimal(one.mrr ?? 0, one.currency)])),
                    )
                }
            >
                CSV<span class="sr"> of {props.title}</span>
            </button>
        </>
    );
    return (
        <Part title={props.title} note={props.currency.toUpperCase()} tools={tools}>
            {props.list.length === 0 ? (
                <Empty>{props.empty}</Empty>
            ) : (
                <table>
                    <caption class="sr">{props.title}</caption>
                    <thead class="sr">
                        <tr>
                            <th scope="col">Name</th>
                            {!props.hasNoOrders && <th scope="col">Orders</th>}
                            <th scope="col">{props.hasNoOrders ? "Amount" : "Revenue"}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {props.list.map((one) => {
                            const name = props.name ? props.name(one) : one.name;
                            const href = props.href?.(one);
                            return (
                                <tr key={`${one.key}${one.currency}`}>
                                    <th scope="row" class="clip">
                                        {href ? (
                                            <a href={href} title={name}>
                                                <Name>{name}</Name>
                                            </a>
                                        ) : (
                                            <span class={one.key === null ? "quiet" : ""} title={name}>
                                                <Name>{name}</Name>
                                            </span>
                                        )}
                                        <span class="bar" aria-hidden="true">
                                            <i style={{ width: `${total > 0 ? Math.max(0, (one.revenue / total) * 100) : 0}%` }} />
                                        </span>
                                    </th>
                                    {!props.hasNoOrders && <td class="num quiet">{f.count(one.orders)}</td>}
                                    <td class="num">{f.money(one.revenue, one.currency)}</td>
                                </tr>
                            );
                        })}
                    </tbody>
                </table>
            )}
        </Part>
    );
}

const KINDS: Record<LatestRow["kind"], string> = { order: "", subscription: "new ", canceled: "canceled ", refund: "refund " };

function Latest({ list, zone }: { list: LatestRow[]; zone: string }) {
    const known = useRef<Set<string> | null>(null);
    const [fresh, setFresh] = useState<Set<string>>(new Set());
    const key = list.map((one) => one.kind + one.id).join();
    useEffect(() => {
        const ids = new Set(list.map((one) => one.kind + one.id));
        if (known.current) {
            const news = [...ids].filter((id) => !known.current?.has(id));
            setFresh(new Set(news));
            const timer = setTimeout(() => setFresh(new Set()), 6000);
            known.current = ids;
            return () => clearTimeout(timer);
        }
        known.current = ids;
    }, [key]);
    if (list.length === 0) return <Empty>No orders yet. They appear here as they happen.</Empty>;
    return (
        <table class="fixed latest">
            <caption class="sr">Latest orders, subscriptions, cancellations and refunds</caption>
            <colgroup>
                <col style={{ width: "84px" }} />
                <col />
                <col class="p2" />
                <col style={{ width: "96px" }} />
            </colgroup>
            <thead class="sr">
                <tr>
                    <th scope="col">When</th>
                    <th scope="col">Who</th>
                    <th scope="col">What</th>
                    <th scope="col">Amount</th>
                </tr>
            </thead>
            <tbody>
                {list.map((one) => (
                    <tr key={one.kind + one.id} title={one.kind === "canceled" && one.billing_reason ? `reason given: ${f.words(one.billing_reason)}` : undefined} class={fresh.has(one.kind + one.id) ? "fresh" : ""}>
                        <td class="quiet" title={f.moment(one.at, zone)}>
                            {f.ago(one.at)}
                        </td>
                        <th scope="row">
                            {one.customer ? (
                                <a href={link(`/customers/${one.customer.id}`)}>
                                    <Name>{f.who(one.customer)}</Name>
                                </a>
                            ) : (
                                <span class="quiet">unknown</span>
                            )}
                        </th>
                        <td class="p2">
                            {one.kind !== "order" && <span class={one.kind === "subscription" ? "up" : "down"}>{KINDS[one.kind]}</span>}
                            <Name>{one.product ?? (one.kind === "order" ? "order" : "subscription")}</Name>
                        </td>
                        <td class="num">{one.amount === null || !one.currency ? "" : one.kind === "refund" ? f.signedMoney(-Math.abs(one.amount), one.currency) : f.money(one.amount, one.currency)}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

// Asked in three parts: over a million orders the movements take seconds, the figures do not.
function useOverview(report: Report): { data: Data | undefined; movements: Data | undefined; rest: Data | undefined; parts: ReturnType<typeof useAnswer<Data>>[] } {
    const question = { ...report.query, compare: report.compare };
    const figures = useAnswer<Data>("/api/overview", { ...question, part: ["tiles", "notes"] });
    const rest = useAnswer<Data>("/api/overview", { ...question, part: ["top", "latest"] });
    const movements = useAnswer<Data>("/api/overview", { ...question, compare: null, part: "movements" });
    return { data: figures.data?.tiles ? figures.data : undefined, movements: movements.data, rest: rest.data, parts: [figures, movements, rest] };
}

export function Overview() {
    const report = useReport();
    const { params } = usePlace();
    const { data, movements: moved, rest, parts } = useOverview(report);
    const failed = parts.find((part) => part.error);
    const session = useSession();
    const shown = connected(session).find((one) => one.name === report.connection);
    const visits = data?.traffic?.tiles ?? [];
    // Where visitors are known their tiles take the place of two that the revenue page has as well.
    const tiles = (data?.tiles ?? []).filter((tile) => visits.length === 0 || !["average_order_value", "checkouts_conversion"].includes(tile.slug)).concat(visits);
    const movements = moved?.movements ?? [];
    const rowsCurrency = moved?.rows_currency ?? rest?.rows_currency ?? data?.rows_currency ?? data?.currency ?? "usd";
    const alone = data && data.currencies.length > 1 ? `${rowsCurrency.toUpperCase()} alone` : rowsCurrency.toUpperCase();
    const picked = tiles.find((tile) => tile.slug === params.get("metric")) ?? tiles[0];
    const total = sumMovements(movements);
    const late = data?.traffic ? data.traffic.notes : [];
    const than = data?.previous ? `${f.span(data.previous.from, data.previous.to)}${data.previous.until ? ", to the same time of day" : ""}` : undefined;
    const [revenue, orders] = [tiles.find((tile) => tile.slug === "revenue"), tiles.find((tile) => tile.slug === "orders")];
    const spoken = data && revenue && orders ? `Updated. Revenue ${f.value("money", revenue.value, data.currency)}, ${f.plural(orders.value ?? 0, "order")}.` : "";
    const none = report.products.length ? "Not told for single products." : "";
    return (
        <>
            <h1 class="sr">Overview</h1>
            <Choices report={report} hasCompare hasProducts currencies={data?.currencies} currency={rowsCurrency} />
            {failed?.error && <ErrorBox error={failed.error} again={() => parts.forEach((part) => part.error && part.again())} />}
            {spoken && <Spoken text={spoken} />}
            {shown && shown.rows === 0 && (
                <p class="notice">
                    Nothing is mirrored yet. <a href={link("/warehouse")}>The warehouse</a> shows how far the first sync is; the numbers appear here by themselves.
                </p>
            )}
            {!failed && !data && <TileBones n={8} />}
            {data && <Tiles label="Key figures" tiles={tiles} currency={data.currency} than={than} isPartial={data.range.is_partial} on={picked?.slug} onPick={(slug) => setParams({ metric: slug === tiles[0].slug ? null : slug }, true)} />}
            <div class="grid">
                <div class="c8 m12">{data && picked ? (
                        <>
                            <MetricChart data={data} tile={picked} report={report} height={visits.length ? 220 : 340} sync="overview" />
                            <Beside data={data} tile={picked} sync="overview" />
                            {late.length > 0 && (
                                <ul class="notes quiet small" aria-label="About the visitors">
                                    {late.map((note) => (
                                        <li key={note}>{note}.</li>
                                    ))}
                                </ul>
                            )}
                        </>
                    ) : (
                        !failed && <Bones height={400} />
                    )}
                </div>
                <Part class="c4 m12" title="Latest" tools={<a href={link("/revenue")}>All orders</a>}>
                    {rest ? (
                        <div class="scroll" tabIndex={0} role="group" aria-label="Latest" style={{ height: "396px" }}>
                            <Latest list={rest.latest ?? []} zone={rest.range.timezone} />
                        </div>
                    ) : (
                        !failed && (
                            <div style={{ height: "396px" }}>
                                <Bones lines={12} />
                            </div>
                        )
                    )}
                </Part>
            </div>
            <div class="grid">
                <div class="c8 m12">
                    {moved ? (
                        <Chart
                            title="How recurring revenue moved"
                            name="MRR movements"
                            note={alone}
                            at={movements.map((one) => one.timestamp)}
                            series={movementSeries(movements)}
                            interval={moved.range.interval}
                            zone={moved.range.timezone}
                            kind="money"
                            currency={rowsCurrency}
                            height={240}
                            wholeLabel={f.span(moved.range.from, moved.range.to)}
                            isPartial={moved.range.is_partial}
                        />
                    ) : (
                        !failed && <Bones height={300} />
                    )}
                </div>
                <Part class="c4 m12" title="MRR, from start to end" note={moved && <Change kind="money" value={total?.end ?? null} previous={total?.start ?? null} currency={rowsCurrency} />} tools={<a href={link("/subscriptions")}>More</a>}>
                    {total ? <MovementTable total={total} currency={rowsCurrency} /> : moved ? <Empty>{moved.movements === null ? "Not told for what is filtered." : `No subscriptions in ${rowsCurrency.toUpperCase()} yet.`}</Empty> : !failed && <Bones lines={7} />}
                </Part>
            </div>
            {!rest && !failed && <Bones height={320} />}
            {rest && (
                <div class="grid">
                    <div class="c4 m6">
                        <Groups title="Products" list={rest.products ?? []} currency={rowsCurrency} more={link("/products")} href={(one) => (one.key ? link("/revenue", { product_id: one.key }) : null)} empty={none || "Nothing sold in these days."} />
                    </div>
                    <div class="c4 m6">
                        <Groups title="Countries" list={rest.countries ?? []} currency={rowsCurrency} name={(one) => f.country(one.key)} more={link("/revenue", { by: "country" })} empty={none || "Nothing sold in these days."} />
                    </div>
                    <div class="c4 m12">
                        <Groups title="Sources" list={rest.sources ?? []} currency={rowsCurrency} more={link("/revenue", { by: "source" })} empty={none || "No order of these days tells its source."} />
                    </div>
                </div>
            )}
        </>
    );
}
