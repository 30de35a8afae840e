import { askTogether } from "shared/base/ask-together";
import type { Shard, Topology } from "shared/model/regions";
import { refusedByRedis } from "shared/redis/connection";
import type { Redis } from "shared/redis/redis";
import { toRedisProblem } from "shared/redis/redis-problem";
import type { Confirm } from "shared/redis/replica-wait";
import { type BoardOnShard, createBoardOnShard } from "../boards/board-on-shard.ts";
import type { FenceWatch } from "./fence-watch.ts";
import {
  type Outcome,
  type RefusedWrite,
  type SubmitAnswer,
  type SubmitCall,
  submitScript,
  toSharedCall,
} from "./submit-call.ts";

/** What the ranker needs to write scores. */
export interface WriterOptions {
  topology: Topology;
  redisOf: (region: string) => Redis;
  fences: FenceWatch;
  /** Confirms writes, and answers that were kept for them, by a replica. */
  confirm?: Confirm | undefined;
  /** Events that a shard's queue may hold before writes are refused. */
  queueMax: number;
  /** The `traceparent` of the present request. */
  traceparent?: (() => string | undefined) | undefined;
}

/**
 * Writes one score. Resolves when `confirm` is satisfied.
 *
 * @throws Problem of `toRedisProblem`
 */
export type Write = (shard: Shard, board: string, call: SubmitCall) => Promise<SubmitAnswer>;

// Redis serves no other call meanwhile, some 20 µs for each write.
const WRITES_MAX = 64;

const CHANGES_NOTHING = new Set<Outcome>(["queue_full", "idempotency_conflict", "moved", "closed", "erased"]);

const isRefused = (answer: SubmitAnswer | RefusedWrite): answer is RefusedWrite => answer[0] === "!";

interface Answered {
  answer: SubmitAnswer | RefusedWrite;
  /** Resolves when the call is confirmed. All writes of a call share the question. */
  confirmed: () => Promise<void>;
}

/**
 * Sends the writes of one turn of the event loop together, in one call for each board of a shard:
 * of what a call costs, the write itself is the smaller part. Each write has its own answer, and
 * fails with others only where the call fails.
 */
export function createWrite(options: WriterOptions): Write {
  const { redisOf, confirm, fences, traceparent } = options;
  const onShard = createBoardOnShard();
  // A span belongs to one request: with tracing each write is a call of its own.
  const writesMax = traceparent === undefined ? WRITES_MAX : 1;
  const write = askTogether<BoardOnShard, SubmitCall, Answered>(writesMax, async ({ shard, board }, calls) => {
    const { keys, args } = toSharedCall(options, shard, board);
    for (const call of calls) {
      keys.push(...call.keys);
      args.push(...call.args);
    }
    const { confirmed, start } = confirmLater(confirm);
    const redis = redisOf(shard.region);
    const answers = await submitScript(redis, keys, args, start);
    reportToFences(fences, redis, shard.tag, answers);
    return answers.map((answer) => ({ answer, confirmed }));
  });
  return async (shard, board, call) => {
    const { answer, confirmed } = await write(onShard(shard, board), call);
    if (isRefused(answer)) throw toRedisProblem(refusedByRedis(answer.slice(1).join(" ")), "write");
    // A write that changed nothing has nothing to lose.
    if (!CHANGES_NOTHING.has(answer[1])) await confirmed();
    return answer;
  };
}

/** Replayed answers are left out: they were given at another time, and perhaps by another store. */
function reportToFences(
  fences: FenceWatch,
  redis: Redis,
  tag: string,
  answers: readonly (SubmitAnswer | RefusedWrite)[],
): void {
  const versions: number[] = [];
  let isClosed = false;
  for (const answer of answers) {
    if (answer[1] === "closed") isClosed = true;
    else if (answer[0] === "0" && answer[1] === "ok") versions.push(Number(answer[3]));
  }
  if (versions.length > 0) fences.onWritten(redis, tag, versions);
  if (isClosed) fences.onClosed(redis, tag);
}

/** Splits a confirmation: the script starts it, and the writes that need it wait for it. */
function confirmLater(confirm: Confirm | undefined): { confirmed: () => Promise<void>; start?: Confirm } {
  if (confirm === undefined) return { confirmed: async () => {} };
  let ask = async () => {};
  let asked: Promise<void> | undefined;
  return {
    confirmed: () => (asked ??= ask()),
    start(server) {
      const confirmation = confirm(server);
      return async () => {
        ask = confirmation;
      };
    },
  };
}
