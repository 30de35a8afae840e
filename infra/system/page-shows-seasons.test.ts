import { describe, expect, test } from "bun:test";
import type { Client } from "leaderboard-client";
import type { BrowserContextOptions, Page } from "playwright-core";
import { chromiumPath, usePages } from "./test/browser-under-test.ts";

let operator: Client;
const pages = usePages({
  drainers: 1,
  async fill(visitor, root) {
    operator = root;
    await root.putBoard("cup", { title: "Cup", operator: "add", season: { schedule: "0 0 * * 1" } });
    await root.putBoard("sprint", { title: "Sprint", operator: "add", season: { schedule: "*/10 * * * * *" } });
    await root.putBoard("plain", { title: "Plain" });
    await root.submitScoreFor({ user_id: "ada", name: "Ada", region: "EU", board: "cup", score: 3 });
    await fillFirstSeason(visitor, root);
  },
});

const PLAYERS = 50;
// The players' scores are written by then.
const FIRST_SEASON_MS = 8_000;

/**
 * A board whose first season ends soon, and whose next one takes a day. One player has registered.
 */
async function fillFirstSeason(visitor: Client, root: Client): Promise<void> {
  await visitor.register({ user_id: "p-50", name: "Name 50", region: "EU" });
  const ends = new Date(Date.now() + FIRST_SEASON_MS);
  const schedule = `${ends.getUTCSeconds()} ${ends.getUTCMinutes()} ${ends.getUTCHours()} * * *`;
  await root.putBoard("long", { title: "Long", season: { schedule } });
  const player = (n: number) => ({
    user_id: `p-${n}`,
    name: `Name ${n}`,
    region: "EU",
    board: "long",
    score: 1_000 - n,
  });
  const written = await Promise.all(
    Array.from({ length: PLAYERS }, (_, index) => root.submitScoreFor(player(index + 1))),
  );
  expect(written.every(({ season }) => season === 1)).toBe(true);
}

type State = "running" | "closing" | "incomplete" | "final" | "purged";
const DAY_MS = 24 * 3_600_000;

const listed = (season: number, state: State, total: number | null = 2) => {
  const startsAt = Date.UTC(2026, 0, 5) + season * 7 * DAY_MS;
  const at = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");
  return { season, state, starts_at: at(startsAt), ends_at: at(startsAt + 7 * DAY_MS), total };
};
type Listed = ReturnType<typeof listed>;

const entry = (rank: number, user_id: string, score: number) => ({
  rank,
  user_id,
  name: user_id.toUpperCase(),
  region: "EU",
  score,
  updated_at: "2026-01-12T00:00:00.000000Z",
});

interface Stub {
  /** What the server lists, the newest first. */
  seasons: Listed[];
  /** Whether archives answer. */
  isAway?: boolean;
  /** Whether the list of seasons answers, while reads come from Redis. */
  isListAway?: boolean;
}

/** Opens the page on a board of which the server says these seasons. */
async function openStubbed(path: string, stub: Stub, options?: BrowserContextOptions): Promise<Page> {
  const page = await pages.openBlank({ timezoneId: "UTC", ...options });
  const problem = (status: number, code: string) => ({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ status, code, title: code, detail: code }),
  });
  await page.route(/\/boards\/cup\/seasons\?/, (route) => {
    const { searchParams } = new URL(route.request().url());
    const below = Number(searchParams.get("cursor") ?? "1000");
    const part = stub.seasons.filter(({ season }) => season < below).slice(0, 3);
    const last = part.at(-1)?.season ?? 0;
    const next = stub.seasons.some(({ season }) => season < last) ? String(last) : null;
    return route.fulfill({ json: { board: "cup", seasons: part, next } });
  });
  await page.route(/\/boards\/cup\/seasons\/[^?]+$/, (route) => {
    const name = new URL(route.request().url()).pathname.split("/").at(-1);
    const season = name === "previous" ? stub.seasons[1] : stub.seasons.find((each) => String(each.season) === name);
    if (stub.isAway === true || stub.isListAway === true) return route.fulfill(problem(503, "archives_unavailable"));
    if (season === undefined) return route.fulfill(problem(404, "season_not_found"));
    return route.fulfill({ json: { board: "cup", ...season } });
  });
  await page.route(/\/(top|rank|around)(\/bob)?\?.*season=/, (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    if (stub.isAway === true) return route.fulfill(problem(503, "archives_unavailable"));
    const season = stub.seasons.find((each) => String(each.season) === searchParams.get("season"));
    const about = { region: "GLOBAL", total: 2, season: season?.season, ends_at: season?.ends_at };
    const [ada, bob] = [entry(1, "ada", 90), entry(2, "bob", 50)];
    if (pathname.startsWith("/rank")) return route.fulfill({ json: { ...bob, ...about, percentile: 50 } });
    if (pathname.startsWith("/around")) return route.fulfill({ json: { ...about, self: bob, around: [ada] } });
    return route.fulfill({ json: { ...about, entries: [ada, bob] } });
  });
  await page.goto(pages.gateway.url + path);
  return page;
}

const FINAL = [
  listed(5, "running", 1),
  ...[4, 3, 2].map((season) => listed(season, "final")),
  listed(1, "purged", null),
];
const about = (page: Page, text: string) => page.locator("#season-about", { hasText: text }).waitFor();
const state = (page: Page, text: string) => page.locator("#state", { hasText: text }).waitFor();
const choice = (page: Page) => page.getByLabel("Season", { exact: true });
const searchOf = (page: Page) => new URL(page.url()).search;
const firstRow = (page: Page, name: string) =>
  page.locator("#rows tr:first-child bdi", { hasText: new RegExp(`^${name}$`) }).waitFor();

describe.skipIf(chromiumPath === undefined)("the page in Chromium", () => {
  test("shows a past season by the keyboard, keeps it in the address, and takes no scores for it", async () => {
    const page = await openStubbed("/?board=cup", { seasons: FINAL });
    await firstRow(page, "Ada");
    await about(page, "Ends");
    expect(await choice(page).locator("option").allTextContents()).toEqual([
      "Season 1 · runs now",
      "Season 4 · Feb 2 – 9, 2026",
      "Season 3 · Jan 26 – Feb 2, 2026",
    ]);
    await choice(page).focus();
    await page.keyboard.press("ArrowDown");
    await firstRow(page, "ADA");
    await about(page, "Season 4 ended Feb 9, 2026, 12:00 AM. These are its final results.");
    await state(page, "Final results");
    expect([searchOf(page), await page.title()]).toEqual([
      "?region=GLOBAL&board=cup&season=4",
      "Everywhere · Cup · Season 4 · Leaderboard",
    ]);
    expect([await page.locator("#play").isVisible(), await page.locator("#board-title").textContent()]).toEqual([
      false,
      "Cup · Season 4 · Top 20 everywhere",
    ]);
    await page.reload();
    await firstRow(page, "ADA");
    expect(await choice(page).inputValue()).toBe("4");
    await page.getByRole("link", { name: "Show the season that runs" }).click();
    await firstRow(page, "Ada");
    await state(page, "Live");
    expect([searchOf(page), await page.locator("#play").isVisible()]).toEqual(["?region=GLOBAL&board=cup", true]);
    await page.goBack();
    await firstRow(page, "ADA");
  });

  test("reads earlier seasons on request, names those that are gone, and leaves the focus on the choice", async () => {
    const page = await openStubbed("/?board=cup&season=4", { seasons: FINAL });
    await firstRow(page, "ADA");
    await page.getByRole("button", { name: "Show earlier seasons" }).press("Enter");
    const oldest = choice(page).locator("option", { hasText: "Season 1 · Jan 12 – 19, 2026 · removed" });
    await oldest.waitFor({ state: "attached" });
    expect([await oldest.isDisabled(), await page.getByRole("button", { name: "earlier" }).count()]).toEqual([true, 0]);
    expect(await choice(page).evaluate((each) => each === each.ownerDocument.activeElement)).toBe(true);
    await page.goto(`${pages.gateway.url}/?board=cup&season=1`);
    await about(page, "Its results are no longer kept.");
    await page.locator("#empty-title", { hasText: "There is nothing to show." }).waitFor();
  });

  test("says of a season that its results are being counted, or are not whole, and shows the final ones by itself", async () => {
    const stub = { seasons: [listed(5, "running"), listed(4, "closing")] };
    const page = await openStubbed("/?board=cup&season=previous", stub, { viewport: { width: 390, height: 800 } });
    await firstRow(page, "ADA");
    await about(page, "Its results are being counted.");
    await state(page, "Every 3 seconds");
    expect(searchOf(page)).toBe("?region=GLOBAL&board=cup&season=4");
    const height = async () => (await page.locator("#season").boundingBox())?.height;
    const before = await height();
    stub.seasons = [listed(5, "running"), listed(4, "incomplete")];
    await about(page, "Some of its results are not counted yet.");
    stub.seasons = FINAL;
    await about(page, "These are its final results.");
    await state(page, "Final results");
    expect(await height()).toBe(before);
  }, 40_000);

  test("looks a player up in the season of the address", async () => {
    const page = await openStubbed("/?board=cup&season=3&player=bob", { seasons: FINAL });
    await page.locator("#found-rank", { hasText: "2 of 2" }).waitFor();
    await page.locator("#neighbours", { hasText: "ADA" }).waitFor();
    await page.locator("#neighbours a", { hasText: "ADA" }).waitFor();
    expect(await page.locator("#neighbours a").first().getAttribute("href")).toContain("season=3");
  });

  test("says that past seasons cannot be read, and goes on with the season that runs", async () => {
    const page = await openStubbed("/?board=cup&season=4", { seasons: FINAL, isAway: true });
    await page
      .locator("#notice", { hasText: "Past seasons cannot be read at the moment. This page goes on trying." })
      .waitFor();
    await page.getByRole("link", { name: "Show the season that runs" }).click();
    await firstRow(page, "Ada");
    await state(page, "Live");
    await page.locator("#notice").waitFor({ state: "hidden" });
  });

  test("shows a season that is in Redis still while the archives are away", async () => {
    const page = await openStubbed("/?board=cup&season=4", { seasons: FINAL, isListAway: true });
    await firstRow(page, "ADA");
    await about(page, "Its results are being counted.");
  });

  test("says that there is no such season, also on a board without any", async () => {
    const page = await openStubbed("/?board=cup&season=99", { seasons: FINAL });
    await page.locator("#unfound", { hasText: "There is no season 99. These are the present scores." }).waitFor();
    await firstRow(page, "Ada");
    expect(searchOf(page)).toBe("?region=GLOBAL&board=cup");
    await choice(page).selectOption("4");
    await firstRow(page, "ADA");
    expect(await page.locator("#unfound").textContent()).toBe("");
    await page.getByLabel("Board", { exact: true }).selectOption("plain");
    await page.locator("#season").waitFor({ state: "hidden" });
    expect(searchOf(page)).toBe("?region=GLOBAL&board=plain");
  });

  test("counts down by the server's clock where the visitor's is a year behind", async () => {
    const page = await pages.openBlank({ timezoneId: "UTC" });
    await page.clock.install({ time: Date.now() - 365 * DAY_MS });
    await page.goto(`${pages.gateway.url}/?board=cup`);
    const clock = page.locator("#season-clock", { hasText: /^Ends in / });
    await clock.waitFor();
    const { running } = await operator.readBoard("cup");
    const leftMs = Date.parse(running?.ends_at ?? "") - Date.now();
    const text = (await clock.textContent()) ?? "";
    const [, days] = /^Ends in (\d+) d/.exec(text) ?? [];
    expect(Number(days ?? 0)).toBe(Math.floor(leftMs / DAY_MS));
  });

  test("begins the next season when one ends, says so, and shows the final results of the last one", async () => {
    const page = await pages.open("/?board=sprint", { timezoneId: "UTC" });
    await page.locator("#season-clock", { hasText: /^Ends in 0:(0[5-9]|10)$/ }).waitFor();
    const { season = 0 } = await operator.submitScoreFor({ user_id: "ada", name: "Ada", board: "sprint", score: 7 });
    await firstRow(page, "Ada");
    const top = () => page.locator("#ranking, #empty").locator("visible=true").boundingBox();
    const before = await top();
    await about(page, `Season ${season} has ended, season ${season + 1} runs.`);
    await page.locator("#empty-title", { hasText: "No player is in this season yet." }).waitFor();
    expect((await top())?.y).toBe(before?.y);
    await page.locator("#season-about a", { hasText: `See the results of season ${season}` }).click();
    await firstRow(page, "Ada");
    await about(page, "These are its final results.");
    await state(page, "Final results");
    expect(await choice(page).locator("option:checked").textContent()).toStartWith(`Season ${season} · `);
    await page.locator("#find-id").fill("ada");
    await page.keyboard.press("Enter");
    await page.locator("#found-rank", { hasText: "1 of 1" }).waitFor();
    await page.getByRole("tab", { name: "NA" }).click();
    await page.locator("#empty-title", { hasText: "This season has no results." }).waitFor();
    expect(new URL(page.url()).searchParams.get("season")).toBe(String(season));
    await page.getByRole("link", { name: "Show the season that runs" }).click();
    await state(page, "Live");
    await operator.submitScoreFor({ user_id: "bob", name: "Bob", region: "NA", board: "sprint", score: 1 });
    await firstRow(page, "Bob");
  });

  test("says of a player who is looked up that there is no score in the new season, until there is one", async () => {
    const page = await pages.open("/?board=sprint&region=EU", { timezoneId: "UTC" });
    await page.locator("#season-clock", { hasText: /^Ends in 0:(0[5-9]|10)$/ }).waitFor();
    const write = () => operator.submitScoreFor({ user_id: "cy", name: "Cy", region: "EU", board: "sprint", score: 7 });
    await write();
    await page.locator("#find-id").fill("cy");
    await page.keyboard.press("Enter");
    await page.locator("#found-rank", { hasText: "1 of " }).waitFor();
    await page.locator("#find-message", { hasText: "Cy has no score in this season yet." }).waitFor();
    expect([await page.locator("#found").isVisible(), new URL(page.url()).searchParams.get("player")]).toEqual([
      false,
      "cy",
    ]);
    await write();
    await page.locator("#found-rank", { hasText: "1 of " }).waitFor();
    expect(await page.locator("#find-message").textContent()).toBe("");
  });

  test("keeps the own place in a past season, and pages through it", async () => {
    const page = await pages.open("/?board=long&season=1&page=3", { timezoneId: "UTC" });
    await firstRow(page, "Name 41");
    await state(page, "Final results");
    await page.getByRole("link", { name: "Previous" }).click();
    await firstRow(page, "Name 21");
    expect(searchOf(page)).toBe("?region=GLOBAL&board=long&season=1&page=2");
    await page.getByRole("link", { name: "Show the season that runs" }).click();
    await page.locator("#enter [name=user_id]").fill("p-50");
    await page.locator("#enter [name=name]").fill("Name 50");
    await page.locator("#enter-button").click();
    await page.locator("#submit").waitFor();
    await page.goBack();
    await page.locator("#own", { hasText: "50 Name 50 you 950" }).waitFor();
    expect([await page.locator("#play").isVisible(), new URL(page.url()).searchParams.get("page")]).toEqual([
      false,
      "2",
    ]);
  });
});
