import { describe, expect, test } from "bun:test";
import { createServerClock, fetchBy } from "./server-clock.ts";

/** A server whose `Date` is as exact as a second, and a visitor whose clock is a year behind. */
const SERVER_AT_ZERO = Date.parse("2026-12-07T00:00:00.300Z");
const dateAt = (ticks: number) => Math.floor((SERVER_AT_ZERO + ticks) / 1000) * 1000;

function visitor() {
  const time = { ticks: 0 };
  const clock = createServerClock({
    ticks: () => time.ticks,
    wallMs: () => Date.parse("2025-12-07T00:00:00Z") + time.ticks,
  });
  const errorMs = () => clock.nowMs() - (SERVER_AT_ZERO + time.ticks);
  return { time, clock, errorMs };
}

describe("the server's clock", () => {
  test("is the visitor's until an answer has come, then at most half a second and half the way off", () => {
    const { time, clock, errorMs } = visitor();
    expect(clock.nowMs()).toBe(Date.parse("2025-12-07T00:00:00Z"));
    time.ticks = 80;
    clock.note(dateAt(40), 0, 80);
    expect(Math.abs(errorMs())).toBeLessThanOrEqual(540);
    time.ticks = 3_600_000;
    expect(Math.abs(errorMs())).toBeLessThanOrEqual(540);
  });

  test("becomes as exact as the ways are short with more answers", () => {
    const { time, clock, errorMs } = visitor();
    for (let sent = 0; sent < 20_000; sent += 371) clock.note(dateAt(sent + 20), sent, sent + 40);
    time.ticks = 20_000;
    expect(Math.abs(errorMs())).toBeLessThanOrEqual(40);
  });

  test("begins again with an answer that contradicts, as behind a suspended browser", () => {
    const { time, clock, errorMs } = visitor();
    clock.note(dateAt(-3_600_000), 0, 10);
    time.ticks = 1_000;
    clock.note(dateAt(1_000), 990, 1_000);
    expect(Math.abs(errorMs())).toBeLessThanOrEqual(505);
  });

  test("is not set by an answer that a cache may have kept, nor by one without a date", async () => {
    const { clock } = visitor();
    const before = clock.nowMs();
    const answers = [
      new Response("", { headers: { Date: "Mon, 07 Dec 2026 00:00:00 GMT", "Cache-Control": "max-age=60" } }),
      new Response("", { headers: { "Cache-Control": "no-store" } }),
    ];
    const fetch = fetchBy(clock, async () => answers.shift() ?? new Response(""));
    await fetch("/a", {});
    await fetch("/b", {});
    expect(clock.nowMs()).toBe(before);
    answers.push(new Response("", { headers: { Date: "Mon, 07 Dec 2026 00:00:00 GMT", "Cache-Control": "no-store" } }));
    await fetch("/c", {});
    expect(clock.nowMs()).toBe(Date.parse("2026-12-07T00:00:00.500Z"));
  });
});
