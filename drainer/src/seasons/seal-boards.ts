import { type KeptBoard, parseKeptBoard } from "shared/boards/kept-board";
import { putBoards } from "shared/boards/put-boards";
import type { Log } from "shared/log/log";
import type { Shard } from "shared/model/regions";
import { boardsKey } from "shared/redis/keys";
import { readTime } from "shared/redis/redis";
import { ENDING_MAX_US, type KeptPlan, toKeptPlan, withdrawal } from "shared/seasons/plan";
import { createSettings, type Setting } from "shared/settings/settings";
import { toRevision } from "../boards/read-revisions.ts";
import { requireOpen } from "../guard/require-open.ts";
import type { Sides } from "../subjects/sides.ts";
import { type DueSeal, noteSealed, readDueSeals, SEALS_PAGE } from "./due-seals.ts";
import { sealSeason } from "./seal-season.ts";

export interface SealBoardsOptions extends Sides {
  log: Log;
  signal: AbortSignal;
}

/** What a look found and did. */
export interface SealedBoards {
  /** Boards of which all shards have ended what is over by the plan. */
  sealed: number;
  /** The end (µs) of the oldest season that is left on a shard; undefined where none is. */
  oldest: number | undefined;
}

/** Pages of boards in one look. The next goes on behind them. */
const LOOK_PAGES = 100;
/** Boards of a shard that are ended in one turn. */
const AT_ONCE = 10;
/**
 * Runs of the script for one board on one shard: each ends as many seasons as the shard knows ends.
 */
const RUNS_MAX = 100;

/**
 * Tells the shards each new plan, so that another schedule reaches all of them although the request
 * that changed it was answered before. Ends the seasons of boards that are over by their plans, on
 * each shard that has not done so by a write or a read, also on one that does not know the board
 * yet. Redis' own clock decides on each
 * shard. Called again and again: what one call leaves is for the next, and two at once are safe.
 *
 * @throws Problem `unavailable`, what the home stores throw; the reason of `signal`
 */
export type SealBoards = () => Promise<SealedBoards>;

/** A board whose plan says that a season is over. */
interface Planned {
  board: Setting;
  plan: KeptPlan;
}

/**
 * Whether the ends that a shard knows are those of the plan, as far as it needs them, or of a newer
 * one. A fence is none.
 */
function goesBy({ seasons }: KeptBoard, { first, at, version }: KeptPlan, now: number): boolean {
  if (seasons === undefined || seasons.isFenced || seasons.planned < version) return false;
  const planned = at.slice(Math.max(0, seasons.season - first + 1));
  return seasons.ends.every((us, index) => us === planned[index]) && (seasons.ends.at(-1) ?? 0) > now;
}

export function createSealBoards({ topology, stores, databases, log, signal }: SealBoardsOptions): SealBoards {
  const settings = createSettings({ home: stores.home, queueMax: Number.MAX_SAFE_INTEGER });
  let after: DueSeal | undefined;
  /** Shards that failed, which is logged once. */
  const failing = new Set<string>();

  async function readKept(shard: Shard, id: string): Promise<KeptBoard | undefined> {
    return parseKeptBoard((await stores.of(shard.region).hget(boardsKey(shard), id)) ?? "");
  }

  /** Tells a shard of the plan where it goes by another, and reads what it knows then. */
  async function tell(shard: Shard, { board, plan }: Planned, now: number): Promise<KeptBoard | undefined> {
    const kept = await readKept(shard, board.id);
    if (kept !== undefined && kept.rev > Number(board.version)) return kept;
    if (kept?.rev === Number(board.version) && goesBy(kept, plan, now)) return kept;
    await putBoards(stores.of(shard.region), shard, [{ ...toRevision(board, false), plan }]);
    return await readKept(shard, board.id);
  }

  /** @returns whether the season that runs on the shard ends after `now` */
  async function sealOn(shard: Shard, planned: Planned, now: number): Promise<boolean> {
    for (let runs = 0; runs < RUNS_MAX; runs++) {
      signal.throwIfAborted();
      const { state, seasons } = (await tell(shard, planned, now)) ?? {};
      if (seasons === undefined || state === "deleting") return state === "deleting";
      if (seasons.ends[0] > now) return true;
      const season = { id: planned.board.id, season: seasons.season };
      const sealed = await sealSeason(stores.of(shard.region), shard, season, topology);
      if (sealed !== "sealed" && sealed !== "other") return false;
    }
    return false;
  }

  /** @returns the ids of the boards that are not sealed there */
  async function sealPageOn(shard: Shard, page: readonly Planned[], now: number): Promise<string[]> {
    try {
      await requireOpen(stores, [shard]);
      const left: string[] = [];
      for (let from = 0; from < page.length; from += AT_ONCE) {
        const some = page.slice(from, from + AT_ONCE);
        const done = await Promise.all(some.map((planned) => sealOn(shard, planned, now)));
        left.push(...some.flatMap(({ board }, n) => (done[n] === true ? [] : [board.id])));
      }
      failing.delete(shard.tag);
      return left;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!failing.has(shard.tag)) log.warn({ shard: shard.tag, err: error }, "seasons are not ended on a shard");
      failing.add(shard.tag);
      return page.map(({ board }) => board.id);
    }
  }

  async function readPlanned(due: readonly DueSeal[]): Promise<Map<string, Planned>> {
    const ids = due.map(({ id }) => id);
    const [boards, plans] = await Promise.all([settings.readThese("boards", ids), settings.readThese("seasons", ids)]);
    const planned = ids.flatMap((id, n): [string, Planned][] => {
      const [board, plan] = [boards[n], toKeptPlan(plans[n])];
      return board?.value?.state === "open" && plan !== undefined ? [[id, { board, plan }]] : [];
    });
    return new Map(planned);
  }

  /**
   * Withdraws the ends of seasons that operators' rankers have announced, and not decided in their
   * time: they were killed. @returns the boards of which an end is undecided
   */
  async function withdrawEnds(planned: Iterable<Planned>, now: number): Promise<Set<string>> {
    const undecided = new Set<string>();
    for (const { board, plan } of planned) {
      if (plan.ending === undefined) continue;
      if (now - plan.version > ENDING_MAX_US) await settings.put("seasons", board.id, withdrawal(plan));
      undecided.add(board.id);
    }
    return undecided;
  }

  async function sealPage(due: readonly DueSeal[], now: number, sealed: SealedBoards): Promise<void> {
    const planned = await readPlanned(due);
    const undecided = await withdrawEnds(planned.values(), now);
    const page = [...planned.values()].filter(({ board }) => !undecided.has(board.id));
    const left = new Set((await Promise.all(topology.shards.map((shard) => sealPageOn(shard, page, now)))).flat());
    for (const seal of due) {
      if (left.has(seal.id) || undecided.has(seal.id)) {
        sealed.oldest = Math.min(seal.sealAt, sealed.oldest ?? seal.sealAt);
        continue;
      }
      // A board that is gone has no end. The drainer looks at a later plan when it comes.
      const next = planned.get(seal.id)?.plan.at.find((us, index) => index > 0 && us > now);
      await noteSealed(databases.home, seal, next ?? null);
      if (planned.has(seal.id)) sealed.sealed++;
    }
  }

  return async () => {
    const now = await readTime(stores.home);
    const sealed: SealedBoards = { sealed: 0, oldest: undefined };
    for (let pages = 0; pages < LOOK_PAGES; pages++) {
      const due = await readDueSeals(databases.home, now, after);
      await sealPage(due, now, sealed);
      after = due.length < SEALS_PAGE ? undefined : due.at(-1);
      if (after === undefined) break;
    }
    return sealed;
  };
}
