import { defineCommand, flag } from "shared/command/define-command";
import { askFirst } from "../ask-first.ts";
import { gatewayOptions, oneBoard } from "./definition-options.ts";
import { adminToken, withGateway } from "./open-gateway.ts";

export const deleteBoardCommand = defineCommand({
  name: "board delete",
  about: "Deletes a board with all its entries; asks first.",
  usage: "./lb board delete ID [options]",
  positionals: oneBoard,
  options: { yes: flag("does not ask"), ...gatewayOptions },
  notes: `
It cannot be undone: ./lb export first keeps the entries in a file. The board is gone at once; its entries are removed in
the background, and only then can a board of the same id be made. main and the boards in BOARDS are not deleted.
Where another operator changed the board meanwhile, nothing is done. --json: board, state.
Ends with 0; with 2 where the answer was no; with 1 where it failed.`,
  async run({ options: { url, json, yes }, positionals: [id], env }) {
    const token = await adminToken(url, env);
    return withGateway({ url, env, token }, async (client) => {
      const { rev } = await client.readBoard(id);
      const total = yes ? undefined : (await client.top({ board: id, limit: 1 })).total;
      if (!yes && !(await askFirst("board delete", `Delete the board ${id} with ${total} entries?`))) return 2;
      const deleted = await client.deleteBoard(id, { ifMatch: rev });
      process.stdout.write(`${json ? JSON.stringify(deleted) : `${id}  deleted: its entries are being removed`}\n`);
      return 0;
    });
  },
});
