// SPDX-License-Identifier: Apache-2.0
// first_paint.mjs - the overview in Chromium: milliseconds from the navigation to the first paint, and to the moment when nothing is being loaded any more.
//
// "first visit" has nothing in the browser's cache; "again" has the files. The server's own cache is empty at the very first round alone: medians do not
// show it, `first round` does. Run beside playwright-core; from the environment: PAGE_URL, PAGE_TOKEN, ROUNDS, QUERY.
import { chromium } from "playwright-core";

const { PAGE_URL, PAGE_TOKEN, ROUNDS, QUERY } = process.env;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });

async function measure(page) {
    await page.goto(`${PAGE_URL}/?${QUERY}`, { waitUntil: "commit" });
    const whole_ms = await page.waitForFunction(
        () => document.querySelectorAll("main .tile").length >= 6 && document.querySelectorAll("main .bone, main [aria-busy=true]").length === 0 && performance.now(),
        null,
        { polling: "raf", timeout: 120_000 },
    );
    const paint_ms = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
    return { paint_ms, whole_ms: await whole_ms.jsonValue() };
}

const found = { "first visit": [], again: [] };
for (let round = 0; round < Number(ROUNDS); round++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: "UTC" });
    await context.addCookies([{ name: `till_session_${new URL(PAGE_URL).port}`, value: PAGE_TOKEN, url: PAGE_URL, httpOnly: true, sameSite: "Strict" }]);
    const page = await context.newPage();
    found["first visit"].push(await measure(page));
    found.again.push(await measure(page));
    await context.close();
}
await browser.close();
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const result = { "first round": found["first visit"][0] };
for (const [name, rounds] of Object.entries(found))
    result[name] = { paint_ms: median(rounds.map((one) => one.paint_ms)), whole_ms: median(rounds.map((one) => one.whole_ms)) };
console.log(JSON.stringify(result));
