import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import type { Identity } from "shared/auth/tokens";
import { toRankedScore } from "shared/entries/ranked-score";
import { unitsMax } from "shared/entries/units";
import type { Board } from "shared/model/board";
import { scoreTail, seasonEndTail } from "shared/model/events";
import { type BoardOnShard, type Shard, shardsOfView, type Topology } from "shared/model/regions";
import { endOf } from "shared/model/season";
import { answersKeys, boardKeys, erasedKey, legacyAnswerKey } from "shared/redis/keys";
import { defineLayout, defineScript, type ScriptArg } from "shared/redis/scripts/define-script";
import {
  accountErasedPart,
  entryErasedPart,
  entryTextsPart,
  givenNamePart,
  isHiddenPart,
  isOpenPart,
  seasonsPart,
} from "shared/redis/scripts/parts";
import { countAheadPart } from "../boards/rank/standing.ts";
import type { RankedBoard } from "../seasons/ranked-board.ts";
import type { Submission } from "./submission.ts";
import submitSource from "./submit.lua" with { type: "text" };
import { parseAnswer } from "./submit-answer.ts";
import type { Written } from "./to-written.ts";

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
    season: "text",
    seasonTail: "text",
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
    guard: "text",
    shared: "flag",
  },
});

/** Writes the scores of one call. */
export const submitScript = defineScript({
  name: "submit",
  source: submitSource,
  parts: [
    countAheadPart,
    accountErasedPart,
    entryErasedPart,
    isHiddenPart,
    givenNamePart,
    isOpenPart,
    entryTextsPart,
    seasonsPart,
  ],
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

/** A board with its definition, in one season, on one shard. */
export interface WrittenBoard extends BoardOnShard {
  readonly board: RankedBoard;
  /** Of the submission. */
  readonly run?: number | undefined;
}

/** What all writes of a call share. */
export function toSharedCall(
  { topology, queueMax }: { topology: Topology; queueMax: number },
  { shard, board }: WrittenBoard,
): SubmitCall {
  const keys = layout.toKeys(boardKeys(shard, board.ranking));
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
    season: board.wanted,
    seasonTail: board.has_seasons ? seasonEndTail({ board: board.id, region: shard.region }) : "",
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
  { written, board: { born, ranking } }: TakenWrite,
  traceparent?: string,
): SubmitCall {
  const { idempotencyKey, sub = 0, season: guard = "", ties } = submission;
  const eventTail = scoreTail({ board: ranking, user_id: userId, name, region, traceparent });
  const write = { ...written, userId, sub, eventTail, name, account, guard, shared: ties === "shared" };
  const keys = [erasedKey(shard, userId)];
  if (idempotencyKey === undefined) return { keys, args: layout.toItem({ ...write, fingerprint: "", field: "" }) };
  keys.push(...answerKeys(shard, userId, idempotencyKey));
  const fingerprint = fingerprintOf(submission, born);
  return { keys, args: layout.toItem({ ...write, fingerprint, field: toAnswerField(account, idempotencyKey) }) };
}

/**
 * What a request with an idempotency key asks for; how ranks are counted is no part of it. A later
 * board of the same id is another: a repeat of a write to the deleted one is none to it.
 */
function fingerprintOf(submission: Submission, born: number): string {
  const { operation, board, value, sub, metadata, season } = submission;
  const guarded = season === undefined ? "" : `#${season}`;
  const more = sub === undefined && metadata === undefined ? "" : `:${sub ?? ""}:${JSON.stringify(metadata) ?? ""}`;
  return `${operation}:${board}${born === 0 ? "" : `@${born}`}:${value}${more}${guarded}`;
}

/** A write as a board takes it, in one season. */
export interface TakenWrite {
  written: Written;
  board: RankedBoard;
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
