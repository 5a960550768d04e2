// SPDX-License-Identifier: Apache-2.0
// products.tsx - what is sold: prices, what each brings in the range, and what it brought in all.
import { useAnswer } from "../api";
import * as f from "../format";
import { useReport } from "../report";
import { link, usePlace } from "../router";
import type { BreakdownAnswer, ProductRow } from "../types";
import { Amounts, Bones, ErrorBox, Name, Part } from "../ui/basics";
import { Choices } from "../ui/choices";
import { DataTable, Search, type Column } from "../ui/datatable";
import { Groups } from "./overview";

function price(one: ProductRow["prices"][number], interval: string | null): string {
    if (one.amount_type === "free") return "free";
    if (one.amount_type === "custom") return "as the customer likes";
    if (one.amount === null || !one.currency) return f.words(one.amount_type);
    return `${f.money(one.amount, one.currency)}${interval ? ` / ${interval}` : ""}`;
}

const COLUMNS: Column<ProductRow>[] = [
    {
        key: "name",
        title: "Product",
        sort: "name",
        cell: (row) => (
            <a href={link("/revenue", { product_id: row.id })}>
                <Name>{row.name}</Name>
            </a>
        ),
        text: (row) => row.name,
    },
    { key: "price", title: "Price", when: "p2", width: "24%", cell: (row) => <span class="quiet">{(row.prices ?? []).map((one) => price(one, row.recurring_interval)).join(" · ") || "–"}</span>, text: (row) => (row.prices ?? []).map((one) => price(one, row.recurring_interval)).join("; ") },
    { key: "state", title: "", when: "p3", width: "88px", cell: (row) => (row.is_archived ? <span class="quiet small">archived</span> : null), text: (row) => (row.is_archived ? "archived" : "") },
    { key: "active_subscriptions", title: "Subscriptions", isNumber: true, when: "p2", width: "108px", cell: (row) => (row.is_recurring ? f.count(row.active_subscriptions) : <span class="quiet">–</span>), text: (row) => row.active_subscriptions },
    { key: "orders", title: "Orders", isNumber: true, when: "p2", width: "80px", cell: (row) => f.count(row.orders), text: (row) => row.orders },
    { key: "mrr", title: "MRR", isNumber: true, when: "p3", width: "22%", cell: (row) => <Amounts list={row.mrr} pick={(one: { amount: number }) => one.amount} />, text: (row) => row.mrr.map((one) => `${f.decimal(one.amount ?? 0, one.currency)} ${one.currency}`).join("; ") },
    { key: "revenue", title: "Revenue, all time", isNumber: true, width: "26%", cell: (row) => <Amounts list={row.revenue} pick={(one: { net_amount: number }) => one.net_amount} />, text: (row) => row.revenue.map((one) => `${f.decimal(one.net_amount ?? 0, one.currency)} ${one.currency}`).join("; ") },
];

export function Products() {
    const report = useReport();
    const { params } = usePlace();
    const { data, error, again, isLoading } = useAnswer<BreakdownAnswer>("/api/breakdown", { ...report.query, interval: null, product_id: [], currency: null, by: "product" });
    const codes = [...new Set((data?.groups ?? []).map((one) => one.currency))];
    const currency = codes.includes(report.currency) ? report.currency : codes.includes("usd") ? "usd" : (codes[0] ?? "usd");
    const groups = (data?.groups ?? []).filter((one) => one.currency === currency);
    const byMrr = groups.map((one) => ({ ...one, revenue: one.mrr ?? 0 })).filter((one) => one.revenue > 0).sort((a, b) => b.revenue - a.revenue);
    return (
        <>
            <h1 class="sr">Products</h1>
            <Choices report={report} hasInterval={false} currencies={codes} currency={currency} />
            {error && <ErrorBox error={error} again={again} />}
            {isLoading && <Bones height={320} />}
            {data && (
                <div class="grid">
                    <div class="c6 m12">
                        <Groups title={`Revenue, ${f.span(report.from, report.to)}`} list={groups.filter((one) => one.revenue !== 0).slice(0, 12)} currency={currency} href={(one) => (one.key ? link("/revenue", { product_id: one.key }) : null)} empty="Nothing was sold in these days." />
                    </div>
                    <div class="c6 m12">
                        <Groups title="MRR, now" list={byMrr.slice(0, 12)} currency={currency} href={(one) => (one.key ? link("/subscriptions", { product_id: one.key }) : null)} empty="No product with subscriptions." />
                    </div>
                </div>
            )}
            <Part title="All products">
                <DataTable<ProductRow>
                    name="Products"
                    one="product"
                    path="/api/list/products"
                    query={{ connection: report.query.connection, search: params.get("search") }}
                    columns={COLUMNS}
                    usualSort=""
                    empty={params.get("search") ? "No product matches." : "No products yet."}
                    tools={<Search label="Search products" />}
                />
            </Part>
        </>
    );
}
