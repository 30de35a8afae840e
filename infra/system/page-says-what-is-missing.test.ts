import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { NO_LIMITS } from "../faults/site.ts";
import { chromiumPath, usePages } from "./test/browser-under-test.ts";

// 67 more than the pages show.
const PLAYERS_IN_EU = 1_067;
const PLAYERS_IN_NA = 30;
const AT_ONCE = 20;

const pages = usePages({
  env: { ...NO_LIMITS, BOARDS: "main,weekly" },
  async fill(client) {
    const enter = async (place: number, region: string) => {
      const { token } = await client.register({ user_id: `${region}-${place}`, name: `Name ${place}`, region });
      await client.as(token).setScore({ score: 10_000 - place });
    };
    for (let place = 1; place <= PLAYERS_IN_EU; place += AT_ONCE) {
      const count = Math.min(AT_ONCE, PLAYERS_IN_EU - place + 1);
      await Promise.all(Array.from({ length: count }, (_, n) => enter(place + n, "EU")));
    }
    for (let place = 1; place <= PLAYERS_IN_NA; place++) await enter(place, "NA");
  },
});

const { open } = pages;
const firstRow = (page: Page, name: string) =>
  page.locator("#rows tr:first-child bdi", { hasText: new RegExp(`^${name}$`) }).waitFor();
const addressOf = (page: Page, ...parts: string[]) => {
  const { searchParams } = new URL(page.url());
  return parts.map((part) => searchParams.get(part));
};
const remark = (page: Page) => page.locator("#unfound");

describe.skipIf(chromiumPath === undefined)("the page in Chromium", () => {
  test("says on every page of a long board how many places the pages show, and finds the others", async () => {
    const page = await open("/?region=EU");
    await firstRow(page, "Name 1");
    const text = "The pages show the first 1,000 of 1,067 players. The search finds the others by their ID.";
    expect([await page.locator("#page").textContent(), await page.locator("#beyond").textContent()]).toEqual([
      "Page 1 of 50",
      text,
    ]);
    await page.goto(`${pages.gateway.url}/?region=EU&page=50`);
    await firstRow(page, "Name 981");
    expect([await page.locator("#page").textContent(), await page.locator("#beyond").textContent()]).toEqual([
      "Page 50 of 50",
      text,
    ]);
    expect(await page.locator("#next").isHidden()).toBe(true);
    await page.locator("#find-id").fill("EU-1050");
    await page.keyboard.press("Enter");
    await page.locator("#found-rank", { hasText: "1,050 of 1,067" }).waitFor();
    await page.getByRole("tab", { name: "NA" }).click();
    await firstRow(page, "Name 1");
    expect(await page.locator("#beyond").isHidden()).toBe(true);
  });

  test("says that there is no such page, shows the nearest one, and corrects the address", async () => {
    const page = await open("/?region=NA&page=999");
    await remark(page).getByText("There is no page 999. This is page 2, the last one.").waitFor();
    await firstRow(page, "Name 21");
    expect(addressOf(page, "region", "page")).toEqual(["NA", "2"]);
    await page.goto(`${pages.gateway.url}/?region=EU&page=51`);
    await remark(page).getByText("There is no page 51. This is page 50, the last one.").waitFor();
    expect(addressOf(page, "region", "page")).toEqual(["EU", "50"]);
    await page.goto(`${pages.gateway.url}/?region=NA&page=-1`);
    await remark(page).getByText("There is no page “-1”. This is page 1.").waitFor();
    await firstRow(page, "Name 1");
    expect(addressOf(page, "region", "page")).toEqual(["NA", null]);
  });

  test("says that there is no such region and no such board, keeps the player, and says it once", async () => {
    const page = await open("/?region=XX&board=ZZ!&player=EU-3");
    await firstRow(page, "Name 1");
    expect(await remark(page).textContent()).toBe(
      "There is no region “XX”. This is the board of all regions. There is no board “ZZ!”. This is main.",
    );
    expect(addressOf(page, "region", "player")).toEqual(["GLOBAL", "EU-3"]);
    expect(page.url()).not.toMatch(/XX|ZZ!/);
    await page.locator("#found-name", { hasText: "Name 3" }).waitFor();
    // The remark ends with the place it is about, and a reload opens what the address says now.
    await page.locator("#next").click();
    await page.locator("#page", { hasText: "Page 2 of 50" }).waitFor();
    expect(await remark(page).isHidden()).toBe(true);
    await page.goBack();
    await firstRow(page, "Name 1");
    expect(await remark(page).isHidden()).toBe(true);
    await page.goto(`${pages.gateway.url}/?region=XX`);
    await remark(page).getByText("There is no region").waitFor();
    await page.reload();
    await firstRow(page, "Name 1");
    expect(await remark(page).isHidden()).toBe(true);
  });
});
