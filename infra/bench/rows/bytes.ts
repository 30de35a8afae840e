import { type Measured, toRow } from "../harness/row.ts";
import type { RowRun } from "../ratios/options.ts";
import { createPlayers } from "../stage/players.ts";
import { ENTRY_KINDS, type Kind } from "../stage/seed-redis.ts";
import { weighKind } from "../stage/weigh.ts";

/** Measures the bytes of an entry in Redis, all its keys together, and of an account. */
export async function measureBytes({ dir, options, say }: RowRun): Promise<Measured> {
  say(`weighing ${options.entries} players`);
  const players = createPlayers(options.entries, Date.now() * 1000);
  const weigh = (kind: Kind) => weighKind(dir, players, kind);
  let entry = 0;
  for (const kind of ENTRY_KINDS) entry += await weigh(kind);
  const ofEntry = {
    what: "memory of an entry in Redis",
    yardstick: "a bare sorted set of the ids",
    aims: [{ of: "ours", at: "most", value: 260 }],
  } as const;
  const ofAccount = { what: "memory of an account with a password", yardstick: "", aims: [] };
  const rows = [
    toRow({ row: "bytes", unit: "B", ...ofEntry }, { ours: [entry], theirs: [await weigh("bare")] }),
    toRow({ row: "bytes", unit: "B", ...ofAccount }, { ours: [await weigh("account")] }),
  ];
  return { rows, loads: [] };
}
