import type { BoardView } from "shared/api/definitions";
import { defineCommand } from "shared/command/define-command";
import { gatewayOptions, oneBoard } from "./definition-options.ts";
import { boundsInWords } from "./list.ts";
import { READ_NOTES, readersToken, withGateway } from "./open-gateway.ts";

export const showBoardCommand = defineCommand({
  name: "board show",
  about: "Shows one board with all its fields.",
  usage: "./lb board show ID [options]",
  positionals: oneBoard,
  options: gatewayOptions,
  notes: READ_NOTES,
  async run({ options: { url, json }, positionals: [id], env }) {
    const board = await withGateway({ url, env, token: await readersToken(url, env) }, (client) =>
      client.readBoard(id),
    );
    process.stdout.write(json ? `${JSON.stringify(board)}\n` : format(board));
    return 0;
  },
});

function format({ bounds, season, tiers, running, next, ...board }: BoardView): string {
  const rows = Object.entries({
    ...board,
    bounds: boundsInWords(bounds),
    ...toSeasonRows({ season, running, next }),
    tiers: tiers && JSON.stringify(tiers),
  });
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, field]) => `${name.padEnd(width)}  ${field === null ? "-" : String(field)}\n`).join("");
}

function toSeasonRows({ season, running, next }: Pick<BoardView, "season" | "running" | "next">) {
  if (season === null || "ends_at" in season) return { ends_at: season?.ends_at ?? null };
  return {
    ...season,
    season: running === null ? null : `${running.season}, from ${running.starts_at} to ${running.ends_at}`,
    next: next.length === 0 ? null : next.join(" "),
  };
}
