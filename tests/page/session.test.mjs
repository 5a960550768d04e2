// SPDX-License-Identifier: Apache-2.0
// Who may look: the key comes by the address's fragment or by hand, leaves the address at once, and stays out of the reach of scripts.
import { after, test } from "node:test";
import { SHOP, assert, closeBrowser, open, settled } from "./lib.mjs";

after(closeBrowser);

test("without a key nothing is shown but where to find it", async () => {
    const { page, close } = await open({ signIn: false });
    await page.goto(SHOP.url);
    await page.getByText("Open the address that").waitFor();
    assert.equal(await page.locator("table, nav").count(), 0);
    await page.getByLabel("Key or address").fill("0".repeat(64));
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Key or address").fill(`${SHOP.url}/#token=${SHOP.token}`);
    await page.getByRole("button", { name: "Open" }).click();
    await page.locator(".tile").nth(5).waitFor();
    await settled(page);
    assert.equal(await page.getByText("Open the address that").count(), 0);
    await close();
});

test("the key leaves the address, and scripts do not find it", async () => {
    const { page, close } = await open();
    assert.equal(new URL(page.url()).hash, "");
    const found = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, history.state, document.documentElement.outerHTML]));
    assert.ok(!found.includes(SHOP.token));
    await page.goBack().catch(() => null);
    assert.ok(!page.url().includes(SHOP.token));
    await close();
});

test("a session that ends brings the sign-in, a new one brings the page back", async () => {
    const { page, context, go, close } = await open();
    await context.clearCookies();
    await page.getByRole("link", { name: "Customers", exact: true }).click();
    await page.getByLabel("Key or address").waitFor();
    await page.getByLabel("Key or address").fill(SHOP.token);
    await page.getByRole("button", { name: "Open" }).click();
    await settled(page);
    assert.equal(new URL(page.url()).pathname, "/customers");
    await go("/");
    await close();
});

test("a till with a password asks for it", async () => {
    const { page, close } = await open({ signIn: false });
    await page.route("**/api/state", (route) => route.fulfill({ json: { version: "0", needs: "password" } }));
    await page.goto(SHOP.url);
    assert.equal(await page.getByLabel("Password").getAttribute("type"), "password");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("alert").waitFor();
    await close();
});
