import { describe, expect, test } from "bun:test";
import type { Client } from "leaderboard-client";
import type { BrowserContextOptions, Page } from "playwright-core";
import { chromiumPath, usePages } from "./test/browser-under-test.ts";

const PLAYERS = 130;
const LONG_NAME = "A name of 24 characters";
const idOf = (place: number) => `player-${place}`;

const players: Client[] = [];
const pages = usePages({
  env: { RATE_ADDRESS_BURST: "10000", RATE_REGISTRATION_BURST: "10000", RATE_USER_BURST: "10000" },
  async fill(client) {
    const { token } = await client.register({ user_id: "long", name: LONG_NAME, region: "ASIA" });
    await client.as(token).setScore({ score: Number.MAX_SAFE_INTEGER });
    // The n-th player has the n-th place in EU.
    for (let n = 1; n <= PLAYERS; n++) {
      const { token } = await client.register({ user_id: idOf(n), name: `Name ${n}`, region: "EU" });
      players.push(client.as(token));
      await client.as(token).setScore({ score: 10_000 - n });
    }
  },
});

async function open(path: string, options?: BrowserContextOptions): Promise<Page> {
  const page = await pages.open(path, options);
  await page.locator("#rows tr:first-child bdi").waitFor();
  return page;
}

async function login(page: Page, userId: string, name: string): Promise<void> {
  await page.locator("#enter [name=user_id]").fill(userId);
  await page.locator("#enter [name=name]").fill(name);
  await page.locator("#enter-button").click();
  await page.locator("#submit").waitFor();
}

/** Where elements stand at one moment: the page may draw its rows again at any time. */
const rectsOf = (page: Page, selector: string) =>
  page.evaluate<{ top: number; right: number }[]>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((each) => each.getBoundingClientRect().toJSON())`,
  );

/** Whether a text of `selector` is wider than its box. */
const isCut = (page: Page, selector: string) =>
  page.evaluate<boolean>(
    `[...document.querySelectorAll("${selector}")].some((each) => each.scrollWidth > each.clientWidth)`,
  );

/** What a script on the page counts in each frame. */
interface Sampled {
  /** When the order of the rows changed, in ms. */
  reorders: number[];
  /** Frames in which a row covered another. */
  overlaps: number;
  frames: number;
}

const searchOf = (page: Page) => new URL(page.url()).search;
const firstRow = (page: Page, name: string) =>
  page.locator("#rows tr:first-child bdi", { hasText: new RegExp(`^${name}$`) }).waitFor();

describe.skipIf(chromiumPath === undefined)("the page in Chromium", () => {
  test("links each row to its player, whose address works again, also by the browser's history", async () => {
    const page = await open("/?region=EU");
    const link = page.getByRole("row").getByRole("link", { name: "Name 3 player-3", exact: true });
    expect(await link.getAttribute("href")).toBe("?region=EU&player=player-3");
    await link.press("Enter");
    await page.locator("#found-name:focus", { hasText: "Name 3" }).waitFor();
    expect(searchOf(page)).toBe("?region=EU&player=player-3");
    expect(await page.locator("#found-id").textContent()).toBe("player-3");
    // A click anywhere on the row follows its link, and neighbours are links as well.
    await page.locator("#rows tr:nth-child(5)").click({ position: { x: 8, y: 8 } });
    await page.locator("#found-name:focus", { hasText: "Name 5" }).waitFor();
    await page.locator("#neighbours a", { hasText: "Name 6" }).click();
    await page.locator("#found-name:focus", { hasText: "Name 6" }).waitFor();
    await page.goBack();
    await page.locator("#found-name", { hasText: "Name 5" }).waitFor();
    await page.reload();
    await page.locator("#found-name", { hasText: "Name 5" }).waitFor();
    await page.locator("#found-close").click();
    expect([searchOf(page), await page.locator("#found").isHidden()]).toEqual(["?region=EU", true]);
  });

  test("says where the board shows the ID that a search wants", async () => {
    const page = await open("/?region=EU");
    await page.locator("#find-id").fill("Name 3");
    await page.keyboard.press("Enter");
    await page.locator("#find-message", { hasText: /Player ID|IDs below the names/ }).waitFor();
    expect(await page.locator("#rows tr:nth-child(3) .about").textContent()).toBe("player-3");
  });

  test("shows the next and the previous page of a board, live at first, then read again and again", async () => {
    const page = await open("/?region=EU");
    expect(await page.locator("#previous").isHidden()).toBe(true);
    await page.locator("#next").click();
    await firstRow(page, "Name 21");
    expect([searchOf(page), await page.locator("#page").textContent()]).toEqual(["?region=EU&page=2", "Page 2 of 7"]);
    expect(await page.locator("#board:focus h2").textContent()).toBe("Places 21–40 in EU");
    await page.goto(`${pages.gateway.url}/?region=EU&page=7`);
    await firstRow(page, "Name 121");
    await page.locator("#state", { hasText: "Every 10 seconds" }).waitFor();
    expect([await page.locator("#rows tr").count(), await page.locator("#next").isHidden()]).toEqual([10, true]);
    await page.locator("#previous").click();
    await firstRow(page, "Name 101");
    // A page after the last one is the last one.
    await page.goto(`${pages.gateway.url}/?region=EU&page=50`);
    await firstRow(page, "Name 121");
    expect(searchOf(page)).toBe("?region=EU&page=7");
  });

  test("pins your own place while your row is on another page or out of sight", async () => {
    const page = await open("/?region=EU", { viewport: { width: 360, height: 740 } });
    const own = page.locator("#own");
    expect(await own.isHidden()).toBe(true);
    await login(page, idOf(118), "Name 118");
    await own.getByText("118").first().waitFor();
    expect(await own.textContent()).toBe("118 Name 118 you 9,882");
    await page.goto(`${pages.gateway.url}/?region=EU&page=6`);
    await page.locator("#rows .is-marked").waitFor();
    await page.locator("#rows .is-marked").scrollIntoViewIfNeeded();
    await own.waitFor({ state: "hidden" });
    await page.evaluate("scrollTo(0, 0)");
    await own.waitFor({ state: "visible" });
    await page.getByRole("tab", { name: "NA" }).click();
    await page.locator("#empty").waitFor();
    await own.waitFor({ state: "hidden" });
  });

  test("gives names their room at 360 pixels beside a long score, in a table for screen readers too", async () => {
    const name = LONG_NAME;
    const page = await open("/?region=ASIA", { viewport: { width: 360, height: 740 } });
    expect(await isCut(page, "#rows bdi")).toBe(false);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const cells = await page.getByRole("row").nth(1).getByRole("cell").allInnerTexts();
    expect(cells.map((cell) => cell.replaceAll(/\s+/g, " ").trim())).toEqual([
      "1",
      `${name} long`,
      "9,007,199,254,740,991",
    ]);
  });

  test.each([360, 700, 1280, 1920])(
    "gives neighbours' names their room beside long scores at %p pixels",
    async (width) => {
      const page = await open("/?region=ASIA&player=long", { viewport: { width, height: 740 } });
      await page.locator("#neighbours .is-marked").waitFor();
      expect(await isCut(page, "#neighbours bdi")).toBe(false);
      const [score, panel] = [await rectsOf(page, "#neighbours li > :last-child"), await rectsOf(page, "#found")];
      expect(score[0]?.right).toBeLessThanOrEqual(panel[0]?.right ?? 0);
      // Short scores stay in the line of their names.
      await page.goto(`${pages.gateway.url}/?region=EU&player=player-3`);
      await page.locator("#neighbours .is-marked", { hasText: "Name 3" }).waitFor();
      expect(await isCut(page, "#neighbours bdi")).toBe(false);
      const parts = await rectsOf(page, "#neighbours .is-marked > *");
      expect(new Set(parts.map(({ top }) => top)).size).toBe(1);
    },
  );

  test("gives your own name its room at 360 pixels beside a long score", async () => {
    const page = await open("/?region=ASIA", { viewport: { width: 360, height: 400 } });
    await login(page, "long", LONG_NAME);
    await page.goto(`${pages.gateway.url}/?page=2`);
    await page.locator("#own").waitFor();
    expect(await isCut(page, "#own bdi")).toBe(false);
    expect(await page.locator("#own").textContent()).toBe(`1 ${LONG_NAME} you 9,007,199,254,740,991`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  });

  test("keeps the keyboard on a link whose row moves, and in its place where it leaves", async () => {
    const page = await open("/?region=EU&player=player-5");
    await page.locator("#neighbours .is-marked", { hasText: "Name 5" }).waitFor();
    const focused = () =>
      page.evaluate<string>(
        "(a => a.title + (a.matches(':focus-visible') ? '' : ', not visibly'))(document.activeElement)",
      );
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    // The first link skips to the board, of which each row is one stop.
    await press("Tab", "Enter", "Tab", "Tab", "Tab");
    expect(await focused()).toBe("Name 3 (player-3)");
    await players[2]?.setScore({ score: 15_000 });
    await firstRow(page, "Name 3");
    expect(await focused()).toBe("Name 3 (player-3)");
    await press("Tab");
    expect(await focused()).toBe("Name 1 (player-1)");
    // The rows above and below move.
    await players[9]?.setScore({ score: 16_000 });
    await firstRow(page, "Name 10");
    expect(await focused()).toBe("Name 1 (player-1)");
    await players[0]?.setScore({ score: -1 });
    await page.locator("#rows a", { hasText: /player-1$/ }).waitFor({ state: "detached" });
    expect(await focused()).toBe("Name 2 (player-2)");
    await press("Enter");
    await page.locator("#found-name:focus", { hasText: "Name 2" }).waitFor();

    // Neighbours are made again when the player's rank changes.
    const neighbours = page.locator("#neighbours li");
    await neighbours.filter({ hasText: "Name 6" }).locator("a").focus();
    await players[5]?.setScore({ score: 20_000 });
    await neighbours.first().filter({ hasText: "Name 6" }).waitFor();
    expect(await focused()).toBe("Name 6 (player-6)");
    await players[5]?.setScore({ score: -2 });
    await neighbours.filter({ hasText: "Name 6" }).waitFor({ state: "detached" });
    expect(await focused()).toBe("Name 10 (player-10)");
  });

  test("reorders at most once a second, and lets no rows pass through each other where many move", async () => {
    const page = await open("/?region=EU");
    await page.evaluate(`
      globalThis.reorders = [];
      globalThis.overlaps = 0;
      globalThis.frames = 0;
      const rows = document.querySelector("#rows");
      let order = "";
      const look = () => {
        const texts = [...rows.querySelectorAll("bdi")].map((bdi) => bdi.textContent).join();
        if (texts !== order) reorders.push(performance.now());
        order = texts;
        const boxes = [...rows.children].map((row) => row.getBoundingClientRect()).sort((a, b) => a.top - b.top);
        frames++;
        if (boxes.some((box, index) => index > 0 && boxes[index - 1].bottom - box.top > 2)) overlaps++;
        requestAnimationFrame(look);
      };
      look();
    `);
    const sample = async () => (await page.evaluate("({ reorders, overlaps, frames })")) as Sampled;
    // Each round moves all of the first twelve.
    for (let round = 1; (await sample()).reorders.length < 5; round++) {
      const writes = players.slice(0, 12).map((player, n) => player.setScore({ score: 20_000 + ((n + round) % 12) }));
      await Promise.all(writes);
    }
    const seen = await sample();
    const gaps = seen.reorders.slice(2).map((at, index) => at - (seen.reorders[index + 1] ?? 0));
    expect(seen.frames).toBeGreaterThan(20);
    for (const gap of gaps) expect(gap).toBeGreaterThan(900);
    expect(seen.overlaps).toBe(0);
  }, 60_000);
});
