import { changedFields } from "shared/boards/to-board";
import { defineCommand } from "shared/command/define-command";
import { boardChangeSchema } from "shared/model/board";
import { ConfigError } from "shared/service/environment";
import { changeOptions, faultsOf, gatewayOptions, oneBoard, toFields, withSeasons } from "./definition-options.ts";
import { adminToken, withGateway } from "./open-gateway.ts";

export const editBoardCommand = defineCommand({
  name: "board edit",
  about: "Changes fields of a board.",
  usage: "./lb board edit ID [options]",
  positionals: oneBoard,
  options: { ...changeOptions, ...gatewayOptions },
  notes: `
Fields that are left out stay. The order, operator, decimals and sub of a board never change, nor does a
board with seasons become one without: make another board.
Where another operator changed the board meanwhile, nothing is done. --json: the board.
Ends with 0; with 1 where it failed.`,
  check: faultsOf(boardChangeSchema, withSeasons),
  async run({ options, positionals: [id], env }) {
    const { url, json } = options;
    if (Object.keys(toFields(options)).length === 0) {
      throw new ConfigError([`name what to change: --${Object.keys(changeOptions).join(", --")}`]);
    }
    const token = await adminToken(url, env);
    const [before, board] = await withGateway({ url, env, token }, async (client) => {
      const present = await client.readBoard(id);
      return [present, await client.changeBoard(id, toFields(options, present), { ifMatch: present.rev })] as const;
    });
    const fields = changedFields(before, board);
    const text = fields.length === 0 ? "as it is" : `changed: ${fields.join(", ")}`;
    process.stdout.write(`${json ? JSON.stringify(board) : `${id}  ${text}`}\n`);
    return 0;
  },
});
