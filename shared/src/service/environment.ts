import { z } from "zod";
import { inPlainWords } from "../base/plain-words.ts";
import { parseRedisNodes } from "../redis/nodes.ts";
import { readPostgresUrl } from "../stores/postgres-url.ts";

export type Environment = Record<string, string | undefined>;

/** All faults of a configuration, one a line, each with its variable. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

/** A whole number in plain digits: `0x10`, `1e3` and `1.5` are refused. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)
    .meta({ values: `${min} – ${max}` });

/** One of these words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, `must be one of ${words.join(", ")}`);

export const commaList = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

/** A list of different names. */
export const closedSet = (pattern: RegExp, what: string) =>
  commaList
    .refine((items) => items.length > 0, "must name at least one")
    .refine((items) => items.every((item) => pattern.test(item)), `must be comma-separated names of ${what}`)
    .refine((items) => new Set(items).size === items.length, "must not name one twice");

const urlOf = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
    );

/** Takes the message of what `read` throws, which completes the name of the variable. */
function unlessThrown(read: (text: string) => unknown) {
  return (text: string, context: z.RefinementCtx) => {
    try {
      read(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    }
  };
}

/** One server, or several comma-separated nodes of a cluster. */
export const redisUrl = z.string().superRefine(unlessThrown(parseRedisNodes));
/** A connection URL of libpq. */
export const postgresUrl = z.string().superRefine(unlessThrown(readPostgresUrl));
export const httpUrl = urlOf("http:", "https:");

/** From 0 to 1, in plain digits. */
export const share = z
  .string()
  .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, "must be from 0 to 1")
  .transform(Number);

type Fields = z.ZodRawShape & { REGIONS: z.ZodType<string[]> };

/** A parsed environment, and for each prefix the URL of each region. */
export type Settings<F extends Fields, P extends string> = z.output<z.ZodObject<F>> & {
  urlsByRegion: Readonly<Record<P, ReadonlyMap<string, string>>>;
};

/**
 * Parses the environment against `fields`. An empty variable counts as unset. For each of
 * `prefixes`, `<PREFIX>_<REGION>` replaces `<PREFIX>` for one region.
 *
 * @throws ConfigError with all faults at once
 */
export function parseEnvironment<F extends Fields, P extends string & keyof F>(
  fields: F,
  prefixes: readonly P[],
  env: Environment,
): Settings<F, P> {
  const { present, data, faults } = check(fields, env);
  const regions = fields.REGIONS.safeParse(present.REGIONS).data ?? [];
  const urlsByRegion = {} as Record<P, ReadonlyMap<string, string>>;
  for (const prefix of prefixes) {
    const urls = new Map(regions.map((region) => [region, present[prefix] ?? ""]));
    for (const [name, value] of Object.entries(present)) {
      if (!name.startsWith(`${prefix}_`) || value === undefined) continue;
      const region = name.slice(prefix.length + 1);
      const parsed = z.safeParse(fields[prefix] as z.ZodType<string>, value);
      if (!urls.has(region)) faults.push(`${name} names a region that REGIONS does not`);
      else if (!parsed.success) faults.push(`${name} ${parsed.error.issues[0]?.message}`);
      else urls.set(region, value);
    }
    urlsByRegion[prefix] = urls;
  }
  if (faults.length > 0 || data === undefined) throw new ConfigError(faults);
  return Object.freeze({ ...data, urlsByRegion }) as Settings<F, P>;
}

/**
 * Parses a few variables, for a command that needs no others. An empty variable counts as unset.
 *
 * @throws ConfigError with all faults at once
 */
export function parseFields<F extends z.ZodRawShape>(fields: F, env: Environment): z.output<z.ZodObject<F>> {
  const { data, faults } = check(fields, env);
  if (data === undefined) throw new ConfigError(faults);
  return data;
}

function check<F extends z.ZodRawShape>(fields: F, env: Environment) {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const result = z.object(fields).safeParse(present, { error: inPlainWords });
  const faults = (result.error?.issues ?? []).map((issue) => {
    const name = issue.path.join(".");
    return present[name] === undefined ? `${name} is required` : `${name} ${issue.message}`;
  });
  return { present, data: result.data, faults };
}
