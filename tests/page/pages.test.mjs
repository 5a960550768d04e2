// SPDX-License-Identifier: Apache-2.0
// Every page, in both themes and three widths: it opens without an error and without a request to anybody else, nothing is wider than the
// screen, and axe finds nothing that would keep somebody out.
import { after, test } from "node:test";
import { PAGES, assert, closeBrowser, expected, open, violations } from "./lib.mjs";

const customer = expected("customers").customers[0].customer_id;
after(closeBrowser);

for (const theme of ["light", "dark"])
    for (const width of [390, 1024, 1600])
        test(`${theme}, ${width} px`, async (t) => {
            const { page, faults, go, close } = await open({ theme, width });
            for (const path of [...PAGES, `/customers/${customer}`])
                await t.test(path, async () => {
                    faults.length = 0;
                    await go(path);
                    assert.equal(await page.locator("main h1").count(), 1, "one heading");
                    assert.equal(await page.locator("main [role=alert]").allInnerTexts().then((list) => list.join()), "", "no error is shown");
                    assert.deepEqual(await violations(page), []);
                    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the screen");
                    assert.deepEqual(faults, []);
                });
            await close();
        });

test("the theme can be chosen, and is remembered", async () => {
    const { page, go, close } = await open({ theme: "light" });
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    await page.getByRole("button", { name: "Dark colours" }).click();
    const dark = await paper();
    assert.notEqual(dark, light);
    await go("/products");
    assert.equal(await paper(), dark);
    await close();
});

test("text is text: markup in names is shown, not run", async () => {
    const { page, go, close } = await open();
    const hostile = `<img src=x onerror="window.run=1"><script>window.run=1</script>`;
    await page.route("**/api/**", async (route) => {
        if (route.request().url().includes("/api/events")) return route.continue();
        const response = await route.fetch();
        const json = await response.json().catch(() => null);
        if (json === null) return route.fulfill({ response });
        const poison = (value, key) =>
            Array.isArray(value) ? value.map((one) => poison(one)) : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poison(one, name)])) : ["name", "organization_name", "organization", "text", "last_error", "product"].includes(key) && typeof value === "string" ? hostile : value;
        await route.fulfill({ response, json: poison(json) });
    });
    for (const path of ["/", "/customers", `/customers/${customer}`, "/products", "/integrations", "/revenue", "/digest"]) {
        await go(path);
        assert.ok((await page.locator("body").innerText()).includes("<img src=x onerror="), `${path} shows it`);
        assert.equal(await page.evaluate(() => globalThis.run), undefined, `${path} does not run it`);
        assert.equal(await page.locator("img").count(), 0);
    }
    await close();
});
