import type { SettingEvent } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { boardKey, entriesKey, hiddenKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";

/** Boards that were made while a deployment ran: three pages of them. */
export const MANY_BOARDS: readonly string[] = Array.from({ length: 250 }, (_, n) => `b-${n}`);

/** A definition, as the event of its setting; its revision is `rev`. */
export const boardEvent = (
  id: string,
  rev: number,
  value: SettingEvent["value"] = { state: "open" },
): SettingEvent => ({
  setting: "boards",
  id,
  value,
  updated_at: String(rev),
});

/** On how many of these boards a player has a record, is ranked, and stands among the hidden. */
export async function standingOf(redis: Redis, shard: Shard, userId: string, boards = MANY_BOARDS) {
  const found = await Promise.all(
    boards.map(async (board) => {
      const record = await redis.hget(entriesKey(shard, board), userId);
      const member = `${record?.slice(0, 16)}${userId}`;
      const scores = await Promise.all(
        [boardKey(shard, board), hiddenKey(shard, board)].map((key) => redis.zscore(key, member)),
      );
      return { isRecorded: record !== null, isRanked: scores[0] !== null, isHidden: scores[1] !== null };
    }),
  );
  return {
    recorded: found.filter(({ isRecorded }) => isRecorded).length,
    ranked: found.filter(({ isRanked }) => isRanked).length,
    hidden: found.filter(({ isHidden }) => isHidden).length,
  };
}
