import type { Board } from "../model/board.ts";
import type { Shard } from "../model/regions.ts";
import { entryKeys, shardKeys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { defineLayout, defineScript } from "../redis/scripts/define-script.ts";
import { membersPart, seasonsPart, versionsPart } from "../redis/scripts/parts.ts";
import type { KeptPlan } from "../seasons/plan.ts";
import source from "./put-boards.lua" with { type: "text" };

/** A board as a shard knows it, since when the id is its own, and the plan of its seasons. */
export type BoardRevision = Pick<Board, "id" | "rev" | "state" | "born"> & {
  plan?: PlannedEnds | undefined;
  /**
   * The season in which a shard begins that is in an earlier one, or in none; the first of the plan
   * where it is left out.
   */
  begins?: number | undefined;
};

type PlannedEnds = Pick<KeptPlan, "first" | "at" | "version">;

const layout = defineLayout({
  keys: ["boards", "clock"],
  item: {
    id: "text",
    revision: "text",
    state: "text",
    born: "number",
    first: "text",
    instants: "text",
    version: "number",
    begins: "text",
  },
});
const script = defineScript({
  name: "put-boards",
  source,
  parts: [versionsPart, membersPart, seasonsPart],
  layout,
  hasOtherKeys: true,
  parse: Number,
});

/**
 * Writes the revisions of boards on a shard; a higher one that is there stays. What the shard has
 * of a board that had the id before goes. The shard begins with the first season of a plan, keeps
 * the season that it has, and takes the ends.
 *
 * @param boards at most some hundred
 * @returns the number of boards written
 * @throws what Redis throws
 */
export function putBoards(redis: Redis, shard: Shard, boards: readonly BoardRevision[]): Promise<number> {
  const keys = layout.toKeys(shardKeys(shard));
  for (const { id, born } of boards) if (born > 0) keys.push(...entryKeys(shard, id));
  const items = boards.flatMap(({ id, rev, state, born, plan, begins = "" }) =>
    layout.toItem({
      id,
      revision: rev,
      state,
      born,
      first: plan?.first ?? "",
      instants: plan?.at.join(" ") ?? "",
      version: plan?.version ?? 0,
      begins,
    }),
  );
  return script(redis, keys, items);
}
