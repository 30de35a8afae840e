import { operatorNameSchema } from "shared/auth/own-tokens";
import { createTokens } from "shared/auth/tokens";
import { defineCommand, flag, value } from "shared/command/define-command";
import { parseFields, wholeNumber } from "shared/service/environment";
import { tokenFields, toTokenOptions } from "shared/service/token-config";
import { z } from "zod";

const HOURS_MAX = 366 * 24;

const isOneName = (names: unknown) => z.tuple([operatorNameSchema]).safeParse(names).success;

export const tokenCommand = defineCommand({
  name: "token",
  about: "Issues a token for an operator: a person who runs the service, or a game server.",
  usage: "./lb token NAME [options]",
  positionals: z.custom<[name: string]>(isOneName, "name one operator: 1 to 64 of A-Z a-z 0-9 . _ @ -"),
  options: {
    hours: value("N", "how long it is valid", wholeNumber(1, HOURS_MAX).default(24)),
    json: flag("one JSON object: token, operator, expires_at"),
  },
  notes: `
Prints the token alone. It is signed with JWT_SECRET (of the embedded stack, where that has been run) and valid until it
expires or the secret is changed: it cannot be withdrawn otherwise.
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
