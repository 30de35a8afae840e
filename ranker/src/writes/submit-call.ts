import type { Identity } from "shared/auth/tokens";
import { scoreTail } from "shared/model/events";
import { type Shard, shardsOfView, type Topology } from "shared/model/regions";
import { answersKeys, boardKeys, erasedKey, legacyAnswerKey } from "shared/redis/keys";
import { defineScript } from "shared/redis/scripts/define-script";
import { defineLayout } from "shared/redis/scripts/layout";
import { accountErasedPart, isHiddenPart, isOpenPart, membersPart, versionsPart } from "shared/redis/scripts/parts";
import submitSource from "./submit.lua" with { type: "text" };

/** The answer to a write is kept for so long at least, and for twice that at most. */
const ANSWER_KEPT_SECONDS = 24 * 3600;

export interface Submission {
  operation: "set" | "add" | "create";
  board: string;
  /** The score, or for `add` the delta. */
  value: number;
  idempotencyKey?: string | undefined;
}

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

/** What `submit.lua` answers to one write. Only `ok` has more than the first two. */
export type SubmitAnswer = [
  replayed: "0" | "1",
  outcome: Outcome,
  score: string,
  updatedAt: string,
  /** `-` where it follows from `updatedAt`. */
  arrival: string,
  rank: string,
  isFinal: "0" | "1",
];

/** The error that Redis replied to a command of one write. Nothing of that write was done. */
export type RefusedWrite = ["!", ...words: string[]];

const layout = defineLayout({
  keys: ["queue", "clock", "board", "hidden", "entries", "split", "visibility", "fence"],
  args: { queueMax: "number", isWholeView: "flag", partitions: "text", keptTtl: "number" },
  item: {
    operation: "text",
    userId: "text",
    value: "number",
    eventTail: "text",
    name: "text",
    account: "text",
    fingerprint: "text",
    field: "text",
  },
});

export const submitScript = defineScript({
  name: "submit",
  source: submitSource,
  parts: [accountErasedPart, isHiddenPart, isOpenPart, membersPart, versionsPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => (reply as string[]).map((text) => text.split(" ") as SubmitAnswer | RefusedWrite),
});

/** What Redis runs for a submit. */
export const SUBMIT_SOURCE = submitScript.source;

/** Keys and arguments of `submit.lua`: those of a call, or those of one of its writes. */
export interface SubmitCall {
  keys: string[];
  args: (string | number)[];
}

export function toSharedCall(
  { topology, queueMax }: { topology: Topology; queueMax: number },
  shard: Shard,
  board: string,
): SubmitCall {
  const keys = layout.toKeys(boardKeys(shard, board));
  const isWholeView = shardsOfView(topology, shard.region).length === 1;
  const { partitions } = topology;
  return { keys, args: layout.toArgs({ queueMax, isWholeView, partitions, keptTtl: ANSWER_KEPT_SECONDS }) };
}

/** @param traceparent of the request, which the event carries to the drainer */
export function toWriteCall(
  shard: Shard,
  { userId, name, region, account = "" }: Identity,
  { operation, board, value, idempotencyKey }: Submission,
  traceparent?: string,
): SubmitCall {
  const eventTail = scoreTail({ board, user_id: userId, name, region, traceparent });
  const write = { operation, userId, value, eventTail, name, account };
  const keys = [erasedKey(shard, userId)];
  if (idempotencyKey === undefined) return { keys, args: layout.toItem({ ...write, fingerprint: "", field: "" }) };
  keys.push(...answerKeys(shard, userId, idempotencyKey));
  const fingerprint = `${operation}:${board}:${value}`;
  return { keys, args: layout.toItem({ ...write, fingerprint, field: toAnswerField(account, idempotencyKey) }) };
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
