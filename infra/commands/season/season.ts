import { defineActions } from "shared/command/define-actions";
import { endSeasonCommand } from "./end.ts";
import { listSeasonsCommand } from "./list.ts";
import { recountSeasonCommand } from "./recount.ts";

/** `lb season`: one of its actions. */
export const seasonCommand = defineActions(
  {
    name: "season",
    about: "Lists and ends seasons of boards, and says why one is not final.",
    notes: "docs/boards.md has what a season is.",
  },
  [listSeasonsCommand, endSeasonCommand, recountSeasonCommand],
);
