import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { ConfigError, commaList } from "shared/service/config";
import { toWhole, wholeReader } from "./whole-number.ts";

export interface GrowthOptions {
  /** Sizes of the boards, ascending. */
  entries: readonly number[];
  /** For each number of shards, every size is measured once. */
  shards: readonly number[];
  /** Of each operation on each board, in each round. */
  calls: number;
  rounds: number;
  asJson: boolean;
}

export const HELP = `What a call and a player cost as the board grows: the time of submit, rank, top 100 and the 10 beside a player,
Redis' CPU for it, and the bytes a player takes in Redis and PostgreSQL. Starts a Redis a board and a PostgreSQL of its
own. 10^6 entries take 0.5 GB of memory and half a minute a number of shards, 10^7 ten times that.

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
const SIZE_MAX = 1e8;
const EXPONENT_MIN = 4;

/** @returns nothing when help was asked for @throws ConfigError with every fault */
export function readGrowthOptions(args: string[]): GrowthOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const list = (name: string, text: string, min: number, max: number) => {
    const numbers = commaList.parse(text).map(toWhole);
    const isSound = numbers.length > 0 && numbers.every((number) => number >= min && number <= max);
    if (!isSound) faults.push(`--${name} must be whole numbers from ${min} to ${max}`);
    return [...new Set(numbers)].sort((a, b) => a - b);
  };
  const one = wholeReader(faults);
  if (values.entries !== undefined && values.max !== undefined) faults.push("--entries and --max: say one");
  const entries =
    values.entries === undefined
      ? powersUpTo(one("max", values.max ?? "6", EXPONENT_MIN, Math.log10(SIZE_MAX)))
      : list("entries", values.entries, SIZE_MIN, SIZE_MAX);
  const options = {
    entries,
    shards: list("shards", values.shards, 1, 1024),
    asJson: values.json ?? false,
    calls: one("calls", values.calls, 1, 100_000),
    rounds: one("rounds", values.rounds, 1, 1_000),
  };
  if (faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  return options;
}

const powersUpTo = (exponent: number) =>
  Number.isNaN(exponent)
    ? []
    : Array.from({ length: exponent - EXPONENT_MIN + 1 }, (_, index) => 10 ** (EXPONENT_MIN + index));

function parse(args: string[]) {
  const text = (missing: string) => ({ type: "string", default: missing }) as const;
  const flag = { type: "boolean" } as const;
  const open = { type: "string" } as const;
  return readArguments({
    args,
    options: {
      entries: open,
      max: open,
      shards: text("1,16"),
      calls: text("300"),
      rounds: text("12"),
      json: flag,
      help: { ...flag, short: "h" },
    },
  }).values;
}
