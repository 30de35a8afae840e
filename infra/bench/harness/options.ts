import { INVALID_OPTIONS, readArguments } from "shared/command/read-arguments";
import { ConfigError, commaList } from "shared/service/config";
import { z } from "zod";

const toWhole = (text: string) => (/^\d{1,9}(e\d)?$/.test(text) ? Number(text) : Number.NaN);
const isWithin = (min: number, max: number) => (value: number) => value >= min && value <= max;

/** A whole number, as plain digits or as `1e6`. */
export const whole = (min: number, max: number) =>
  z.string().transform(toWhole).refine(isWithin(min, max), `must be a whole number from ${min} to ${max}`);

/** Comma-separated whole numbers, ascending, each once. */
export const wholes = (min: number, max: number) =>
  commaList
    .transform((items) => [...new Set(items.map(toWhole))].sort((a, b) => a - b))
    .refine(
      (values) => values.length > 0 && values.every(isWithin(min, max)),
      `must be whole numbers from ${min} to ${max}`,
    );

/** A duration in seconds, fractions allowed. */
export const seconds = (min: number, max: number) =>
  z
    .string()
    .transform((text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN))
    .refine(isWithin(min, max), `must be a number from ${min} to ${max}`);

export const flag = z.boolean().default(false);

/**
 * Reads `--name value` and `--flag` for each field. A default is given as text, with `prefault`.
 *
 * @returns nothing when `--help` was given @throws ConfigError with every fault
 */
export function readOptions<F extends z.ZodObject>(fields: F, args: string[]): z.output<F> | undefined {
  const types = Object.entries(fields.shape).map(([name, field]) => {
    const isFlag = z.safeParse(field, true).success;
    return [name, { type: isFlag ? ("boolean" as const) : ("string" as const) }] as const;
  });
  const help = { type: "boolean", short: "h" } as const;
  const values: Record<string, unknown> = readArguments({
    args,
    options: { ...Object.fromEntries(types), help },
  }).values;
  if (values.help === true) return undefined;
  const parsed = z.safeParse(fields, values);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `--${path.join(".")} ${message}`);
  throw new ConfigError(faults, INVALID_OPTIONS);
}
