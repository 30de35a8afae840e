import type { Entry } from "shared/api/entries";
import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import { accountGone, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { ARRIVAL_DIGITS, toArrival, toIsoTime } from "shared/base/times";
import { putBoards } from "shared/boards/put-boards";
import type { Board } from "shared/model/board";
import { type Shard, shardOf } from "shared/model/regions";
import { queueKey } from "shared/redis/keys";
import { failAs } from "shared/redis/redis-problem";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import type { Boards } from "../boards/boards.ts";
import { entriesAway, type Position } from "../boards/shard-entry.ts";
import type { Definitions } from "../definitions/definitions.ts";
import { AGAIN_MAX, staleDefinition } from "../definitions/read-as.ts";
import sealSource from "./seal-answer.lua" with { type: "text" };
import {
  answerKeys,
  createWrite,
  type Outcome,
  type Submission,
  type SubmitAnswer,
  toAnswerField,
  toWriteCall,
  type WriterOptions,
} from "./submit-script.ts";

export interface Submitted {
  entry: Entry;
  /** True when this is the answer to an earlier request with the same idempotency key. */
  isReplay: boolean;
}

/**
 * Writes one score of one player.
 *
 * @throws Problem `board_not_found`, `board_read_only`, `operator_not_allowed`, `stale_definition`,
 *   `entry_exists`, `score_out_of_range`, `idempotency_conflict`, `queue_full`, `unavailable`, and
 *   `invalid_token` for an account that was erased: nothing was changed; `outcome_unknown`: the
 *   write may stand
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

const sealLayout = defineLayout({ keys: ["newer", "older", "legacy"], args: { field: "text", rank: "text" } });
const sealScript = defineScript({ name: "seal-answer", source: sealSource, layout: sealLayout, parse: Number });

const refusals = {
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  score_out_of_range: "The sum would leave the range from -9007199254740991 to 9007199254740991.",
  score_out_of_bounds: "The result is outside of the bounds of the board.",
  idempotency_conflict: `This Idempotency-Key was used for another request within the last ${ANSWER_KEPT_SECONDS / 3600} hours.`,
  queue_full: "Too many writes wait for the durable store. Try again shortly.",
} as const satisfies Record<Exclude<Outcome, "ok" | "moved" | "closed" | "erased" | "unknown" | "stale">, string>;

function isAllowed(board: Board, submission: Submission): boolean {
  try {
    checkAllowed(board, submission);
    return true;
  } catch {
    return false;
  }
}

/** @throws Problem `board_read_only`, `operator_not_allowed` */
function checkAllowed({ id, writers, operator, operators }: Board, { operation, by = "player" }: Submission): void {
  if (writers === "operators" && by === "player") {
    throw new Problem("board_read_only", `Only operators write on board ${id}.`);
  }
  const asked = operation === "submit" ? operator : operation;
  if (operators.includes(asked)) return;
  throw new Problem("operator_not_allowed", `Board ${id} allows ${operators.join(", ")}, and not ${asked}.`);
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
  async function writeOn(shard: Shard, identity: Identity, submission: Submission): Promise<SubmitAnswer> {
    let board = await definitions.find(submission.board);
    // What this ranker knows may be old, and no shard is asked about a refusal.
    if (!isAllowed(board, submission)) board = await definitions.reload(board.id);
    for (let again = 0; ; again++) {
      checkAllowed(board, submission);
      const answer = await write({ shard, board }, toWriteCall(shard, identity, submission, board, traceparent?.()));
      const isKnown = answer[1] !== "unknown" && answer[1] !== "stale";
      if (isKnown || again === AGAIN_MAX) return answer;
      // A shard that does not know a board was never told of another revision.
      if (answer[1] === "stale") board = await definitions.reload(board.id);
      await failAs("read", putBoards(redisOf(shard.region), shard, [board]));
    }
  }

  return async (identity, submission) => {
    const { userId, name, region } = identity;
    const { board, idempotencyKey } = submission;
    const shard = shardOf(topology, region, userId);
    const answer = await writeOn(shard, identity, submission);
    const [replayed, outcome, score, updatedAt, kept, shardRank, isFinal, ...given] = answer;
    const isReplay = replayed === "1";
    if (outcome === "moved" || outcome === "closed") throw entriesAway(region);
    if (outcome === "erased") throw accountGone();
    if (outcome === "unknown" || outcome === "stale") throw staleDefinition(board);
    if (isReplay) onReplay?.();
    if (outcome !== "ok") throw new Problem(outcome, refusals[outcome], { headers: replayedHeaders(isReplay) });

    // An answer of release 0.1 holds the whole member here.
    const arrival = kept === "-" ? toArrival(Number(updatedAt)) : kept.slice(0, ARRIVAL_DIGITS);
    const position = { score: Number(score), member: arrival + userId };
    // Rank 0 is that of a hidden player, or was kept before the rank was known.
    const rank = isFinal === "1" ? Number(shardRank) || null : await rankOverView(position, Number(shardRank));
    const shown = given.length > 0 ? given.join(" ") : name;
    return {
      entry: {
        rank,
        user_id: userId,
        name: shown,
        region,
        score: position.score,
        updated_at: toIsoTime(Number(updatedAt)),
      },
      isReplay,
    };

    /** The write stands by now: a rank that cannot be read is null, never an error. */
    async function rankOverView(at: Position, rankOnShard: number): Promise<number | null> {
      try {
        const rank = rankOnShard + (await boards.countBefore(region, board, at, shard));
        if (idempotencyKey === undefined) return rank;
        const field = toAnswerField(identity.account ?? "", idempotencyKey);
        const keys = answerKeys(shard, userId, idempotencyKey);
        return await sealScript(redisOf(region), keys, sealLayout.toArgs({ field, rank }), confirm);
      } catch {
        return null;
      }
    }
  };
}
