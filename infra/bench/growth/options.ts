import { z } from "zod";
import { flag, whole, wholes } from "../harness/options.ts";

export const HELP = `Measures what a call and a player cost as the board grows: the time of submit, rank, top 100 and the 10 beside a player,
the CPU time of Redis for it, and the bytes that a player takes in Redis and PostgreSQL. Starts a Redis for each board and
a PostgreSQL. For each number of shards, 10^6 entries take 0.5 GB of memory and half a minute, 10^7 ten times that.

  bun run bench growth [options]

  --entries A,B    sizes of the boards, as 10000 or 1e4     1e4,1e5,1e6
  --max N          the same as --entries 1e4,1e5,… to 1eN   6
  --shards A,B     numbers of shards (PARTITIONS)           1,16
  --calls N        of each operation, board and round       300
  --rounds N       in each of which all boards take turns   12
  --json           one JSON object instead of tables
  --help           shows this
`;

const SIZE_MIN = 10;
const EXPONENT_MIN = 4;
const EXPONENT_MAX = 8;

export const growthFields = z
  .object({
    entries: wholes(SIZE_MIN, 10 ** EXPONENT_MAX).optional(),
    max: whole(EXPONENT_MIN, EXPONENT_MAX).optional(),
    shards: wholes(1, 1024).prefault("1,16"),
    /** Of each operation on each board, in each round. */
    calls: whole(1, 100_000).prefault("300"),
    rounds: whole(1, 1_000).prefault("12"),
    json: flag,
  })
  .refine(({ entries, max }) => entries === undefined || max === undefined, {
    path: ["entries"],
    message: "and --max: say one",
  });

export type GrowthOptions = z.output<typeof growthFields>;

/** The sizes of the boards, ascending. */
export const sizesOf = ({ entries, max = 6 }: Pick<GrowthOptions, "entries" | "max">): readonly number[] =>
  entries ?? Array.from({ length: max - EXPONENT_MIN + 1 }, (_, index) => 10 ** (EXPONENT_MIN + index));
