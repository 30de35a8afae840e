import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "leaderboard-client";
import type { Browser, Page } from "playwright-core";
import { announceSkipped } from "testing/installed";
import { type Site, startSite } from "../faults/site.ts";
import { chromiumPath, startBrowser } from "./test/browser-under-test.ts";
import { nginx, type PrefixProxy, startPrefixProxy } from "./test/prefix-proxy.ts";

const isMissing = chromiumPath === undefined || nginx === undefined;
if (isMissing) announceSkipped("Chromium or nginx is not installed, so the page was not opened behind a prefix");

const PREFIXES = ["/lb/", "/games/chess/board/"];

let site: Site;
let browser: Browser;
let proxies: PrefixProxy[] = [];
beforeAll(async () => {
  if (isMissing) return;
  [site, browser] = await Promise.all([startSite({ rankers: 1, drainers: 0 }), startBrowser()]);
  const [{ url }] = site.gateways;
  proxies = await Promise.all(PREFIXES.map((prefix) => startPrefixProxy(prefix, url)));
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await site?.close();
}, 30_000);

let page: Page;
/** Requests outside of the prefix, answers of nginx itself, and errors of scripts. */
const faults: string[] = [];
afterEach(async () => {
  await page?.context().close();
  expect(faults.splice(0)).toEqual([]);
});

async function open(base: string, path = ""): Promise<void> {
  page = await (await browser.newContext({ locale: "en-US" })).newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    const isInside = pathname.startsWith(new URL(base).pathname);
    // The gateway refuses with a problem document, nginx with a page.
    const isRefused = response.status() >= 400 && response.headers()["content-type"] !== "application/problem+json";
    if (response.url().startsWith("http") && (!isInside || isRefused)) {
      faults.push(`${response.status()} ${pathname}`);
    }
  });
  await page.goto(base + path);
}

describe.skipIf(isMissing).each([0, 1])("behind a proxy's prefix (%p)", (index) => {
  const base = () => proxies[index]?.url ?? "";

  test("the page loads, registers, adds points, finds a player and keeps its address", async () => {
    await open(base());
    await page.locator("#state", { hasText: "Live" }).waitFor();
    await page.getByLabel("Register", { exact: true }).check();
    await page.locator("#enter [name=user_id]").fill(`ada-${index}`);
    await page.locator("#enter [name=name]").fill("Ada");
    await page.locator("#enter [name=region]").selectOption("EU");
    await page.locator("#enter-button").click();
    await page.locator("#delta").fill("12");
    await page.keyboard.press("Enter");
    await page.locator("#rows .is-marked .score", { hasText: "12" }).waitFor();
    await page.locator("#find-id").fill(`ada-${index}`);
    await page.keyboard.press("Enter");
    await page.locator("#found-name", { hasText: "Ada" }).waitFor();
    await page.getByRole("tab", { name: "EU" }).click();
    expect(page.url().startsWith(`${base()}?region=EU`)).toBe(true);
    await page.reload();
    await page.locator("#who", { hasText: "Ada · EU" }).waitFor();
  });

  test("the docs load, and a request tried there reaches the gateway", async () => {
    await open(base(), "docs");
    await page.locator("#operations-service-getHealth button").first().click();
    await page.locator(".btn.execute").click();
    await page.locator(".request-url", { hasText: `${base()}health` }).waitFor();
    await page.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
  });

  test("the docs with a slash at the end lead to the docs", async () => {
    const { url, ok } = await fetch(`${base()}docs/`);
    expect([url, ok]).toEqual([`${base()}docs`, true]);
  });

  test("the client calls the gateway below the prefix", async () => {
    const client = createClient({ url: base() });
    expect((await client.health()).status).toBe("ok");
    expect((await client.openapi()).servers).toMatchObject([{ url: "." }]);
  });
});
