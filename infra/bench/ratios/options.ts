import { value } from "shared/command/define-command";
import { commaList } from "shared/service/environment";
import type { z } from "zod";
import { seconds, whole } from "../harness/options.ts";
import { ROW_NAMES } from "../harness/row.ts";
import { json, type Run } from "../harness/run-bench.ts";
import { svg } from "../plots/write-plots.ts";

/** Draining and restoring take long, and vary less from round to round than HTTP does. */
export const LONG_ROUNDS_MAX = 3;

const rowNames = commaList
  .refine((names) => names.length > 0 && names.every((name) => ROW_NAMES.some((row) => row === name)), {
    message: `must be some of: ${ROW_NAMES.join(", ")}`,
  })
  .transform((names) => ROW_NAMES.filter((row) => names.includes(row)));

export const ratiosOptions = {
  only: value("A,B", "rows", rowNames.prefault(ROW_NAMES.join())),
  rounds: value("N", "in each of which all loads take turns", whole(1, 100).prefault("5")),
  seconds: value("N", "of each load in each round", seconds(0.1, 600).prefault("3")),
  connections: value("N", "of wrk and of redis-benchmark", whole(1, 1_000).prefault("64")),
  players: value("N", "that write, each with a token", whole(1, 20_000).prefault("2000")),
  entries: value("N", "on the board, as 1000000 or 1e6", whole(1_000, 1e8).prefault("1e6")),
  events: value("N", "queued for the drainer", whole(100, 1e7).prefault("200000")),
  writes: value("N", "a second, beside reads", whole(0, 1_000).prefault("100")),
  json,
  svg,
};

export type RatiosOptions = z.output<z.ZodObject<typeof ratiosOptions>>;

/** What a row needs to be measured. */
export interface RowRun extends Run {
  options: RatiosOptions;
  /** Called with the faults before something is measured again. */
  onRepeat(text: string): void;
}
