import { isSlip, suggest } from "shared/command/suggest";
import type { Environment } from "shared/service/environment";
import { z } from "zod";
import { FIELDS, isReplaced } from "./environment.ts";
import { DEFAULT_PORTS } from "./stack-options.ts";

/** Variables of `npm start` that no service has. */
const OF_THE_STACK = [...Object.keys(DEFAULT_PORTS), "NGINX_PORT", "DATA_DIR"];
const KNOWN = [...Object.keys(FIELDS), ...OF_THE_STACK];
/** Names of one region's stores, and those that the stack gives to commands. */
const MADE = /^(REDIS_URL|POSTGRES_URL|LEADERBOARD_STACK)_/;
/** Prefixes that no other program has: a name that begins with one is meant for us. */
const OURS = /^(RATE|JWT|LIVE|DRAIN|QUEUE|RECONCILE|TRUSTED|CORS|LEADERBOARD)_/;
const PREFIXES = new Set(KNOWN.filter((name) => name.includes("_")).map((name) => name.split("_")[0]));
/** A name that is a slip of one so long is meant for us. */
const LONG_CHARS_MIN = 7;

const isGiven = ([, value]: [string, string | undefined]) => value !== undefined && value !== "";
const namesOf = (env: Environment) =>
  Object.entries(env)
    .filter(isGiven)
    .map(([name]) => name);

/**
 * Faults of variables that the stack replaces: their values would be refused wherever else they are
 * used, and the user would learn it there.
 */
export function faultsOfReplaced(env: Environment): readonly string[] {
  return namesOf(env)
    .filter(isReplaced)
    .flatMap((name) => faultsOf(name, z.safeParse(FIELDS[name as keyof typeof FIELDS], env[name])));
}

const faultsOf = (name: string, { error }: z.ZodSafeParseResult<unknown>) =>
  error === undefined ? [] : [`${name} ${error.issues[0]?.message}`];

/** What the stack does not use of the variables that are given, a line each. */
export function notesOn(env: Environment): string[] {
  const names = namesOf(env);
  const replaced = names.filter(isReplaced);
  const notes = names.filter(isMisspelt).map((name) => `there is no variable ${name}${suggest(name, KNOWN)}`);
  if (replaced.length > 0)
    notes.push(`npm start sets these variables itself, and does not use yours: ${replaced.join(", ")}`);
  return notes;
}

/**
 * Whether a name is meant for this project, which has no such variable. Other programs have names
 * that begin with `REDIS_` or `NODE_`, so that those have to be a slip of one of ours.
 */
function isMisspelt(name: string): boolean {
  if (KNOWN.includes(name) || MADE.test(name)) return false;
  if (OURS.test(name)) return true;
  const [prefix = ""] = name.split("_");
  // `PASSWORD` and `REGION` are words that other programs use, and no slips of ours.
  const isMeant = (known: string) => known.length >= LONG_CHARS_MIN && known !== `${name}S`;
  const meant = PREFIXES.has(prefix) ? KNOWN : KNOWN.filter(isMeant);
  return meant.some((known) => isSlip(name, known));
}
