/** Bars and lines as SVG that a person can read: one element a line, light and dark. */

import { toSize } from "../harness/table.ts";

/** What stands around a plot. */
export interface Frame {
  title: string;
  /** The figures in words, for those who do not see the plot. */
  description: string;
  /** Lines below the plot, such as the machine and the date. */
  notes: readonly string[];
}

export interface Bar {
  /** In the unit of the axis. */
  length: number;
  /** The ends of a line over the bar's end, where the figure has a spread. */
  spread?: readonly [least: number, greatest: number];
  /** Behind the bar. */
  text: string;
}

/** Our bar, and below it the one that it is compared with. */
export interface BarPair {
  label: string;
  ours: Bar;
  yardstick: Bar;
}

export interface Line {
  name: string;
  /** From left to right. */
  points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 940;
const HEAD = 40;
const NOTE_HEIGHT = 16;
const NOTE_LENGTH_MAX = 140;

const STYLE = `
  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .quiet { fill: #59636e; font-size: 11px; }
    .ground { fill: #ffffff; }
    .grid { stroke: #d1d9e0; }
    .ours { fill: #0969da; }
    .yardstick { fill: #afb8c1; }
    .spread { stroke: #1f2328; }
    .line { fill: none; stroke: currentColor; stroke-width: 2; }
    .name, .point { fill: currentColor; }
    .s0 { color: #0969da; } .s1 { color: #bc4c00; } .s2 { color: #1a7f37; }
    .s3 { color: #8250df; } .s4 { color: #9a6700; } .s5 { color: #57606a; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .quiet { fill: #9198a1; }
      .ground { fill: #0d1117; }
      .grid { stroke: #3d444d; }
      .ours { fill: #4493f8; }
      .yardstick { fill: #656c76; }
      .spread { stroke: #f0f6fc; }
      .s0 { color: #4493f8; } .s1 { color: #f0883e; } .s2 { color: #3fb950; }
      .s3 { color: #ab7df8; } .s4 { color: #d29922; } .s5 { color: #9198a1; }
    }
  </style>`;

const BAR_LEFT = 380;
const BAR_RIGHT = 555;
const PAIR_HEIGHT = 40;

/** Pairs of bars below each other, on one axis that begins at 0. */
export function plotBars(frame: Frame, pairs: readonly BarPair[]): string {
  const longest = Math.max(...pairs.flatMap(({ ours, yardstick }) => [ours.length, yardstick.length]));
  const toX = (length: number) => BAR_LEFT + ((BAR_RIGHT - BAR_LEFT) * length) / longest;
  const drawBar = ({ length, spread, text }: Bar, kind: string, y: number) => {
    const [least = length, greatest = length] = spread ?? [];
    const end = toX(Math.max(length, greatest));
    return [
      `<rect class="${kind}" x="${BAR_LEFT}" y="${y}" width="${digits(toX(length) - BAR_LEFT)}" height="13" />`,
      spread &&
        `<line class="spread" x1="${digits(toX(least))}" x2="${digits(end)}" y1="${y + 6.5}" y2="${y + 6.5}" />`,
      `<text class="${kind === "ours" ? "" : "quiet"}" x="${digits(end + 6)}" y="${y + 11}">${toXml(text)}</text>`,
    ];
  };
  const drawn = pairs.flatMap(({ label, ours, yardstick }, index) => {
    const y = HEAD + index * PAIR_HEIGHT;
    const name = `<text x="${BAR_LEFT - 8}" y="${y + 18}" text-anchor="end">${toXml(label)}</text>`;
    return [name, ...drawBar(ours, "ours", y), ...drawBar(yardstick, "yardstick", y + 14)];
  });
  return draw(frame, HEAD + pairs.length * PAIR_HEIGHT, drawn);
}

const PLOT = { left: 70, right: 620, top: HEAD + 24, bottom: HEAD + 264 };
const NAME_HEIGHT = 15;

/** Lines over an axis in powers of ten, each named at its end. The other axis begins at 0. */
export function plotLines(frame: Frame, axes: { x: string; y: string }, lines: readonly Line[]): string {
  const powers = lines.flatMap(({ points }) => points.map(([x]) => Math.log10(x)));
  const [first, last] = [Math.min(...powers), Math.max(...powers)];
  const step = toStep(Math.max(...lines.flatMap(({ points }) => points.map(([, y]) => y))));
  const toX = (x: number) =>
    PLOT.left + ((PLOT.right - PLOT.left) * (Math.log10(x) - first)) / Math.max(last - first, 1e-9);
  const toY = (y: number) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * y) / (step * STEPS);
  const rules = Array.from({ length: STEPS + 1 }, (_, index) => index * step).flatMap((value) => [
    `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${digits(toY(value))}" y2="${digits(toY(value))}" />`,
    `<text class="quiet" x="${PLOT.left - 8}" y="${digits(toY(value) + 4)}" text-anchor="end">${toText(value)}</text>`,
  ]);
  const sizes = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))];
  const ticks = sizes.map(
    (x) => `<text class="quiet" x="${digits(toX(x))}" y="${PLOT.bottom + 18}" text-anchor="middle">${toSize(x)}</text>`,
  );
  const names = spreadOut(lines.map(({ points }) => toY(points.at(-1)?.[1] ?? 0)));
  const drawn = lines.flatMap(({ name, points }, index) => {
    const places = points.map(([x, y]) => [digits(toX(x)), digits(toY(y))] as const);
    const end = toText(points.at(-1)?.[1] ?? 0);
    return [
      `<g class="s${index % COLOURS}">`,
      `  <polyline class="line" points="${places.map(([x, y]) => `${x},${y}`).join(" ")}" />`,
      ...places.map(([x, y]) => `  <circle class="point" cx="${x}" cy="${y}" r="3" />`),
      `  <text class="name" x="${PLOT.right + 10}" y="${digits((names[index] ?? 0) + 4)}">${toXml(`${name}: ${end}`)}</text>`,
      "</g>",
    ];
  });
  const axis = [
    `<text class="quiet" x="${PLOT.left - 60}" y="${PLOT.top - 14}">${toXml(axes.y)}</text>`,
    `<text class="quiet" x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 36}" text-anchor="middle">${toXml(axes.x)}</text>`,
  ];
  return draw(frame, PLOT.bottom + 44, [...rules, ...ticks, ...axis, ...drawn]);
}

const COLOURS = 6;
const STEPS = 4;

/** The least of 1, 2, 2.5 and 5 times a power of ten of which some steps reach `max`. */
function toStep(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max / STEPS));
  return power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power * STEPS >= max) ?? 10);
}

/** Moves places of texts down as far as each needs for the one above it. */
function spreadOut(places: readonly number[]): number[] {
  const moved = [...places];
  const order = places.map((_, index) => index).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  let free = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    const place = Math.max(places[index] ?? 0, free);
    moved[index] = place;
    free = place + NAME_HEIGHT;
  }
  return moved;
}

function draw({ title, description, notes }: Frame, bottom: number, drawn: readonly (string | undefined)[]): string {
  const lines = notes.flatMap(wrap);
  const height = bottom + 8 + lines.length * NOTE_HEIGHT;
  const below = lines.map(
    (note, index) => `<text class="quiet" x="10" y="${bottom + 8 + index * NOTE_HEIGHT}">${toXml(note)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">${toXml(title)}</title>
  <desc id="desc">${toXml(description)}</desc>${STYLE}
  <rect class="ground" width="${WIDTH}" height="${height}" rx="6" />
  <text class="title" x="10" y="24">${toXml(title)}</text>
${[...drawn, ...below].flatMap((line) => (line === undefined ? [] : [`  ${line}`])).join("\n")}
</svg>
`;
}

const wrap = (note: string) => note.match(new RegExp(`.{1,${NOTE_LENGTH_MAX}}(?: |$)`, "g")) ?? [];

const digits = (value: number) => Number(value.toFixed(1)).toString();

const toText = (value: number) =>
  value.toLocaleString("en", { maximumFractionDigits: value >= 10 || value === 0 ? 0 : 2 });

const toXml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
