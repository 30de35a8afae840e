import { type Weight, weighKeys } from "./growth-bytes.ts";
import { hold, oursAtMost, type Row } from "./rows.ts";
import { ENTRY_KINDS } from "./seed-redis.ts";
import { spreadOf } from "./spread.ts";

const BYTES_MAX = 260;

/** What an entry takes in Redis, all its keys together, beside a bare sorted set of the ids; accounts apart. */
export async function measureBytes(entries: number, say: (text: string) => void): Promise<Row[]> {
  say(`weighing ${entries} players`);
  const [bare, account, ...kinds] = await weighKeys(["bare", "account", ...ENTRY_KINDS], entries, Date.now() * 1000);
  const bytesOf = (weights: readonly (Weight | undefined)[]) =>
    weights.reduce((sum, weight) => sum + (weight?.bytes ?? Number.NaN), 0);
  return [
    {
      row: "bytes",
      what: "memory of an entry in Redis",
      yardstick: "a bare sorted set of the ids",
      unit: "B",
      ...hold([bytesOf(kinds)], [bytesOf([bare])]),
      aims: [oursAtMost(BYTES_MAX)],
      faults: [],
    },
    {
      row: "bytes",
      what: "memory of an account with a password",
      yardstick: "",
      unit: "B",
      ours: spreadOf([bytesOf([account])]),
      aims: [],
      faults: [],
    },
  ];
}
