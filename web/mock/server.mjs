// SPDX-License-Identifier: Apache-2.0
// server.mjs - the API of `till serve` with made-up answers, for developing the page: node mock/server.mjs [--port N] [--scenario NAME] [--dist DIR] [--needs token]
//
// Only what the page needs to be looked at: the truth is in tests/page, which run against the program.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { makeChannels, makeDigest } from "./digest.mjs";
import { makeShop, INTERVALS, TABLES } from "./shop.mjs";

const option = (name, usual) => {
    const at = process.argv.indexOf(`--${name}`);
    return at > 0 ? process.argv[at + 1] : usual;
};
const port = Number(option("port", "8456"));
const dist = option("dist", null);
const shop = makeShop(option("scenario", "normal"));
const channels = makeChannels(shop.scenario);
const needs = option("needs", null);
const DAY = 86_400_000;
const iso = shop.iso;
let isConnected = shop.scenario !== "fresh";
let jobs = 0;
const jobList = new Map();
const streams = new Set();
const STEP = { hour: 3_600_000, day: DAY, week: 7 * DAY };

const send = (event, data) => streams.forEach((stream) => stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));

function buckets(from, to, interval) {
    const list = [];
    const end = Date.parse(`${to}T00:00:00Z`) + DAY;
    let at = new Date(`${from}T00:00:00Z`);
    if (interval === "week") at = new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY);
    if (interval === "month") at = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1));
    if (interval === "year") at = new Date(Date.UTC(at.getUTCFullYear(), 0, 1));
    while (at.getTime() < end && list.length < 5000) {
        const next = STEP[interval] ? new Date(at.getTime() + STEP[interval]) : interval === "month" ? new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1)) : new Date(Date.UTC(at.getUTCFullYear() + 1, 0, 1));
        list.push([at.getTime(), Math.min(next.getTime(), end)]);
        at = next;
    }
    return list;
}

const USD = { usd: 1, eur: 1.08, jpy: 0.0067 * 100 };

function question(query) {
    const today = shop.date(Date.now());
    const from = query.get("from") ?? shop.date(Date.now() - 29 * DAY);
    const to = query.get("to") ?? today;
    const days = Math.round((Date.parse(to) - Date.parse(from)) / DAY) + 1;
    const interval = query.get("interval") ?? (days <= 2 ? "hour" : days <= 92 ? "day" : days <= 200 ? "week" : "month");
    return { from, to, days, interval, today, products: query.getAll("product_id"), timezone: query.get("timezone") ?? "UTC" };
}

const inProducts = (q, product) => q.products.length === 0 || q.products.includes(product.id);
const toUsd = (o) => Math.round(o.net_amount * USD[o.currency]);

function values(slug, [start, end], q) {
    const orders = () => shop.orders.filter((o) => o.at >= start && o.at < end && inProducts(q, o.product));
    const active = () => shop.subscriptions.filter((s) => s.start < end && (!s.end || s.end >= end) && inProducts(q, s.product));
    const sum = (list, f) => list.reduce((n, o) => n + f(o), 0);
    switch (slug) {
        case "revenue": return sum(orders(), toUsd);
        case "net_revenue": return sum(orders(), (o) => Math.round((o.net_amount * 0.95 - o.refunded_amount - 40) * USD[o.currency]));
        case "orders": return orders().length;
        case "one_time_products_revenue": return sum(orders().filter((o) => !o.subscription_id), toUsd);
        case "new_subscriptions_revenue": return sum(orders().filter((o) => o.billing_reason === "subscription_create"), toUsd);
        case "renewed_subscriptions_revenue": return sum(orders().filter((o) => o.billing_reason === "subscription_cycle"), toUsd);
        case "average_order_value": { const l = orders(); return l.length ? Math.ceil(sum(l, toUsd) / l.length) : 0; }
        case "monthly_recurring_revenue": return start > Date.now() ? null : sum(active(), (s) => Math.round(s.mrr * USD[s.currency]));
        case "active_subscriptions": return active().length;
        case "new_subscriptions": return shop.subscriptions.filter((s) => s.start >= start && s.start < end && inProducts(q, s.product)).length;
        case "canceled_subscriptions": return shop.subscriptions.filter((s) => s.end && s.end >= start && s.end < end && inProducts(q, s.product)).length;
        case "checkouts_conversion": { const l = orders().length; return l ? Math.min(1, 0.35 + (l % 7) / 40) : 0; }
        default: return 0;
    }
}

const METRICS = {
    revenue: ["Revenue", "money", false], net_revenue: ["Net Revenue", "money", false], orders: ["Orders", "count", false], monthly_recurring_revenue: ["Monthly Recurring Revenue", "money", true],
    active_subscriptions: ["Active Subscriptions", "count", true], new_subscriptions: ["New Subscriptions", "count", false], canceled_subscriptions: ["Canceled Subscriptions", "count", false],
    average_order_value: ["Average Order Value", "money", false], checkouts_conversion: ["Checkouts Conversion Rate", "rate", false], one_time_products_revenue: ["One-Time Products Revenue", "money", false],
    new_subscriptions_revenue: ["New Subscriptions Revenue", "money", false], renewed_subscriptions_revenue: ["Renewed Subscriptions Revenue", "money", false],
};
const TILES = ["revenue", "orders", "monthly_recurring_revenue", "active_subscriptions", "new_subscriptions", "canceled_subscriptions", "average_order_value"];

function movements(list, q, currency) {
    const paying = (at) => {
        const map = new Map();
        for (const s of shop.subscriptions) if (s.currency === currency && s.start < at && (!s.end || s.end >= at) && inProducts(q, s.product)) map.set(s.customer.id, (map.get(s.customer.id) ?? 0) + s.mrr);
        return map;
    };
    return list.filter(([start]) => start <= Date.now()).map(([start, end]) => {
        const [a, b] = [paying(start), paying(Math.min(end, Date.now()))];
        const row = { timestamp: iso(start), start: 0, new: 0, expansion: 0, contraction: 0, churn: 0, reactivation: 0, end: 0, customers_start: a.size, customers_new: 0, customers_churned: 0, customers_reactivated: 0, customers_end: b.size, source: "events" };
        for (const [id, mrr] of a) { row.start += mrr; const n = b.get(id) ?? 0; if (n === 0) { row.churn += mrr; row.customers_churned++; } else if (n > mrr) row.expansion += n - mrr; else row.contraction += mrr - n; }
        for (const [id, mrr] of b) { row.end += mrr; if (!a.has(id)) { if (id.charCodeAt(0) % 9 === 0) { row.reactivation += mrr; row.customers_reactivated++; } else { row.new += mrr; row.customers_new++; } } }
        return row;
    });
}

const personOf = (c) => ({ id: c.id, name: c.name, email: c.email, country: c.country });

function groups(q, by, currency) {
    const map = new Map();
    const keyOf = { product: (o) => [o.product.id, o.product.name], country: (o) => [o.customer.country, o.customer.country ?? "unknown"], source: (o) => [o.customer.source, o.customer.source ?? "unknown"], billing_reason: (o) => [o.billing_reason, o.billing_reason ?? "unknown"] }[by] ?? ((o) => [o.currency, o.currency]);
    const [start, end] = [Date.parse(q.from), Date.parse(q.to) + DAY];
    const of = (key, name, currency) => { const id = `${key}|${currency}`; if (!map.has(id)) map.set(id, { key, name, currency, revenue: 0, orders: 0, refunds: 0, mrr: 0, checkouts: 0, checkouts_succeeded: 0 }); return map.get(id); };
    for (const o of shop.orders) if (o.at >= start && o.at < end && (!currency || o.currency === currency) && inProducts(q, o.product)) { const g = of(...keyOf(o), o.currency); g.revenue += o.net_amount; g.orders++; g.refunds += o.refunded_amount; g.checkouts += 3; g.checkouts_succeeded++; }
    for (const s of shop.subscriptions) if (!s.end && (!currency || s.currency === currency) && inProducts(q, s.product)) of(...keyOf({ ...s, billing_reason: "subscription_cycle" }), s.currency).mrr += s.mrr;
    const list = [...map.values()].sort((a, b) => b.revenue - a.revenue || b.mrr - a.mrr);
    const total = list.reduce((n, g) => n + g.revenue, 0);
    return list.map((g) => ({ ...g, share: total ? g.revenue / total : 0, average_order_value: g.orders ? Math.round(g.revenue / g.orders) : null, checkout_conversion: g.checkouts ? g.checkouts_succeeded / g.checkouts : null }));
}

const PARTS = { tiles: ["tiles"], movements: ["movements"], top: ["products", "countries", "sources"], latest: ["latest"], notes: ["annotations", "goals"] };

function overview(query) {
    const q = question(query);
    const list = buckets(q.from, q.to, q.interval);
    const compare = query.get("compare") ?? "previous";
    const shift = compare === "year" ? 365 * DAY : q.days * DAY;
    const before = compare === "none" ? null : { from: shop.date(Date.parse(q.from) - shift), to: shop.date(Date.parse(q.to) - shift) };
    const currency = query.get("currency") ?? "usd";
    const tiles = TILES.map((slug) => {
        const [name, kind, balance] = METRICS[slug];
        const series = list.map(([s, e]) => ({ at: iso(s), value: s > Date.now() ? null : values(slug, [s, e], q), previous: before ? values(slug, [s - shift, e - shift], q) : null }));
        const whole = (from, to) => balance ? values(slug, [Date.parse(to), Date.parse(to) + DAY], q) : values(slug, [Date.parse(from), Date.parse(to) + DAY], q);
        const value = whole(q.from, q.to);
        const previous = before ? whole(before.from, before.to) : null;
        return { slug, name, kind, balance, value, previous, change: previous ? (value - previous) / previous : null, approximate: slug === "monthly_recurring_revenue" ? "converted at the nearest day's rate" : null, unavailable: null, series };
    });
    const latest = [
        ...shop.orders.slice(-14).map((o) => ({ kind: "order", id: o.id, at: o.created_at, customer: personOf(o.customer), product: o.product.name, amount: o.net_amount, currency: o.currency, billing_reason: o.billing_reason })),
        ...shop.subscriptions.filter((s) => s.end).sort((a, b) => b.end - a.end).slice(0, 4).map((s) => ({ kind: "canceled", id: s.id, at: iso(s.end), customer: personOf(s.customer), product: s.product.name, amount: s.mrr, currency: s.currency })),
        ...shop.subscriptions.slice(-3).map((s) => ({ kind: "subscription", id: `s${s.id}`, at: iso(s.start), customer: personOf(s.customer), product: s.product.name, amount: s.amount, currency: s.currency })),
    ].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 20);
    return {
        connection: "polar", organization: shop.scenario === "big" ? "The Globex Corporation of Springfield, Shelbyville and Ogdenville" : "Globex",
        range: { from: q.from, to: q.to, timezone: q.timezone, interval: q.interval, is_partial: q.to >= q.today }, previous: before, as_of: iso(Date.now()), fresh_as_of: iso(Date.now() - 95_000),
        rows_currency: currency, currencies: ["usd", "eur", "jpy"], currency: "usd", tiles, movements: movements(list, q, currency), products: groups(q, "product", currency).slice(0, 8), countries: groups(q, "country", currency).slice(0, 8), sources: groups(q, "source", currency).slice(0, 8),
        latest, annotations: shop.annotations, goals: shop.goals,
        ...Object.fromEntries(query.getAll("part").length ? Object.entries(PARTS).filter(([part]) => !query.getAll("part").includes(part)).flatMap(([, keys]) => keys.map((key) => [key, null])) : []),
    };
}

function metrics(query) {
    const q = question(query);
    const slugs = query.getAll("slug").length ? query.getAll("slug") : Object.keys(METRICS);
    return {
        periods: buckets(q.from, q.to, q.interval).map((b) => ({ timestamp: iso(b[0]), ...Object.fromEntries(slugs.map((s) => [s, b[0] > Date.now() ? 0 : values(s, b, q)])) })),
        totals: Object.fromEntries(slugs.map((s) => [s, METRICS[s]?.[2] ? values(s, [Date.parse(q.to), Date.parse(q.to) + DAY], q) : values(s, [Date.parse(q.from), Date.parse(q.to) + DAY], q)])),
        metrics: Object.fromEntries(slugs.map((s) => [s, { slug: s, display_name: METRICS[s]?.[0] ?? s, type: { money: "currency", rate: "percentage" }[METRICS[s]?.[1]] ?? "scalar" }])),
        till: { approximate: { revenue: "1 order without a rate" }, unavailable: {}, interval: q.interval, timezone: q.timezone, fresh_as_of: iso(Date.now()) },
    };
}

function movementsAnswer(query) {
    const q = question(query);
    const list = buckets(q.from, q.to, q.interval);
    return {
        interval: q.interval, timezone: q.timezone, as_of: iso(Date.now()), source: "events", source_sentence: "dates and amounts are those that Polar's events tell",
        currencies: ["usd", "eur", "jpy"].map((currency) => {
            const periods = movements(list, q, currency);
            const sum = (k) => periods.reduce((n, p) => n + p[k], 0);
            const total = { ...periods[0], ...Object.fromEntries(["new", "expansion", "contraction", "churn", "reactivation", "customers_new", "customers_churned", "customers_reactivated"].map((k) => [k, sum(k)])), end: periods.at(-1)?.end ?? 0, customers_end: periods.at(-1)?.customers_end ?? 0 };
            const rate = (value, type, nature, formula, reason = null) => ({ value, reason, type, nature, formula });
            return { currency, periods, total, rates: {
                gross_revenue_retention: rate(0.83, "percentage", "activity", "what each still pays, at most what it paid / their MRR at the start"), net_revenue_retention: rate(0.94, "percentage", "activity", "MRR at the end of the customers at the start / their MRR at the start"),
                quick_ratio: rate(2.17, "ratio", "activity", "(new + expansion + reactivation) / (contraction + churn)"), customer_churn: rate(0.071, "percentage", "activity", "customers at the start without MRR at the end / customers at the start"),
                average_revenue_per_account: rate(3848, "currency", "balance", "MRR at the end / paying customers at the end"), lifetime_value: rate(null, "currency", "balance", "ARPA / mean customer churn", "nobody left in the whole months of the range"), trial_conversion: rate(0.8, "percentage", "activity", "trials that went on and pay / trials whose last day came"),
            } };
        }),
    };
}

function cohorts(query) {
    const q = { ...question(query), interval: query.get("interval") ?? "month" };
    const list = buckets(query.get("from") ?? shop.date(Date.now() - 340 * DAY), q.to, q.interval).filter(([s]) => s <= Date.now());
    return { interval: q.interval, timezone: "UTC", as_of: iso(Date.now()), whole_periods: list.length - 1, source_sentence: "dates and amounts are those that Polar's events tell", currencies: ["usd", "eur", "jpy"].map((currency) => {
        const first = new Map();
        for (const s of shop.subscriptions) if (s.currency === currency) first.set(s.customer.id, Math.min(first.get(s.customer.id) ?? Infinity, s.start));
        return { currency, cohorts: list.map(([start, end], i) => {
            const members = new Set([...first].filter(([, at]) => at >= start && at < end).map(([id]) => id));
            const cells = list.slice(i).map(([, e]) => { const alive = shop.subscriptions.filter((s) => s.currency === currency && members.has(s.customer.id) && s.start < e && (!s.end || s.end >= e)); return [new Set(alive.map((s) => s.customer.id)).size, alive.reduce((n, s) => n + s.mrr, 0)]; });
            return { timestamp: iso(start), customers: members.size, initial: shop.subscriptions.filter((s) => members.has(s.customer.id)).reduce((n, s) => n + s.mrr, 0), customers_kept: cells.map((c) => c[0]), mrr: cells.map((c) => c[1]) };
        }) };
    }) };
}

function people(query) {
    const list = query.get("list") ?? "paying";
    const q = question(query);
    const rows = shop.subscriptions.filter((s) => list === "lost" ? s.end && s.end >= Date.parse(q.from) : list === "new" ? !s.end && s.start >= Date.parse(q.from) : list === "at_risk" ? s.cancels || s.late : !s.end)
        .map((s) => ({ customer_id: s.customer.id, name: s.customer.name, email: s.customer.email, currency: s.currency, mrr: s.mrr, since: iso(s.start), why: list === "at_risk" ? (s.late ? "past_due" : "ends") : null, at: s.end ? iso(s.end) : s.cancels ? iso(Date.now() + 9 * DAY) : null, reason: s.reason })).sort((a, b) => b.mrr - a.mrr);
    return { list, total: rows.length, customers: rows.slice(0, 500) };
}

const amounts = (list, key, value) => { const map = new Map(); for (const one of list) map.set(one[key], (map.get(one[key]) ?? 0) + value(one)); return [...map]; };
const orderRow = ({ at, customer, product, ...o }) => ({ ...o, customer: personOf(customer), product: { id: product.id, name: product.name } });
const subscriptionRow = (s) => ({ id: s.id, started_at: iso(s.start), status: s.end ? "canceled" : s.late ? "past_due" : s.trial && s.start > Date.now() - 14 * DAY ? "trialing" : "active", customer: personOf(s.customer), product: { id: s.product.id, name: s.product.name }, amount: s.amount, currency: s.currency, recurring_interval: s.product.interval, recurring_interval_count: 1, current_period_end: iso(s.start + Math.ceil((Date.now() - s.start) / (30.44 * DAY)) * 30.44 * DAY), cancel_at_period_end: s.cancels ? 1 : 0, ends_at: s.cancels ? iso(Date.now() + 9 * DAY) : null, ended_at: s.end ? iso(s.end) : null, trial_end: null, customer_cancellation_reason: s.reason, mrr: s.end ? 0 : s.mrr });
function customerRow(c) {
    const orders = shop.orders.filter((o) => o.customer === c);
    const subscriptions = shop.subscriptions.filter((s) => s.customer === c && !s.end);
    return { ...personOf(c), created_at: c.created_at, orders: orders.length, revenue: amounts(orders, "currency", (o) => o.net_amount).map(([currency, net_amount]) => ({ currency, net_amount, refunded_amount: 0 })), mrr: amounts(subscriptions, "currency", (s) => s.mrr).map(([currency, amount]) => ({ currency, amount })), since: c.created_at, last_order_at: orders.at(-1)?.created_at ?? null, deleted: false };
}
const productRow = (p) => ({ id: p.id, name: p.name, is_archived: p.is_archived, is_recurring: p.interval ? 1 : 0, recurring_interval: p.interval, prices: [{ amount_type: "fixed", currency: "usd", amount: p.price }], orders: shop.orders.filter((o) => o.product === p).length, revenue: amounts(shop.orders.filter((o) => o.product === p), "currency", (o) => o.net_amount).map(([currency, net_amount]) => ({ currency, net_amount })), mrr: amounts(shop.subscriptions.filter((s) => s.product === p && !s.end), "currency", (s) => s.mrr).map(([currency, amount]) => ({ currency, amount })), active_subscriptions: shop.subscriptions.filter((s) => s.product === p && !s.end).length });

const LISTS = {
    orders: [() => shop.orders.map(orderRow), ["created_at", "net_amount"], "-created_at"],
    subscriptions: [() => shop.subscriptions.map(subscriptionRow), ["started_at"], "-started_at"],
    customers: [() => shop.customers.map(customerRow), ["created_at", "email"], "-created_at"],
    products: [() => shop.products.map(productRow), ["name"], "name"],
};
function listAnswer(name, query) {
    const [rows, sorts, usual] = LISTS[name];
    const search = (query.get("search") ?? "").toLowerCase();
    const sort = query.get("sort") || usual;
    const column = sort.replace("-", "");
    const [status, country, product] = [query.get("status"), query.get("country"), query.get("product_id")];
    const all = rows().filter((r) => (!search || JSON.stringify([r.name, r.email, r.id, r.invoice_number, r.customer]).toLowerCase().includes(search)) && (!status || r.status === status) && (!country || (r.country ?? r.customer?.country) === country) && (!product || r.product?.id === product))
        .sort((a, b) => (a[column] < b[column] ? -1 : 1) * (sort.startsWith("-") ? -1 : 1));
    const at = Number(query.get("after") ?? 0);
    const limit = Number(query.get("limit") ?? 100);
    return { rows: all.slice(at, at + limit), next: at + limit < all.length ? String(at + limit) : null, total: all.length, is_capped: false, sorts };
}

const tableState = (table, i) => ({ connection: "polar", table, enabled: 1, method: i > 6 ? "full" : "incremental", readable: table === "events" ? 1 : 1, rows: { orders: shop.orders.length, customers: shop.customers.length, subscriptions: shop.subscriptions.length, products: shop.products.length }[table] ?? 12 * i, deleted: i % 3, quarantined: 0, proven: i === 5 ? 0 : 1, last_run: iso(Date.now() - i * 70_000), last_success: iso(Date.now() - i * 70_000), fresh_as_of: iso(Date.now() - i * 70_000), added: i, changed: i * 2, removed: 0, requests: 1 + (i % 3), every: "15m", next_due: iso(Date.now() + i * 60_000), last_method: "incremental", last_full: iso(Date.now() - DAY), failures: i === 5 ? 2 : 0, failing_since: null, last_error: i === 5 ? "Polar answered 502 six times" : null, waiting: 0 });
const connection = () => ({ name: "polar", service: "polar", connected: isConnected, environment: "production", api_url: "https://api.polar.sh", organization_id: "af2fd73b-c731-45ac-9950-487c82d22a80", organization_name: overviewName(), token_place: "file", scopes: "organizations:read customers:read products:read orders:read subscriptions:read refunds:read checkouts:read benefits:read", missing_scopes: "events:read", last_sync: iso(Date.now() - 95_000), fresh_as_of: iso(Date.now() - 95_000), rows: 19601, quarantined: 0, failing_tables: 0, unproven_tables: 0, stale: false, tables: TABLES.map(tableState) });
const overviewName = () => (shop.scenario === "big" ? "The Globex Corporation of Springfield, Shelbyville and Ogdenville" : "Globex");

function startJob(command, lines, output, error) {
    const job = { id: ++jobs, command, state: "running", line: lines[0] ?? null, exit_status: null, output: null, error: null };
    jobList.set(job.id, job);
    lines.forEach((line, i) => setTimeout(() => { job.line = line; send("job", { id: job.id, command, state: "running", line }); }, i * 250));
    setTimeout(() => { Object.assign(job, error ? { state: "failed", error, exit_status: 4 } : { state: "done", output, exit_status: 0 }); send("job", { id: job.id, command, state: job.state, line: null }); send("changed", { stamp: Date.now() }); }, lines.length * 250 + 100);
    return { job: job.id };
}

const DEFINITIONS = Object.entries(METRICS).map(([slug, [name, kind, balance]]) => ({ slug, name, kind, balance, definition: `${name}, as Polar counts it: paid orders after discount, before tax, on the day of the order's creation.`, formula: "sum of round(net amount x rate)" }));
const SCHEMA = [...TABLES.map((name) => ({ name, kind: "table", sentence: `Polar's ${name}.`, columns: ["id", "created_at", "modified_at", "status", "amount", "currency", "metadata"].map((c) => ({ name: c, type: c === "amount" ? "INTEGER" : "TEXT", sentence: null })) })), { name: "v_daily_revenue", kind: "view", sentence: "Revenue by day and currency.", columns: ["day", "currency", "orders", "net_amount"].map((c) => ({ name: c, type: c === "day" || c === "currency" ? "TEXT" : "INTEGER", sentence: null })) }];

const READS = {
    "/api/overview": overview, "/api/metrics": metrics, "/api/movements": movementsAnswer, "/api/cohorts": cohorts, "/api/people": people,
    "/api/breakdown": (query) => ({ by: query.get("by") ?? "product", groups: groups(question(query), query.get("by") ?? "product", query.get("currency")) }),
    "/api/definitions": () => DEFINITIONS, "/api/annotations": () => shop.annotations, "/api/goals": () => shop.goals, "/api/saved": () => shop.saved, "/api/schema": () => SCHEMA,
    "/api/tables": () => ({ tables: TABLES.map(tableState), intervals: INTERVALS, requests_day: TABLES.map((table, i) => ({ connection: "polar", table, requests: 40 * i })) }),
    "/api/runs": () => Array.from({ length: 40 }, (_, i) => ({ table: TABLES[i % 9], started: iso(Date.now() - i * 300_000), finished: iso(Date.now() - i * 300_000 + 800), seconds: 0.8 + i / 50, method: i % 13 === 0 ? "full" : "incremental", added: i % 4, changed: i % 7, removed: 0, requests: 1 + (i % 3), proven: 1, error: i === 7 ? "Polar answered 502 six times" : null })),
    "/api/digest": (query) => makeDigest(query, shop.scenario, (slug, span) => values(slug, span, { products: [] })), "/api/channels": () => channels.answer(),
    "/api/jobs": (query) => jobList.get(Number(query.get("id"))),
    "/api/customer": (query) => { const c = shop.customers.find((one) => one.id === query.get("id")); if (!c) return null; const orders = shop.orders.filter((o) => o.customer === c); return { ...customerRow(c), orders_list: orders.slice(-200).reverse().map(orderRow), subscriptions: shop.subscriptions.filter((s) => s.customer === c).map(subscriptionRow), lifetime_value: customerRow(c).revenue.map((r) => ({ currency: r.currency, amount: r.net_amount })), first_order_at: orders[0]?.created_at ?? null, changes: [{ seen_at: iso(Date.now() - 3 * DAY), event: "changed", table: "customers", changes: [{ column: "name", old_value: "Ada", new_value: c.name }] }] }; },
};

createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const json = (status, body) => { response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "private, no-cache" }); response.end(status === 204 ? undefined : JSON.stringify(body)); };
    const hasSession = !needs || /till_session=mock/.test(request.headers.cookie ?? "");
    if (!url.pathname.startsWith("/api/")) {
        if (!dist) return json(404, { error: { class: "usage", text: "no page here; npx vite serves it", hint: "--dist DIR serves a built one" } });
        let file = join(dist, normalize(url.pathname));
        if (!existsSync(file) || statSync(file).isDirectory()) file = join(dist, "index.html");
        const type = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8" }[extname(file)];
        response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" });
        return createReadStream(file).pipe(response);
    }
    if (url.pathname === "/api/events") {
        if (!hasSession) return json(401, { error: { class: "auth", text: "no session", hint: "" } });
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write('event: state\ndata: {"stamp":1}\n\n');
        streams.add(response);
        return request.on("close", () => streams.delete(response));
    }
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
        const fields = new URLSearchParams(body);
        if (url.pathname === "/api/session") {
            if (request.method === "DELETE" || fields.get("token") === "mock" || fields.get("password") === "mock") { response.writeHead(204, { "Set-Cookie": `till_session=${request.method === "DELETE" ? "" : "mock"}; Path=/; HttpOnly; SameSite=Strict` }); return response.end(); }
            return json(401, { error: { class: "auth", text: needs === "password" ? "the password is wrong" : "the token is not the one of this server", hint: "open the address that till serve printed" } });
        }
        if (url.pathname === "/api/state") return json(200, hasSession ? { version: "0.1.0", needs: null, now: iso(Date.now()), timezone: "UTC", locale: "en_US", watching: true, webhooks: null, connections: isConnected ? [connection()] : [], jobs: [] } : { version: "0.1.0", needs });
        if (!hasSession) return json(401, { error: { class: "auth", text: "no session", hint: "" } });
        if (url.pathname === "/api/query") { if (/error/.test(body)) return json(400, { error: { class: "usage", text: "no such column: error", hint: "the schema is beside the console" } }); return json(200, { columns: [{ name: "day", type: "TEXT" }, { name: "currency", type: "TEXT" }, { name: "orders", type: "INTEGER" }, { name: "net_amount", type: "INTEGER" }], rows: Array.from({ length: 30 }, (_, i) => [shop.date(Date.now() - i * DAY), "usd", 4 + (i % 5), 12000 + ((i * 7919) % 9000)]), row_count: 30, is_cut: false, elapsed_ms: 3 }); }
        if (request.method !== "GET") {
            if (request.headers["x-till"] !== "page") return json(403, { error: { class: "usage", text: "not from the page", hint: "" } });
            const done = channels.act(request.method, url.pathname, request.method === "DELETE" ? url.searchParams : fields);
            if (done) return json(202, startJob(url.pathname.slice(5), ["asking the service"], done));
            switch (url.pathname) {
                case "/api/connect": if (fields.get("token") === "bad") return json(202, startJob("connect", ["asking Polar who the token belongs to"], null, { class: "unauthorized", text: "Polar does not accept this token", hint: "make a new one in Settings, Developers" })); isConnected = true; return json(202, startJob("connect", ["asking Polar who the token belongs to"], { organization_name: "Globex", scopes: [] }));
                case "/api/disconnect": isConnected = false; return json(202, startJob("disconnect", ["forgetting the token"], {}));
                case "/api/sync": return json(202, startJob("sync", ["customers 400 of 1,408", "orders 1,200 of 3,004", "orders 2,700 of 3,004", "checkouts 200 of 1,211"], {}));
                case "/api/doctor": return json(202, startJob("doctor", ["integrity check"], { version: "0.1.0", checks: [{ check: "permissions", verdict: "ok", text: "till.db can be read by you alone", remedy: null }, { check: "database", verdict: "ok", text: "integrity check passed", remedy: null }, { check: "clock", verdict: "warning", text: "the clock is 14 s off", remedy: "turn on network time" }, { check: "connection", verdict: "failed", text: "could not read events: the token has no scope events:read", remedy: "add the scope events:read to the token" }] }));
                case "/api/annotations": if (request.method === "DELETE") shop.annotations = shop.annotations.filter((a) => String(a.id) !== url.searchParams.get("id")); else shop.annotations = [...shop.annotations, { id: Date.now(), date: fields.get("date"), text: fields.get("text") }].sort((a, b) => (a.date < b.date ? -1 : 1)); return json(202, startJob("annotate", [], {}));
                case "/api/goals": if (request.method === "DELETE") shop.goals = shop.goals.filter((g) => g.metric !== url.searchParams.get("metric")); else shop.goals = [...shop.goals.filter((g) => g.metric !== fields.get("metric")), { metric: fields.get("metric"), currency: fields.get("currency"), amount_minor: Math.round(Number(fields.get("amount")) * (fields.get("currency") ? 100 : 1)), per: "month", until: null }]; return json(202, startJob("goal", [], {}));
                case "/api/saved": if (request.method === "DELETE") shop.saved = shop.saved.filter((s) => s.name !== url.searchParams.get("name")); else shop.saved = [...shop.saved.filter((s) => s.name !== fields.get("name")), { name: fields.get("name"), sql: fields.get("sql") }]; return json(202, startJob("saved", [], {}));
                default: return json(202, startJob(url.pathname.slice(5), [], {}));
            }
        }
        if (shop.scenario === "broken") return json(500, { error: { class: "database", text: "the database could not be read: disk I/O error", hint: "look at `till doctor`" } });
        const list = url.pathname.match(/^\/api\/list\/(\w+)$/);
        if (list && LISTS[list[1]]) return json(200, listAnswer(list[1], url.searchParams));
        const read = READS[url.pathname];
        const answer = read?.(url.searchParams);
        return answer ? json(200, answer) : json(404, { error: { class: "usage", text: "there is nothing here", hint: null } });
    });
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));

// The shop lives: an order now and then.
if (shop.scenario === "normal" && process.argv.includes("--alive"))
    setInterval(() => { const model = shop.orders[Math.floor(shop.rnd() * shop.orders.length)]; shop.orders.push({ ...model, id: `${Date.now()}`, at: Date.now(), created_at: iso(Date.now()) }); send("changed", { stamp: Date.now() }); }, 4000);
