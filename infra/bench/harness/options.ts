import { commaList } from "shared/service/environment";
import { z } from "zod";

const toWhole = (text: string) => (/^\d{1,9}(e\d)?$/.test(text) ? Number(text) : Number.NaN);
const isWithin = (min: number, max: number) => (value: number) => value >= min && value <= max;

/** A whole number, as plain digits or as `1e6`. A default is text, given with `prefault`. */
export const whole = (min: number, max: number) =>
  z.string().transform(toWhole).refine(isWithin(min, max), `must be a whole number from ${min} to ${max}`);

/** Comma-separated whole numbers, ascending, each once. */
export const wholes = (min: number, max: number) =>
  commaList
    .transform((items) => [...new Set(items.map(toWhole))].sort((a, b) => a - b))
    .refine((all) => all.length > 0 && all.every(isWithin(min, max)), `must be whole numbers from ${min} to ${max}`);

/** A duration in seconds, fractions allowed. */
export const seconds = (min: number, max: number) =>
  z
    .string()
    .transform((text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN))
    .refine(isWithin(min, max), `must be a number from ${min} to ${max}`);
