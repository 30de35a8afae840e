import { describe, expect, test } from "bun:test";
import type { Client } from "leaderboard-client";
import type { Page } from "playwright-core";
import { chromiumPath, usePages } from "./test/browser-under-test.ts";

const HOSTILE = "<img src=x onerror=document.title='hacked'>";

let client: Client;
let ada: Client;
const pages = usePages({
  rankers: 2,
  env: { BOARDS: "main,weekly" },
  async fill(visitor) {
    client = visitor;
    const enter = async (user_id: string, name: string) =>
      client.as((await client.register({ user_id, name, region: "EU" })).token);
    ada = await enter("ada", "Ada");
    await ada.setScore({ score: 1_000 });
    for (const [user_id, name, score] of [
      ["bob", "Bob", 2_000],
      ["mallory", HOSTILE, 500],
    ] as const) {
      await (await enter(user_id, name)).setScore({ score });
    }
  },
});

const { open } = pages;

/** The text of the rows: rank, name, score. */
const rowsOf = (page: Page) =>
  page.$$eval("#rows tr:not(.is-waiting)", (rows) =>
    rows.map((row) =>
      [".place > :first-child", "bdi", ".score"].map((part) => row.querySelector(part)?.textContent ?? "").join(" "),
    ),
  );
const state = (page: Page, text: string) => page.locator("#state", { hasText: text }).waitFor();
const first = (page: Page, name: string) => page.locator("#rows tr:first-child bdi", { hasText: name }).waitFor();

async function register(page: Page, userId: string, name: string): Promise<void> {
  await page.getByLabel("Register", { exact: true }).check();
  await page.locator("#enter [name=user_id]").fill(userId);
  await page.locator("#enter [name=name]").fill(name);
  await page.locator("#enter [name=region]").selectOption("EU");
  await page.locator("#enter-button").click();
  await page.locator("#submit").waitFor();
}

describe.skipIf(chromiumPath === undefined)("the page in Chromium", () => {
  test("shows the leaders with formatted numbers, and a name as text even where it is HTML", async () => {
    const page = await open("/?region=EU");
    await first(page, "Bob");
    expect(await rowsOf(page)).toEqual(["1 Bob 2,000", "2 Ada 1,000", `3 ${HOSTILE} 500`]);
    expect([await page.title(), await page.locator("#rows img").count()]).toEqual(["EU · Leaderboard", 0]);
    await page.locator("#find-id").fill("mallory");
    await page.keyboard.press("Enter");
    await page.locator("#found-name", { hasText: HOSTILE }).waitFor();
    expect(await page.locator("img").count()).toBe(0);
  });

  test("registers a player, whose row moves with a score, and who logs out and in again", async () => {
    const page = await open("/?region=EU");
    await register(page, "grace", "Grace");
    await page.locator("#delta").fill("1500");
    await page.keyboard.press("Enter");
    await page.locator("#submit-result", { hasText: "+1,500: now 1,500, rank 2 in EU" }).waitFor();
    await page.locator("#rows tr:nth-child(2).is-marked bdi", { hasText: "Grace" }).waitFor();
    await page.locator("#delta").fill("1000");
    await page.keyboard.press("Enter");
    await first(page, "Grace");
    expect(await page.locator("#rows tr:first-child .step").textContent()).toBe("▲1");

    await page.reload();
    await page.locator("#who", { hasText: "Grace · EU" }).waitFor();
    await page.locator("#leave").click();
    await page.locator("#enter [name=user_id]").fill("grace");
    await page.locator("#enter [name=name]").fill("Grace");
    await page.locator("#enter-button").click();
    await page.locator("#who", { hasText: "Grace · EU" }).waitFor();
  });

  test("finds a player with rank, percentile and neighbours, and keeps them up to date", async () => {
    const page = await open("/?region=NA");
    await page.getByRole("tab", { name: "EU" }).click();
    await page.locator("#find-id").fill("ada");
    await page.keyboard.press("Enter");
    await page.locator("#found-rank", { hasText: /^3 of 4$/ }).waitFor();
    expect(await page.locator("#found-percentile").textContent()).toBe("50");
    expect(await page.locator("#neighbours .is-marked bdi").textContent()).toBe("Ada");
    await ada.addScore({ delta: 9_000 });
    await page.locator("#found-rank", { hasText: /^1 of 4$/ }).waitFor();
    await page.locator("#neighbours li:first-child bdi", { hasText: "Ada" }).waitFor();
    await page.locator("#find-id").fill("nobody");
    await page.keyboard.press("Enter");
    await page.locator("#find-message", { hasText: "There is no such player on this board." }).waitFor();
  });

  test("says at the field what is wrong with an input", async () => {
    const page = await open();
    await page.locator("#enter [name=user_id]").fill("no!");
    await page.locator("#enter-button").click();
    await page.locator("#enter-message", { hasText: "Player ID must be 1 to 64 characters" }).waitFor();
    expect(await page.locator("#enter [name=user_id]").getAttribute("aria-invalid")).toBe("true");
    await register(page, "henry", "Henry");
    for (const text of ["1.5x", "1.5", "-2.25", "1,500"]) {
      await page.locator("#delta").fill(text);
      await page.keyboard.press("Enter");
      await page.locator("#submit-message", { hasText: "a whole number" }).waitFor();
      expect(await page.locator("#delta").getAttribute("aria-invalid")).toBe("true");
    }
    // None of them was taken for another number.
    await page.locator("#delta").fill("7");
    await page.keyboard.press("Enter");
    await page.locator("#submit-result", { hasText: "+7: now 7," }).waitFor();
    expect(await page.locator("#submit-message").textContent()).toBe("");
    // A result does not stay below a later refusal, whether the page or the server refuses.
    for (const [text, refusal] of [
      ["1.5", "a whole number"],
      ["9007199254740991", "more than a score can be"],
    ] as const) {
      await page.locator("#delta").fill("1");
      await page.keyboard.press("Enter");
      await page.locator("#submit-result", { hasText: "+1: now" }).waitFor();
      await page.locator("#delta").fill(text);
      await page.keyboard.press("Enter");
      await page.locator("#submit-message", { hasText: refusal }).waitFor();
      expect(await page.locator("#submit-result").textContent()).toBe("");
    }
  });

  test("says that a board is empty, and fills it by itself", async () => {
    const page = await open("/?region=GLOBAL&board=weekly");
    await page.locator("#empty", { hasText: "No player is on this board yet." }).waitFor();
    expect(await page.locator("#ranking").isHidden()).toBe(true);
    await ada.addScore({ delta: 5, board: "weekly" });
    await first(page, "Ada");
    expect(await page.locator("#empty").isHidden()).toBe(true);
  });

  test("connects to a restarted gateway again, and shows what has changed meanwhile", async () => {
    const page = await open("/?region=EU");
    await state(page, "Live");
    await page.locator("#rows tr:first-child bdi").waitFor();
    await pages.gateway.crash();
    await ada.setScore({ score: 77_777 });
    await page.locator("#rows tr:first-child .score", { hasText: "77,777" }).waitFor();
    await state(page, "Live");
    expect(await page.locator("#notice").isHidden()).toBe(true);
  }, 60_000);

  test("says that the gateway or the network is away, and goes on showing the last board", async () => {
    const page = await open("/?region=EU");
    await page.locator("#rows tr:first-child bdi").waitFor();
    await page.context().setOffline(true);
    await page.locator("#notice", { hasText: /^You are offline\. Shown as of / }).waitFor();
    expect((await rowsOf(page)).length).toBeGreaterThan(2);
    await page.context().setOffline(false);
    await pages.gateway.kill();
    await page.locator("#state", { hasText: /Reconnecting|Not connected/ }).waitFor();
    await page.locator("#notice", { hasText: /^The server does not answer\. Shown as of / }).waitFor();
    await pages.gateway.start();
    await state(page, "Live");
    expect(await page.locator("#notice").isHidden()).toBe(true);
  }, 60_000);

  test("says why the server refuses, and continues by itself afterwards", async () => {
    await Promise.all(pages.site.rankers.map((ranker) => ranker.kill()));
    const page = await open("/?region=EU");
    await page.locator("#notice", { hasText: /^The scores are out of reach .* goes on trying\.$/ }).waitFor();
    expect(await page.locator("#ranking").isHidden()).toBe(true);
    await Promise.all(pages.site.rankers.map((ranker) => ranker.start()));
    await state(page, "Live");
    await page.locator("#rows tr:first-child bdi").waitFor();
    expect(await page.locator("#notice").isHidden()).toBe(true);
  }, 60_000);

  test("closes its stream in a hidden tab, and resumes after the last event when the tab is shown", async () => {
    const page = await open("/?region=EU");
    await page.locator("#rows tr:first-child bdi").waitFor();
    const show = (now: string) =>
      page.evaluate(`Object.defineProperty(document, "visibilityState", { value: "${now}", configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`);
    const ended = page.waitForEvent("requestfailed", (request) => request.url().includes("/live"));
    await show("hidden");
    await ended;
    const again = page.waitForRequest((request) => request.url().includes("/live"));
    await show("visible");
    expect((await again).headers()["last-event-id"]).toMatch(/^\d+-[0-9a-f]{16}$/);
    await ada.setScore({ score: 88_888 });
    await page.locator("#rows .score", { hasText: "88,888" }).waitFor();
  });

  test("lets the keyboard choose a region, which then stands in the address", async () => {
    const page = await open();
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the board");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(":focus").textContent()).toBe("EU");
    expect(new URL(page.url()).search).toBe("?region=EU");
    await page.getByRole("tab", { name: "EU", selected: true }).waitFor();
  });

  test("fits the largest score and the longest name into 360 pixels, and reduces motion where asked to", async () => {
    const page = await open("/?region=EU", { viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
    await register(page, "wide", "A name that is as long as a name may be. ".repeat(4));
    await page.locator("#delta").fill(`-${Number.MAX_SAFE_INTEGER}`);
    await page.keyboard.press("Enter");
    await page.locator("#rows tr:last-child .score", { hasText: "-9,007,199,254,740,991" }).waitFor();
    await page.locator("#find-id").fill("wide");
    await page.locator("#find-id").press("Enter");
    await page.locator("#neighbours .is-marked").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const fitting = ["#rows .score span", "#rows .player", "#who", "#leave", "#submit button", "#neighbours li > *"];
    for (const part of fitting) {
      for (const box of await page.locator(part).all()) {
        const { x = 0, width = 0 } = (await box.boundingBox()) ?? {};
        expect([part, x >= 0 && x + width <= 360]).toEqual([part, true]);
      }
    }
    await ada.setScore({ score: 1 });
    await page.locator("#rows tr:nth-last-child(2) bdi", { hasText: "Ada" }).waitFor();
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
  });
});
