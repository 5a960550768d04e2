// SPDX-License-Identifier: Apache-2.0
// The digest on the page is what `till digest --json` says, number by number; when and where it goes is set there, and no secret that was typed is in the
// page or in any answer afterwards.
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { WAIT_MS, assert, closeBrowser, expected, minor, open, settled, violations } from "./lib.mjs";

after(closeBrowser);

const count = (value) => new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 }).format(value);
const share = (value) => new Intl.NumberFormat("en-US", { style: "percent", minimumFractionDigits: value !== 0 && value < 0.1 ? 2 : 1, maximumFractionDigits: value !== 0 && value < 0.1 ? 2 : 1 }).format(value);

// A value as the page writes it, in a form that can be compared.
function shown(line, value) {
    if (line.unit === "money") return value;
    return line.unit === "percent" ? share(value) : count(value);
}

// "▲ 6%", as the text of the digest rounds it.
function changed(line, { change }) {
    if (change.kind === "unknown") return line.slug === "customers_at_risk" ? "now" : "";
    if (change.kind === "flat" || change.kind === "new") return change.kind;
    const arrow = change.kind === "up" ? "▲ up " : "▼ down ";
    if (change.measure === "points") return `${arrow}${change.amount.toFixed(1)} pp`;
    if (change.measure === "percent") return `${arrow}${change.amount < 1 ? change.amount.toFixed(1) : count(Math.round(change.amount))}%`;
    return line.unit === "money" ? null : `${arrow}${count(change.amount)}`;
}

const squeezed = (text) => text.replace(/\s+/g, " ").trim();

for (const period of ["day", "week"])
    test(`the lines of a ${period} are those of the command`, async () => {
        const digest = expected(`digest_${period}`);
        const windows = period === "day" ? ["day", "week", "month"] : ["week", "month"];
        const { page, faults, go, close } = await open();
        await go(`/digest?date=${digest.date}${period === "week" ? "&weekly=1" : ""}`);
        const rows = await page.getByRole("table", { name: "The lines of the digest" }).locator("tbody tr:not(.group)").evaluateAll((list) =>
            list.map((row) => ({ name: row.querySelector("th").firstChild.textContent, cells: [...row.querySelectorAll("td")].map((cell) => ({ value: cell.querySelector(".value")?.textContent ?? null, change: cell.querySelector(".change")?.textContent ?? null })) })),
        );
        assert.ok(rows.length > 8);
        let at = 0;
        let compared = 0;
        for (const line of digest.lines) {
            const row = rows[at];
            const name = line.currency === null || line.currency === digest.currency ? line.label : `${line.label}, ${line.currency.toUpperCase()}`;
            if (!row || squeezed(row.name) !== name) continue; // it has nothing to tell
            at += 1;
            row.cells.forEach((cell, i) => {
                if (cell.value === null) return;
                const told = line[windows[i]];
                assert.equal(line.unit === "money" ? minor(cell.value) : cell.value, shown(line, told.value), `${line.slug} ${windows[i]}`);
                const words = changed(line, told);
                if (words === null) assert.equal(minor(cell.change.replace(/^\S+ \S+/, "")), told.change.amount, `${line.slug} ${windows[i]}`);
                else assert.equal(squeezed(cell.change), words, `${line.slug} ${windows[i]}`);
                compared += 1;
            });
        }
        assert.equal(at, rows.length, "every row is a line");
        assert.ok(compared > 20);
        const revenue = digest.lines.find((line) => line.slug === "revenue" && line.currency === digest.currency);
        const tile = page.locator(".tile", { has: page.getByText("Revenue", { exact: true }) });
        assert.equal(minor(await tile.locator(".figure").innerText()), revenue[windows[0]].value);
        // The days of the chart make the week and the one before.
        const chart = page.getByRole("region", { name: "Revenue by day" });
        await chart.getByRole("button", { name: "Table of Revenue by day" }).click();
        const days = (await chart.locator("tbody tr").evaluateAll((list) => list.map((row) => row.querySelector("td").innerText))).map(minor).reverse();
        assert.equal(days.length, 14);
        assert.equal(days.slice(7).reduce((sum, one) => sum + one, 0), revenue.week.value);
        assert.equal(days.slice(0, 7).reduce((sum, one) => sum + one, 0), revenue.week.before);
        // What stands out, tops, and freshness, in the command's own words.
        const standing = page.getByRole("region", { name: "What stands out" });
        assert.deepEqual(await standing.locator("li > bdi").allInnerTexts(), digest.standouts.map((one) => one.text));
        for (const [name, list] of [["Top products", digest.products], ["Top sources", digest.sources]]) {
            const told = await page.getByRole("table", { name, exact: true }).locator("tbody tr").evaluateAll((all) => all.map((row) => [row.querySelector("th").innerText, row.querySelectorAll("td")[0].innerText, row.querySelectorAll("td")[1].innerText]));
            assert.deepEqual(told.map(([name, revenue, orders]) => [name, minor(revenue), orders]), list.map((one) => [one.name, one.revenue_minor, count(one.orders)]));
        }
        const data = page.getByRole("region", { name: "Data", exact: true });
        assert.deepEqual((await data.locator("dt").allInnerTexts()).map((text) => text.split(" ")[0]), digest.data.map((one) => one.name));
        assert.deepEqual(faults, []);
        await close();
    });

test("a link of what stands out leads to the page that shows more", async () => {
    const { standouts, date } = expected("digest_day");
    const looked = standouts.find((one) => one.look?.includes("--from"));
    const { page, go, close } = await open();
    await go(`/digest?date=${date}`);
    if (looked) {
        const link = page.getByRole("region", { name: "What stands out" }).locator(`a[title="${looked.look}"]`).first();
        const [from, to] = [/--from (\S+)/.exec(looked.look)[1], /--to (\S+)/.exec(looked.look)[1]];
        const address = new URL(await link.getAttribute("href"), page.url());
        assert.equal(address.searchParams.get("from"), from);
        assert.equal(address.searchParams.get("to"), to);
        await link.click();
        await settled(page);
        assert.notEqual(new URL(page.url()).pathname, "/digest");
    }
    await close();
});

test("one goes back by the day and by the week, and to the newest", async () => {
    const { date } = expected("digest_day");
    const { page, go, close } = await open();
    const back = (days) => new Date(Date.parse(`${date}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
    await go("/digest");
    const field = page.getByLabel("Day", { exact: true });
    assert.equal(await field.inputValue(), date);
    assert.ok(await page.getByRole("button", { name: "The day after" }).isDisabled(), "the present day is not over");
    await page.getByRole("button", { name: "The day before" }).click();
    await page.waitForFunction((day) => new URLSearchParams(location.search).get("date") === day, back(1));
    await page.getByRole("button", { name: "7 days", exact: true }).click();
    await page.getByRole("button", { name: "7 days earlier" }).click();
    await page.waitForFunction((day) => new URLSearchParams(location.search).get("date") === day, back(8));
    await page.getByRole("button", { name: "Newest" }).click();
    await page.waitForFunction(() => !new URLSearchParams(location.search).has("date"));
    await go("/digest?date=2999-01-01");
    await page.getByText(/not over/i).waitFor();
    await page.getByRole("heading", { name: "Delivery" }).waitFor();
    await close();
});

test("the schedule is set, and stays", async () => {
    const { page, go, close } = await open();
    await go("/digest");
    const when = page.getByRole("region", { name: "When" });
    const dialog = page.getByRole("dialog");
    await when.getByRole("button", { name: /^Change…/ }).click();
    await dialog.getByLabel("Time of day").fill("16:45");
    await dialog.getByLabel("Time zone").selectOption("Asia/Tokyo");
    for (const day of ["Saturday", "Sunday"]) await dialog.getByLabel(day, { exact: true }).uncheck();
    await dialog.getByLabel("Digest of 7 days, on").selectOption("never");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    await when.getByText("16:45, Monday to Friday").waitFor();
    await go("/digest");
    assert.match(squeezed(await when.innerText()), /16:45, Monday to Friday .*never .*Asia\/Tokyo/);
    await when.getByRole("button", { name: /^Change…/ }).click();
    await dialog.getByLabel("Send digests on schedule").uncheck();
    await dialog.getByRole("button", { name: "Save" }).click();
    await when.getByText("Nothing is sent by itself").waitFor();
    await when.getByRole("button", { name: /^Change…/ }).click();
    assert.equal(await dialog.getByLabel("Time of day").inputValue(), "16:45");
    await dialog.getByLabel("Send digests on schedule").check();
    for (const day of ["Saturday", "Sunday"]) await dialog.getByLabel(day, { exact: true }).check();
    await dialog.getByLabel("Time of day").fill("08:00");
    await dialog.getByLabel("Time zone").selectOption("UTC");
    await dialog.getByLabel("Digest of 7 days, on").selectOption("monday");
    await dialog.getByRole("button", { name: "Save" }).click();
    await when.getByText("08:00, every day").waitFor();
    await close();
});

for (const [theme, width] of [["light", 1280], ["dark", 390]])
    test(`its forms and dialogs shut nobody out, ${theme}, ${width} px`, async () => {
        const { page, faults, go, close } = await open({ theme, width });
        await go("/digest");
        const dialog = page.getByRole("dialog");
        // By the keyboard alone: in with Enter, out with Escape, and back where one was.
        const change = page.getByRole("button", { name: /^Change… when/ });
        await change.focus();
        await page.keyboard.press("Enter");
        await dialog.getByLabel("Time of day").waitFor();
        assert.deepEqual(await violations(page), []);
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
        assert.ok(await change.evaluate((button) => button === document.activeElement));
        await page.getByRole("button", { name: "Add a channel…" }).focus();
        await page.keyboard.press("Enter");
        const kinds = page.getByRole("form", { name: "Add a channel" }).getByLabel("Kind");
        await kinds.waitFor();
        assert.ok(await kinds.evaluate((field) => field === document.activeElement), "the form begins where it begins");
        for (const kind of await kinds.locator("option").evaluateAll((list) => list.map((option) => option.value))) {
            await kinds.selectOption(kind);
            assert.deepEqual(await violations(page), [], kind);
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${kind}: nothing is wider than the screen`);
        }
        await page.getByRole("button", { name: "Cancel" }).click();
        await page.getByRole("button", { name: "Add a channel…" }).waitFor();
        assert.ok(await page.getByRole("button", { name: "Add a channel…" }).evaluate((button) => button === document.activeElement));
        assert.deepEqual(faults, []);
        await close();
    });

// What a webhook got: a server that takes everything, and keeps it.
async function fake() {
    const got = [];
    const server = createServer((request, response) => {
        const pieces = [];
        request.on("data", (piece) => pieces.push(piece));
        request.on("end", () => {
            got.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
            response.end("{}");
        });
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    return { got, url: `http://127.0.0.1:${server.address().port}/hook`, close: () => server.close() };
}

async function until(what, words) {
    const end = Date.now() + WAIT_MS;
    while (!what()) {
        if (Date.now() > end) assert.fail(words);
        await new Promise((next) => setTimeout(next, 50));
    }
}

test("a channel is added, tested, changed, sent to, and removed; its secret is nowhere", async () => {
    const hook = await fake();
    const secret = `whsec_${randomBytes(24).toString("base64")}`;
    const digest = expected("digest_day");
    const { page, context, faults, go, close } = await open();
    const answers = [];
    page.on("response", async (response) => {
        if (response.url().includes("/api/") && !response.url().includes("/api/events")) answers.push(await response.text().catch(() => ""));
    });
    await go(`/digest?date=${digest.date}`);
    const where = page.getByRole("region", { name: "Where" });
    const form = page.getByRole("form", { name: "Add a channel" });
    await where.getByRole("button", { name: "Add a channel…" }).click();
    const offered = await form.getByLabel("Kind").locator("option").allInnerTexts();
    assert.ok(offered.includes("E-mail") && offered.includes("Webhook"));
    assert.ok(!offered.includes("Command") && !offered.includes("File"), "a page starts no programs");
    await form.getByLabel("Kind").selectOption("webhook");
    await form.getByLabel("Name here (optional)").fill("hook");
    // An address that cannot be asked for is refused in the command's words, and the secret is forgotten all the same.
    await form.getByLabel("Address", { exact: true }).fill("http://example.com/hook");
    await form.getByLabel("Secret that signs (optional)").fill(secret);
    await form.getByRole("button", { name: "Add the channel" }).click();
    await form.getByRole("alert").waitFor();
    assert.match(await form.getByRole("alert").innerText(), /https/);
    assert.equal(await form.getByLabel("Secret that signs (optional)").inputValue(), "");
    await form.getByLabel("Address", { exact: true }).fill(hook.url);
    await form.getByLabel("Secret that signs (optional)").fill(secret);
    await form.getByLabel("Top products and sources").uncheck();
    await form.getByRole("button", { name: "Add the channel" }).click();
    await where.getByText("hook is there.").waitFor();
    await until(() => hook.got.length === 1, "the address was not asked");
    const row = where.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "hook", exact: true }) });
    assert.match(await row.innerText(), /without top products and sources/);
    await row.getByRole("button", { name: "Test hook" }).click();
    await row.getByText("A test was sent.").waitFor();
    assert.match(hook.got[1].body, /till test/);
    await row.getByRole("button", { name: "Change… hook" }).click();
    await page.getByRole("dialog").getByLabel(/^Customers by name/).check();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await row.getByText(/customers by name/).waitFor();
    await row.getByRole("button", { name: "Switch off hook" }).click();
    await row.getByText("off", { exact: true }).waitFor();
    await row.getByRole("button", { name: "Switch on hook" }).click();
    await row.getByText("off", { exact: true }).waitFor({ state: "detached" });
    // A preview sends nothing.
    await row.getByRole("button", { name: "Preview hook" }).click();
    const preview = page.getByRole("region", { name: "The message" });
    await preview.waitFor();
    assert.match(await preview.innerText(), /"type": ?"digest"|Revenue/);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    assert.equal(hook.got.length, 2);
    await row.getByRole("button", { name: "Send now hook" }).click();
    await row.getByText(/was sent/).waitFor();
    await row.locator(".tag", { hasText: "sent" }).waitFor();
    assert.equal(hook.got.length, 3);
    assert.equal(JSON.parse(hook.got[2].body).date, digest.date);
    // A second time it asks.
    await row.getByRole("button", { name: "Send now hook" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave it" }).click();
    await row.getByRole("button", { name: "Remove… hook" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep it" }).click();
    await row.getByRole("button", { name: "Remove… hook" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await row.waitFor({ state: "detached" });
    assert.equal(hook.got.length, 3);
    assert.ok(answers.length > 10);
    const plain = [secret, secret.replace(/^whsec_/, "")];
    for (const one of plain) {
        assert.ok(!(await page.content()).includes(one), "in the page");
        assert.ok(!answers.some((answer) => answer.includes(one)), "in an answer");
        assert.ok(!hook.got.some(({ headers, body }) => (JSON.stringify(headers) + body).includes(one)), "sent");
    }
    assert.deepEqual(faults, []);
    hook.close();
    await context.close();
    await close();
});

test("a secret that is made is shown once, and no answer has it", async () => {
    const hook = await fake();
    const { page, go, close } = await open();
    const answers = [];
    page.on("response", async (response) => {
        if (response.url().includes("/api/") && !response.url().includes("/api/events")) answers.push(await response.text().catch(() => ""));
    });
    await go("/digest");
    const where = page.getByRole("region", { name: "Where" });
    const form = page.getByRole("form", { name: "Add a channel" });
    await where.getByRole("button", { name: "Add a channel…" }).click();
    await form.getByLabel("Kind").selectOption("webhook");
    await form.getByLabel("Address", { exact: true }).fill(hook.url);
    await form.getByRole("button", { name: "Add the channel" }).click();
    const secret = await where.locator(".notice code").innerText();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    await where.getByRole("button", { name: "noted" }).click();
    await where.locator(".notice").waitFor({ state: "detached" });
    await page.evaluate(() => fetch("/api/jobs").then((answer) => answer.text()));
    assert.ok(!(await page.content()).includes(secret));
    assert.ok(!answers.some((answer) => answer.includes(secret)));
    await where.getByRole("button", { name: "Remove… webhook" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await where.getByRole("button", { name: "Add a channel…" }).waitFor();
    hook.close();
    await close();
});
