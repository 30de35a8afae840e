import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import type { Identity } from "shared/auth/tokens";
import { askTogether } from "shared/base/gather-turn";
import { toRankedScore } from "shared/entries/ranked-score";
import { unitsMax } from "shared/entries/units";
import { type Board, endOf } from "shared/model/board";
import { scoreTail } from "shared/model/events";
import { type BoardOnShard, nameOfBoard, type Shard, shardsOfView, type Topology } from "shared/model/regions";
import { answersKeys, boardKeys, erasedKey, legacyAnswerKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { toRedisProblem } from "shared/redis/redis-problem";
import type { Confirm } from "shared/redis/replica-wait";
import { refusedByRedis } from "shared/redis/reply-error";
import { defineLayout, defineScript, type ScriptArg } from "shared/redis/scripts/define-script";
import {
  accountErasedPart,
  entryErasedPart,
  entryTextsPart,
  givenNamePart,
  isHiddenPart,
  isOpenPart,
} from "shared/redis/scripts/parts";
import type { FenceWatch } from "./fence-watch.ts";
import type { Submission } from "./submission.ts";
import submitSource from "./submit.lua" with { type: "text" };
import type { Written } from "./to-written.ts";

// Redis serves no other call meanwhile, some 20 µs for each write.
const WRITES_MAX = 64;

/** What becomes of a write. */
export type Outcome =
  | "ok"
  | "entry_exists"
  | "score_out_of_range"
  | "score_out_of_bounds"
  | "attempts_exhausted"
  | "board_ended"
  | "idempotency_conflict"
  | "queue_full"
  | "moved"
  | "closed"
  | "erased"
  | "unknown"
  | "stale"
  | "none";

/** What `submit.lua` answers to one write. */
export interface SubmitAnswer {
  isReplay: boolean;
  outcome: Outcome;
  /** What follows the outcome: of `ok` those of {@link Done}. */
  values: readonly string[];
  /** The name that an operator gave the player. */
  givenName: string | undefined;
}

/**
 * What `ok` says. Only the first five of an answer that an earlier release kept; `-` stands for
 * what there is none of.
 */
export type Done = readonly [
  rankedScore: string,
  updatedAt: string,
  /** `-` where it follows from `updatedAt`. */
  place: string,
  rank: string,
  isFinal: "0" | "1",
  effect?: "none" | "same" | "place",
  rankedBefore?: string,
  placeBefore?: string,
  rankBefore?: string,
  total?: string,
];

/** The error that Redis replied to a command of one write. Nothing of that write was done. */
interface RefusedWrite {
  error: string;
}

function parseAnswer(text: string): SubmitAnswer | RefusedWrite {
  if (text.startsWith("! ")) return { error: text.slice(2) };
  const [answer = "", givenName] = text.split("\n");
  const [replayed, outcome, ...values] = answer.split(" ");
  return { isReplay: replayed === "1", outcome: outcome as Outcome, values, givenName };
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
]);

const layout = defineLayout({
  keys: ["queue", "clock", "board", "hidden", "entries", "details", "split", "visibility", "fence", "boards"],
  args: {
    queueMax: "number",
    isWholeView: "flag",
    partitions: "text",
    keptTtl: "number",
    boardId: "text",
    revision: "text",
    isAscending: "flag",
    scoreMax: "number",
    least: "text",
    most: "text",
    subOrder: "text",
    attemptsMax: "text",
    endsAt: "text",
  },
  item: {
    operation: "text",
    userId: "text",
    value: "number",
    sub: "number",
    metadata: "text",
    eventTail: "text",
    name: "text",
    account: "text",
    fingerprint: "text",
    field: "text",
  },
});

const submitScript = defineScript({
  name: "submit",
  source: submitSource,
  parts: [accountErasedPart, entryErasedPart, isHiddenPart, givenNamePart, isOpenPart, entryTextsPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => (reply as string[]).map(parseAnswer),
});

/** What Redis runs for a submit. */
export const SUBMIT_SOURCE = submitScript.source;

/** Keys and arguments of `submit.lua`: those of a call, or those of one of its writes. */
export interface SubmitCall {
  keys: string[];
  args: ScriptArg[];
}

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

/** A board with its definition, on one shard. */
export interface WrittenBoard extends BoardOnShard {
  readonly board: Board;
}

/** What all writes of a call share. */
export function toSharedCall(
  { topology, queueMax }: Pick<WriterOptions, "topology" | "queueMax">,
  { shard, board }: WrittenBoard,
): SubmitCall {
  const keys = layout.toKeys(boardKeys(shard, board.id));
  const isWholeView = shardsOfView(topology, shard.region).length === 1;
  const { partitions } = topology;
  const args = layout.toArgs({
    queueMax,
    isWholeView,
    partitions,
    keptTtl: ANSWER_KEPT_SECONDS,
    boardId: board.id,
    revision: board.rev,
    isAscending: board.order === "asc",
    scoreMax: unitsMax(board.decimals),
    ...rankedBounds(board),
    subOrder: board.sub ?? "",
    attemptsMax: board.attempts_max ?? "",
    endsAt: endOf(board) ?? "",
  });
  return { keys, args };
}

/** The bounds of a board for ranked scores; empty where there are none. */
function rankedBounds({ bounds, decimals, order }: Board): { least: string | number; most: string | number } {
  const toRanked = (score: number | null | undefined) =>
    score == null ? "" : (toRankedScore({ decimals, order }, score) ?? "");
  const [min, max] = [toRanked(bounds?.min), toRanked(bounds?.max)];
  return order === "asc" ? { least: max, most: min } : { least: min, most: max };
}

/**
 * @param taken the submission in the form of its board
 * @param traceparent of the request, which the event carries to the drainer
 */
export function toWriteCall(
  shard: Shard,
  { userId, name, region, account = "" }: Identity,
  submission: Submission,
  { written, born }: TakenWrite,
  traceparent?: string,
): SubmitCall {
  const { board, idempotencyKey, sub = 0 } = submission;
  const eventTail = scoreTail({ board, user_id: userId, name, region, traceparent });
  const write = { ...written, userId, sub, eventTail, name, account };
  const keys = [erasedKey(shard, userId)];
  if (idempotencyKey === undefined) return { keys, args: layout.toItem({ ...write, fingerprint: "", field: "" }) };
  keys.push(...answerKeys(shard, userId, idempotencyKey));
  const fingerprint = fingerprintOf(submission, born);
  return { keys, args: layout.toItem({ ...write, fingerprint, field: toAnswerField(account, idempotencyKey) }) };
}

/**
 * What a request with an idempotency key asks for. A later board of the same id is another: a
 * repeat of a write to the deleted one is none to it.
 */
function fingerprintOf({ operation, board, value, sub, metadata }: Submission, born: number): string {
  const more = sub === undefined && metadata === undefined ? "" : `:${sub ?? ""}:${JSON.stringify(metadata) ?? ""}`;
  return `${operation}:${board}${born === 0 ? "" : `@${born}`}:${value}${more}`;
}

/** A write as a board takes it, with the revision at which the board's id was made. */
export interface TakenWrite {
  written: Written;
  born: number;
}

/** Where the answer to a write may be kept: two hashes, and the key of release 0.1. */
export const answerKeys = (shard: Shard, userId: string, idempotencyKey: string): string[] => [
  ...answersKeys(shard, userId),
  legacyAnswerKey(shard, userId, idempotencyKey),
];

const FIELD_DIGITS = 22; // 131 bits in base64url

/**
 * The field of a kept answer: a digest, so that a long key takes no more room than a short one. It
 * covers the account, so that a later owner of the same id never meets the answers of an earlier
 * one.
 */
export const toAnswerField = (account: string, idempotencyKey: string): string =>
  new Bun.CryptoHasher("sha256").update(`${account}\n${idempotencyKey}`).digest("base64url").slice(0, FIELD_DIGITS);

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
 * fails with others only where the call fails.
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
  const write = askTogether({ questionsMax, nameOf: nameOfBoard, send });
  return async (place, call) => {
    const { answer, confirmed } = await write(place, call);
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
