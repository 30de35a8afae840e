import { parseRecord, placeDigitsOf } from "shared/entries/records";
import type { Shard } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { entriesKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { readEntriesOf } from "../rows/read-entries.ts";

/** A board in both stores. */
export interface NamedBoard {
  database: Database;
  redis: Redis;
  board: string;
}

const PLAIN_DIGITS = placeDigitsOf({ sub: null });
const LONG_DIGITS = placeDigitsOf({ sub: "desc" });

/** A member may have a sub-score in its place, or an id that begins with as many digits. */
const HAS_SUB = new RegExp(`^\\d{${LONG_DIGITS}}.`);

/**
 * Names the players of members of a ranking, with their records. Without the definition of the
 * board a member tells only where its place may end: the records do, and for players without one
 * their rows.
 */
export async function nameMembers(
  { database, redis, board }: NamedBoard,
  shard: Shard,
  members: readonly string[],
): Promise<{ ids: string[]; records: (string | null)[] }> {
  const key = entriesKey(shard, board);
  const plain = members.map((member) => member.slice(PLAIN_DIGITS));
  const long = members.map((member) => (HAS_SUB.test(member) ? member.slice(LONG_DIGITS) : ""));
  const records = await redis.hmget(key, ...plain);
  if (long.every((id) => id === "")) return { ids: plain, records };
  const others = await redis.hmget(key, ...long);
  const isOf = (record: string | null | undefined, digits: number) => parseRecord(record ?? "").place.length === digits;
  const isLong = (index: number) => {
    if (isOf(others[index], LONG_DIGITS)) return true;
    return isOf(records[index], PLAIN_DIGITS) ? false : undefined;
  };
  const lost = long.filter((id, index) => id !== "" && isLong(index) === undefined);
  const rows = lost.length === 0 ? [] : await readEntriesOf(database, board, lost);
  const ranked = new Set(rows.filter((row) => row.sub_key != null).map((row) => row.user_id));
  const picked = members.map((_, index) => isLong(index) ?? ranked.has(long[index] ?? ""));
  return {
    ids: picked.map((isPicked, index) => (isPicked ? long : plain)[index] ?? ""),
    records: picked.map((isPicked, index) => (isPicked ? others : records)[index] ?? null),
  };
}
