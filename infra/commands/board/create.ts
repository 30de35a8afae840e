import { defineCommand, flag, value } from "shared/command/define-command";
import { boardSchema } from "shared/model/board";
import { ConfigError } from "shared/service/environment";
import { z } from "zod";
import { definitionOptions, faultsOf, gatewayOptions, oneBoard, toFields } from "./definition-options.ts";
import { inWords, isAsAsked, makeBoard } from "./make-board.ts";
import { adminToken, withGateway } from "./open-gateway.ts";
import { readBoardFile, type WantedBoard } from "./read-board-file.ts";

export const createBoardCommand = defineCommand({
  name: "board create",
  about: "Makes a board, or those of a file, where they are not there yet.",
  usage: "./lb board create ID [options] | --file boards.json [options]",
  positionals: z.array(z.string()).max(1, "name one board, or many with --file"),
  options: {
    file: value("FILE", 'many boards: a JSON list of {"id": …} with the fields of a board', z.string().optional()),
    ...definitionOptions,
    change: flag("changes boards that are there with other fields"),
    ...gatewayOptions,
  },
  notes: `
Fields that are left out have their defaults. For each board it says: made, as it is, changed (with --change alone), would
change, cannot change. So it can be run again and again, as a deploy script does. --json: id, state, fields.
Ends with 0 where all boards are as asked; with 1 where one is not, or where it failed.`,
  check: faultsOf(boardSchema),
  async run({ options, positionals, env }) {
    const { file, url, change: isChanging, json } = options;
    const fields = toFields(options);
    if (file !== undefined && (positionals.length > 0 || Object.keys(fields).length > 0)) {
      throw new ConfigError(["--file has the ids and the fields: name no others beside it"]);
    }
    const boards = file === undefined ? [toOne(positionals, fields)] : await readBoardFile(file);
    const width = Math.max(0, ...boards.map(({ id }) => id.length));
    const token = await adminToken(url, env);
    return withGateway({ url, env, token }, async (client) => {
      const others: string[] = [];
      for (const board of boards) {
        const outcome = await makeBoard(client, board, { isChanging });
        const text = `${board.id.padEnd(width)}  ${inWords(outcome)}`;
        process.stdout.write(`${json ? JSON.stringify(outcome) : text}\n`);
        if (!isAsAsked(outcome)) others.push(board.id);
      }
      if (others.length === 0) return 0;
      process.stderr.write(`not as asked: ${others.join(", ")}\n`);
      return 1;
    });
  },
});

function toOne(ids: readonly string[], definition: WantedBoard["definition"]): WantedBoard {
  const { data, error } = oneBoard.safeParse(ids);
  if (data === undefined) throw new ConfigError(error.issues.map(({ message }) => message));
  return { id: data[0], definition };
}
