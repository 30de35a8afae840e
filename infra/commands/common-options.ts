/** Options that several commands have. */

import { flag, value } from "shared/command/define-command";
import type { Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { ConfigError, oneOf } from "shared/service/environment";
import { z } from "zod";
import { FORMATS, type Format } from "../../drainer/src/transfer/board-file.ts";

const upperCased = z.string().toUpperCase();

export const boardOption = value("NAME", "the board", z.string().default(MAIN_BOARD));
export const regionOption = value("NAME", "only this region; without it all regions", upperCased.optional());
export const fileArgument = z.array(z.string()).max(1, "one FILE at most");

const format = z.string().toLowerCase().pipe(oneOf(FORMATS));
export const formatOption = value(
  "NAME",
  "csv or ndjson; without it by the file's name, or else csv",
  format.optional(),
);

export const spreadsheetOption = flag("cells that a spreadsheet would run as formulas begin with ', CSV alone");

/** @throws ConfigError for a format that no spreadsheet reads */
export function requireCsv(format: Format): void {
  if (format !== "csv") throw new ConfigError(["--spreadsheet goes with the format csv"]);
}

/** The format that a file's name ends with, or CSV. */
export const formatOf = (file = ""): Format => (/\.(ndjson|jsonl)$/i.test(file) ? "ndjson" : "csv");

/** Faults of `--board` and `--region`: names that the configuration does not have. */
export function placeFaults(
  { boards, regions }: Topology,
  { board = MAIN_BOARD, region }: { board?: string | undefined; region?: string | undefined },
): string[] {
  const faults: string[] = [];
  if (!boards.includes(board)) faults.push(`--board must be one of ${boards.join(", ")}`);
  if (region !== undefined && !regions.includes(region)) faults.push(`--region must be one of ${regions.join(", ")}`);
  return faults;
}
