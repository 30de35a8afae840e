import { formatHost } from "../harness/host.ts";
import type { Row } from "../harness/row.ts";
import type { Spread } from "../harness/statistics.ts";
import { figure, withUnit } from "../harness/table.ts";
import type { Ratios } from "../ratios/report.ts";
import { type BarPair, type Frame, plotBars } from "./plot.ts";

interface Compared extends Row {
  theirs: Spread;
  ratio: Spread;
}

/** The rates of a run beside their yardsticks. Nothing where no row has a rate and a yardstick. */
export function plotRatios({ at, host, options, rows }: Ratios): Record<string, string> {
  const rates = rows.filter((row): row is Compared & Ratios["rows"][number] => {
    return row.unit === "/s" && row.theirs !== undefined && row.ratio !== undefined;
  });
  if (rates.length === 0) return {};
  const load = `${options.entries.toLocaleString("en")} entries, ${options.connections} connections`;
  const frame: Frame = {
    title: "Rates, each beside what can be had at best in the same run",
    description: rates.map(inWords).join("; "),
    notes: [
      "A grey bar is the yardstick of its row, as long in all of them. Ours is as long as the median of the rounds' ratios.",
      `${at.slice(0, 10)}, ${load}, ${options.rounds} rounds of ${options.seconds} s.`,
      formatHost(host),
    ],
  };
  return { rates: plotBars(frame, rates.map(toPair)) };
}

const inWords = ({ what, ours, theirs, yardstick, unit }: Compared) =>
  `${what}: ${withUnit(figure(ours.median), unit)}; ${yardstick}: ${withUnit(figure(theirs.median), unit)}`;

const toPair = ({ what, ours, theirs, yardstick, ratio, unit }: Compared): BarPair => ({
  label: what,
  ours: {
    length: ratio.median,
    spread: [ratio.least, ratio.greatest],
    text: withUnit(figure(ours.median), unit),
  },
  yardstick: { length: 1, text: `${withUnit(figure(theirs.median), unit)} ${yardstick}` },
});
