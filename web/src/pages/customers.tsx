// SPDX-License-Identifier: Apache-2.0
// customers.tsx - everybody, and the lists that ask for an act: who pays, who is new, who left, who may leave.
import { useAnswer } from "../api";
import * as f from "../format";
import { useReport, type Report } from "../report";
import { link, usePlace } from "../router";
import type { CustomerRow, PeopleAnswer } from "../types";
import { Amounts, Bones, Empty, ErrorBox, Name, Part } from "../ui/basics";
import { Choices } from "../ui/choices";
import { DataTable, Search, type Column } from "../ui/datatable";

const LISTS: [string, string, string][] = [
    ["", "All", ""],
    ["paying", "Paying", "Nobody pays a subscription at the end of these days."],
    ["new", "New", "Nobody began to pay in these days."],
    ["lost", "Lost", "Nobody stopped paying in these days."],
    ["at_risk", "At risk", "Nobody who pays is late, or is going to end."],
];

const WHY: Record<string, string> = { past_due: "payment is late", unpaid: "unpaid", payment_failed: "a renewal failed and is tried again", ends: "going to end" };

const COLUMNS = (zone: string): Column<CustomerRow>[] => [
    {
        key: "name",
        title: "Customer",
        cell: (row) => (
            <a href={link(`/customers/${row.id}`)}>
                <Name>{f.who(row)}</Name>
            </a>
        ),
        text: (row) => row.name,
    },
    { key: "email", title: "E-mail", sort: "email", when: "p2", cell: (row) => <span class="quiet">{row.name ? row.email : ""}</span>, text: (row) => row.email },
    { key: "country", title: "Country", when: "p3", width: "136px", cell: (row) => <span class={row.country ? "" : "quiet"}>{f.country(row.country)}</span>, text: (row) => row.country },
    { key: "created_at", title: "Since", sort: "created_at", when: "p2", width: "112px", cell: (row) => f.day(row.created_at, zone), text: (row) => row.created_at },
    { key: "last_order_at", title: "Last order", when: "p3", width: "112px", cell: (row) => <span class="quiet">{row.last_order_at ? f.ago(row.last_order_at) : "–"}</span>, text: (row) => row.last_order_at },
    { key: "orders", title: "Orders", isNumber: true, when: "p2", width: "72px", cell: (row) => f.count(row.orders), text: (row) => row.orders },
    { key: "mrr", title: "MRR", isNumber: true, when: "p2", width: "112px", cell: (row) => <Amounts list={row.mrr} pick={(one: { amount: number }) => one.amount} />, text: (row) => row.mrr.map((one) => `${f.decimal(one.amount ?? 0, one.currency)} ${one.currency}`).join("; ") },
    { key: "revenue", title: "Revenue", isNumber: true, width: "136px", cell: (row) => <Amounts list={row.revenue} pick={(one: { net_amount: number }) => one.net_amount} />, text: (row) => row.revenue.map((one) => `${f.decimal(one.net_amount ?? 0, one.currency)} ${one.currency}`).join("; ") },
];

function People({ list, report, empty }: { list: string; report: Report; empty: string }) {
    const { data, error, again, isLoading } = useAnswer<PeopleAnswer>("/api/people", { ...report.query, interval: null, list });
    const { params } = usePlace();
    const search = (params.get("search") ?? "").toLowerCase();
    const rows = (data?.customers ?? []).filter((one) => !search || `${one.name ?? ""} ${one.email ?? ""}`.toLowerCase().includes(search));
    const sums = new Map<string, number>();
    for (const one of rows) sums.set(one.currency, (sums.get(one.currency) ?? 0) + one.mrr);
    const isPast = list === "lost" || list === "at_risk";
    const save = () =>
        f.download(
            `customers-${list}.csv`,
            f.csv(["customer_id", "name", "email", "currency", "mrr", "since", "why", "at", "reason"], rows.map((one) => [one.customer_id, one.name, one.email, one.currency, f.decimal(one.mrr, one.currency), one.since, one.why, one.at, one.reason])),
        );
    if (error) return <ErrorBox error={error} again={again} />;
    if (isLoading || !data) return <Bones lines={12} />;
    return (
        <>
            <div class="row" style={{ marginBottom: "8px", minHeight: "32px" }}>
                <Search label="Search customers" />
                <span class="quiet small" aria-live="polite">
                    {f.plural(search ? rows.length : data.total, "customer")}
                    {sums.size > 0 && `, ${list === "lost" ? "who paid" : "MRR"} ${[...sums].map(([currency, minor]) => f.money(minor, currency)).join(" · ")}`}
                    {data.total > data.customers.length && !search && `, the first ${f.count(data.customers.length)} shown`}
                </span>
                <span style={{ flex: "1" }} />
                <span class="tools-small">
                    <button type="button" onClick={save}>
                        CSV<span class="sr"> of these customers</span>
                    </button>
                </span>
            </div>
            {rows.length === 0 ? (
                <Empty>{search ? "No customer matches." : empty}</Empty>
            ) : (
                <div class="scroll big" tabIndex={0} role="group" aria-label="Customers" style={{ maxHeight: "640px" }}>
                    <table class="fixed">
                        <caption class="sr">Customers: {f.words(list)}</caption>
                        <colgroup>
                            <col />
                            <col class="p3" />
                            <col class="p2" style={{ width: "112px" }} />
                            {isPast && <col style={{ width: "22%" }} />}
                            {isPast && <col class="p2" style={{ width: "112px" }} />}
                            {isPast && <col class="p3" style={{ width: "144px" }} />}
                            <col style={{ width: "112px" }} />
                            <col class="p2" style={{ width: "44px" }} />
                        </colgroup>
                        <thead>
                            <tr>
                                <th scope="col">Customer</th>
                                <th scope="col" class="p3">E-mail</th>
                                <th scope="col" class="p2">Paying since</th>
                                {isPast && <th scope="col">Why</th>}
                                {isPast && <th scope="col" class="p2">{list === "lost" ? "Left" : "On"}</th>}
                                {isPast && <th scope="col" class="p3">Reason given</th>}
                                <th scope="col" class="num">MRR</th>
                                <th scope="col" class="p2"><span class="sr">Currency</span></th>
                            </tr>
                        </thead>
                        <tbody>
                            {rows.slice(0, 500).map((one, i) => (
                                <tr key={`${one.customer_id}${one.currency}${i}`}>
                                    <th scope="row">
                                        <a href={link(`/customers/${one.customer_id}`)}>
                                            <Name>{f.who(one)}</Name>
                                        </a>
                                    </th>
                                    <td class="quiet p3">{one.name ? one.email : ""}</td>
                                    <td class="p2">{f.day(one.since, report.zone)}</td>
                                    {isPast && <td>{one.why ? (WHY[one.why] ?? f.words(one.why)) : <span class="quiet">{list === "lost" ? "ended" : "–"}</span>}</td>}
                                    {isPast && <td class="p2">{f.day(one.at, report.zone)}</td>}
                                    {isPast && <td class="quiet p3">{one.reason ? f.words(one.reason) : ""}</td>}
                                    <td class="num">{f.money(one.mrr, one.currency)}</td>
                                    <td class="quiet small p2">{one.currency.toUpperCase()}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </>
    );
}

export function Customers() {
    const report = useReport();
    const { params } = usePlace();
    const asked = params.get("list") ?? "";
    const [list, , empty] = LISTS.find(([key]) => key === asked) ?? LISTS[0];
    return (
        <>
            <h1 class="sr">Customers</h1>
            <Choices report={report} hasRange={list !== "" && list !== "at_risk"} hasInterval={false} hasProducts={list !== ""} />
            <Part title="Customers">
                <nav class="tabs" aria-label="Lists">
                    {LISTS.map(([key, title]) => (
                        <a key={key} href={link("/customers", { list: key })} aria-current={key === list ? "true" : undefined}>
                            {title}
                        </a>
                    ))}
                </nav>
                {list === "" ? (
                    <DataTable<CustomerRow>
                        name="Customers"
                        one="customer"
                        path="/api/list/customers"
                        query={{ connection: report.query.connection, search: params.get("search"), country: params.get("country") }}
                        columns={COLUMNS(report.zone)}
                        usualSort="-created_at"
                        height={640}
                        empty={params.get("search") ? "No customer matches. The search looks at e-mail, name and id, from their beginning." : "No customers yet."}
                        tools={<Search label="Search customers" />}
                    />
                ) : (
                    <People key={list} list={list} report={report} empty={empty} />
                )}
            </Part>
        </>
    );
}
