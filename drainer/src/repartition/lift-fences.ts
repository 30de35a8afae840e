import { putBoards } from "shared/boards/put-boards";
import { boardsKey } from "shared/redis/keys";
import { toKeptPlan, withdrawal } from "shared/seasons/plan";
import { createSettings, type Settings } from "shared/settings/settings";
import type { Stores } from "shared/stores/stores";
import { parseRevision } from "../boards/read-revisions.ts";
import { scanHash } from "../command/scan-hash.ts";
import type { Move } from "./move-entries.ts";

const STEP = 250;
/** Another plan may come between the read and the withdrawal. */
const TRIES_MAX = 10;

/**
 * Decides the ends of seasons that an operator's ranker has announced, and lifts their fences from
 * the shards: a new shard would not know of them. Where the ranker has not committed the end by
 * now, it never does. Called once writes are fenced off: no other fence can come.
 *
 * @throws what Redis throws; Error where plans come again and again
 */
export async function liftFences({ home }: Pick<Stores, "home">, move: Move): Promise<void> {
  const settings = createSettings({ home, queueMax: Number.MAX_SAFE_INTEGER });
  for (const shard of move.from) {
    for await (const page of scanHash(move.redis, boardsKey(shard), STEP)) {
      for (const [id, kept] of page) {
        const known = parseRevision(id, kept);
        if (known === undefined || !/ fence \d+$/.test(kept)) continue;
        await putBoards(move.redis, shard, [{ ...known, plan: await decide(settings, id) }]);
      }
    }
    await move.onPage();
  }
}

async function decide(settings: Settings, id: string) {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const plan = toKeptPlan(await settings.read("seasons", id));
    if (plan?.ending === undefined) return plan;
    await settings.put("seasons", id, withdrawal(plan));
  }
  throw new Error(`The seasons of board ${id} are planned again and again: run the move again.`);
}
