// SPDX-License-Identifier: Apache-2.0
// What the page shows is what the command line says, to the cent. The files in EXPECTED are the commands' own answers over the same mirror.
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { assert, closeBrowser, expected, minor, open } from "./lib.mjs";

after(closeBrowser);

const NAMES = { revenue: "Revenue", orders: "Orders", monthly_recurring_revenue: "MRR", active_subscriptions: "Subscriptions", new_subscriptions: "New", canceled_subscriptions: "Cancellations" };

test("tiles are the totals of `till metrics`", async () => {
    const { totals } = expected("metrics");
    const { page, go, close } = await open();
    await go(`/?from=${expected("range").from}&to=${expected("range").to}`);
    for (const [slug, name] of Object.entries(NAMES)) {
        const tile = page.locator(".tile", { has: page.getByRole("button", { name: new RegExp(`^${name}\\b`) }) }).first();
        assert.equal(minor(await tile.locator(".figure").innerText()), totals[slug], slug);
    }
    await close();
});

test("bars are its periods, in the table and in the CSV", async () => {
    const { periods } = expected("metrics");
    const { page, go, close } = await open();
    await go(`/?from=${expected("range").from}&to=${expected("range").to}&compare=none`);
    const chart = page.getByRole("region", { name: "Revenue", exact: true }).first();
    await chart.getByRole("button", { name: "Table of Revenue" }).click();
    const cells = await chart.locator("tbody td").allInnerTexts();
    assert.deepEqual(cells.map(minor), periods.map((period) => period.revenue).reverse());
    const [download] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: "CSV of Revenue" }).click()]);
    const lines = readFileSync(await download.path(), "utf8").replace("\ufeff", "").trim().split("\r\n").slice(1);
    assert.deepEqual(lines.map((line) => minor(line.split(",")[1])), periods.map((period) => period.revenue));
    await close();
});

test("movements add up to those of `till movements`", async () => {
    const usd = expected("movements").currencies.find((one) => one.currency === "usd").total;
    const { page, go, close } = await open();
    await go(`/subscriptions?from=${expected("year").from}&to=${expected("year").to}&interval=month&currency=usd`);
    const rows = await page.getByRole("table", { name: "Movements of monthly recurring revenue" }).locator("tr td:last-child").allInnerTexts();
    assert.deepEqual(rows.map(minor), [usd.start, usd.new, usd.expansion, usd.reactivation, -usd.contraction, -usd.churn, usd.end].map((n) => n + 0));
    await close();
});

test("people and rows are as many as the command line counts", async () => {
    const { page, go, close } = await open();
    await go("/customers?list=at_risk");
    assert.match(await page.locator("main").innerText(), new RegExp(`\\b${expected("at_risk").total} customer`));
    await go("/warehouse");
    for (const one of expected("tables")) {
        const row = page.getByRole("table", { name: "The mirrored tables" }).locator("tbody tr", { has: page.getByRole("rowheader", { name: one.table, exact: true }) });
        assert.equal(minor(await row.locator("td").first().innerText()), one.rows, one.table);
    }
    await close();
});

test("an order's list pages to its end, each row once", async () => {
    const { page, go, close } = await open();
    await go(`/revenue?from=2000-01-01&to=${expected("range").to}&interval=year`);
    const list = page.getByRole("group", { name: "Orders" });
    const total = expected("counts").orders;
    const seen = new Set();
    for (let guard = 0; guard < 3000 && seen.size < total; guard++) {
        const rows = await list.evaluate((box) => {
            const ids = [...box.querySelectorAll("tbody tr[aria-rowindex]")].map((row) => [row.getAttribute("aria-rowindex"), row.querySelector("span[title]")?.title]);
            box.scrollTop += box.clientHeight * 0.8;
            return ids;
        });
        for (const [, id] of rows) seen.add(id);
        await page.waitForTimeout(15);
    }
    assert.equal(seen.size, total);
    await close();
});

test("days are those of the chosen zone, and a note stands on its day", async () => {
    const { page, go, close } = await open();
    await page.route("**/api/overview?**", async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        if (json.annotations) json.annotations = [{ id: 1, date: json.range.to, text: "today" }, { id: 2, date: "1999-01-01", text: "long ago" }];
        await route.fulfill({ response, json });
    });
    await go(`/?from=${expected("range").from}&to=${expected("range").to}&timezone=Pacific/Kiritimati&compare=none`);
    const chart = page.getByRole("region", { name: "Revenue", exact: true }).first();
    await chart.getByRole("button", { name: "Table of Revenue" }).click();
    const days = await chart.locator("tbody th").allInnerTexts();
    assert.equal(days.length, 30);
    assert.equal(new Date(`${days[days.length - 1]} UTC`).toISOString().slice(0, 10), expected("range").from);
    assert.deepEqual(await chart.locator(".footnotes bdi").allInnerTexts(), ["today"]);
    await close();
});

test("a search whose time is up goes on by itself, and says so until it ends", async () => {
    const { page, go, close } = await open();
    const asked = [];
    await page.route("**/api/list/customers?**", async (route) => {
        const after = new URL(route.request().url()).searchParams.get("after");
        asked.push(after);
        const step = Number(after ?? 0);
        const row = { id: "one", created_at: "2026-01-02T00:00:00Z", name: "Found late", email: "late@mail.example", country: null, orders: 0, revenue: [], mrr: [], since: null, last_order_at: null, deleted: false };
        await route.fulfill({ json: { rows: step === 3 ? [row] : [], next: step < 4 ? String(step + 1) : null, total: null, is_capped: step < 4, sorts: ["created_at"] } });
    });
    await go("/customers?search=late");
    await page.getByText("Found late").waitFor();
    await page.getByText("1 customer", { exact: true }).waitFor();
    assert.deepEqual(asked, [null, "1", "2", "3", "4"]);
    assert.equal(await page.getByText("No customer matches").count(), 0);
    await close();
});
