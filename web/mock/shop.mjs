// SPDX-License-Identifier: Apache-2.0
// shop.mjs - a made-up shop for developing the page without the program: the answers of the API, plausible, the same for the same seed.
//
// Scenarios: normal; fresh (nothing connected); empty (connected, no rows); day (one day of data); big (a million in revenue, long names,
// three currencies, a losing month); broken (every read fails).
const DAY = 86_400_000;

export function random(seed) {
    let a = seed >>> 0;
    return () => {
        a = (a + 0x6d2b79f5) | 0;
        let t = Math.imul(a ^ (a >>> 15), 1 | a);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

const FIRST = ["Ada", "Noor", "Inês", "Max", "Ravi", "Hồng", "Sara", "Olena", "Kobayashi", "Gabriel", "Amara", "Björn", "Chloé", "Diego", "Emine", "Farah", "Greta", "Hugo", "Ivana", "Jun", "שרה", "محمد", "李", "Ольга"];
const LAST = ["Example", "Voorbeeld", "Esempio", "Ejemplo", "Beispiel", "Przykład", "Exempel", "Příklad", "Exemplo", "مثال", "サンプル"];
const COUNTRIES = ["US", "DE", "GB", "FR", "NL", "JP", "CA", "IN", "BR", "SE", "ES", "AU", "PL", "KR", "CH"];
const SOURCES = [null, "google", "newsletter", "hackernews", "twitter", "github", "producthunt", "reddit"];
const PRODUCTS = [
    ["Pro", 1900, "month"], ["Pro (yearly)", 19000, "year"], ["Team", 12000, "month"], ["Team (yearly)", 120000, "year"], ["Lifetime licence", 24900, null],
    ["Icon set", 2900, null], ["Course: shipping small things", 9900, null], ["Consulting hour", 15000, null], ["Sticker sheet", 500, null],
];
const REASONS = ["too_expensive", "unused", "missing_features", "switched_service", "low_quality", "too_complex", "other"];
export const INTERVALS = ["5m", "15m", "1h", "6h", "24h", "7d"];
export const TABLES = ["organizations", "products", "benefits", "customers", "subscriptions", "refunds", "orders", "checkouts", "events"];

const iso = (ms) => new Date(ms).toISOString().replace("Z", "000Z");
const date = (ms) => new Date(ms).toISOString().slice(0, 10);

export function makeShop(scenario, seed = 7) {
    const rnd = random(seed);
    const pick = (list) => list[Math.floor(rnd() * list.length)];
    const uuid = () => "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(rnd() * 16).toString(16));
    const now = Date.now();
    const big = scenario === "big";
    const days = scenario === "day" ? 1 : 500;
    const products = PRODUCTS.map(([name, price, interval]) => ({
        id: uuid(), name: big && price === 12000 ? "Team: the plan for everybody who has long names for their products, and more of it" : name, price: big ? price * 40 : price, interval, is_archived: name === "Sticker sheet" ? 1 : 0,
    }));
    const customers = [];
    const orders = [];
    const subscriptions = [];
    const currencyOf = () => (rnd() < 0.72 ? "usd" : rnd() < 0.7 ? "eur" : "jpy");
    const scale = { usd: 1, eur: 0.9, jpy: 1.5 };
    const addCustomer = (at) => {
        const first = pick(FIRST);
        const n = customers.length;
        const customer = {
            id: uuid(), created_at: iso(at),
            name: n === 3 ? "<script>alert(1)</script> & Söhne" : rnd() < 0.08 ? null : big && n % 9 === 0 ? `${first} ${pick(LAST)}-Featherstonehaugh von und zu Hohenzollern-Sigmaringen` : `${first} ${pick(LAST)}`,
            email: `${first.normalize("NFD").replace(/[^a-zA-Z]/g, "").toLowerCase() || "kunde"}.${n}@${pick(["mail.example", "example.com", "example.org", "shop.example"])}`,
            country: rnd() < 0.06 ? null : pick(COUNTRIES), currency: currencyOf(), source: pick(SOURCES),
        };
        customers.push(customer);
        return customer;
    };
    const addOrder = (at, customer, product, reason, subscription) => {
        const amount = Math.round(product.price * scale[customer.currency] * (rnd() < 0.1 ? 0.8 : 1));
        const tax = Math.round(amount * 0.19 * (rnd() < 0.5 ? 1 : 0));
        const refunded = rnd() < 0.03 ? amount : 0;
        orders.push({
            id: uuid(), at, created_at: iso(at), status: refunded ? "refunded" : rnd() < 0.01 ? "pending" : "paid", paid: true, customer, product, billing_reason: reason, total_amount: amount + tax, net_amount: amount, tax_amount: tax,
            refunded_amount: refunded, currency: customer.currency, invoice_number: `GLBX-${String(orders.length + 1).padStart(5, "0")}`, subscription_id: subscription?.id ?? null,
        });
    };
    if (scenario !== "fresh" && scenario !== "empty") {
        const start = now - days * DAY;
        for (let d = 0; d <= days; d++) {
            const at = start + d * DAY;
            const weekday = new Date(at).getUTCDay();
            const growth = 0.35 + (0.65 * d) / days + 0.12 * Math.sin(d / 29);
            const visits = Math.round((scenario === "day" ? 9 : 3.2) * growth * (weekday === 0 || weekday === 6 ? 0.55 : 1.1) + rnd() * 2);
            for (let i = 0; i < visits; i++) {
                const moment = Math.min(at + rnd() * DAY, now - rnd() * 3_600_000);
                const customer = rnd() < 0.3 && customers.length > 5 ? pick(customers) : addCustomer(moment);
                const product = pick(products.slice(0, rnd() < 0.6 ? 4 : products.length));
                if (!product.interval) {
                    addOrder(moment, customer, product, "purchase", null);
                    continue;
                }
                const life = -Math.log(1 - rnd()) * (product.interval === "year" ? 900 : 300) * DAY;
                const step = product.interval === "year" ? 365.25 * DAY : 30.44 * DAY;
                const ended = moment + life < now ? moment + life : null;
                const subscription = {
                    id: uuid(), start: moment, end: ended, customer, product, amount: Math.round(product.price * scale[customer.currency]), currency: customer.currency,
                    reason: ended ? pick(REASONS) : null, cancels: !ended && rnd() < 0.06, late: !ended && rnd() < 0.03, trial: rnd() < 0.1,
                };
                subscription.mrr = Math.round(subscription.amount / (product.interval === "year" ? 12 : 1));
                subscriptions.push(subscription);
                for (let t = moment, k = 0; t < (ended ?? now); t += step, k++) addOrder(t, customer, product, k ? "subscription_cycle" : "subscription_create", subscription);
            }
        }
        orders.sort((a, b) => a.at - b.at);
    }
    return { scenario, now: () => Date.now(), products, customers, orders, subscriptions, iso, date, rnd, annotations: scenario === "normal" || big ? [{ id: 1, date: date(now - 12 * DAY), text: "Launched v2" }, { id: 2, date: date(now - 5 * DAY), text: "Newsletter #14" }] : [], goals: scenario === "normal" ? [{ metric: "revenue", currency: "usd", amount_minor: 9000000, per: "month", until: null }] : [], saved: [{ name: "Revenue by day", sql: "SELECT day, currency, orders, net_amount FROM v_daily_revenue ORDER BY day DESC LIMIT 30" }] };
}
