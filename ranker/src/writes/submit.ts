import type { WrittenEntry } from "shared/api/entries";
import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import { accountGone, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { putBoards } from "shared/boards/put-boards";
import { fromRankedScore } from "shared/entries/ranked-score";
import type { Board } from "shared/model/board";
import { type Shard, shardOf } from "shared/model/regions";
import { queueKey } from "shared/redis/keys";
import { failAs } from "shared/redis/redis-problem";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import type { Boards } from "../boards/boards.ts";
import { toView } from "../boards/entry-views.ts";
import { entriesAway, type Position } from "../boards/shard-entry.ts";
import type { Definitions } from "../definitions/definitions.ts";
import { AGAIN_MAX, staleDefinition } from "../definitions/read-as.ts";
import sealSource from "./seal-answer.lua" with { type: "text" };
import { createWrite, type WriterOptions } from "./send-writes.ts";
import type { Submission } from "./submission.ts";
import {
  type Done,
  NO_RANKS,
  type Outcome,
  placeOf,
  type Ranks,
  ranksOf,
  type SubmitAnswer,
  toRanks,
} from "./submit-answer.ts";
import { answerKeys, toAnswerField, toWriteCall } from "./submit-script.ts";
import { NO_WRITE, toWritten, type Written } from "./to-written.ts";

export interface Submitted {
  entry: WrittenEntry;
  /** True when this is the answer to an earlier request with the same idempotency key. */
  isReplay: boolean;
}

/**
 * Writes one score of one player.
 *
 * @throws Problem `board_not_found`, `board_read_only`, `operator_not_allowed`, `stale_definition`,
 *   `entry_exists`, `score_out_of_range`, `score_out_of_bounds`, `attempts_exhausted`,
 *   `board_ended`, `idempotency_conflict`, `queue_full`, `unavailable`, `invalid_request` for a
 *   value that is none of the board, and `invalid_token` for an account that was erased: nothing
 *   was changed; `outcome_unknown`: the write may stand
 */
export type Submit = (identity: Identity, submission: Submission) => Promise<Submitted>;

export interface SubmitOptions extends WriterOptions {
  boards: Boards;
  /** The boards as this ranker knows them. */
  definitions: Pick<Definitions, "find" | "reload">;
  /** Called for each answer that was kept for an idempotency key. */
  onReplay?: () => void;
}

/**
 * Whether a player's queue takes another event now. `submit.lua` decides at the write itself; this
 * spares callers the work before a write that would be refused.
 *
 * @throws Problem `unavailable`
 */
export type HasRoom = (region: string, userId: string) => Promise<boolean>;

export function createHasRoom({
  topology,
  redisOf,
  queueMax,
}: Pick<SubmitOptions, "topology" | "redisOf" | "queueMax">): HasRoom {
  return async (region, userId) => {
    const queue = queueKey(shardOf(topology, region, userId));
    return (await failAs("read", redisOf(region).llen(queue))) < queueMax;
  };
}

const sealLayout = defineLayout({ keys: ["newer", "older", "legacy"], args: { field: "text", ranks: "text" } });
const sealScript = defineScript({ name: "seal-answer", source: sealSource, layout: sealLayout, parse: String });

type Refusal = Exclude<Outcome, "ok" | "moved" | "closed" | "erased" | "unknown" | "stale" | "none">;

const refusals = {
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  score_out_of_range: "The result would leave the range of scores.",
  score_out_of_bounds: "The result is outside of the bounds of the board.",
  attempts_exhausted: "The player has written as often as the board allows.",
  board_ended: "The board has ended: it can be read, and is written no more.",
  idempotency_conflict: `This Idempotency-Key was used for another request within the last ${ANSWER_KEPT_SECONDS / 3600} hours.`,
  queue_full: "Too many writes wait for the durable store. Try again shortly.",
} as const satisfies Record<Refusal, string>;

function toRefusal(board: Board, outcome: Refusal, [value]: readonly string[], isReplay: boolean): Problem {
  const headers = replayedHeaders(isReplay);
  if (outcome === "score_out_of_bounds" && value !== undefined) {
    const score = fromRankedScore(board, Number(value));
    const detail = `The result, ${score}, is outside of the bounds of board ${board.id}.`;
    return new Problem(outcome, detail, { headers, members: { score, bounds: board.bounds } });
  }
  const members = outcome === "attempts_exhausted" ? { used: Number(value), max: board.attempts_max } : {};
  return new Problem(outcome, refusals[outcome], { headers, members });
}

/** The write in the form of its board, or why the board does not take it. */
function judge(board: Board, submission: Submission): { written: Written; fault?: unknown } {
  try {
    return { written: toWritten(board, submission) };
  } catch (fault) {
    // Only the shard knows whether the board is another by now, or was when it took this write.
    return { written: NO_WRITE, fault };
  }
}

/** The header of an answer that was kept for its idempotency key: an entry, or a refusal. */
export const replayedHeaders = (isReplay: boolean): Record<string, string> =>
  isReplay ? { "idempotent-replayed": "true" } : {};

export function createSubmit(options: SubmitOptions): Submit {
  const { topology, redisOf, confirm, boards, definitions, onReplay, traceparent } = options;
  const write = createWrite(options);

  /**
   * Writes by the definition of the board, and once more where the shard does not know it or knows
   * another revision: then nothing was done.
   */
  async function writeOn(shard: Shard, identity: Identity, submission: Submission): Promise<Answered> {
    let board = await definitions.find(submission.board);
    for (let again = 0; ; again++) {
      const { written, fault } = judge(board, submission);
      const taken = { written, born: board.born };
      const answer = await write({ shard, board }, toWriteCall(shard, identity, submission, taken, traceparent?.()));
      const { outcome } = answer;
      if (outcome === "none") throw fault;
      // Nothing has to be told to a shard for a write that it would not take.
      if (outcome === "unknown" && fault !== undefined && submission.idempotencyKey === undefined) throw fault;
      if ((outcome !== "unknown" && outcome !== "stale") || again === AGAIN_MAX) return { board, answer };
      // A shard that does not know a board was never told of another revision.
      if (outcome === "stale") board = await definitions.reload(board.id);
      await failAs("read", putBoards(redisOf(shard.region), shard, [board]));
    }
  }

  return async (identity, submission) => {
    const { userId, name, region } = identity;
    const { idempotencyKey } = submission;
    const shard = shardOf(topology, region, userId);
    const { board, answer } = await writeOn(shard, identity, submission);
    const { outcome, values, isReplay, givenName } = answer;
    if (outcome === "moved" || outcome === "closed") throw entriesAway(region);
    if (outcome === "erased") throw accountGone();
    if (outcome === "unknown" || outcome === "stale" || outcome === "none") throw staleDefinition(board.id);
    if (isReplay) onReplay?.();
    if (outcome !== "ok") throw toRefusal(board, outcome, values, isReplay);
    const done = values as Done;
    const [ranked, updatedAt, , , isFinal, effect = "place", rankedBefore = "-"] = done;
    const position = { score: Number(ranked), member: placeOf(done) + userId };
    const ranks = isFinal === "1" ? ranksOf(done) : await ranksOverView(done, position);
    const { rank, rankBefore, total } = ranks ?? NO_RANKS;
    const viewed = { ...position, userId, region, name: givenName ?? name, rank, total, updatedAt: Number(updatedAt) };
    return {
      entry: {
        ...toView(board, viewed),
        changed: effect === "place",
        previous:
          rankedBefore === "-" ? null : { score: fromRankedScore(board, Number(rankedBefore)), rank: rankBefore },
      },
      isReplay,
    };

    /** The write stands by now: ranks that cannot be read are null, never an error. */
    async function ranksOverView(done: Done, at: Position): Promise<Ranks | undefined> {
      const [, , , shardRank, , , , placeBefore = "-", shardRankBefore = "0", shardTotal = "0"] = done;
      try {
        const standOnOthers = (position: Position) => boards.standOnOthers(region, board.id, position, shard);
        // Asked in the same turn, so that both positions share a call a shard.
        const [others, before] = await Promise.all([
          standOnOthers(at),
          shardRankBefore === "0"
            ? NOWHERE
            : standOnOthers({ score: Number(rankedBefore), member: placeBefore + userId }),
        ]);
        const summed = [
          Number(shardRank) + others.before,
          Number(shardRankBefore) + before.before,
          Number(shardTotal) + others.total,
        ].join(" ");
        if (idempotencyKey === undefined) return toRanks(summed);
        const field = toAnswerField(identity.account ?? "", idempotencyKey);
        const keys = answerKeys(shard, userId, idempotencyKey);
        return toRanks(await sealScript(redisOf(region), keys, sealLayout.toArgs({ field, ranks: summed }), confirm));
      } catch {
        return undefined;
      }
    }
  };
}

/** A player who had no rank before the write. */
const NOWHERE = { before: 0 };

interface Answered {
  board: Board;
  answer: SubmitAnswer;
}
