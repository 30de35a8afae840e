import type { BoardView } from "shared/api/definitions";
import { defineCommand } from "shared/command/define-command";
import { gatewayOptions } from "./definition-options.ts";
import { READ_NOTES, readersToken, withGateway } from "./open-gateway.ts";

export const listBoardsCommand = defineCommand({
  name: "board list",
  about: "Lists all boards, in the order of their ids.",
  usage: "./lb board list [options]",
  options: gatewayOptions,
  notes: READ_NOTES,
  async run({ options: { url, json }, env }) {
    await withGateway({ url, env, token: await readersToken(url, env) }, async (client) => {
      if (!json) process.stdout.write(row(HEAD));
      let cursor: string | undefined;
      do {
        const { boards, next } = await client.listBoards(cursor === undefined ? {} : { cursor });
        for (const board of boards) process.stdout.write(json ? `${JSON.stringify(board)}\n` : row(cellsOf(board)));
        cursor = next ?? undefined;
      } while (cursor !== undefined);
    });
    return 0;
  },
});

const HEAD = ["id", "state", "order", "operator", "writers", "readers", "bounds", "title"];
// A page is printed before the next one is read, so that no width depends on what comes. An id has
// 32 characters at the most, most have fewer.
const WIDTHS = [24, 5, 5, 8, 9, 9, 16, 0];

const cellsOf = ({ id, state, order, operator, writers, readers, bounds, title }: BoardView) => [
  id,
  state,
  order,
  operator,
  writers,
  readers,
  boundsInWords(bounds),
  title,
];

const row = (cells: readonly string[]) =>
  `${cells
    .map((cell, n) => cell.padEnd(WIDTHS[n] ?? 0))
    .join("  ")
    .trimEnd()}\n`;

/** Bounds as a person reads them: `0 to 100`, `from 0`, `to 100`, or `-`. */
export function boundsInWords(bounds: BoardView["bounds"]): string {
  const { min = null, max = null } = bounds ?? {};
  if (min === null) return max === null ? "-" : `to ${max}`;
  return max === null ? `from ${min}` : `${min} to ${max}`;
}
