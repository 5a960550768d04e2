// SPDX-License-Identifier: Apache-2.0
// traffic.tsx - who came, from where, and what they bought: visitors beside revenue on one axis of time, each source with what it brought, searches.
//
// Visitors and money have charts of their own, one below the other: two scales in one chart would let whoever chose them choose what it seems to say.
import { useAnswer } from "../api";
import * as f from "../format";
import { useReport, type Report } from "../report";
import { link, setParams, usePlace } from "../router";
import type { BreakdownAnswer, Group, Kind, SearchAnswer, SearchLine, TileData, TrafficAnswer, TrafficNumbers, TrafficPart, TrafficSource } from "../types";
import { Bones, Choice, Empty, ErrorBox, Name, Part } from "../ui/basics";
import { Chart } from "../ui/chart";
import { Choices } from "../ui/choices";
import { PlainTable, type PlainColumn } from "../ui/plaintable";
import { TileBones, Tiles } from "../ui/tile";

export const SERVICES: Record<string, string> = { posthog: "PostHog", plausible: "Plausible", umami: "Umami", "search-console": "Search Console" };

const FIGURES: [keyof TrafficNumbers, string, Kind][] = [
    ["visitors", "Visitors", "count"],
    ["conversion", "Conversion", "rate"],
    ["checkouts", "Checkouts opened", "count"],
    ["checkout_conversion", "Checkouts to orders", "rate"],
    ["new_orders", "New orders", "count"],
    ["revenue_per_visitor", "Revenue per visitor", "money"],
];
const SEARCH_FIGURES: [keyof TrafficNumbers, string, Kind][] = [
    ["search_clicks", "Search clicks", "count"],
    ["search_position", "Search position", "count"],
];

// What is of money has a number for each currency.
function numberOf(numbers: TrafficNumbers, key: keyof TrafficNumbers, currency: string): number | null {
    const found = numbers[key];
    return typeof found === "object" && found !== null ? (found[currency] ?? null) : typeof found === "number" ? found : null;
}

function tilesOf(data: TrafficAnswer, figures: [keyof TrafficNumbers, string, Kind][], currency: string): TileData[] {
    return figures.map(([key, name, kind]) => {
        const comparable = data.comparison ? numberOf(data.comparison.totals, key, currency) : null;
        const previous = data.comparison ? numberOf(data.comparison.previous, key, currency) : null;
        return {
            slug: `traffic.${key}`,
            name,
            kind,
            balance: false,
            value: numberOf(data.totals, key, currency),
            comparable,
            previous,
            change: null,
            approximate: null,
            unavailable: null,
            series: data.periods.map((period) => ({ at: period.timestamp, value: numberOf(period, key, currency), previous: null })),
        };
    });
}

function Visitors({ data, currency, currencies, hasSource }: { data: TrafficAnswer; currency: string; currencies: string[]; hasSource: boolean }) {
    const at = data.periods.map((one) => one.timestamp);
    const isPartial = (data.periods.at(-1)?.days_open ?? 0) > 0;
    const shared = { at, interval: data.interval, zone: data.timezone, currency, wholeLabel: f.span(data.start_date, data.end_date), sync: "traffic" };
    const money = (key: "revenue" | "new_revenue") => data.periods.map((one) => one[key][currency] ?? 0);
    return (
        <>
            {hasSource && (
                <Chart
                    {...shared}
                    title="Visitors"
                    name="Visitors"
                    note={`as ${data.source} counts`}
                    kind="count"
                    height={200}
                    isPartial={isPartial}
                    series={[{ key: "visitors", name: "Visitors", form: "bar", color: "series-2", swatch: "s2", values: data.periods.map((one) => one.visitors), whole: data.totals.visitors }]}
                />
            )}
            <Chart
                {...shared}
                title="Revenue"
                name="Revenue beside visitors"
                note={currencies.length > 1 ? `${currency.toUpperCase()} alone` : currency.toUpperCase()}
                kind="money"
                height={200}
                series={[
                    { key: "revenue", name: "Revenue", form: "bar", color: "series-1", swatch: "s1", values: money("revenue"), whole: data.totals.revenue[currency] ?? 0 },
                    { key: "new", name: "of new orders", form: "tick", color: "ink-2", swatch: "quiet", values: money("new_revenue"), whole: data.totals.new_revenue[currency] ?? 0, isQuiet: true },
                ]}
            />
            {hasSource && (
                <Chart
                    {...shared}
                    title="Conversion"
                    name="Conversion"
                    note="new orders for each visitor"
                    kind="rate"
                    height={140}
                    series={[{ key: "conversion", name: "Conversion", form: "line", color: "series-3", swatch: "s3", values: data.periods.map((one) => one.conversion), whole: data.totals.conversion }]}
                />
            )}
        </>
    );
}

// ---- where they came from, and what they bought

function Brought({ title, by, report, source, currency, name, empty }: { title: string; by: string; report: Report; source: string | null; currency: string; name?: (group: Group) => string; empty: string }) {
    const { data, error, again, isLoading } = useAnswer<BreakdownAnswer>("/api/breakdown", { ...report.query, interval: null, product_id: [], currency: null, by, traffic_source: source });
    if (error) return <ErrorBox error={error} again={again} />;
    if (isLoading || !data) return <Bones lines={8} />;
    const counts = data.traffic_counts === "visits" ? "visits" : "visitors";
    const groups = data.groups.filter((one) => one.currency === currency && (one[counts] || one.orders)).sort((a, b) => (b[counts] ?? -1) - (a[counts] ?? -1) || b.revenue - a.revenue);
    const most = Math.max(1, ...groups.map((one) => one[counts] ?? 0));
    const named = name ?? ((one: Group) => one.name);
    const columns: PlainColumn<Group>[] = [
        { key: by, title: "", cell: (one) => <span class={one.key === null ? "quiet" : ""} title={named(one)}><Name>{named(one)}</Name></span>, text: named, bar: (one) => (one[counts] ?? 0) / most },
        { key: counts, title: f.sentence(counts), isNumber: true, cell: (one) => f.count(one[counts]), text: (one) => one[counts] },
        { key: "new_orders", title: "New orders", isNumber: true, when: "p2", cell: (one) => f.count(one.new_orders), text: (one) => one.new_orders },
        { key: "conversion", title: "Conversion", isNumber: true, cell: (one) => f.value("rate", one.conversion, currency), text: (one) => one.conversion },
        { key: "revenue", title: "Revenue", isNumber: true, cell: (one) => f.money(one.revenue, currency), text: (one) => f.decimal(one.revenue, currency) },
        { key: `revenue_per_${counts.slice(0, -1)}`, title: `per ${counts.slice(0, -1)}`, isNumber: true, when: "p2", cell: (one) => f.money(one.revenue_per_visitor ?? null, currency), text: (one) => one.revenue_per_visitor },
    ];
    return <PlainTable title={title} note={currency.toUpperCase()} rows={groups.slice(0, 15)} columns={columns} id={(one) => String(one.key)} file={`traffic-by-${by}-${report.from}-${report.to}`} empty={empty} />;
}

function Parts({ title, list, name, file }: { title: string; list: TrafficPart[]; name?: (value: string) => string; file: string }) {
    const counts = list.some((one) => one.visitors !== null) ? "visitors" : "visits";
    const most = Math.max(1, ...list.map((one) => one[counts] ?? 0));
    const named = (one: TrafficPart) => (name ? name(one.value) : one.value) || "none told";
    const columns: PlainColumn<TrafficPart>[] = [
        { key: "value", title: "", cell: (one) => <span class={one.value ? "" : "quiet"} title={named(one)}><Name>{named(one)}</Name></span>, text: (one) => one.value, bar: (one) => (one[counts] ?? 0) / most },
        { key: counts, title: f.sentence(counts), isNumber: true, cell: (one) => f.count(one[counts]), text: (one) => one[counts] },
        { key: "bounce_rate", title: "Bounces", isNumber: true, cell: (one) => f.value("rate", one.bounces !== null && one.visits ? one.bounces / one.visits : null, ""), text: (one) => (one.bounces !== null && one.visits ? one.bounces / one.visits : null) },
    ];
    return <PlainTable title={title} rows={list.slice(0, 10)} columns={columns} id={(one) => one.value} file={file} empty="The source does not tell." />;
}

// ---- searches

function lineColumns(key: "query" | "page"): PlainColumn<SearchLine>[] {
    return [
        { key, title: "", cell: (one) => <span title={one[key]}><Name>{one[key]}</Name></span>, text: (one) => one[key] },
        { key: "clicks", title: "Clicks", isNumber: true, cell: (one) => f.count(one.clicks), text: (one) => one.clicks },
        { key: "impressions", title: "Impressions", isNumber: true, when: "p2", cell: (one) => f.count(one.impressions), text: (one) => one.impressions },
        { key: "position", title: "Position", isNumber: true, cell: (one) => f.count(one.position), text: (one) => one.position },
    ];
}

interface Move {
    from: string;
    isFirst: boolean;
    revenue: number;
    before: number;
    query: string;
    clicks: number | null;
    clicksBefore: number | null;
}

function Moves({ data, report }: { data: SearchAnswer; report: Report }) {
    const currency = data.weeks_currency ?? "usd";
    const rows: Move[] = data.weeks.flatMap((week) =>
        (week.queries.length ? week.queries : [{ query: "–", clicks: null, clicks_before: null }]).map((one, i) => ({ from: week.from, isFirst: i === 0, revenue: week.new_revenue, before: week.new_revenue_before, query: one.query, clicks: one.clicks, clicksBefore: one.clicks_before })),
    );
    const columns: PlainColumn<Move>[] = [
        { key: "week", title: "Week of", cell: (one) => <span class={one.isFirst ? "" : "sr"}>{f.day(one.from, "UTC")}</span>, text: (one) => one.from },
        { key: "new_revenue", title: "New revenue", isNumber: true, cell: (one) => (one.isFirst ? f.money(one.revenue, currency) : ""), text: (one) => f.decimal(one.revenue, currency) },
        { key: "new_revenue_before", title: "Week before", isNumber: true, when: "p2", cell: (one) => (one.isFirst ? f.money(one.before, currency) : ""), text: (one) => f.decimal(one.before, currency) },
        { key: "query", title: "Query", cell: (one) => <Name>{one.query}</Name>, text: (one) => one.query },
        { key: "clicks", title: "Clicks", isNumber: true, cell: (one) => f.count(one.clicks), text: (one) => one.clicks },
        { key: "clicks_before", title: "Before", isNumber: true, cell: (one) => f.count(one.clicksBefore), text: (one) => one.clicksBefore },
    ];
    return (
        <PlainTable
            title="Weeks in which new revenue moved"
            note={`and the queries whose clicks moved most in them, ${currency.toUpperCase()}`}
            rows={rows}
            columns={columns}
            id={(one, i) => `${one.from}${i}`}
            file={`searches-and-revenue-${report.from}-${report.to}`}
            empty={`In none of ${f.plural(data.weeks_seen, "whole week")} did new revenue move by a fifth.`}
            foot={<p class="quiet small" style={{ marginTop: "8px" }}>Beside each other, not because of each other.</p>}
        />
    );
}

function Searches({ report, source }: { report: Report; source: string | null }) {
    const { data, error, again, isLoading } = useAnswer<SearchAnswer>("/api/search", { ...report.query, product_id: [], currency: null, traffic_source: source });
    if (error) return <ErrorBox error={error} again={again} />;
    if (isLoading || !data) return <Bones height={320} />;
    return (
        <>
            <Chart
                title="Search clicks"
                name="Search clicks"
                note={`of ${data.search_source}`}
                at={data.periods.map((one) => one.timestamp)}
                series={[{ key: "clicks", name: "Clicks", form: "bar", color: "series-6", swatch: "s6", values: data.periods.map((one) => one.search_clicks), whole: data.totals.search_clicks }]}
                interval={data.interval}
                zone={data.timezone}
                kind="count"
                currency="usd"
                height={140}
                wholeLabel={f.span(data.start_date, data.end_date)}
                sync="traffic"
            />
            <div class="grid">
                <div class="c6 m12">
                    <PlainTable title="Queries" note="those of few people are not told" rows={data.queries.slice(0, 15)} columns={lineColumns("query")} id={(one) => one.query ?? ""} file={`queries-${report.from}-${report.to}`} empty="No search was told." />
                </div>
                <div class="c6 m12">
                    <PlainTable title="Pages found" rows={data.pages.slice(0, 15)} columns={lineColumns("page")} id={(one) => one.page ?? ""} file={`pages-${report.from}-${report.to}`} empty="No page was told." />
                </div>
            </div>
            <Moves data={data} report={report} />
        </>
    );
}

// ---- freshness

function Sources({ list }: { list: TrafficSource[] }) {
    const columns: PlainColumn<TrafficSource>[] = [
        { key: "name", title: "Source", cell: (one) => <Name>{one.name}</Name>, text: (one) => one.name },
        { key: "service", title: "Service", when: "p2", cell: (one) => SERVICES[one.service] ?? one.service, text: (one) => one.service },
        { key: "property", title: "Of", cell: (one) => <Name>{one.property_name || one.property}</Name>, text: (one) => one.property_name || one.property },
        { key: "counts", title: "Counts", when: "p2", cell: (one) => one.counts, text: (one) => one.counts },
        { key: "timezone", title: "Days in", when: "p2", cell: (one) => (one.timezone ?? "–").replace(/_/g, " "), text: (one) => one.timezone },
        { key: "complete_to", title: "Final to", cell: (one) => (one.complete_to ? f.day(one.complete_to, "UTC") : "–"), text: (one) => one.complete_to },
        { key: "fresh_as_of", title: "Data from", cell: (one) => (one.error ? <span class="warn" title={one.error}>failing, {f.ago(one.fresh_as_of)}</span> : f.ago(one.fresh_as_of)), text: (one) => one.fresh_as_of },
    ];
    return <PlainTable title="Where the numbers are from" rows={list} columns={columns} id={(one) => one.name} file="traffic-sources" empty="Nothing is connected." tools={<a href={link("/integrations")}>Integrations</a>} />;
}

export function Traffic() {
    const report = useReport();
    const { params } = usePlace();
    const source = params.get("source");
    const { data, error, again } = useAnswer<TrafficAnswer>("/api/traffic", { ...report.query, product_id: [], currency: null, compare: report.compare, traffic_source: source });
    const counting = (data?.sources ?? []).filter((one) => one.counts === "visitors");
    const currencies = data ? Object.keys(data.totals.revenue) : [];
    const currency = currencies.includes(report.currency) ? report.currency : currencies.includes("usd") ? "usd" : (currencies[0] ?? "usd");
    const hasSource = Boolean(data?.source);
    const hasSearch = Boolean(data?.search_source);
    const than = data?.comparison ? f.span(data.comparison.previous_from, data.comparison.previous_to) : undefined;
    const figures = [...(hasSource ? FIGURES : []), ...(hasSearch ? SEARCH_FIGURES : [])];
    const part = (key: string) => data?.parts?.[key] ?? [];
    const file = (key: string) => `traffic-by-${key}-${report.from}-${report.to}`;
    return (
        <>
            <h1 class="sr">Traffic</h1>
            <Choices report={report} hasCompare currencies={currencies} currency={currency} />
            {error && <ErrorBox error={error} again={again} />}
            {!data && !error && <TileBones n={6} />}
            {!data && !error && <Bones height={400} />}
            {data && !hasSource && !hasSearch && (
                <Empty>
                    No source of traffic is connected. <a href={link("/integrations")}>Integrations</a> connects PostHog, Plausible, Umami and Search Console; then visitors stand here beside what you sell.
                </Empty>
            )}
            {data && figures.length > 0 && <Tiles label="Traffic" tiles={tilesOf(data, figures, currency)} currency={currency} than={than} isPartial={data.totals.days_open > 0} hasNoChange={!data.comparison} />}
            {counting.length > 1 && (
                <p class="row quiet small">
                    Visitors of{" "}
                    <Choice label="Visitors of" value={data?.source ?? ""} options={counting.map((one) => [one.name, one.name])} onChange={(name) => setParams({ source: name === counting[0].name ? null : name })} />{" "}
                    The others count them too; none is added to another.
                </p>
            )}
            {data && <Visitors data={data} currency={currency} currencies={currencies} hasSource={hasSource} />}
            {data && data.notes.length > 0 && (hasSource || hasSearch) && (
                <ul class="notes quiet small" aria-label="What to know">
                    {data.notes.map((note) => (
                        <li key={note}>{note}.</li>
                    ))}
                </ul>
            )}
            {data && hasSource && (
                <>
                    <div class="grid">
                        <div class="c6 m12">
                            <Brought title="Sources" by="source" report={report} source={source} currency={currency} empty="No visit tells its source." />
                        </div>
                        <div class="c6 m12">
                            <Brought title="Landing pages" by="landing_page" report={report} source={source} currency={currency} empty="The source does not tell landing pages." />
                        </div>
                    </div>
                    <div class="grid">
                        <div class="c6 m12">
                            <Brought title="Countries" by="country" report={report} source={source} currency={currency} name={(one) => f.country(one.key)} empty="The source does not tell countries." />
                        </div>
                        <div class="c6 m12">
                            <Brought title="Campaigns" by="campaign" report={report} source={source} currency={currency} empty="No visit tells its campaign." />
                        </div>
                    </div>
                    <div class="grid">
                        <div class="c4 m12">
                            <Parts title="Channels" list={part("channel").length ? part("channel") : part("source")} file={file("channel")} />
                        </div>
                        <div class="c4 m6">
                            <Parts title="Referrers" list={part("referrer")} file={file("referrer")} />
                        </div>
                        <div class="c4 m6">
                            <Parts title="Devices" list={part("device")} file={file("device")} />
                        </div>
                    </div>
                </>
            )}
            {data && hasSearch && <Searches report={report} source={source} />}
            {data && data.sources.length > 0 ? <Sources list={data.sources} /> : data && <Part title="Where the numbers are from">{<p class="empty">Nothing is connected.</p>}</Part>}
        </>
    );
}
