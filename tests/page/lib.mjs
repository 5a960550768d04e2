// SPDX-License-Identifier: Apache-2.0
// lib.mjs - a browser for the tests of the page: Debian's Chromium without a window, and a page that notes what it should not do.
//
// From the environment (test_page.py sets it): PAGE_URL, PAGE_TOKEN: a till that serves a mirrored shop; FRESH_URL, FRESH_TOKEN: one that
// serves an empty home; SIM_URL, SIM_TOKEN: the simulated Polar to connect to; EXPECTED: a folder with what the command line says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const SHOP = { url: process.env.PAGE_URL.replace(/\/$/, ""), token: process.env.PAGE_TOKEN };
export const FRESH = { url: process.env.FRESH_URL?.replace(/\/$/, ""), token: process.env.FRESH_TOKEN };
export const PAGES = ["/", "/digest", "/digest?weekly=1", "/revenue", "/revenue?by=country", "/traffic", "/subscriptions", "/customers", "/customers?list=at_risk", "/products", "/warehouse", "/integrations", "/health"];
export const WAIT_MS = 20_000;

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser = null;

export async function open(options = {}) {
    browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
    const { till = SHOP, signIn = true, width = 1280, height = 900, theme = "light", locale = "en-US" } = options;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale, timezoneId: "UTC", reducedMotion: "reduce", acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const faults = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.origin !== till.url && !["blob:", "data:"].includes(url.protocol)) faults.push(`request to ${url.origin}`);
    });
    if (signIn) {
        await page.goto(`${till.url}/#token=${till.token}`);
        await page.locator("main h1").first().waitFor({ state: "attached" });
    }
    return { page, context, faults, go: (path) => visit(page, till.url + path), close: () => context.close() };
}

// A page is there when it has its heading and nothing is being loaded.
export async function visit(page, url) {
    await page.goto(url);
    await settled(page);
}

export async function settled(page) {
    await page.locator("main h1").first().waitFor({ state: "attached" });
    await page.waitForFunction(() => document.querySelectorAll("main .bone, main [aria-busy=true]").length === 0);
}

// What axe finds that would keep somebody out.
export async function violations(page) {
    await page.evaluate(axe);
    const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} (${node.any[0]?.message ?? one.help})`).slice(0, 3).join("; ")}`);
}

export async function closeBrowser() {
    await browser?.close();
    browser = null;
}

export function expected(name) {
    return JSON.parse(readFileSync(join(process.env.EXPECTED, `${name}.json`), "utf8"));
}

// "$5,070.30" or "−€7.50" in en-US to minor units, by the digits that are shown.
export function minor(text) {
    const digits = text.replace(/[^\d.]/g, "");
    const [whole, fraction] = digits.split(".");
    assert.match(whole, /^\d+$/, text);
    return (/[-−]/.test(text) ? -1 : 1) * Number(whole + (fraction ?? ""));
}

export { assert };
