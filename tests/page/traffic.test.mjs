// SPDX-License-Identifier: Apache-2.0
// Traffic on the page is what `till traffic --json` and `till breakdown --json` say; its charts are one below the other, each with its table and its CSV; and
// the cards of the services refuse what cannot be connected, in the command's own words.
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { assert, closeBrowser, expected, minor, open } from "./lib.mjs";

after(closeBrowser);

const range = expected("range");
const address = `/traffic?from=${range.from}&to=${range.to}&interval=day&currency=usd`;
const share = (value) => (value === null ? "–" : new Intl.NumberFormat("en-US", { style: "percent", minimumFractionDigits: value !== 0 && value < 0.1 ? 2 : 1, maximumFractionDigits: value !== 0 && value < 0.1 ? 2 : 1 }).format(value));
const count = (value) => (value === null || value === undefined ? "–" : new Intl.NumberFormat("en-US").format(value));
const figure = (page, name) => page.locator(".tile", { has: page.getByText(name, { exact: true }) }).first().locator(".figure").innerText();

test("tiles are the totals", async () => {
    const { totals, comparison } = expected("traffic");
    const { page, go, close } = await open();
    await go(address);
    assert.equal(await figure(page, "Visitors"), count(totals.visitors));
    assert.equal(await figure(page, "Conversion"), share(totals.conversion));
    assert.equal(await figure(page, "New orders"), count(totals.new_orders));
    assert.equal(await figure(page, "Search clicks"), count(totals.search_clicks));
    assert.equal(minor(await figure(page, "Per visitor")), Math.round(totals.revenue_per_visitor.usd));
    // What is compared is what is over: today is not.
    assert.ok(comparison.totals.visitors < totals.visitors);
    const visitors = page.locator(".tile", { has: page.getByText("Visitors", { exact: true }) }).first();
    assert.match(await visitors.locator(".change").first().innerText(), /in final days$/);
    assert.match(await visitors.locator(".change [title]").getAttribute("title"), new RegExp(`^${count(comparison.totals.visitors)} from ${count(comparison.previous.visitors)}, `));
    await close();
});

test("charts are the periods, in the table and in the CSV", async () => {
    const { periods } = expected("traffic");
    const { page, go, close } = await open();
    await go(address);
    const chart = page.getByRole("region", { name: "Visitors", exact: true }).first();
    await chart.getByRole("button", { name: "Table of Visitors" }).click();
    assert.deepEqual((await chart.locator("tbody td").allInnerTexts()).map(minor), periods.map((period) => period.visitors).reverse());
    const money = page.getByRole("region", { name: "Revenue beside visitors", exact: true });
    const [download] = await Promise.all([page.waitForEvent("download"), money.getByRole("button", { name: /^CSV of Revenue/ }).click()]);
    const lines = readFileSync(await download.path(), "utf8").replace("\ufeff", "").trim().split("\r\n").slice(1);
    assert.deepEqual(lines.map((line) => [minor(line.split(",")[1]), minor(line.split(",")[2])]), periods.map((period) => [period.revenue.usd ?? 0, period.new_revenue.usd ?? 0]));
    await close();
});

test("sources, landing pages and countries are those of `till breakdown`", async () => {
    const { page, go, close } = await open();
    await go(address);
    for (const [name, file, counts] of [["Sources", "by_source", "visits"], ["Landing pages", "by_landing_page", "visits"], ["Countries", "by_country", "visitors"]]) {
        const answer = expected(file);
        assert.equal(answer.traffic_counts, counts);
        const groups = answer.groups.filter((one) => one.currency === "usd" && (one[counts] || one.orders)).sort((a, b) => (b[counts] ?? -1) - (a[counts] ?? -1) || b.revenue - a.revenue).slice(0, 15);
        const rows = await page.getByRole("table", { name, exact: true }).locator("tbody tr").evaluateAll((list) => list.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText)));
        assert.deepEqual(rows.map((row) => row.slice(0, 3)), groups.map((one) => [count(one[counts]), count(one.new_orders), share(one.conversion)]), name);
    }
    await close();
});

test("searches are those of `till traffic --searches`", async () => {
    const answer = expected("searches");
    const { page, go, close } = await open();
    await go(address);
    const rows = await page.getByRole("table", { name: "Queries", exact: true }).locator("tbody tr").evaluateAll((list) => list.map((row) => [row.querySelector("th").innerText, row.querySelector("td").innerText]));
    assert.deepEqual(rows, answer.queries.map((one) => [one.query, count(one.clicks)]));
    const clicks = page.getByRole("region", { name: "Search clicks", exact: true });
    await clicks.getByRole("button", { name: "Table of Search clicks" }).click();
    assert.deepEqual(await clicks.locator("tbody td").allInnerTexts(), answer.periods.map((period) => count(period.search_clicks)).reverse());
    await close();
});

test("another source can be chosen; the choice, the zone and what is not over are said", async () => {
    const { page, go, close } = await open();
    await go(address);
    const notes = page.getByRole("list", { name: "What to know" });
    assert.match(await notes.innerText(), /umami counts visitors too and is not added/);
    assert.match(await notes.innerText(), /posthog cuts its days in Europe\/Berlin, this report in/);
    assert.match(await notes.innerText(), /not final yet at posthog/);
    await page.getByLabel("Visitors of").selectOption("umami");
    await page.getByText("as umami counts").waitFor();
    assert.match(await notes.innerText(), /posthog counts visitors too/);
    await close();
});

test("the overview shows who came, and one below the other what was sold", async () => {
    const { totals } = expected("traffic");
    const { page, go, close } = await open();
    await go(`/?from=${range.from}&to=${range.to}`);
    assert.equal(await figure(page, "Visitors"), count(totals.visitors));
    assert.equal(await figure(page, "Conversion"), share(totals.conversion));
    await page.getByRole("region", { name: "Visitors beside Revenue" }).waitFor();
    await page.locator(".tile").getByRole("button", { name: "Visitors", exact: true }).click();
    await page.getByRole("region", { name: "Revenue beside Visitors" }).waitFor();
    await page.getByRole("button", { name: "What Conversion means" }).click();
    await page.getByText("How many new orders there were for each visitor").waitFor();
    await close();
});

test("a card says what is wrong, connects, and disconnects; the key is forgotten", async () => {
    const { page, faults, go, close } = await open();
    await go("/integrations");
    const part = page.getByRole("region", { name: "Plausible", exact: true });
    await part.getByRole("button", { name: "Connect Plausible…" }).click();
    const form = page.getByRole("form", { name: "Connect Plausible" });
    const connect = async (key) => {
        await form.getByLabel("Stats API key").fill(key);
        await form.getByRole("button", { name: "Connect Plausible" }).click();
    };
    await form.getByLabel("Site", { exact: true }).fill(process.env.PLAUSIBLE_SITE);
    await form.getByLabel("Address of the service").fill(process.env.PLAUSIBLE_URL);
    await connect("a key that nobody gave");
    await form.getByRole("alert").waitFor();
    assert.match(await form.getByRole("alert").innerText(), /key/);
    assert.equal(await form.getByLabel("Stats API key").inputValue(), "");
    assert.equal(await form.getByLabel("Site", { exact: true }).inputValue(), process.env.PLAUSIBLE_SITE);
    await connect(process.env.PLAUSIBLE_KEY);
    await part.getByText("Name here").waitFor();
    await page.waitForFunction(() => ![...document.querySelectorAll("dd")].some((one) => one.textContent === "never"));
    assert.equal((await page.content()).includes(process.env.PLAUSIBLE_KEY), false);
    await part.getByRole("button", { name: "Disconnect… plausible" }).click();
    await page.getByRole("dialog").getByRole("checkbox").check();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect and remove the days" }).click();
    await part.getByRole("button", { name: "Connect Plausible…" }).waitFor();
    assert.deepEqual(faults, []);
    await close();
});
