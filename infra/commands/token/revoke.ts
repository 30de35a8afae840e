import { TOKEN_ID } from "shared/auth/own-tokens";
import { defineCommand, flag } from "shared/command/define-command";
import type { ListedToken } from "shared/operators/token-list";
import { z } from "zod";
import { openTokenList } from "./open-token-list.ts";

const isOneId = (ids: unknown) => z.tuple([z.string().regex(TOKEN_ID)]).safeParse(ids).success;

const DONE: Record<ListedToken["state"], string> = {
  valid: "revoked: every service refuses it within a second",
  revoked: "was revoked before",
  expired: "has expired: every service refuses it",
};

export const revokeTokenCommand = defineCommand({
  name: "token revoke",
  about: "Revokes a token of an operator by its id.",
  usage: "./lb token revoke ID [options]",
  positionals: z.custom<[id: string]>(isOneId, "name one token by its ID, 16 of 0-9 a-f: ./lb token list has them"),
  options: { json: flag("one JSON object: id, operator, state") },
  notes: `
It cannot be undone. A token that is revoked or has expired stays as it is.
Ends with 0; with 1 where it failed.`,
  async run({ options: { json }, positionals: [id], env }) {
    using opened = await openTokenList(env);
    const token = await opened.tokens.revoke(id);
    if (token === undefined) throw new Error(`there is no token ${id}: ./lb token list has their ids`);
    const state = token.state === "valid" ? "revoked" : token.state;
    const text = `${id} of ${token.name} ${DONE[token.state]}`;
    process.stdout.write(`${json ? JSON.stringify({ id, operator: token.name, state }) : text}\n`);
    return 0;
  },
});
