import { askTogether } from "shared/base/gather-turn";
import { nameOfBoard, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { toRedisProblem } from "shared/redis/redis-problem";
import type { Confirm } from "shared/redis/replica-wait";
import { refusedByRedis } from "shared/redis/reply-error";
import type { FenceWatch } from "./fence-watch.ts";
import type { Outcome, RefusedWrite, SubmitAnswer } from "./submit-answer.ts";
import { type SubmitCall, submitScript, toSharedCall, type WrittenBoard } from "./submit-script.ts";

/** Redis serves no other call meanwhile, some 20 µs for each write. */
export const WRITES_MAX = 64;

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

const CHANGES_NOTHING = new Set<Outcome>([
  "queue_full",
  "idempotency_conflict",
  "moved",
  "closed",
  "erased",
  "unknown",
  "stale",
  "none",
  "season",
  "unplanned",
  "board_not_started",
]);

/**
 * Writes one score. Resolves when `confirm` is satisfied.
 *
 * @throws Problem of `toRedisProblem`
 */
export type Write = (place: WrittenBoard, call: SubmitCall) => Promise<SubmitAnswer>;

interface Answered {
  answer: SubmitAnswer | RefusedWrite;
  /** Resolves when the call is confirmed. All writes of a call share one `WAIT`. */
  confirmed: () => Promise<void>;
}

/**
 * Sends the writes of one turn of the event loop together, in one call for each board of a shard:
 * of what a call costs, the write itself is the smaller part. Each write has its own answer, and
 * fails with others only where the call fails. A run has calls of its own.
 */
export function createWrite(options: WriterOptions): Write {
  const { redisOf, confirm, fences, traceparent } = options;

  async function send(place: WrittenBoard, calls: readonly SubmitCall[]): Promise<Answered[]> {
    const { shard } = place;
    const { keys, args } = toSharedCall(options, place);
    for (const call of calls) {
      keys.push(...call.keys);
      args.push(...call.args);
    }
    const { confirmed, start } = confirmLater(confirm);
    const redis = redisOf(shard.region);
    const answers = await submitScript(redis, keys, args, start);
    reportToFences(fences, redis, shard.tag, answers);
    return answers.map((answer) => ({ answer, confirmed }));
  }

  // A span belongs to one request: with tracing each write is a call of its own.
  const questionsMax = traceparent === undefined ? WRITES_MAX : 1;
  const write = askTogether<WrittenBoard, SubmitCall, Answered>({ questionsMax, nameOf: nameOfBoard, send });
  // A run belongs to one request, and no write of it stands behind one that found the queue full.
  const writeOfRun = askTogether<WrittenBoard, SubmitCall, Answered>({
    questionsMax: WRITES_MAX,
    nameOf: (place) => `${nameOfBoard(place)} ${place.run}`,
    send,
  });
  return async (place, call) => {
    const { answer, confirmed } = await (place.run === undefined ? write : writeOfRun)(place, call);
    if ("error" in answer) throw toRedisProblem(refusedByRedis(answer.error), "write");
    // A write that changed nothing has nothing to lose.
    if (!CHANGES_NOTHING.has(answer.outcome)) await confirmed();
    return answer;
  };
}

/**
 * Replayed answers are left out: they were given at another time, and perhaps by another store. So
 * are those to writes that wrote nothing: their version is that of an earlier write.
 */
function reportToFences(
  fences: FenceWatch,
  redis: Redis,
  tag: string,
  answers: readonly (SubmitAnswer | RefusedWrite)[],
): void {
  const versions: number[] = [];
  let isClosed = false;
  for (const answer of answers) {
    if ("error" in answer) continue;
    if (answer.outcome === "closed") isClosed = true;
    else if (answer.outcome === "ok" && !answer.isReplay && answer.values[5] !== "none") {
      versions.push(Number(answer.values[1]));
    }
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
