import { z } from "zod";
import { MAIN_BOARD } from "./keys.ts";
import { GLOBAL, type Topology } from "./regions.ts";

export const NAME_CHARACTERS_MAX = 200;
// Cc: control characters, NUL among them. Cs in Unicode mode: surrogates without their partner.
const NAME_FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

export const userIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 characters out of A-Z, a-z, 0-9, _ and -");

export const nameSchema = z
  .string()
  .refine((name) => name.length > 0 && [...name].length <= NAME_CHARACTERS_MAX, "must have 1 to 200 characters")
  .refine((name) => !NAME_FORBIDDEN.test(name), "must have no control characters and no lone surrogates");

/** An integer in ±(2^53−1). Minus zero becomes zero: the two would be written differently and rank alike. */
export const scoreSchema = z
  .number("must be a number")
  .refine(Number.isSafeInteger, "must be an integer from -9007199254740991 to 9007199254740991")
  .transform((score) => score + 0);

const upperCased = z.string().transform((region) => region.toUpperCase());

/** A home region: one of the configured ones, in any case. */
export const regionSchema = ({ regions }: Topology) =>
  upperCased.refine((region) => regions.includes(region), `must be one of ${regions.join(", ")}`);

/** What a read may look at: a configured region, or `GLOBAL`, which is also what is meant when none is given. */
export function viewSchema({ regions }: Topology) {
  const views = [...new Set([GLOBAL, ...regions])];
  return upperCased.refine((view) => views.includes(view), `must be one of ${views.join(", ")}`).default(GLOBAL);
}

/** A configured board; `main` when none is given. */
export const boardSchema = ({ boards }: Topology) =>
  z
    .string()
    .refine((board) => boards.includes(board), `must be one of ${boards.join(", ")}`)
    .default(MAIN_BOARD);

/** One player's score on a board, as every route answers it. */
export interface Entry {
  /** 1 is the best. Null only where a write stands but its rank could not be read. */
  rank: number | null;
  user_id: string;
  name: string;
  region: string;
  score: number;
  updated_at: string;
}
