import { LRUCache } from "lru-cache";
import { Problem } from "shared/api/problems";
import { parseKeptBoard } from "shared/boards/kept-board";
import { putBoards } from "shared/boards/put-boards";
import type { Board } from "shared/model/board";
import type { Shard, Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import type { RunningSeason } from "shared/seasons/plan";
import { entriesAway, StaleBoard } from "../boards/shard-entry.ts";
import { NO_PLANS, type SeasonPlans } from "../definitions/season-plans.ts";
import { rollOver } from "./roll-over.ts";

/**
 * The seasons that run, as this ranker knows them. The shards decide, each by the time of its
 * Redis: a ranker that is behind is told so by a script that has done nothing.
 */
export interface RunningSeasons {
  /** The number of the season to try first; 0 on a board without seasons. */
  guess(board: Board): number;
  /** Takes the number that a shard has named. */
  learn(board: Board, number: number): void;
  /**
   * The latest season that runs on some shards, at most a second old.
   *
   * @throws Problem `season_unknown`, `unavailable`; StaleBoard
   */
  find(board: Board, shards: readonly Shard[]): Promise<RunningSeason>;
  /**
   * The same as of this moment, for what the shards do not correct: a read of the season before the
   * one that runs would be of another season for a second after an operator has ended one.
   */
  findNow(board: Board, shards: readonly Shard[]): Promise<RunningSeason>;
  /**
   * Ends the seasons that are over on these shards, and finds the latest that runs. A shard that is
   * away is left out, unless all are. @throws the same
   */
  rollOver(board: Board, shards: readonly Shard[]): Promise<RunningSeason>;
  /**
   * The same on one shard.
   *
   * @param least an end (µs) that holds although the shard's clock is behind it
   * @throws the same
   */
  rollOverOn(board: Board, shard: Shard, least?: number): Promise<RunningSeason>;
  /**
   * The times of a season that has ended; undefined once it may be archived.
   *
   * @throws Problem `unavailable`
   */
  findEnded(board: Board, season: number): Promise<RunningSeason | undefined>;
  /**
   * Tells a shard the revision of the board, and the plan of its seasons.
   *
   * @returns whether that was news to the shard
   * @throws Problem `season_unknown` where there is no plan; `unavailable`
   */
  tell(board: Board, shard: Shard): Promise<boolean>;
}

export interface RunningSeasonsOptions {
  topology: Topology;
  /** Redis for writes. */
  redisOf: (region: string) => Redis;
  /** Of the home store; none unless given. */
  plans?: Pick<SeasonPlans, "read" | "decided">;
}

const BOARDS_MAX = 20_000;
// An answer names the end of its season, which another schedule may move.
const FRESH_MS = 1_000;
// Each call ends 31 seasons that were missed.
const CALLS_MAX = 20;
/** A shard may have been told by another ranker just before; then the plan has no further end. */
export const VAIN_MAX = 2;

export function createRunningSeasons({ topology, redisOf, plans = NO_PLANS }: RunningSeasonsOptions): RunningSeasons {
  const numbers = new LRUCache<string, number>({ max: BOARDS_MAX });
  const fresh = new LRUCache<string, RunningSeason>({ max: BOARDS_MAX, ttl: FRESH_MS, ttlResolution: 0 });
  const seen = new LRUCache<string, RunningSeason>({ max: BOARDS_MAX });
  const asking = new Map<string, Promise<RunningSeason>>();
  const nameOf = ({ id, rev }: Board) => `${id} ${rev}`;

  async function tell(board: Board, shard: Shard): Promise<boolean> {
    const plan = board.has_seasons ? await plans.decided(board) : undefined;
    if (plan === undefined && board.has_seasons) throw seasonUnknown(board.id);
    return (await failAs("read", putBoards(redisOf(shard.region), shard, [{ ...board, plan }]))) > 0;
  }

  async function rollOverOn(board: Board, shard: Shard, least = 0): Promise<RunningSeason> {
    const { region } = shard;
    let season = numbers.get(nameOf(board)) ?? 1;
    for (let calls = 1, vain = 0; calls <= CALLS_MAX && vain < VAIN_MAX; calls++) {
      const reply = await rollOver(redisOf(region), topology, { shard, board, season, least });
      if (reply === "away") throw entriesAway(region);
      if (reply === "stale") throw new StaleBoard();
      if (reply === "unplanned" && !(await tell(board, shard))) vain++;
      const [, other] = /^other (\d+)$/.exec(reply) ?? [];
      if (other !== undefined) season = Number(other);
      const found = parseKeptBoard(reply)?.seasons;
      if (found !== undefined) return { season: found.season, startsAt: found.startsAt, endsAt: found.ends[0] };
    }
    throw seasonUnknown(board.id);
  }

  async function rollOverAll(board: Board, shards: readonly Shard[]): Promise<RunningSeason> {
    const asked = await Promise.allSettled(shards.map((shard) => rollOverOn(board, shard)));
    const found = asked.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    const failures = asked.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    const [latest] = found.toSorted((a, b) => b.season - a.season);
    const failure = failures.find((each) => !isAway(each)) ?? (latest === undefined ? failures[0] : undefined);
    if (failure !== undefined || latest === undefined) throw failure;
    // Of two shards whose clocks differ, one is in the next season before the other. Readers of the
    // other go on with that season, too: they would see the end twice.
    const known = seen.get(nameOf(board));
    if (known !== undefined && known.season > latest.season) {
      fresh.set(nameOf(board), known);
      return known;
    }
    seen.set(nameOf(board), latest);
    numbers.set(nameOf(board), latest.season);
    fresh.set(nameOf(board), latest);
    return latest;
  }

  return {
    guess: (board) => (board.has_seasons ? (numbers.get(nameOf(board)) ?? 1) : 0),
    learn: (board, number) => void numbers.set(nameOf(board), number),
    tell,
    rollOver: rollOverAll,
    rollOverOn,

    async findEnded(board, season) {
      const plan = (await plans.read([board])).get(board.id);
      const index = plan === undefined ? -1 : season - plan.first;
      const [startsAt, endsAt] = [plan?.at[index], plan?.at[index + 1]];
      return startsAt === undefined || endsAt === undefined ? undefined : { season, startsAt, endsAt };
    },

    async find(board, shards) {
      const name = nameOf(board);
      const known = fresh.get(name);
      if (known !== undefined) return known;
      const begun = asking.get(name);
      if (begun !== undefined) return begun;
      const asked = rollOverAll(board, oneOfEach(shards)).finally(() => asking.delete(name));
      asking.set(name, asked);
      return asked;
    },

    findNow: (board, shards) => rollOverAll(board, oneOfEach(shards)),
  };
}

/** A shard of each region. */
const oneOfEach = (shards: readonly Shard[]) => [...new Map(shards.map((shard) => [shard.region, shard])).values()];

const isAway = (error: unknown) => error instanceof Problem && error.code === "unavailable";

export const seasonUnknown = (id: string) =>
  new Problem("season_unknown", `The season of board ${id} is not planned yet. Nothing was changed; try again.`);
