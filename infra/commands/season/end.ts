import { defineCommand, flag, value } from "shared/command/define-command";
import { askFirst } from "../ask-first.ts";
import { gatewayOptions, oneBoard } from "../board/definition-options.ts";
import { adminToken, withGateway } from "../board/open-gateway.ts";
import { seasonNumber } from "./season-arguments.ts";

export const endSeasonCommand = defineCommand({
  name: "season end",
  about: "Ends the season of a board that runs now, on all shards at one instant; asks first.",
  usage: "./lb season end BOARD --expect N [options]",
  positionals: oneBoard,
  options: {
    expect: value("N", "the season that is to end; where another one runs, nothing is done", seasonNumber),
    yes: flag("does not ask"),
    ...gatewayOptions,
  },
  notes: `
It cannot be undone. The next season begins at that instant, and ends when this one would have. Where a region does not
confirm it, nothing has ended. --json: board, season, state, starts_at, ends_at, total.
Ends with 0; with 2 where the answer was no; with 1 where it failed.`,
  async run({ options: { url, json, yes, expect }, positionals: [id], env }) {
    const token = await adminToken(url, env);
    return withGateway({ url, env, token }, async (client) => {
      const question = async () => {
        const { total } = await client.top({ board: id, limit: 1 });
        return `End season ${expect} of the board ${id} with ${total} entries?`;
      };
      if (!yes && !(await askFirst("season end", await question()))) return 2;
      const ended = await client.endSeason(id, expect);
      const { ends_at, total } = ended;
      const text = `${id}  season ${expect} ended at ${ends_at} with ${total ?? "some"} entries; ${expect + 1} runs`;
      process.stdout.write(`${json ? JSON.stringify(ended) : text}\n`);
      return 0;
    });
  },
});
