// SPDX-License-Identifier: Apache-2.0
// What the page does: connect and disconnect, sync, notes and goals, SQL; and that it changes by itself when the data does.
import { after, test } from "node:test";
import { FRESH, assert, closeBrowser, open, settled } from "./lib.mjs";

after(closeBrowser);

test("a fresh home connects, fills, and forgets", async () => {
    const { page, faults, close } = await open({ till: FRESH });
    await page.getByRole("heading", { name: "Connect your Polar organization" }).waitFor();
    const link = page.getByRole("link", { name: /polar\.sh/ });
    assert.equal(await link.getAttribute("rel"), "noreferrer");
    const connect = async (token) => {
        if (await page.getByRole("button", { name: "Organization id, name, another address" }).isVisible()) await page.getByRole("button", { name: "Organization id, name, another address" }).click();
        await page.getByLabel("Address of the API (optional)").fill(process.env.SIM_URL);
        await page.getByLabel("Organization access token").fill(token);
        await page.getByRole("button", { name: "Connect Polar" }).click();
    };
    await connect("not-a-token");
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Organization access token").inputValue(), "", "the page forgets what was typed");
    await connect(process.env.SIM_TOKEN);
    await page.getByRole("table", { name: "The mirrored tables" }).waitFor();
    await page.waitForFunction(() => {
        const rows = [...document.querySelectorAll("main table")].find((table) => /mirrored/.test(table.caption?.textContent))?.tBodies[0].rows ?? [];
        return rows.length > 7 && [...rows].every((row) => /\bproven\b/.test(row.innerText));
    });
    assert.ok(!(await page.content()).includes(process.env.SIM_TOKEN));
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.locator(".tile").first().waitFor();
    await page.getByRole("link", { name: "Integrations", exact: true }).click();
    await page.getByRole("button", { name: "Disconnect…" }).click();
    await page.getByRole("dialog").getByRole("checkbox").check();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect and remove the rows" }).click();
    await page.getByRole("button", { name: "Connect Polar" }).waitFor();
    assert.deepEqual(faults.filter((fault) => fault.startsWith("request") || fault.startsWith("exception")), []);
    await close();
});

test("notes and goals are set and taken away", async () => {
    const { page, close } = await open();
    await settled(page);
    await page.getByRole("button", { name: "Note", exact: true }).click();
    await page.getByLabel("What happened").fill("Launched <b>v2</b>");
    await page.getByRole("button", { name: "Add the note" }).click();
    await page.getByText("Launched <b>v2</b>", { exact: true }).waitFor();
    await page.getByRole("button", { name: "remove the note Launched <b>v2</b>" }).click();
    await page.getByText("Launched <b>v2</b>", { exact: true }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Goal", exact: true }).click();
    await page.getByLabel(/Amount in/).fill("5000.50");
    await page.getByRole("button", { name: "Set the goal" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Goal", exact: true }).click();
    await page.waitForFunction(() => document.querySelector("dialog input")?.value === "5000.50");
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await close();
});

test("a goal in another currency is drawn where the chart is in that currency", async () => {
    const { page, go, close } = await open();
    await settled(page);
    const ask = (method, path, form) =>
        page.evaluate(
            async ([method, path, form]) => {
                const headers = { "X-Till": "page", ...(form ? { "Content-Type": "application/x-www-form-urlencoded" } : {}) };
                return await (await fetch(path, { method, headers, body: form })).json();
            },
            [method, path, form],
        );
    const { currencies } = await ask("GET", "/api/movements");
    const other = currencies.map((one) => one.currency).find((one) => one !== "usd");
    assert.ok(other && currencies.length > 1);
    const name = other.toUpperCase();
    await ask("POST", "/api/goals", `metric=monthly_recurring_revenue&currency=${other}&amount=1234567`);
    await ask("POST", "/api/goals", "metric=monthly_recurring_revenue&currency=usd&amount=7654321");
    await go("/?metric=monthly_recurring_revenue");
    await page.getByText("goal $7,654,321.00", { exact: true }).waitFor({ state: "attached" });
    await page.getByText(/^Goal .*1,234,567.*, not drawn: this chart is in USD/).waitFor();
    await page.getByRole("link", { name: `MRR in ${name}` }).click();
    const chart = page.getByRole("region", { name: "MRR", exact: true });
    await chart.getByText(/^goal .*1,234,567/).waitFor({ state: "attached" });
    await page.getByText("Goal $7,654,321.00, not drawn: it is for all currencies in US dollars").waitFor();
    await go("/subscriptions?currency=usd");
    await page.getByText("Goal $7,654,321.00, not drawn: it is for all currencies in US dollars").waitFor();
    await page.getByText(/^Goal .*1,234,567.*, not drawn: this chart is in USD/).waitFor();
    assert.equal(await chart.getByText(/^goal /).count(), 0);
    for (const currency of [other, "usd"]) await ask("DELETE", `/api/goals?metric=monthly_recurring_revenue&currency=${currency}`);
    await close();
});

test("SQL answers, draws, saves, and says what is wrong", async () => {
    const { page, go, close } = await open();
    await go("/warehouse");
    const editor = page.getByRole("textbox", { name: "SQL", exact: true });
    await editor.fill("SELECT 'x' || char(60) || 'b>' AS word, 42 AS answer");
    await editor.press("Control+Enter");
    const result = page.getByRole("table", { name: "Result of the query" });
    await result.waitFor();
    assert.equal((await result.locator("tbody").innerText()).replace(/\s+/g, " ").trim(), "x<b> 42");
    await editor.fill("DELETE FROM orders");
    await editor.press("Control+Enter");
    await page.getByRole("alert").waitFor();
    await editor.fill("SELECT day, sum(net_amount) AS net FROM v_daily_revenue WHERE currency = 'usd' GROUP BY day");
    await editor.press("Control+Enter");
    await page.getByRole("button", { name: "Chart", exact: true }).click();
    await page.getByRole("application", { name: /^Query result/ }).waitFor();
    await page.getByRole("button", { name: "Save…" }).click();
    await page.getByLabel("Name").fill("Net by day");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "remove Net by day" }).click();
    await page.getByRole("button", { name: "remove Net by day" }).waitFor({ state: "detached" });
    await close();
});

test("a change in the data changes the page, without a reload", async () => {
    const { page, close } = await open();
    await settled(page);
    await page.getByText("live", { exact: true }).waitFor();
    const before = await page.evaluate(() => (globalThis.kept = document.querySelector(".tiles")) !== null && document.querySelector(".latest tbody").innerText);
    const answer = await fetch(`${process.env.SIM_CONTROL}mutate?env=production&seed=11&count=20&seconds=1&kinds=${process.env.SIM_KINDS}`, { method: "POST", headers: { "X-Sim-Key": process.env.SIM_KEY } });
    assert.equal(answer.status, 200);
    await page.evaluate(() => fetch("/api/sync", { method: "POST", headers: { "X-Till": "page", "Content-Type": "application/x-www-form-urlencoded" }, body: "" }));
    await page.waitForFunction((text) => document.querySelector(".latest tbody").innerText !== text, before);
    assert.ok(await page.evaluate(() => globalThis.kept === document.querySelector(".tiles")), "the same page, not a new one");
    await close();
});

test("when the stream of changes breaks the page says so, and shows what it has", async () => {
    const { page, close } = await open();
    await page.route("**/api/events", (route) => route.abort());
    await page.reload();
    await settled(page);
    await page.getByText("reconnecting…").waitFor();
    assert.ok((await page.locator(".tile").count()) >= 6);
    await page.unroute("**/api/events");
    await page.getByText("live", { exact: true }).waitFor();
    await close();
});
