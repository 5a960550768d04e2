// SPDX-License-Identifier: Apache-2.0
// Without a mouse: everything can be reached, is seen when it has the focus, and says what it is.
import { after, test } from "node:test";
import { assert, closeBrowser, open, settled } from "./lib.mjs";

after(closeBrowser);

const focused = (page) =>
    page.evaluate(() => {
        const e = document.activeElement;
        const ring = getComputedStyle(e);
        const after = getComputedStyle(e, "::after");
        return { tag: e.tagName, text: (e.getAttribute("aria-label") ?? e.innerText ?? "").trim().slice(0, 60), hasRing: ring.outlineStyle !== "none" || after.outlineStyle !== "none" };
    });

test("the first stop leads past the head", async () => {
    const { page, close } = await open();
    await page.keyboard.press("Tab");
    assert.equal((await focused(page)).text, "To the content");
    await page.keyboard.press("Enter");
    assert.equal((await focused(page)).tag, "MAIN");
    await close();
});

test("every stop is seen, and has a name", async (t) => {
    const { page, go, close } = await open();
    for (const path of ["/", "/subscriptions", "/customers", "/warehouse", "/integrations", "/health"])
        await t.test(path, async () => {
            await go(path);
            const stops = [];
            for (let i = 0; i < 90; i++) {
                await page.keyboard.press("Tab");
                const now = await focused(page);
                if (now.tag === "BODY") break;
                stops.push(now);
            }
            assert.ok(stops.length > 10, `${stops.length} stops`);
            assert.deepEqual(stops.filter((stop) => !stop.hasRing), []);
            assert.deepEqual(stops.filter((stop) => !stop.text && !["SELECT", "INPUT", "TEXTAREA"].includes(stop.tag)), []);
        });
    await close();
});

test("a range is chosen, a page is opened, a chart is read", async () => {
    const { page, close } = await open();
    await settled(page);
    await page.getByRole("button", { name: /Last 30 days/ }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await settled(page);
    assert.equal(new URL(page.url()).searchParams.get("range"), "7d");
    assert.match((await focused(page)).text, /Last 7 days/);
    await page.getByRole("application", { name: /^Revenue/ }).first().focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    const said = await page.locator(".chart [aria-live]").first().innerText();
    assert.match(said, /Revenue \$[\d,]+\.\d\d/);
    await page.getByRole("link", { name: "Subscriptions", exact: true }).focus();
    await page.keyboard.press("Enter");
    await settled(page);
    const url = new URL(page.url());
    assert.equal(url.pathname, "/subscriptions");
    assert.equal(url.searchParams.get("range"), "7d", "the range comes along");
    assert.equal((await focused(page)).tag, "MAIN");
    await page.goBack();
    await settled(page);
    assert.equal(new URL(page.url()).pathname, "/");
    await close();
});

test("a dialog takes the focus, and Escape gives it back", async () => {
    const { page, close } = await open();
    await settled(page);
    await page.locator("button.define").nth(2).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.getByRole("dialog").getByText(/balance/i).first().waitFor(); // its words are being loaded
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok(await page.locator("button.define").nth(2).evaluate((e) => e === document.activeElement));
    await close();
});
