// SPDX-License-Identifier: Apache-2.0
// customer.tsx - one customer: worth, subscriptions, orders, and what changed in the rows since till looks at them.
import { useAnswer } from "../api";
import * as f from "../format";
import { useReport } from "../report";
import { link } from "../router";
import type { CustomerAnswer, HistoryMoment, OrderRow } from "../types";
import { Amounts, Bones, CopyButton, Empty, ErrorBox, Name, Part, Tag } from "../ui/basics";
import { subscriptionColumns } from "./subscriptions";
import { orderColumns } from "./revenue";
import type { Column } from "../ui/datatable";

function Rows<Row extends { id: string }>({ name, rows, columns }: { name: string; rows: Row[]; columns: Column<Row>[] }) {
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={name} style={{ maxHeight: "480px" }}>
            <table>
                <caption class="sr">{name}</caption>
                <thead>
                    <tr>
                        {columns.map((column) => (
                            <th scope="col" key={column.key} class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`}>
                                {column.title || <span class="sr">{f.title(column.key)}</span>}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((row) => (
                        <tr key={row.id}>
                            {columns.map((column) => (
                                <td key={column.key} class={`${column.isNumber ? "num" : ""} ${column.when ?? ""}`}>
                                    {column.cell(row)}
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function shown(value: unknown): string {
    if (value === null || value === undefined || value === "") return "nothing";
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function Changes({ moments, zone }: { moments: HistoryMoment[]; zone: string }) {
    return (
        <ol class="stack">
            {moments.slice(0, 100).map((moment, i) => (
                <li key={i} class="small">
                    <span class="quiet">
                        {f.moment(moment.seen_at, zone)} · {moment.table ? `${f.words(moment.table)} ` : ""}
                        {moment.event}
                    </span>
                    {moment.changes.map((change) => (
                        <div key={change.column}>
                            <b>{f.words(change.column)}</b> <span class="quiet"><Name>{shown(change.old_value)}</Name></span> <span aria-label="became">→</span> <Name>{shown(change.new_value)}</Name>
                        </div>
                    ))}
                </li>
            ))}
        </ol>
    );
}

export function Customer({ id }: { id: string }) {
    const report = useReport();
    const { data, error, again, isLoading } = useAnswer<CustomerAnswer & { orders: number | OrderRow[]; order_count?: number }>("/api/customer", { id, connection: report.query.connection });
    if (error)
        return (
            <>
                <h1 class="title">Customer</h1>
                <ErrorBox error={error} again={again} />
                <p>
                    <a href={link("/customers")}>All customers</a>
                </p>
            </>
        );
    if (isLoading || !data)
        return (
            <>
                <h1 class="sr">Customer</h1>
                <Bones lines={12} />
            </>
        );
    const orders = data.orders_list ?? (Array.isArray(data.orders) ? data.orders : []);
    const orderCount = Array.isArray(data.orders) ? (data.order_count ?? data.orders.length) : data.orders;
    const worth = data.lifetime_value ?? data.revenue ?? [];
    const first = data.first_order_at ?? orders[orders.length - 1]?.created_at ?? null;
    const last = data.last_order_at ?? orders[0]?.created_at ?? null;
    return (
        <>
            <p class="small" style={{ padding: "12px 0 0" }}>
                <a href={link("/customers")}>Customers</a>
            </p>
            <div class="head">
                <h1 class="title">
                    <Name>{f.who(data)}</Name>
                </h1>
                {data.name && data.email && (
                    <span class="quiet">
                        {data.email} <CopyButton text={data.email} what="the e-mail address" />
                    </span>
                )}
                <span class="quiet">{f.country(data.country)}</span>
                {data.deleted && <Tag status="deleted at Polar" />}
            </div>
            <div class="grid">
                <Part class="c4 m12" title="Worth">
                    <dl class="facts">
                        <dt>Lifetime value</dt>
                        <dd>
                            <b>
                                <Amounts list={worth} pick={(one: { amount?: number; net_amount?: number }) => one.amount ?? one.net_amount} />
                            </b>
                        </dd>
                        <dt>MRR now</dt>
                        <dd>
                            <Amounts list={data.mrr} pick={(one: { amount?: number }) => one.amount} />
                        </dd>
                        <dt>Orders</dt>
                        <dd>{f.count(orderCount)}</dd>
                        <dt>First order</dt>
                        <dd>{f.day(first, report.zone)}</dd>
                        <dt>Last order</dt>
                        <dd>{last ? `${f.day(last, report.zone)}, ${f.ago(last)}` : "–"}</dd>
                        <dt>Customer since</dt>
                        <dd>{f.day(data.created_at, report.zone)}</dd>
                        <dt>Id</dt>
                        <dd class="mono">
                            {data.id} <CopyButton text={data.id} what="the id" />
                        </dd>
                    </dl>
                </Part>
                <Part class="c8 m12" title="Subscriptions">
                    {data.subscriptions?.length ? <Rows name="Subscriptions" rows={data.subscriptions} columns={subscriptionColumns(report.zone, false)} /> : <Empty>No subscription.</Empty>}
                </Part>
            </div>
            <div class="grid">
                <Part class="c8 m12" title="Orders" note={orders.length < orderCount ? `the newest ${f.count(orders.length)} of ${f.count(orderCount)}` : undefined}>
                    {orders.length ? <Rows name="Orders" rows={orders} columns={orderColumns(report.zone, false)} /> : <Empty>No order.</Empty>}
                </Part>
                <Part class="c4 m12" title="What changed" note="as seen by till">
                    {data.changes?.length ? <Changes moments={data.changes} zone={report.zone} /> : <Empty>Nothing has changed since the first sync.</Empty>}
                </Part>
            </div>
        </>
    );
}
