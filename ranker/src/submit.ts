import {
  arrivalsKey,
  boardKey,
  clockKey,
  erasedKey,
  MAIN_BOARD,
  onceKey,
  profileKey,
  queueKey,
  updatedAtField,
} from "shared/keys";
import { accountGone, Problem } from "shared/problems";
import { defineScript, type Redis, toRedisProblem } from "shared/redis";
import { shardOf, shardsOfView, type Topology } from "shared/regions";
import type { Entry } from "shared/scores";
import { toIsoTime } from "shared/times";
import type { Identity } from "shared/tokens";
import type { Boards } from "./boards.ts";
import sealSource from "./seal-answer.lua" with { type: "text" };
import submitSource from "./submit.lua" with { type: "text" };

export interface Submission {
  operation: "set" | "add" | "create";
  board: string;
  /** The score, or for `add` the delta. */
  value: number;
  idempotencyKey?: string | undefined;
}

export interface Submitted {
  entry: Entry;
  /** True when this is the answer to an earlier request with the same idempotency key. */
  isReplay: boolean;
}

/**
 * Writes one score of one player.
 *
 * @throws Problem `entry_exists`, `score_out_of_range`, `idempotency_conflict`, `queue_full`: nothing was changed;
 *   `invalid_token` for an account that was erased, `unavailable`: nothing was changed; `outcome_unknown`: the write may stand
 */
export type Submit = (identity: Identity, submission: Submission) => Promise<Submitted>;

export interface SubmitOptions {
  topology: Topology;
  redisOf: (region: string) => Redis;
  boards: Boards;
  /** Events a shard's queue may hold before writes are refused. */
  queueMax: number;
}

/**
 * Whether a player's queue takes another event now. The script decides at the write itself; this is for whoever has
 * something else to do first that should not be done in vain.
 *
 * @throws Problem `unavailable`
 */
export type HasRoom = (region: string, userId: string) => Promise<boolean>;

export function createHasRoom({ topology, redisOf, queueMax }: Omit<SubmitOptions, "boards">): HasRoom {
  return async (region, userId) => {
    const queued = redisOf(region).llen(queueKey(shardOf(topology, region, userId)));
    const length = await queued.catch((error: unknown) => {
      throw toRedisProblem(error, "read");
    });
    return length < queueMax;
  };
}

const ONCE_TTL_SECONDS = 24 * 3600;

type Outcome = "ok" | "entry_exists" | "score_out_of_range" | "idempotency_conflict" | "queue_full" | "erased";
type RawAnswer = [
  outcome: Outcome,
  replayed: number,
  score: string,
  updatedAt: string,
  member: string,
  rank: number | string,
  sealed: number | string,
];

const submitScript = defineScript({ source: submitSource, parse: (reply) => reply as RawAnswer });
const sealScript = defineScript({ source: sealSource, parse: Number });

const refusals = {
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  score_out_of_range: "The sum would leave the range from -9007199254740991 to 9007199254740991.",
  idempotency_conflict: "This Idempotency-Key was used for another request within the last 24 hours.",
  queue_full: "Too many writes wait for the durable store. Try again shortly.",
} as const satisfies Record<Exclude<Outcome, "ok" | "erased">, string>;

export function createSubmit({ topology, redisOf, boards, queueMax }: SubmitOptions): Submit {
  return async (identity, submission) => {
    const { userId, name, region, account = "" } = identity;
    const { operation, board, value, idempotencyKey } = submission;
    const shard = shardOf(topology, region, userId);
    const redis = redisOf(region);
    const once = idempotencyKey === undefined ? undefined : onceKey(shard, userId, idempotencyKey);

    const keys = [queueKey(shard), clockKey(shard), boardKey(shard, board), arrivalsKey(shard, board)];
    keys.push(profileKey(shard, userId), erasedKey(shard, userId), ...(once === undefined ? [] : [once]));
    const eventTail = JSON.stringify({ board, user_id: userId, name, region }).slice(1);
    const fingerprint = `${operation}:${board}:${value}`;
    const isWholeView = shardsOfView(topology, region).length === 1;
    const [outcome, replayed, score, updatedAt, member, shardRank, sealed] = await submitScript(redis, keys, [
      ...[operation, userId, value, queueMax, eventTail, updatedAtField(board)],
      ...[
        board === MAIN_BOARD ? "score" : "",
        name,
        region,
        fingerprint,
        ONCE_TTL_SECONDS,
        isWholeView ? 1 : 0,
        account,
      ],
    ]).catch((error: unknown) => {
      throw toRedisProblem(error, "write");
    });
    if (outcome === "erased") throw accountGone();
    if (outcome !== "ok") throw new Problem(outcome, refusals[outcome]);

    const position = { score: Number(score), member };
    const rank = Number(sealed) === 1 ? Number(shardRank) : await rankOverView(position, Number(shardRank));
    return {
      entry: { rank, user_id: userId, name, region, score: position.score, updated_at: toIsoTime(Number(updatedAt)) },
      isReplay: replayed === 1,
    };

    /** The write stands by now: a rank that cannot be read is null, never an error. */
    async function rankOverView(at: { score: number; member: string }, rankOnShard: number): Promise<number | null> {
      try {
        const before = await boards.countBefore(region, board, at, shard);
        const total = rankOnShard + before;
        return once === undefined ? total : await sealScript(redis, [once], [total]);
      } catch {
        return null;
      }
    }
  };
}
