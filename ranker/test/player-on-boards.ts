import { spyOn } from "bun:test";
import { toIsoTime } from "shared/base/times";
import { putBoards } from "shared/boards/put-boards";
import { boardKey, boardsKey, entriesKey, hiddenKey, settingsKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";

/** The shard of the players of these tests. */
export const eu = { region: "EU", partition: 0, tag: "EU" };

export const boardNames = (count: number) => Array.from({ length: count }, (_, n) => `b-${n}`);

const BOARDS_PER_CALL = 100;

const REVISION = 1;

/** Keeps definitions of boards, as an operator does who makes them. No shard knows them yet. */
export async function defineBoards(redis: Redis, ids: readonly string[]): Promise<void> {
  const value = `${REVISION} ${JSON.stringify({ created_at: toIsoTime(REVISION), state: "open" })}`;
  await redis.hset(settingsKey("boards"), Object.fromEntries(ids.map((id) => [id, value])));
}

/** Makes boards known to the shard, as a ranker does before the first write. */
export async function putOnShard(redis: Redis, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += BOARDS_PER_CALL) {
    const page = ids.slice(at, at + BOARDS_PER_CALL);
    await putBoards(
      redis,
      eu,
      page.map((id) => ({ id, rev: REVISION, state: "open", born: 0 })),
    );
  }
}

/** On how many boards a player is shown or hidden, and all scores and names that are kept there. */
export async function readStanding(redis: Redis, userId: string, boards: readonly string[]) {
  const scores = new Set<number>();
  const names = new Set<string>();
  const count = async (key: string) => {
    const flat = await redis.zrange(key, "0", "-1", "WITHSCORES");
    const own = flat.flatMap((member, at) => (member.endsWith(userId) ? [Number(flat[at + 1])] : []));
    for (const score of own) scores.add(score);
    return own.length;
  };
  let [shown, hidden] = [0, 0];
  for (const board of boards) {
    const [ranking, concealed, entries] = [boardKey(eu, board), hiddenKey(eu, board), entriesKey(eu, board)];
    shown += await count(ranking);
    hidden += await count(concealed);
    const record = await redis.hget(entries, userId);
    if (record !== null) names.add(record.split(" ").slice(3).join(" "));
  }
  return { shown, hidden, scores: [...scores].toSorted((a, b) => a - b), names: [...names].toSorted() };
}

const ACTS = new Set(["set-visibility", "rename-player", "erase-entries"]);

/**
 * Does something once, when the first call of an act on the shard is done and no later one is. What
 * it throws is thrown at the act.
 */
export function betweenPages(redis: Redis, something: () => Promise<unknown>): void {
  const scan = redis.hscan.bind(redis) as (...args: unknown[]) => Promise<[string, string[]]>;
  let hasBegun = false;
  observeScripts(redis, (script) => {
    hasBegun ||= ACTS.has(script);
  });
  const spy = spyOn(redis, "hscan").mockImplementation((async (key: string, ...args: unknown[]) => {
    if (hasBegun && key === boardsKey(eu)) {
      spy.mockRestore();
      await something();
    }
    return scan(key, ...args);
  }) as never);
}
