import { describe, expect, test } from "bun:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { chromiumPath, usePages } from "./test/browser-under-test.ts";

const pages = usePages({
  async fill(_, operator) {
    await operator.putBoard("laps", {
      title: "Laps",
      order: "asc",
      operator: "best",
      decimals: 3,
      unit: "s",
      sub: "asc",
      tiers: { by: "rank", steps: [{ id: "gold", upto: 1 }, { id: "silver" }] },
    });
    await operator.putBoard("cup", { title: "Cup", unit: "points", season: { ends_at: "2099-06-01T12:00:00Z" } });
    await operator.putBoard("staff", { readers: "operators" });
    for (const [user_id, score, sub] of [
      ["ada", 12.75, 2],
      ["bob", 61.5, 0],
    ] as const) {
      const player = { user_id, name: user_id, region: "EU" };
      await operator.submitScoreFor({ ...player, board: "laps", score, sub });
      await operator.submitScoreFor({ ...player, board: "cup", score: 1_500 });
    }
  },
});

const open = (path: string, options: BrowserContextOptions = { timezoneId: "UTC" }) => pages.open(path, options);
const rows = async (page: Page) =>
  (await page.locator("#rows tr").allInnerTexts()).map((row) => row.replaceAll(/\s+/g, " ").trim());

describe.skipIf(chromiumPath === undefined)("the page in Chromium", () => {
  test("shows scores with all decimals and the unit, sub-scores, tiers and which score is first", async () => {
    const page = await open("/?region=EU&board=laps");
    await page.locator("#rows", { hasText: "12.750 s then 2" }).waitFor();
    expect(await rows(page)).toEqual(["1 ada gold ada 12.750 s then 2", "2 bob silver bob 61.500 s then 0"]);
    expect(await page.locator("#board-facts").textContent()).toBe("The lowest score is first.");
    expect(await page.locator("#board-title").textContent()).toBe("Laps · Top 20 in EU");
  });

  test("shows the same of a player who is looked up", async () => {
    const page = await open("/?region=EU&board=laps&player=bob");
    await page.locator("#neighbours", { hasText: "61.500" }).waitFor();
    await page.locator("#found-score", { hasText: /^61.500\u00a0s then 0$/ }).waitFor();
    expect(await page.locator("#found-tier").textContent()).toBe("silver");
    await page.goto(`${pages.gateway.url}/?region=EU&board=cup&player=bob`);
    await page.locator("#found-score", { hasText: "1,500\u00a0points" }).waitFor();
    expect(await page.locator("#found-tier").isHidden()).toBe(true);
  });

  test("says when a board ends and has ended, and nothing of a board that is like most", async () => {
    const page = await open("/?region=EU&board=cup");
    await page.locator("#board-facts", { hasText: "Ends Jun 1, 2099, 12:00 PM" }).waitFor();
    await page.clock.setFixedTime(new Date("2099-06-01T12:00:00Z"));
    await page.reload();
    await page.locator("#board-facts", { hasText: "Ended Jun 1, 2099, 12:00 PM" }).waitFor();
    await page.locator("#rows", { hasText: "1,500" }).first().waitFor();
    expect(await rows(page)).toEqual(["1 ada ada 1,500 points", "2 bob bob 1,500 points"]);
    await page.getByRole("combobox", { name: "Board" }).selectOption("main");
    await page.locator("#empty").waitFor();
    expect(await page.locator("#board-facts").isHidden()).toBe(true);
  });

  test("neither lists nor shows a board for operators", async () => {
    const page = await open("/?region=EU&board=staff");
    await page.locator("#notice", { hasText: "Only operators read this board." }).waitFor();
    const listed = await open("/?region=EU");
    await listed.getByRole("combobox", { name: "Board" }).waitFor();
    expect(await listed.locator("#boards option").allTextContents()).toEqual(["Cup", "Laps", "main"]);
  });

  test("keeps a phone's width", async () => {
    const page = await open("/?region=EU&board=laps", { viewport: { width: 360, height: 740 } });
    await page.locator("#rows", { hasText: "12.750 s then 2" }).waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  });
});
