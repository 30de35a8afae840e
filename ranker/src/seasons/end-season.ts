import { setTimeout as delay } from "node:timers/promises";
import { Problem, type ProblemCode } from "shared/api/problems";
import type { Board } from "shared/model/board";
import type { Shard, Topology } from "shared/model/regions";
import { boardKey, clockKey } from "shared/redis/keys";
import { type Redis, readTime } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import type { Confirm } from "shared/redis/replica-wait";
import { type KeptPlan, type RunningSeason, toPlanValue, withdrawal, withEnd } from "shared/seasons/plan";
import { toRankingName } from "shared/seasons/ranking-name";
import type { SettingChange, Settings } from "shared/settings/settings";
import { StaleBoard } from "../boards/shard-entry.ts";
import type { Definitions } from "../definitions/definitions.ts";
import type { SeasonPlans } from "../definitions/season-plans.ts";
import type { TellShards } from "../definitions/tell-shards.ts";
import { type Ending, fenceSeason } from "./fence-season.ts";
import { type RunningSeasons, seasonUnknown } from "./running-seasons.ts";

/** A season that an operator has ended. */
export interface EndedByHand extends RunningSeason {
  board: string;
  /** Ranked entries at the end; null where a shard did not tell in time. */
  total: number | null;
}

/**
 * Ends the season of a board that runs now, on all shards at one instant, which is a moment ahead:
 *
 *     announce  the plan says that the season is being ended: from then on the next version of the
 *               plan decides, and its writer decides for all
 *     fence     each shard confirms that nothing at or behind the instant is of the season
 *     commit    the next version of the plan has the instant as the end of the season
 *     tell      the shards go by that plan; one that was missed asks for it
 *
 * A shard that does not confirm, and a ranker that is killed, end nothing: a plan without the
 * instant takes the place of the announced one, and lifts the fences. A shard that meets its fence
 * asks for the plan, and withdraws what is a second old; so does the drainer.
 *
 * @param expect the number of the season
 * @throws Problem `board_not_found`; `season_not_found` for a board without seasons; `season_ended`
 *   where another season runs; `board_not_started`; `season_not_ended`, `season_unknown`,
 *   `queue_full`: nothing was ended; `outcome_unknown`: the season may have ended
 */
export type EndSeason = (id: string, expect: number) => Promise<EndedByHand>;

export interface EndSeasonOptions {
  topology: Topology;
  /** Redis for writes. */
  redisOf: (region: string) => Redis;
  /** Confirms a fence by a replica. */
  confirm?: Confirm | undefined;
  /**
   * The first takes no change where the accounts' queue is full; the other completes what it began.
   */
  settings: Pick<Settings, "put">;
  unbounded: Pick<Settings, "put">;
  definitions: Pick<Definitions, "reload" | "catchUp">;
  plans: Pick<SeasonPlans, "read" | "decided">;
  seasons: Pick<RunningSeasons, "rollOverOn">;
  tellShards: TellShards;
}

/** The instant is so far ahead: shards are fenced before it comes, so that no write waits. */
const LEAD_US = 150_000;
/** Where a shard was not fenced in that time. */
const LEAD_MAX_US = 2 * LEAD_US;
/** Within a client's second. The last try begins before. */
const TRY_WITHIN_MS = 400;
/** A season that ends by itself is waited for, where the clock of a shard is not further behind. */
const SKEW_MAX_US = 250_000;
/** The fences of other shards are lifted meanwhile; one that is away asks when it is back. */
const LIFT_WAIT_MS = 50;

const wait = (us: number) => delay(Math.max(0, Math.ceil(us / 1000)));

/** What the shards say of the season that runs. */
interface Looked {
  running: RunningSeason;
  /** The latest version or time of a shard, and the earliest, microseconds. */
  latest: number;
  earliest: number;
}

export function createEndSeason(options: EndSeasonOptions): EndSeason {
  const { topology, redisOf, confirm, settings, unbounded, definitions, plans, seasons, tellShards } = options;
  const { shards } = topology;

  async function readClock(shard: Shard): Promise<number> {
    const redis = redisOf(shard.region);
    const [now, last] = await Promise.all([readTime(redis), redis.get(clockKey(shard))]);
    return Math.max(now, Number(last ?? 0));
  }

  /** Ends what is over by itself on all shards, and finds the season that runs by now. */
  async function look(board: Board, plan: KeptPlan): Promise<Looked> {
    await tellShards({ ...board, plan });
    const found = await Promise.all(shards.map((shard) => seasons.rollOverOn(board, shard)));
    const clocks = await failAs("read", Promise.all(shards.map(readClock)));
    const running = found.reduce((latest, each) => (each.season > latest.season ? each : latest));
    return { running, latest: Math.max(...clocks), earliest: Math.min(...clocks) };
  }

  const put = (to: Pick<Settings, "put">, id: string, change: SettingChange) => to.put("seasons", id, change);

  /** Tells the shards the present plan, which lifts their fences. */
  async function lift(board: Board): Promise<void> {
    const told = plans.read([board]).then((read) => tellShards({ ...board, plan: read.get(board.id) }));
    await Promise.race([told.catch(() => {}), delay(LIFT_WAIT_MS)]);
  }

  /** The season goes on, unless another has decided meanwhile. */
  async function withdraw(board: Board, plan: KeptPlan, version: string): Promise<void> {
    await put(unbounded, board.id, withdrawal({ ...plan, version: Number(version) }));
    await lift(board);
  }

  const fenceAll = async (ending: Ending): Promise<boolean> => {
    const fenced = await Promise.all(
      shards.map((shard) => fenceSeason(redisOf(shard.region), topology, { ...ending, shard }, confirm)),
    );
    return fenced.every((outcome) => outcome === "fenced");
  };

  /** Whether the plan has the instant, once a reply was lost. @throws EndUnknown */
  async function isCommitted(board: Board, { season, at, version }: Ending, plan: KeptPlan): Promise<boolean> {
    try {
      // A commit that is still on its way finds another version.
      await withdraw(board, plan, String(version));
      const present = (await plans.read([board])).get(board.id);
      return present?.at[season - present.first + 1] === at;
    } catch (cause) {
      const detail = `Season ${season} of board ${board.id} may have ended; read the board.`;
      throw new EndUnknown("outcome_unknown", detail, { cause });
    }
  }

  /** One try. @returns the plan that has the end; undefined where nothing was ended */
  async function tryToEnd(board: Board, plan: KeptPlan, season: number, at: number): Promise<KeptPlan | undefined> {
    const { id } = board;
    const announced = toPlanValue({ ...plan, ending: season });
    const version = await put(settings, id, { value: announced, replaces: String(plan.version) });
    if (version === undefined) return undefined;
    const ending = { board: id, season, at, version: Number(version) };
    const isFenced = await fenceAll(ending).catch(async (error: unknown) => {
      await withdraw(board, plan, version).catch(() => {});
      throw error;
    });
    if (!isFenced) {
      await withdraw(board, plan, version);
      return undefined;
    }
    const ended = withEnd(plan, season, at);
    try {
      const committed = await put(unbounded, id, { value: toPlanValue(ended), replaces: version });
      if (committed !== undefined) return { ...ended, version: Number(committed) };
      await lift(board);
      return undefined;
    } catch (error) {
      if (!(await isCommitted(board, ending, plan))) throw error;
      return (await plans.read([board])).get(id);
    }
  }

  /**
   * Ends the season on all shards, also on one whose clock is behind, and counts. The plan decides
   * without it.
   */
  async function settle(board: Board, season: number, endsAt: number): Promise<number | null> {
    const counts = await Promise.allSettled(
      shards.map(async (shard) => {
        await seasons.rollOverOn(board, shard, endsAt);
        return await redisOf(shard.region).zcard(boardKey(shard, toRankingName(board.id, season)));
      }),
    );
    const known = counts.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    return known.length < counts.length ? null : known.reduce((sum, count) => sum + count, 0);
  }

  /** One look, and one try where the season is the one that runs. */
  async function endOnce(board: Board, expect: number, lead: number): Promise<EndedByHand | undefined> {
    const plan = await plans.decided(board);
    if (plan === undefined) throw seasonUnknown(board.id);
    if (plan.ending !== undefined) return undefined;
    const { running, latest, earliest } = await look(board, plan);
    const { season, startsAt, endsAt } = running;
    if (season !== expect) throw seasonEnded(board.id, season);
    if (latest < startsAt) throw new Problem("board_not_started", `Board ${board.id} has not begun.`);
    const at = latest + lead;
    if (at >= endsAt || at <= startsAt) {
      // It ends by itself: a moment later another one runs.
      await wait(Math.min(endsAt - earliest, lead + SKEW_MAX_US) + 1_000);
      return undefined;
    }
    const ended = await tryToEnd(board, plan, season, at);
    if (ended === undefined) return undefined;
    const told = tellShards({ ...board, plan: ended }).catch(() => {});
    await Promise.all([Promise.race([told, delay(LIFT_WAIT_MS)]), wait(lead)]);
    return { board: board.id, season, startsAt, endsAt: at, total: await settle(board, season, at) };
  }

  return async (id, expect) => {
    const board = await definitions.reload(id);
    if (!board.has_seasons) throw new Problem("season_not_found", `Board ${id} has no seasons.`);
    const lateAt = performance.now() + TRY_WITHIN_MS;
    for (let lead = LEAD_US; ; lead = LEAD_MAX_US) {
      try {
        const ended = await endOnce(board, expect, lead);
        if (ended !== undefined) return ended;
      } catch (error) {
        if (!isPassing(error)) throw error;
        throw seasonNotEnded(id, error);
      }
      if (performance.now() > lateAt) throw seasonNotEnded(id);
    }
  };
}

/** The season may have ended, or may still end. */
class EndUnknown extends Problem {}

/** Whether a store did not answer, or not as it had to, and nothing was ended. */
function isPassing(error: unknown): boolean {
  if (error instanceof StaleBoard) return true;
  return error instanceof Problem && !(error instanceof EndUnknown) && PASSING.has(error.code);
}
const PASSING = new Set<ProblemCode>(["unavailable", "region_unavailable", "outcome_unknown"]);

const seasonEnded = (id: string, season: number) =>
  new Problem("season_ended", `Season ${season} of board ${id} runs, and not the one that was to end.`, {
    members: { season },
  });

const seasonNotEnded = (id: string, cause?: unknown) =>
  new Problem("season_not_ended", `Not all regions confirmed the end of the season of board ${id}: it goes on.`, {
    cause,
  });
