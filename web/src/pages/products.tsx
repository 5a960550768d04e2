// SPDX-License-Identifier: Apache-2.0
// products.tsx - what is sold: prices, what each brings in the range, and what it brought in all.
import { useAnswer } from "../api";
import * as f from "../format";
import { useReport } from "../report";
import { link, usePlace } from "../router";
import type { BreakdownAnswer, ProductRow } from "../types";
import { Bones, ErrorBox, Name, Part } from "../ui/basics";
import { Choices } from "../ui/choices";
import { DataTable, Search, type Column } from "../ui/datatable";
import { Groups } from "./overview";

function price(one: ProductRow["prices"][number], interval: string | null): string {
    if (one.amount_type === "free") return "free";
    if (one.amount_type === "custom") return "as the customer likes";
    if (one.amount === null || !one.currency) return f.words(one.amount_type);
    return `${f.money(one.amount, one.currency)}${interval ? ` / ${interval}` : ""}`;
}

// Prices in the currency that is looked at, else all; each said once.
function prices(row: ProductRow, currency: string): string {
    const list = row.prices ?? [];
    const here = list.filter((one) => !one.currency || one.currency === currency);
    return [...new Set((here.length ? here : list).map((one) => price(one, row.recurring_interval)))].join(" · ") || "–";
}

function inCurrency(list: { currency: string; amount?: number; net_amount?: number }[] | null, currency: string): number {
    const found = (list ?? []).find((one) => one.currency === currency);
    return found?.amount ?? found?.net_amount ?? 0;
}

function Sum({ list, currency }: { list: { currency: string; amount?: number; net_amount?: number }[] | null; currency: string }) {
    const minor = inCurrency(list, currency);
    const others = (list ?? []).filter((one) => one.currency !== currency && (one.amount ?? one.net_amount ?? 0) !== 0);
    return (
        <span title={others.map((one) => f.money(one.amount ?? one.net_amount, one.currency)).join(", ")}>
            {minor ? f.money(minor, currency) : <span class="quiet">–</span>}
        </span>
    );
}

const columns = (currency: string): Column<ProductRow>[] => [
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
    { key: "price", title: "Price", when: "p2", width: "26%", cell: (row) => <span class="quiet">{prices(row, currency)}</span>, text: (row) => (row.prices ?? []).map((one) => price(one, row.recurring_interval)).join("; ") },
    { key: "state", title: "State", when: "p3", width: "88px", cell: (row) => <span class="quiet small">{row.is_archived ? "archived" : "on sale"}</span>, text: (row) => (row.is_archived ? "archived" : "on sale") },
    { key: "active_subscriptions", title: "Subscriptions", isNumber: true, when: "p2", width: "108px", cell: (row) => (row.is_recurring ? f.count(row.active_subscriptions) : <span class="quiet">–</span>), text: (row) => row.active_subscriptions },
    { key: "orders", title: "Orders", isNumber: true, when: "p2", width: "80px", cell: (row) => f.count(row.orders), text: (row) => row.orders },
    { key: "mrr", title: `MRR, ${currency.toUpperCase()}`, isNumber: true, when: "p3", width: "152px", cell: (row) => <Sum list={row.mrr} currency={currency} />, text: (row) => row.mrr.map((one) => `${f.decimal(one.amount ?? 0, one.currency)} ${one.currency}`).join("; ") },
    { key: "revenue", title: `All revenue, ${currency.toUpperCase()}`, isNumber: true, width: "160px", cell: (row) => <Sum list={row.revenue} currency={currency} />, text: (row) => row.revenue.map((one) => `${f.decimal(one.net_amount ?? 0, one.currency)} ${one.currency}`).join("; ") },
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
                        <Groups title="MRR, now" hasNoOrders list={byMrr.slice(0, 12)} currency={currency} href={(one) => (one.key ? link("/subscriptions", { product_id: one.key }) : null)} empty="No product with subscriptions." />
                    </div>
                </div>
            )}
            <Part title="All products" note={codes.length > 1 ? `${currency.toUpperCase()} alone` : undefined}>
                <DataTable<ProductRow>
                    name="Products"
                    one="product"
                    path="/api/list/products"
                    query={{ connection: report.query.connection, search: params.get("search") }}
                    columns={columns(currency)}
                    usualSort="name"
                    empty={params.get("search") ? "No product matches." : "No products yet."}
                    tools={<Search label="Search products" />}
                />
            </Part>
        </>
    );
}
