import { operatorNameSchema } from "shared/auth/own-tokens";
import { createTokens } from "shared/auth/tokens";
import { type Command, defineCommand, flag, value } from "shared/command/define-command";
import { type Environment, parseFields, wholeNumber } from "shared/service/environment";
import { tokenFields, toTokenOptions } from "shared/service/token-config";
import { z } from "zod";
import { listTokensCommand } from "./list.ts";
import { makeTokenCommand } from "./make.ts";
import { revokeTokenCommand } from "./revoke.ts";

const HOURS_MAX = 366 * 24;

const isOneName = (names: unknown) => z.tuple([operatorNameSchema]).safeParse(names).success;

const unlistedCommand = defineCommand({
  name: "token",
  about: "Makes, lists and revokes tokens of operators: people who run the service, and game servers.",
  usage: `./lb token NAME [options]
  ${[makeTokenCommand, listTokensCommand, revokeTokenCommand].map(({ usage }) => usage).join("\n  ")}`,
  positionals: z.custom<[name: string]>(isOneName, "name one operator: 1 to 64 of A-Z a-z 0-9 . _ @ -"),
  options: {
    hours: value("N", "how long it is valid", wholeNumber(1, HOURS_MAX).default(24)),
    json: flag("one JSON object: token, operator, expires_at"),
  },
  notes: `
./lb token NAME prints an admin's token, and needs no store. It is signed with JWT_SECRET (of the embedded stack, where
that has been run). It is on no list and cannot be revoked: it is valid until it expires or the secret is changed.
make, list and revoke have a --help of their own.
Ends with 0; with 1 where it failed.`,
  async run({ options, positionals: [name], env }) {
    const settings = parseFields(tokenFields, env);
    const seconds = options.hours * 3600;
    const expires = new Date(Date.now() + seconds * 1000).toISOString();
    const token = await createTokens(toTokenOptions(settings)).issueOperator({ name }, seconds);
    const shown = options.json ? JSON.stringify({ token, operator: name, expires_at: expires }) : token;
    process.stdout.write(`${shown}\n`);
    return 0;
  },
});

const ACTIONS = new Map<string, Pick<Command, "run">>()
  .set("make", makeTokenCommand)
  .set("list", listTokensCommand)
  .set("revoke", revokeTokenCommand);

/** `lb token`: one of its actions, or else the name of an operator. */
export const tokenCommand = {
  name: unlistedCommand.name,
  about: unlistedCommand.about,
  parts: [unlistedCommand, ...ACTIONS.values()],
  run(args: readonly string[], env: Environment): Promise<number> {
    const action = ACTIONS.get(args[0] ?? "");
    return action === undefined ? unlistedCommand.run(args, env) : action.run(args.slice(1), env);
  },
};
