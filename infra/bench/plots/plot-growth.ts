import { type Growth, inShards } from "../growth/report.ts";
import { formatHost } from "../harness/host.ts";
import { toSize } from "../harness/table.ts";
import { type Frame, type Line, plotLines } from "./plot.ts";

/** What a call costs Redis, for each number of shards, and the bytes of a player. */
export function plotGrowth({ at, host, calls, costs, weights }: Growth): Record<string, string> {
  const machine = formatHost(host);
  const plots: Record<string, string> = {};
  for (const [shards, ofShards] of Map.groupBy(costs, (cost) => cost.shards)) {
    const lines = [...Map.groupBy(ofShards, ({ operation }) => operation)].map(([name, ofCall]) => ({
      name,
      points: ofCall.map(({ entries, cpuUs }) => [entries, cpuUs] as const),
    }));
    const frame = {
      title: `Redis' CPU time of a call as a board grows, ${inShards(shards)}`,
      description: inWords(lines, "µs"),
      notes: [`${at.slice(0, 10)}, ${calls.toLocaleString("en")} calls a figure, one after another.`, machine],
    };
    const axes = { x: "entries on the board", y: "µs of CPU time, all shards together" };
    plots[`growth-${shards}`] = plotLines(frame, axes, lines);
  }
  const whole = weights.filter(({ what }) => !IS_PART.test(what));
  const lines = [...Map.groupBy(whole, ({ what }) => what)].map(([name, ofKind]) => ({
    name,
    points: ofKind.map(({ entries, bytes }) => [entries, bytes] as const),
  }));
  const frame: Frame = {
    title: "Bytes of a player as a board grows",
    description: inWords(lines, "bytes"),
    notes: [at.slice(0, 10), machine],
  };
  return { ...plots, bytes: plotLines(frame, { x: "players", y: "bytes of one player" }, lines) };
}

/** Parts of an entry, and the same entry in several shards. */
const IS_PART = /: (ranking|record)$|\d+ shards$/;

const inWords = (lines: readonly Line[], unit: string) =>
  lines
    .map(({ name, points }) => {
      const figures = points.map(([size, figure]) => `${figure.toFixed(0)} ${unit} at ${toSize(size)}`);
      return `${name}: ${figures.join(", ")}`;
    })
    .join("; ");
