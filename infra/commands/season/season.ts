import { type Command, defineCommand } from "shared/command/define-command";
import type { Environment } from "shared/service/environment";
import { z } from "zod";
import { endSeasonCommand } from "./end.ts";
import { listSeasonsCommand } from "./list.ts";
import { recountSeasonCommand } from "./recount.ts";

const ACTIONS = new Map<string, Pick<Command, "usage" | "run">>()
  .set("list", listSeasonsCommand)
  .set("end", endSeasonCommand)
  .set("recount", recountSeasonCommand);

const noAction = defineCommand({
  name: "season",
  about: "Lists and ends seasons of boards, and says why one is not final.",
  usage: [...ACTIONS.values()].map(({ usage }) => usage).join("\n  "),
  positionals: z.never(`name what to do: ${[...ACTIONS.keys()].join(", ")}`),
  options: {},
  notes: `
Each has a --help of its own, and --json. docs/boards.md has what a season is.
Ends with 0; with 1 where it failed.`,
  run: async () => 1,
});

/** `lb season`: one of its actions. */
export const seasonCommand = {
  name: noAction.name,
  about: noAction.about,
  parts: [noAction, ...ACTIONS.values()],
  run([name = "", ...args]: readonly string[], env: Environment): Promise<number> {
    const action = ACTIONS.get(name);
    return action === undefined ? noAction.run(name === "" ? args : [name, ...args], env) : action.run(args, env);
  },
};
