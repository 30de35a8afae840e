import type { SeasonsView } from "shared/api/seasons";
import { defineCommand } from "shared/command/define-command";
import { gatewayOptions, oneBoard } from "../board/definition-options.ts";
import { READ_NOTES, readersToken, withGateway } from "../board/open-gateway.ts";

type Season = SeasonsView["seasons"][number];

export const listSeasonsCommand = defineCommand({
  name: "season list",
  about: "Lists the seasons of a board, the newest first, and what has become of them.",
  usage: "./lb season list BOARD [options]",
  positionals: oneBoard,
  options: gatewayOptions,
  notes: READ_NOTES,
  async run({ options: { url, json }, positionals: [id], env }) {
    await withGateway({ url, env, token: await readersToken(url, env) }, async (client) => {
      if (!json) process.stdout.write(row(["season", "state", "starts_at", "ends_at", "total"]));
      let cursor: string | undefined;
      do {
        const { seasons, next } = await client.listSeasons(id, cursor === undefined ? {} : { cursor });
        for (const season of seasons) process.stdout.write(json ? `${JSON.stringify(season)}\n` : row(cellsOf(season)));
        cursor = next ?? undefined;
      } while (cursor !== undefined);
    });
    return 0;
  },
});

const cellsOf = ({ season, state, starts_at, ends_at, total }: Season) => [
  String(season),
  state,
  starts_at ?? "-",
  ends_at ?? "-",
  String(total ?? "-"),
];

// A page is printed before the next one is read, so that no width depends on what comes.
const WIDTHS = [6, 10, 27, 27, 0];

const row = (cells: readonly string[]) =>
  `${cells
    .map((cell, n) => cell.padEnd(WIDTHS[n] ?? 0))
    .join("  ")
    .trimEnd()}\n`;
