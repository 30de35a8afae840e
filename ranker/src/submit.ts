import type { Entry } from "shared/answers";
import { clockKey, entryKeys, erasedKey, onceKey, queueKey, splitKey, visibilityKey } from "shared/keys";
import { accountGone, Problem } from "shared/problems";
import { defineScript, type Redis, toRedisProblem } from "shared/redis";
import { shardOf, shardsOfView, type Topology } from "shared/regions";
import type { Confirm } from "shared/replica-wait";
import { toIsoTime } from "shared/times";
import type { Identity } from "shared/tokens";
import type { Boards } from "./boards.ts";
import sealSource from "./seal-answer.lua" with { type: "text" };
import submitSource from "./submit.lua" with { type: "text" };
import { entriesMoved } from "./window.ts";

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
 *   `invalid_token` for an account that was erased, `unavailable`: nothing was changed; `outcome_unknown`: the write may
 *   stand
 */
export type Submit = (identity: Identity, submission: Submission) => Promise<Submitted>;

export interface SubmitOptions {
  topology: Topology;
  redisOf: (region: string) => Redis;
  /** What a write, or the answer that was kept for it, waits for; nothing unless it is given. */
  confirm?: Confirm | undefined;
  boards: Boards;
  /** Events a shard's queue may hold before writes are refused. */
  queueMax: number;
  /** Called for each answer that was kept for an idempotency key. */
  onReplay?: () => void;
  /** The `traceparent` that an event carries to the drainer. */
  traceparent?: (() => string | undefined) | undefined;
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

type Outcome =
  | "ok"
  | "entry_exists"
  | "score_out_of_range"
  | "idempotency_conflict"
  | "queue_full"
  | "moved"
  | "erased";
type RawAnswer = [
  replayed: "0" | "1",
  outcome: Outcome,
  score: string,
  updatedAt: string,
  member: string,
  rank: string,
  isFinal: "0" | "1",
];

const CHANGES_NOTHING = new Set<Outcome>(["queue_full", "idempotency_conflict", "moved", "erased"]);

const submitScript = defineScript({
  name: "submit",
  source: submitSource,
  parse: (reply) => String(reply).split(" ") as RawAnswer,
  isRefusal: ([, outcome]) => CHANGES_NOTHING.has(outcome),
});
const sealScript = defineScript({ name: "seal-answer", source: sealSource, parse: Number });

const refusals = {
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  score_out_of_range: "The sum would leave the range from -9007199254740991 to 9007199254740991.",
  idempotency_conflict: "This Idempotency-Key was used for another request within the last 24 hours.",
  queue_full: "Too many writes wait for the durable store. Try again shortly.",
} as const satisfies Record<Exclude<Outcome, "ok" | "moved" | "erased">, string>;

/** What `submit.lua` is called with. */
export interface SubmitCall {
  keys: string[];
  args: (string | number)[];
}

/** Keys and arguments of `submit.lua` for one submission. */
export function toSubmitCall(
  { topology, queueMax }: Pick<SubmitOptions, "topology" | "queueMax">,
  { userId, name, region, account = "" }: Identity,
  { operation, board, value, idempotencyKey }: Submission,
  traceparent?: string,
): SubmitCall {
  const shard = shardOf(topology, region, userId);
  const keys = [queueKey(shard), clockKey(shard), ...entryKeys(shard, board)];
  keys.push(splitKey(shard.tag), erasedKey(shard, userId), visibilityKey(shard));
  const eventTail = JSON.stringify({ board, user_id: userId, name, region, traceparent }).slice(1);
  const isWholeView = shardsOfView(topology, region).length === 1;
  const args = [operation, userId, value, queueMax, eventTail, name, isWholeView ? 1 : 0, topology.partitions, account];
  if (idempotencyKey !== undefined) {
    keys.push(onceKey(shard, userId, idempotencyKey));
    args.push(`${operation}:${board}:${value}`, ONCE_TTL_SECONDS);
  }
  return { keys, args };
}

export function createSubmit(options: SubmitOptions): Submit {
  const { topology, redisOf, confirm, boards, onReplay, traceparent } = options;
  return async (identity, submission) => {
    const { userId, name, region } = identity;
    const { board, idempotencyKey } = submission;
    const shard = shardOf(topology, region, userId);
    const redis = redisOf(region);
    const once = idempotencyKey === undefined ? undefined : onceKey(shard, userId, idempotencyKey);
    const { keys, args } = toSubmitCall(options, identity, submission, traceparent?.());
    const [replayed, outcome, score, updatedAt, member, shardRank, isFinal] = await submitScript(
      redis,
      keys,
      args,
      confirm,
    ).catch((error: unknown) => {
      throw toRedisProblem(error, "write");
    });
    const isReplay = replayed === "1";
    if (outcome === "moved") throw entriesMoved(region);
    if (outcome === "erased") throw accountGone();
    if (isReplay) onReplay?.();
    if (outcome !== "ok") throw new Problem(outcome, refusals[outcome]);

    const position = { score: Number(score), member };
    // Rank 0 was kept by nobody who knew it, or is that of a player who is hidden.
    const rank = isFinal === "1" ? Number(shardRank) || null : await rankOverView(position, Number(shardRank));
    return {
      entry: { rank, user_id: userId, name, region, score: position.score, updated_at: toIsoTime(Number(updatedAt)) },
      isReplay,
    };

    /** The write stands by now: a rank that cannot be read is null, never an error. */
    async function rankOverView(at: { score: number; member: string }, rankOnShard: number): Promise<number | null> {
      try {
        const before = await boards.countBefore(region, board, at, shard);
        const total = rankOnShard + before;
        return once === undefined ? total : await sealScript(redis, [once], [total], confirm);
      } catch {
        return null;
      }
    }
  };
}
