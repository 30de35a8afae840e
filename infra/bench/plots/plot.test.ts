import { describe, expect, test } from "bun:test";
import { announceSkipped } from "testing/installed";
import { chromiumPath, startBrowser } from "../../system/test/browser-under-test.ts";
import type { Growth } from "../growth/report.ts";
import { spreadOf } from "../harness/statistics.ts";
import type { Ratios } from "../ratios/report.ts";
import { plotGrowth } from "./plot-growth.ts";
import { plotRatios } from "./plot-ratios.ts";

const host = {
  cores: 2,
  cpu: "Abacus 9000 with a very long name of its processor",
  loadBefore: 0.5,
  loadAfter: 1.25,
  syncUs: 176.4,
  versions: { Redis: "7.0.15", Bun: "1.4.5", nginx: "1.22.1" },
};
const row = (what: string, ours: number[], theirs: number[], unit = "/s"): Ratios["rows"][number] => ({
  row: "submit",
  what,
  yardstick: "bare upserts of the same events, batch by batch, one connection",
  unit,
  ours: spreadOf(ours),
  theirs: spreadOf(theirs),
  ratio: spreadOf(ours.map((value, round) => value / (theirs[round] ?? 1))),
  aims: [],
  verdict: "no aim",
  faults: [],
});
const ratios: Ratios = {
  at: "2026-01-02T03:04:05.000Z",
  host,
  options: {
    only: ["submit"],
    rounds: 2,
    seconds: 3,
    connections: 64,
    players: 50,
    entries: 1e6,
    events: 1e6,
    writes: 100,
  },
  rows: [
    row("submit <b> & more at the ranker", [500, 600, 700], [1_000, 1_000, 1_000]),
    row("the same through the gateway, one request after another", [462_000], [308_000]),
    row("memory of an entry", [246], [110], "B"),
  ],
  loads: [],
  notes: [],
};
const CALLS = ["submit", "rank", "top 100", "around 10", "count ahead"] as const;
const growth: Growth = {
  at: ratios.at,
  host,
  calls: 3_600,
  costs: [1, 16].flatMap((shards) =>
    CALLS.flatMap((operation, index) =>
      [1e4, 1e5, 1e6].map((entries) => {
        const cpuUs = 20 + index + shards * Math.log10(entries);
        return { entries, shards, operation, medianMs: 0.1, p99Ms: 1, quietMs: 0.1, cpuUs, scriptUs: 1 };
      }),
    ),
  ),
  weights: [1e4, 1e5, 1e6].flatMap((entries) =>
    ["Redis: an entry, 1 shard", "Redis: an entry, 16 shards", "Redis: answer kept for an Idempotency-Key"].map(
      (what) => ({ what, entries, bytes: 246 }),
    ),
  ),
  verdicts: [],
};
const plots = { ...plotRatios(ratios), ...plotGrowth(growth) };
const plot = (name: string) => plots[name] ?? "";
const attributes = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, value]) => Number(value));

test("a run of both benches has plots of rates, of growth for each number of shards, and of bytes", () => {
  expect(Object.keys(plots)).toEqual(["rates", "growth-1", "growth-16", "bytes"]);
  expect(plotRatios({ ...ratios, rows: [] })).toEqual({});
});

test("our bar is as long beside its yardstick as its ratio, and a row in bytes has none", () => {
  const [ours = [], theirs = []] = ["ours", "yardstick"].map((kind) =>
    attributes(plot("rates"), new RegExp(`class="${kind}" .* width="([\\d.]+)"`, "g")),
  );
  expect(ours.map((width, index) => (width / (theirs[index] ?? 1)).toFixed(1))).toEqual(["0.6", "1.5"]);
});

test("a line goes up where the figure grows, from the left to the right", () => {
  const [points = ""] = /<polyline .* points="([^"]+)"/.exec(plot("growth-16"))?.slice(1) ?? [];
  const [xs, ys] = [0, 1].map((axis) => points.split(" ").map((point) => Number(point.split(",")[axis])));
  expect(xs).toEqual(xs?.toSorted((a, b) => a - b) ?? []);
  expect(ys).toEqual(ys?.toSorted((a, b) => b - a) ?? []);
});

describe.each(Object.entries(plots))("%s", (_, text) => {
  test("says its figures in words, and its machine and date below", () => {
    expect(text).toMatch(/<desc id="desc">[^<]*\d[^<]*<\/desc>/);
    expect(text).toInclude("2026-01-02");
    expect(text).toInclude("Abacus 9000");
  });

  test("has colours for light and for dark, and one element a line", () => {
    expect(text).toInclude("prefers-color-scheme: dark");
    const drawn = text.slice(text.indexOf("</style>"));
    expect(Math.max(...drawn.split("\n").map((line) => line.split("<").length))).toBeLessThanOrEqual(3);
  });
});

if (chromiumPath === undefined) announceSkipped("Chromium is not installed, so no plot was looked at");

test.skipIf(chromiumPath === undefined)(
  "in a browser no text reaches over the edge or over another text",
  async () => {
    const browser = await startBrowser();
    try {
      const page = await browser.newPage();
      for (const [name, text] of Object.entries(plots)) {
        await page.setContent(text);
        const faults = await page.evaluate(`(() => {
          const svg = document.querySelector("svg");
          const { width, height } = svg.viewBox.baseVal;
          const boxes = [...svg.querySelectorAll("text")].map((text) => {
            const { x, y, width, height } = text.getBBox();
            return { text: text.textContent, left: x, top: y + 3, right: x + width, bottom: y + height - 3 };
          });
          const isOut = (box) => box.left < 0 || box.right > width || box.bottom > height;
          const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
          const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlap(a, b)).map((b) => [a.text, b.text]));
          return [...boxes.filter(isOut).map(({ text }) => text), ...pairs];
        })()`);
        expect({ name, faults }).toEqual({ name, faults: [] });
      }
    } finally {
      await browser.close();
    }
  },
  60_000,
);
