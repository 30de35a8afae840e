import { operatorNameSchema } from "shared/auth/own-claims";
import { createTokens } from "shared/auth/tokens";
import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { ConfigError, type Environment, tokenFields, toTokenOptions, wholeNumber } from "shared/service/config";
import { z } from "zod";

const HOURS_MAX = 366 * 24;

const HELP = `Issues a token for an operator: somebody who runs the service, or a game server that writes for its players.

  bun run lb token NAME [options]

  --hours N    how long it is valid     24
  --json       one JSON object: token, operator, expires_at
  --help       shows this

Prints the token alone. It is signed with JWT_SECRET (of the embedded stack, where that has been run) and good until it
ends or the secret is changed: nothing else takes it back. Ends with 0; with 1 where it failed.
`;

/** `lb token`. @returns the exit code */
export async function tokenCommand(args: string[], env: Environment): Promise<number> {
  const flag = { type: "boolean" } as const;
  const options = { hours: { type: "string" }, json: flag, help: { ...flag, short: "h" } } as const;
  const { values, positionals } = readArguments({ args, options, allowPositionals: true });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const name = operatorNameSchema.safeParse(positionals[0]);
  const hours = wholeNumber(1, HOURS_MAX).safeParse(values.hours ?? "24");
  const faults = [
    ...(name.success && positionals.length === 1 ? [] : ["name one operator: 1 to 64 of A-Z a-z 0-9 . _ @ -"]),
    ...(hours.success ? [] : [`--hours ${hours.error.issues[0]?.message}`]),
  ];
  if (!name.success || !hours.success || faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  const settings = z.object(tokenFields).safeParse(withoutEmpty(env));
  if (!settings.success) {
    throw new ConfigError(settings.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`));
  }
  const seconds = hours.data * 3600;
  const expires = new Date(Date.now() + seconds * 1000).toISOString();
  const token = await createTokens(toTokenOptions(settings.data)).issueOperator({ name: name.data }, seconds);
  const shown = values.json ? JSON.stringify({ token, operator: name.data, expires_at: expires }) : token;
  process.stdout.write(`${shown}\n`);
  return 0;
}

/** A variable set to nothing counts as unset. */
const withoutEmpty = (env: Environment) => Object.fromEntries(Object.entries(env).filter(([, value]) => value));
