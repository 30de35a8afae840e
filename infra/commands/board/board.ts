import { defineActions } from "shared/command/define-actions";
import { createBoardCommand } from "./create.ts";
import { deleteBoardCommand } from "./delete.ts";
import { editBoardCommand } from "./edit.ts";
import { listBoardsCommand } from "./list.ts";
import { showBoardCommand } from "./show.ts";

/** `lb board`: one of its actions. */
export const boardCommand = defineActions(
  {
    name: "board",
    about: "Makes, lists, shows, edits and deletes boards, through the gateway.",
    notes: `The gateway is that of npm start, or the one of --url. The routes that change a
board take the admin's token in LEADERBOARD_TOKEN; without it the command signs one with JWT_SECRET (of the embedded stack,
where that has been run). docs/boards.md has the fields of a board.`,
  },
  [createBoardCommand, listBoardsCommand, showBoardCommand, editBoardCommand, deleteBoardCommand],
);
