import { clockKey, entryKeys, erasedKey, onceKey, queueKey, splitKey, visibilityKey } from "shared/keys";
import { defineScript, type Redis } from "shared/redis";
import { refusedByRedis } from "shared/redis-connection";
import { type Shard, shardsOfView, type Topology } from "shared/regions";
import type { Confirm } from "shared/replica-wait";
import type { Identity } from "shared/tokens";
import { createGather, perBoard } from "./gather.ts";
import submitSource from "./submit.lua" with { type: "text" };
import type { Submission } from "./submit.ts";

const ONCE_TTL_SECONDS = 24 * 3600;

/** What becomes of a write. */
export type Outcome =
  | "ok"
  | "entry_exists"
  | "score_out_of_range"
  | "idempotency_conflict"
  | "queue_full"
  | "moved"
  | "erased";

/** What `submit.lua` answers to one write; only the first two unless it is done. */
type SubmitAnswer = [
  replayed: "0" | "1",
  outcome: Outcome,
  score: string,
  updatedAt: string,
  member: string,
  rank: string,
  isFinal: "0" | "1",
];

/** What Redis said of a command of one write, of which nothing was done. */
type Refused = ["!", ...words: string[]];
const isRefused = (answer: SubmitAnswer | Refused): answer is Refused => answer[0] === "!";

const CHANGES_NOTHING = new Set<Outcome>(["queue_full", "idempotency_conflict", "moved", "erased"]);

const submitScript = defineScript({
  name: "submit",
  source: submitSource,
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
    keys: [queueKey(shard), clockKey(shard), ...entryKeys(shard, board), splitKey(shard.tag), visibilityKey(shard)],
    args: [queueMax, isWholeView ? 1 : 0, topology.partitions, ONCE_TTL_SECONDS],
  };
}

/** Those of one write. */
export function toWriteCall(
  shard: Shard,
  { userId, name, region, account = "" }: Identity,
  { operation, board, value, idempotencyKey }: Submission,
  traceparent?: string,
): SubmitCall {
  const eventTail = JSON.stringify({ board, user_id: userId, name, region, traceparent }).slice(1);
  const keys = [erasedKey(shard, userId)];
  if (idempotencyKey !== undefined) keys.push(onceKey(shard, userId, idempotencyKey));
  const fingerprint = idempotencyKey === undefined ? "" : `${operation}:${board}:${value}`;
  return { keys, args: [operation, userId, value, eventTail, name, account, fingerprint] };
}

// Redis does nothing else meanwhile, some 20 µs for each.
const WRITES_MAX = 64;

/** What it takes to write scores. */
export interface WriterOptions {
  topology: Topology;
  redisOf: (region: string) => Redis;
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
  const { redisOf, confirm, traceparent } = options;
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
      const answers = await submitScript(redisOf(shard.region), keys, args, start);
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
