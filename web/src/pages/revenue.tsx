// SPDX-License-Identifier: Apache-2.0
// revenue.tsx - money in: gross and net by bucket, where it comes from, and the orders themselves.
import { useAnswer } from "../api";
import * as f from "../format";
import { today, useReport } from "../report";
import { link, setParams, usePlace } from "../router";
import type { BreakdownAnswer, Kind, MetricsAnswer, OrderRow, TileData } from "../types";
import { Bones, Choice, Empty, ErrorBox, Name, Part, Tag } from "../ui/basics";
import { Chart, type Series } from "../ui/chart";
import { Choices } from "../ui/choices";
import { DataTable, Search, type Column } from "../ui/datatable";
import { TileBones, Tiles } from "../ui/tile";

const KIND: Record<string, Kind> = { currency: "money", currency_sub_cent: "money", percentage: "rate", scalar: "count" };

// The metrics of an answer of /api/metrics as tiles: no comparison, that is the overview's.
export function metricTiles(data: MetricsAnswer, slugs: string[], balances: string[] = []): TileData[] {
    return slugs
        .filter((slug) => data.metrics[slug])
        .map((slug) => ({
            slug,
            name: data.metrics[slug].display_name,
            kind: KIND[data.metrics[slug].type] ?? "count",
            balance: balances.includes(slug),
            value: data.totals[slug] ?? null,
            previous: null,
            change: null,
            approximate: data.till.approximate[slug] ?? null,
            unavailable: data.till.unavailable[slug] ?? null,
            series: data.periods.map((period) => ({ at: period.timestamp, value: (period[slug] as number | null) ?? null, previous: null })),
        }));
}

const SLUGS = ["revenue", "net_revenue", "orders", "average_order_value", "checkouts_conversion", "checkouts", "succeeded_checkouts", "one_time_products_revenue", "new_subscriptions_revenue", "renewed_subscriptions_revenue"];
const TILES = ["revenue", "net_revenue", "orders", "average_order_value", "checkouts_conversion"];

const DIMENSIONS: [string, string][] = [
    ["product", "Products"],
    ["country", "Countries"],
    ["source", "Sources"],
    ["medium", "Mediums"],
    ["campaign", "Campaigns"],
    ["discount", "Discounts"],
    ["billing_reason", "Reasons"],
    ["currency", "Currencies"],
];

function Breakdown({ by, report, answer, currency }: { by: string; report: ReturnType<typeof useReport>; answer: ReturnType<typeof useAnswer<BreakdownAnswer>>; currency: string }) {
    const { data, error, again, isLoading } = answer;
    // What brought visitors alone is for the traffic page.
    const groups = (data?.groups ?? []).filter((one) => (by === "currency" || one.currency === currency) && (one.orders || one.mrr || one.checkouts));
    const peak = new Map<string, number>();
    for (const one of groups) peak.set(one.currency, Math.max(peak.get(one.currency) ?? 0, one.revenue));
    const name = (one: (typeof groups)[number]) => (by === "country" ? f.country(one.key) : by === "billing_reason" ? f.title(one.name) : by === "currency" ? one.name.toUpperCase() : one.name);
    const save = () =>
        f.download(
            `revenue-by-${by}-${report.from}-${report.to}.csv`,
            f.csv(
                [by, "currency", "revenue", "orders", "average", "refunds", "mrr", "conversion"],
                groups.map((one) => [name(one), one.currency, f.decimal(one.revenue, one.currency), one.orders, one.average_order_value === null || one.average_order_value === undefined ? null : f.decimal(one.average_order_value, one.currency), f.decimal(one.refunds ?? 0, one.currency), f.decimal(one.mrr ?? 0, one.currency), one.checkout_conversion ?? null]),
            ),
        );
    return (
        <Part
            title="Where it comes from"
            note={by === "currency" ? "each by itself" : currency.toUpperCase()}
            tools={
                <button type="button" onClick={save}>
                    CSV<span class="sr"> of the breakdown</span>
                </button>
            }
        >
            <nav class="tabs" aria-label="Revenue by">
                {DIMENSIONS.map(([key, title]) => (
                    <a key={key} href={link("/revenue", { by: key === "product" ? null : key })} aria-current={key === by ? "true" : undefined}>
                        {title}
                    </a>
                ))}
            </nav>
            {error && <ErrorBox error={error} again={again} />}
            {isLoading && <Bones lines={8} />}
            {data && groups.length === 0 && <Empty>Nothing was sold in these days.</Empty>}
            {groups.length > 0 && (
                <div class="scroll" tabIndex={0} role="group" aria-label="Breakdown" style={{ maxHeight: "440px" }}>
                    <table>
                        <caption class="sr">Revenue by {by}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{f.title(by)}</th>
                                <th scope="col" class="num">Revenue</th>
                                <th scope="col" class="num p2">Orders</th>
                                <th scope="col" class="num p3">Average</th>
                                <th scope="col" class="num p2">Refunds</th>
                                <th scope="col" class="num">MRR</th>
                                <th scope="col" class="num p3">Conversion</th>
                            </tr>
                        </thead>
                        <tbody>
                            {groups.map((one) => (
                                <tr key={`${one.key}${one.currency}`}>
                                    <th scope="row" class="clip">
                                        <span class={one.key === null ? "quiet" : ""}>
                                            <Name>{name(one)}</Name>
                                        </span>
                                        <span class="bar" aria-hidden="true">
                                            <i style={{ width: `${Math.max(0, (one.revenue / (peak.get(one.currency) || 1)) * 100)}%` }} />
                                        </span>
                                    </th>
                                    <td class="num">{f.money(one.revenue, one.currency)}</td>
                                    <td class="num p2">{f.count(one.orders)}</td>
                                    <td class="num p3">{f.money(one.average_order_value, one.currency)}</td>
                                    <td class="num p2">{one.refunds ? f.money(one.refunds, one.currency) : <span class="quiet">–</span>}</td>
                                    <td class="num">{one.mrr ? f.money(one.mrr, one.currency) : <span class="quiet">–</span>}</td>
                                    <td class="num p3">{one.checkout_conversion === null || one.checkout_conversion === undefined ? <span class="quiet">–</span> : f.share(one.checkout_conversion)}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </Part>
    );
}

export function orderColumns(zone: string, withCustomer = true): Column<OrderRow>[] {
    return [
        { key: "created_at", title: "Date", sort: "created_at", width: "148px", cell: (row) => <span title={row.id}>{f.moment(row.created_at, zone)}</span>, text: (row) => row.created_at },
        { key: "invoice", title: "Invoice", when: "p3", width: "132px", cell: (row) => <span class="quiet">{row.invoice_number ?? "–"}</span>, text: (row) => row.invoice_number },
        ...(withCustomer
            ? [
                  {
                      key: "customer",
                      title: "Customer",
                      cell: (row: OrderRow) =>
                          row.customer ? (
                              <a href={link(`/customers/${row.customer.id}`)} title={row.customer.email ?? ""}>
                                  <Name>{f.who(row.customer)}</Name>
                              </a>
                          ) : (
                              <span class="quiet">unknown</span>
                          ),
                      text: (row: OrderRow) => row.customer?.email ?? row.customer?.name ?? null,
                  },
              ]
            : []),
        { key: "product", title: "Product", when: "p2", cell: (row) => <Name>{row.product?.name ?? "–"}</Name>, text: (row) => row.product?.name ?? null },
        { key: "billing_reason", title: "Why", when: "p3", width: "144px", cell: (row) => <span class="quiet">{f.words(row.billing_reason)}</span>, text: (row) => row.billing_reason },
        { key: "status", title: "Status", when: "p2", width: "148px", cell: (row) => <Tag status={row.status} />, text: (row) => row.status },
        { key: "refunded_amount", title: "Refunded", isNumber: true, when: "p3", width: "104px", cell: (row) => (row.refunded_amount ? f.money(row.refunded_amount, row.currency) : <span class="quiet">–</span>), text: (row) => f.decimal(row.refunded_amount, row.currency) },
        { key: "net_amount", title: "Net of tax", sort: "net_amount", isNumber: true, width: "112px", cell: (row) => f.money(row.net_amount, row.currency), text: (row) => f.decimal(row.net_amount, row.currency) },
        { key: "total_amount", title: "Total", isNumber: true, when: "p3", width: "112px", cell: (row) => f.money(row.total_amount, row.currency), text: (row) => f.decimal(row.total_amount, row.currency) },
        { key: "currency", title: "", width: "44px", when: "p2", cell: (row) => <span class="quiet small">{row.currency.toUpperCase()}</span>, text: (row) => row.currency },
    ];
}

export function Revenue() {
    const report = useReport();
    const { params } = usePlace();
    const by = DIMENSIONS.some(([key]) => key === params.get("by")) ? (params.get("by") as string) : "product";
    const { data, error, again, isLoading } = useAnswer<MetricsAnswer>("/api/metrics", { ...report.query, currency: null, slug: SLUGS });
    const breakdown = useAnswer<BreakdownAnswer>("/api/breakdown", { ...report.query, interval: null, currency: null, by });
    const codes = [...new Set((breakdown.data?.groups ?? []).map((one) => one.currency))].sort();
    const currency = codes.includes(report.currency) ? report.currency : codes.includes("usd") ? "usd" : (codes[0] ?? "usd");
    const tiles = data ? metricTiles(data, TILES) : [];
    const at = data?.periods.map((period) => period.timestamp) ?? [];
    const column = (slug: string) => data?.periods.map((period) => (period[slug] as number | null) ?? null) ?? [];
    const split: Series[] = data
        ? [
              { key: "renewed_subscriptions_revenue", name: "Renewals", form: "up", color: "series-1", swatch: "s1", values: column("renewed_subscriptions_revenue"), whole: data.totals.renewed_subscriptions_revenue },
              { key: "new_subscriptions_revenue", name: "New subscriptions", form: "up", color: "series-6", swatch: "s6", values: column("new_subscriptions_revenue"), whole: data.totals.new_subscriptions_revenue },
              { key: "one_time_products_revenue", name: "Sold once", form: "up", color: "series-2", swatch: "s2", values: column("one_time_products_revenue"), whole: data.totals.one_time_products_revenue },
              { key: "net_revenue", name: "Net revenue", form: "tick", color: "ink", swatch: "", values: column("net_revenue"), whole: data.totals.net_revenue },
          ]
        : [];
    const hasEnd = report.to >= today(report.zone);
    return (
        <>
            <h1 class="sr">Revenue</h1>
            <Choices report={report} hasProducts currencies={codes} currency={currency} />
            {error && <ErrorBox error={error} again={again} />}
            {isLoading && (
                <>
                    <TileBones n={5} />
                    <Bones height={340} />
                </>
            )}
            {data && (
                <>
                    <Tiles label="Revenue" tiles={tiles} currency="usd" isPartial={hasEnd} hasNoChange />
                    <div class="grid">
                        <div class="c12">
                            <Chart title="Revenue by kind" name="Revenue by kind" note="in US dollars at each payment's rate, as Polar counts" at={at} series={split} interval={report.interval} zone={data.till.timezone} kind="money" currency="usd" wholeLabel={f.span(report.from, report.to)} isPartial={hasEnd} height={300} />
                        </div>
                    </div>
                </>
            )}
            <div class="grid">
                <div class="c12">
                    <Breakdown by={by} report={report} answer={breakdown} currency={currency} />
                </div>
                <Part class="c12" title="Orders">
                    <DataTable<OrderRow>
                        name="Orders"
                        one="order"
                        path="/api/list/orders"
                        query={{ connection: report.query.connection, from: report.from, to: report.to, timezone: report.query.timezone as string, product_id: report.products, currency: report.currency, search: params.get("search"), status: params.get("status") }}
                        columns={orderColumns(report.zone)}
                        usualSort="-created_at"
                        empty={params.get("search") ? "No order matches. The search looks at e-mail, name, order id and invoice number, from their beginning." : "No orders in these days."}
                        tools={
                            <>
                                <Search label="Search orders" />
                                <Choice label="Status" value={params.get("status") ?? ""} options={[["", "any status"], ["paid", "paid"], ["pending", "pending"], ["refunded", "refunded"], ["partially_refunded", "partially refunded"], ["void", "void"]]} onChange={(status) => setParams({ status }, true)} />
                            </>
                        }
                    />
                </Part>
            </div>
        </>
    );
}
