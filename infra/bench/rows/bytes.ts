import { compare, type Measured } from "../harness/row.ts";
import { spreadOf } from "../harness/statistics.ts";
import type { RowRun } from "../ratios/options.ts";
import { ENTRY_KINDS } from "../stage/seed-redis.ts";
import { weighKinds } from "../stage/weigh.ts";

/** Measures the bytes of an entry in Redis, all its keys together, beside a bare sorted set of the ids. */
export async function measureBytes({ dir, options, say }: RowRun): Promise<Measured> {
  say(`weighing ${options.entries} players`);
  const seed = { dir, entries: options.entries, nowUs: Date.now() * 1000 };
  const weights = await weighKinds(["bare", "account", ...ENTRY_KINDS], seed);
  const [bare = 0, account = 0, ...parts] = weights.map(({ bytes }) => bytes);
  const entry = parts.reduce((sum, bytes) => sum + bytes, 0);
  return {
    rows: [
      {
        row: "bytes",
        what: "memory of an entry in Redis",
        yardstick: "a bare sorted set of the ids",
        unit: "B",
        ...compare([entry], [bare]),
        aims: [{ of: "ours", at: "most", value: 260 }],
        faults: [],
      },
      {
        row: "bytes",
        what: "memory of an account with a password",
        yardstick: "",
        unit: "B",
        ours: spreadOf([account]),
        aims: [],
        faults: [],
      },
    ],
    loads: [],
  };
}
