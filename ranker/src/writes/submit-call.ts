import type { Identity } from "shared/auth/tokens";
import { scoreTail } from "shared/model/events";
import { type Shard, shardsOfView, type Topology } from "shared/model/regions";
import { refusedByRedis } from "shared/redis/connection";
import {
  answersKeys,
  clockKey,
  entryKeys,
  erasedKey,
  fenceKey,
  legacyAnswerKey,
  queueKey,
  splitKey,
  visibilityKey,
} from "shared/redis/keys";
import { defineScript, type Redis } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import { createGather, perBoard } from "../scripts/gather.ts";
import { withParts } from "../scripts/script-parts.ts";
import type { FenceWatch } from "./fence-watch.ts";
import submitSource from "./submit.lua" with { type: "text" };
import type { Submission } from "./submit.ts";

/** An answer is kept for so long at least, and for twice that at most. */
const KEPT_SECONDS = 24 * 3600;

/** What becomes of a write. */
export type Outcome =
  | "ok"
  | "entry_exists"
  | "score_out_of_range"
  | "idempotency_conflict"
  | "queue_full"
  | "moved"
  | "closed"
  | "erased";

/** What `submit.lua` answers to one write; only the first two unless it is done. */
type SubmitAnswer = [
  replayed: "0" | "1",
  outcome: Outcome,
  score: string,
  updatedAt: string,
  /** `-` where it follows from `updatedAt`. */
  arrival: string,
  rank: string,
  isFinal: "0" | "1",
];

/** What Redis said of a command of one write, of which nothing was done. */
type Refused = ["!", ...words: string[]];
const isRefused = (answer: SubmitAnswer | Refused): answer is Refused => answer[0] === "!";

const CHANGES_NOTHING = new Set<Outcome>(["queue_full", "idempotency_conflict", "moved", "closed", "erased"]);

/** What the script runs as. */
export const SUBMIT_SOURCE = withParts(submitSource, "is-open");

const submitScript = defineScript({
  name: "submit",
  source: SUBMIT_SOURCE,
  isFenced: true,
  parse: (reply) => (reply as string[]).map((text) => text.split(" ") as SubmitAnswer | Refused),
});

/** What `submit.lua` is called with for one write, and for several of the same board of a shard. */
export interface SubmitCall {
  keys: string[];
  args: (string | number)[];
}

/** The keys and arguments that all writes of a call share. */
export function toSharedCall(
  { topology, queueMax }: Pick<WriterOptions, "topology" | "queueMax">,
  shard: Shard,
  board: string,
): SubmitCall {
  const isWholeView = shardsOfView(topology, shard.region).length === 1;
  return {
    keys: [
      queueKey(shard),
      clockKey(shard),
      ...entryKeys(shard, board),
      splitKey(shard.tag),
      visibilityKey(shard),
      fenceKey(shard.tag),
    ],
    args: [queueMax, isWholeView ? 1 : 0, topology.partitions, KEPT_SECONDS],
  };
}

/** Those of one write. */
export function toWriteCall(
  shard: Shard,
  { userId, name, region, account = "" }: Identity,
  { operation, board, value, idempotencyKey }: Submission,
  traceparent?: string,
): SubmitCall {
  const eventTail = scoreTail({ board, user_id: userId, name, region, traceparent });
  const keys = [erasedKey(shard, userId)];
  const args = [operation, userId, value, eventTail, name, account];
  if (idempotencyKey === undefined) return { keys, args: [...args, "", ""] };
  keys.push(...answerKeys(shard, userId, idempotencyKey));
  return { keys, args: [...args, `${operation}:${board}:${value}`, toAnswerField(account, idempotencyKey)] };
}

/** Where the answer to a write may be kept: the hashes of today, and the key of release 0.1. */
export const answerKeys = (shard: Shard, userId: string, idempotencyKey: string): string[] => [
  ...answersKeys(shard, userId),
  legacyAnswerKey(shard, userId, idempotencyKey),
];

const FIELD_DIGITS = 22; // 131 bits in base64url

/**
 * The field of an answer: a digest, so that a long key costs no more than a short one. The account is part of it, so that
 * a later owner of the same id never meets the answers of an earlier one.
 */
export const toAnswerField = (account: string, idempotencyKey: string): string =>
  new Bun.CryptoHasher("sha256").update(`${account}\n${idempotencyKey}`).digest("base64url").slice(0, FIELD_DIGITS);

// Redis does nothing else meanwhile, some 20 µs for each.
const WRITES_MAX = 64;

/** What it takes to write scores. */
export interface WriterOptions {
  topology: Topology;
  redisOf: (region: string) => Redis;
  fences: FenceWatch;
  /** What a write, or the answer that was kept for it, waits for; nothing unless it is given. */
  confirm?: Confirm | undefined;
  /** Events a shard's queue may hold before writes are refused. */
  queueMax: number;
  /** The `traceparent` that an event carries to the drainer. */
  traceparent?: (() => string | undefined) | undefined;
}

/** Writes one score; resolves once it is as safe as `confirm` has it. @throws what the call failed with, or Redis' own error about this one write */
export type Write = (shard: Shard, board: string, call: SubmitCall) => Promise<SubmitAnswer>;

/**
 * Hands the writes of one turn of the event loop to Redis together, those of a board and shard in one call: of what a
 * call costs, the write itself is the smaller part. Each has its own answer, and shares no fate but that of the call.
 */
export function createWrite(options: WriterOptions): Write {
  const { redisOf, confirm, fences, traceparent } = options;
  // A span is below that of its own request.
  const max = traceparent === undefined ? WRITES_MAX : 1;
  const write = perBoard((shard, board) => {
    const shared = toSharedCall(options, shard, board);
    return createGather<SubmitCall, Answered>(max, async (calls) => {
      const [keys, args] = [[...shared.keys], [...shared.args]];
      for (const call of calls) {
        keys.push(...call.keys);
        args.push(...call.args);
      }
      const { confirmed, start } = startConfirming(confirm);
      const redis = redisOf(shard.region);
      const answers = await submitScript(redis, keys, args, start);
      tellFences(fences, redis, shard.tag, answers);
      return answers.map((answer) => ({ answer, confirmed }));
    });
  });
  return async (shard, board, call) => {
    const { answer, confirmed } = await write(shard, board)(call);
    if (isRefused(answer)) throw refusedByRedis(answer.slice(1).join(" "));
    // What changed nothing has nothing to lose, whatever becomes of the writes beside it.
    if (!CHANGES_NOTHING.has(answer[1])) await confirmed();
    return answer;
  };
}

/** A kept answer is of another moment, and maybe of another store: it tells nothing of this one. */
function tellFences(fences: FenceWatch, redis: Redis, tag: string, answers: readonly (SubmitAnswer | Refused)[]): void {
  const versions: number[] = [];
  let isClosed = false;
  for (const answer of answers) {
    if (answer[1] === "closed") isClosed = true;
    else if (answer[0] === "0" && answer[1] === "ok") versions.push(Number(answer[3]));
  }
  if (versions.length > 0) fences.onWritten(redis, tag, versions);
  if (isClosed) fences.onClosed(redis, tag);
}

/** The answer to one write of a call, and when the call is confirmed, which is asked once for all who wait for it. */
interface Answered {
  answer: SubmitAnswer | Refused;
  confirmed: () => Promise<void>;
}

/** A confirmation that the script does not wait for: those of its writes do that have something to lose. */
function startConfirming(confirm: Confirm | undefined): { confirmed: () => Promise<void>; start?: Confirm } {
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
