import { type Command, defineCommand } from "shared/command/define-command";
import type { Environment } from "shared/service/environment";
import { z } from "zod";
import { createBoardCommand } from "./create.ts";
import { deleteBoardCommand } from "./delete.ts";
import { editBoardCommand } from "./edit.ts";
import { listBoardsCommand } from "./list.ts";
import { showBoardCommand } from "./show.ts";

const ACTIONS = new Map<string, Pick<Command, "usage" | "run">>()
  .set("create", createBoardCommand)
  .set("list", listBoardsCommand)
  .set("show", showBoardCommand)
  .set("edit", editBoardCommand)
  .set("delete", deleteBoardCommand);

const noAction = defineCommand({
  name: "board",
  about: "Makes, lists, shows, edits and deletes boards, through the gateway.",
  usage: [...ACTIONS.values()].map(({ usage }) => usage).join("\n  "),
  positionals: z.never(`name what to do: ${[...ACTIONS.keys()].join(", ")}`),
  options: {},
  notes: `
Each has a --help of its own, and --json. The gateway is that of npm start, or the one of --url. The routes that change a
board take the admin's token in LEADERBOARD_TOKEN; without it the command signs one with JWT_SECRET (of the embedded stack,
where that has been run). docs/boards.md has the fields of a board.
Ends with 0; with 1 where it failed.`,
  run: async () => 1,
});

/** `lb board`: one of its actions. */
export const boardCommand = {
  name: noAction.name,
  about: noAction.about,
  parts: [noAction, ...ACTIONS.values()],
  run([name = "", ...args]: readonly string[], env: Environment): Promise<number> {
    const action = ACTIONS.get(name);
    return action === undefined ? noAction.run(name === "" ? args : [name, ...args], env) : action.run(args, env);
  },
};
