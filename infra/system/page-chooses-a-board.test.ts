import { describe, expect, test } from "bun:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { chromiumPath, usePages } from "./test/browser-under-test.ts";

const HOSTILE = "<img src=x onerror=document.title='hacked'>";

const pages = usePages({
  async fill(client, operator) {
    // Beside `main`, which comes first; `wide` comes last.
    for (const { id, title } of [...racesOf(250), wide]) await operator.putBoard(id, { title });
    const ada = client.as((await client.register({ user_id: "ada", name: "Ada", region: "EU" })).token);
    await ada.setScore({ score: 1 });
    await ada.setScore({ score: 7, board: "race-007" });
    await ada.setScore({ score: 149, board: "race-149" });
  },
});

interface Listed {
  id: string;
  title: string;
}
const racesOf = (count: number): Listed[] =>
  Array.from({ length: count }, (_, n) => ({ id: `race-${String(n).padStart(3, "0")}`, title: `Race ${n}` }));
const wide = {
  id: "wide",
  title: "A board whose title is far longer than a phone is wide, and that is all there is to it",
};

interface Opened {
  page: Page;
  /** Reads of boards, as the page sent them. */
  reads: string[];
}

/** @param listed what the server lists in place of its boards; null where it has no such route */
async function open(path: string, listed?: readonly Listed[] | null, options?: BrowserContextOptions): Promise<Opened> {
  const page = await pages.openBlank(options);
  const reads: string[] = [];
  await page.route(/\/boards(\?|\/|$)/, (route) => {
    const { pathname, search } = new URL(route.request().url());
    reads.push(pathname + search);
    if (listed === undefined) return route.continue();
    if (listed !== null && pathname === "/boards") return route.fulfill({ json: { boards: listed, next: null } });
    return route.fulfill({ status: 404, contentType: "application/problem+json", body: '{"code":"not_found"}' });
  });
  await page.goto(pages.gateway.url + path);
  return { page, reads };
}

/** A native select has the role of a combo box, too. */
const field = (page: Page) => page.locator("input").and(page.getByRole("combobox", { name: "Board" }));
const options = (page: Page) => page.getByRole("option");
const searchOf = (page: Page) => new URL(page.url()).search;
const score = (page: Page, text: string) =>
  page.locator("#rows .score", { hasText: new RegExp(`^${text}$`) }).waitFor();
const hint = (page: Page, text: string) => page.locator("#board-hint", { hasText: text }).waitFor();
/** The option that the arrow keys have reached, as a screen reader finds it. */
const reached = (page: Page) =>
  page.evaluate<string | undefined>(
    "document.getElementById(document.getElementById('board-search').getAttribute('aria-activedescendant'))?.querySelector('bdi').textContent",
  );

async function isWithin(page: Page, part: string, right: number): Promise<boolean> {
  const { x = -1, width = 0 } = (await page.locator(part).boundingBox()) ?? {};
  return x >= 0 && x + width <= right;
}

const main = { id: "main", title: "" };
const PHONE = { viewport: { width: 360, height: 740 } };

describe.skipIf(chromiumPath === undefined)("the page in Chromium", () => {
  test("offers no choice where there is one board, and names no board in the address", async () => {
    const { page } = await open("/?region=EU", [main]);
    await score(page, "1");
    expect([await page.locator("#board-choice").isHidden(), await page.title()]).toEqual([true, "EU · Leaderboard"]);
    expect(await page.locator("#board-title").textContent()).toBe("Top 20 in EU");
  });

  test("lists a few boards by their titles, which are text even where they are HTML", async () => {
    const listed = [main, { id: "race-007", title: HOSTILE }, { id: "race-149", title: "" }];
    const { page } = await open("/?region=EU", listed);
    const select = page.getByRole("combobox", { name: "Board" });
    await select.waitFor();
    expect(await select.locator("option").allTextContents()).toEqual(["main", HOSTILE, "race-149"]);
    await select.selectOption("race-007");
    await score(page, "7");
    expect([searchOf(page), await page.title()]).toEqual([
      "?region=EU&board=race-007",
      `EU · ${HOSTILE} · Leaderboard`,
    ]);
    expect(await page.locator("#board-title").textContent()).toBe(`${HOSTILE} · Top 20 in EU`);
    expect(await page.locator("img").count()).toBe(0);
    await select.selectOption("main");
    await score(page, "1");
    expect(searchOf(page)).toBe("?region=EU");
  });

  test("opens a board of the address that the list does not name, by its title where it has one", async () => {
    const { page } = await open("/?region=EU&board=race-007", [main]);
    await score(page, "7");
    expect(await page.getByRole("combobox", { name: "Board" }).inputValue()).toBe("race-007");
    const many = await open("/?region=EU&board=race-149");
    await score(many.page, "149");
    await many.page.locator("#board-title", { hasText: "Race 149 · Top 20 in EU" }).waitFor();
    expect(await field(many.page).inputValue()).toBe("Race 149");
    expect(many.reads).toEqual(["/boards?limit=100", "/boards/race-149"]);
  });

  test("says that there is no such board, and takes what no board can be called for main", async () => {
    const { page } = await open("/?region=EU&board=none");
    await page.locator("#notice", { hasText: "There is no such board." }).waitFor();
    expect(await page.locator("#ranking").isHidden()).toBe(true);
    const other = await open("/?region=EU&board=RACE-007");
    await score(other.page, "1");
  });

  test("searches among many boards by the keyboard alone, and reads only as far as it needs", async () => {
    const { page, reads } = await open("/?region=EU");
    await field(page).waitFor();
    expect(await field(page).getAttribute("aria-expanded")).toBe("false");
    await field(page).focus();
    await page.keyboard.press("ArrowDown");
    await hint(page, "There are more boards");
    expect([await options(page).count(), await reached(page)]).toEqual([20, "main"]);
    expect(reads).toEqual(["/boards?limit=100"]);
    await page.keyboard.press("ArrowUp");
    expect(await reached(page)).toBe("Race 18");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await reached(page)).toBe("Race 1");
    await page.keyboard.press("Escape");
    expect(await field(page).getAttribute("aria-expanded")).toBe("false");

    await page.keyboard.type("RACE 14");
    await hint(page, "11 boards");
    expect(await options(page).first().textContent()).toBe("Race 14 race-014");
    expect([await reached(page), reads.length]).toEqual([undefined, 3]);
    await page.keyboard.type("9");
    await hint(page, "1 board");
    await page.keyboard.press("Enter");
    await score(page, "149");
    expect([searchOf(page), await field(page).inputValue()]).toEqual(["?region=EU&board=race-149", "Race 149"]);
    expect(await page.evaluate("document.activeElement.id")).toBe("board-search");
    expect(await options(page).count()).toBe(0);
  });

  test("takes an exact name although other boards match, and gives up what names no board", async () => {
    const { page } = await open("/?region=EU&board=race-149");
    await field(page).focus();
    await page.keyboard.type("race 7");
    await page.keyboard.press("Enter");
    await score(page, "7");
    await page.keyboard.type("no such race");
    await page.keyboard.press("Enter");
    await hint(page, "No board matches “no such race”.");
    expect(await page.locator("#board-status").textContent()).toBe("No board matches “no such race”.");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    expect([await field(page).inputValue(), searchOf(page)]).toEqual(["Race 7", "?region=EU&board=race-007"]);
    await page.keyboard.type("race-149");
    await hint(page, "1 board");
    await page.keyboard.press("Tab");
    expect([await field(page).inputValue(), await page.locator("#board-popup").isHidden()]).toEqual(["Race 7", true]);
  });

  test("lets the pointer choose among many boards, within 360 pixels", async () => {
    const { page } = await open("/?region=EU", undefined, PHONE);
    await field(page).click();
    await options(page).getByText("Race 7", { exact: true }).click();
    await score(page, "7");
    expect(await page.evaluate("document.activeElement.id")).toBe("board-search");
    await field(page).fill("phone");
    await options(page).getByText("A board whose").click();
    await page.locator("#board-title", { hasText: "A board whose" }).waitFor();
    await field(page).click();
    await options(page).first().waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    for (const part of ["#board-search", "#board-popup", "#board-title"]) {
      expect([part, await isWithin(page, part, 360)]).toEqual([part, true]);
    }
  });

  test("keeps the list of a few boards within 360 pixels, with any titles", async () => {
    const { page } = await open("/?region=EU", [main, wide], PHONE);
    await page.locator("#boards").waitFor();
    expect(await isWithin(page, "#boards", 360)).toBe(true);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  });

  test("opens the first board where the server has no main, unless the address names one", async () => {
    const listed = [{ id: "race-007", title: "Race 7" }];
    const { page } = await open("/?region=EU", listed);
    await score(page, "7");
    expect(searchOf(page)).toBe("?region=EU&board=race-007");
    const named = await open("/?region=EU&board=main", listed);
    await score(named.page, "1");
  });

  test("shows main where the server is an older one, which lists no boards", async () => {
    const { page, reads } = await open("/?region=EU", null);
    await score(page, "1");
    expect(await page.locator("#board-choice").isHidden()).toBe(true);
    expect(reads).toEqual(["/boards?limit=100"]);
  });
});
