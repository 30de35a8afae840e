/** Options that several commands have. */

import { flag, value } from "shared/command/define-command";
import { boardIdSchema } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { ConfigError, oneOf } from "shared/service/environment";
import { z } from "zod";
import { findBoard, NoBoard } from "../../drainer/src/boards/find-board.ts";
import type { Sides } from "../../drainer/src/subjects/sides.ts";
import { FORMATS, type Format } from "../../drainer/src/transfer/file-board.ts";

const upperCased = z.string().toUpperCase();

export const boardOption = value("NAME", "the board", boardIdSchema.default(MAIN_BOARD));
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

/** The fault of a `--region` that the configuration does not have. */
export const regionFaults = ({ regions }: Topology, { region }: { region?: string | undefined }): string[] =>
  region === undefined || regions.includes(region) ? [] : [`--region must be one of ${regions.join(", ")}`];

/**
 * Looks for the board of `--board` in the home Redis, where operators' boards are. The boards in
 * `BOARDS` can be read without it.
 *
 * @throws ConfigError where there is no such board
 */
export async function requireBoard(sides: Pick<Sides, "topology" | "stores">, board: string): Promise<void> {
  if (sides.topology.configuredBoards.includes(board)) return;
  await findBoard(sides, board).catch(asFault);
}

/** @throws ConfigError that names `--board`, for a board that is not there */
export function asFault(error: unknown): never {
  throw error instanceof NoBoard ? new ConfigError([`--board: ${error.message}`]) : error;
}
