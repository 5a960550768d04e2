// SPDX-License-Identifier: Apache-2.0
// mail.test.mjs - the digest as a mail program shows it: every mail in $MAILS, light and dark, on a phone and beside other windows, with its style sheet and
// without, as some programs drop it.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const FOLDER = process.env.MAILS;
const CUT_OFF_BYTES = 102 * 1024; // where Gmail stops to show a mail
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const mails = readdirSync(FOLDER).filter((name) => name.endsWith(".html"));
let browser = null;

before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
});
after(() => browser?.close());

async function opened(name, theme, width, look) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
    const page = await context.newPage();
    const requests = [];
    const url = pathToFileURL(join(FOLDER, name)).href;
    page.on("request", (request) => request.url() !== url && requests.push(request.url()));
    await page.goto(url);
    try {
        await look(page);
        assert.deepEqual(requests, []);
    } finally {
        await context.close();
    }
}

async function fits(page, what) {
    const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(wide <= seen, `${what}: ${wide} px wide`);
}

async function judge(page, what) {
    await fits(page, what);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)} ${one.nodes[0].failureSummary}`), [], what);
}

test("there are mails to look at", () => assert.ok(mails.length >= 8));

for (const name of mails) {
    test(`${name}: fits and can be read`, async () => {
        assert.ok(statSync(join(FOLDER, name)).size < CUT_OFF_BYTES);
        await opened(name, "light", 700, async (page) => {
            await page.evaluate(AXE);
            await judge(page, `${name} light 700`);
            await page.emulateMedia({ colorScheme: "dark" });
            await fits(page, `${name} dark 700`);
            await page.setViewportSize({ width: 390, height: 900 });
            await judge(page, `${name} dark 390`);
            await page.evaluate(() => document.querySelectorAll("style").forEach((one) => one.remove()));
            await judge(page, `${name} dark 390 without its style sheet`);
            await page.emulateMedia({ colorScheme: "light" });
            await fits(page, `${name} light 390`);
        });
    });
}

test("dark is dark, and the day stands out among the bars", async () => {
    await opened("traffic.html", "dark", 700, async (page) => {
        const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.ok(Math.max(...background.match(/\d+/g).map(Number)) < 64, background);
        const [days, before] = await page.evaluate(() => [".d", ".b"].map((one) => document.querySelectorAll(one).length));
        assert.deepEqual([days, before], [1, 13]);
    });
});

test("a list of mails shows the first numbers", async () => {
    await opened("growth.html", "light", 700, async (page) => {
        const hidden = await page.evaluate(() => document.querySelector("[role=main] > div").textContent);
        assert.match(hidden, /^MRR \$[\d,]+ [▲▼] \d+% WoW\. Orders \d+ /);
        assert.equal(await page.locator("[role=main] > div").first().isVisible(), false);
    });
});
