import type { WrittenEntry } from "shared/api/entries";
import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import { accountGone, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
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
import { rankedIn } from "../seasons/ranked-board.ts";
import { createRunningSeasons, type RunningSeasons, seasonUnknown, VAIN_MAX } from "../seasons/running-seasons.ts";
import { type SeasonFields, toSeasonFields } from "../seasons/season-fields.ts";
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
 *   `board_ended`, `season_ended`, `board_not_started`, `season_unknown`, `idempotency_conflict`,
 *   `queue_full`, `unavailable`, `invalid_request` for a value that is none of the board, and
 *   `invalid_token` for an account that was erased: nothing was changed; `outcome_unknown`: the
 *   write may stand
 */
export type Submit = (identity: Identity, submission: Submission) => Promise<Submitted>;

export interface SubmitOptions extends WriterOptions {
  boards: Boards;
  /** The boards as this ranker knows them. */
  definitions: Pick<Definitions, "find" | "reload">;
  /** The seasons that run, likewise. */
  seasons?: Pick<RunningSeasons, "guess" | "learn" | "tell">;
  /** Called for each answer that was kept for an idempotency key. */
  onReplay?: () => void;
  /** Called with the board of each write that is answered with an entry. */
  onWrite?: (board: string) => void;
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

/**
 * Calls for one write: a season takes two where this ranker knows another, and the list of those
 * that were missed goes on call by call.
 */
const TRIES_MAX = 20;

const sealLayout = defineLayout({ keys: ["newer", "older", "legacy"], args: { field: "text", ranks: "text" } });
const sealScript = defineScript({ name: "seal-answer", source: sealSource, layout: sealLayout, parse: String });

type Undone = "moved" | "closed" | "erased" | "unknown" | "stale" | "none" | "season" | "unplanned";
type Refusal = Exclude<Outcome, "ok" | Undone>;

const refusals = {
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  score_out_of_range: "The result would leave the range of scores.",
  score_out_of_bounds: "The result is outside of the bounds of the board.",
  attempts_exhausted: "The player has written as often as the board allows.",
  board_ended: "The board has ended: it can be read, and is written no more.",
  season_ended: "The season that the write is for does not run.",
  board_not_started: "The first season of the board has not begun.",
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
  if (outcome === "season_ended") {
    const running = Number(value);
    const detail = `Season ${running} of board ${board.id} runs, and the write is for another alone.`;
    return new Problem(outcome, detail, { headers, members: { season: running } });
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
  const { topology, redisOf, confirm, boards, definitions, onReplay, onWrite, traceparent } = options;
  const { seasons = createRunningSeasons(options) } = options;
  const write = createWrite(options);

  /**
   * Writes by the definition of the board, in the season that this ranker believes to run. Writes
   * again where the shard does not know the board, knows another revision, or names another season:
   * then nothing was done.
   */
  async function writeOn(shard: Shard, identity: Identity, submission: Submission): Promise<Answered> {
    let board = await definitions.find(submission.board);
    let number = seasons.guess(board);
    for (let again = 0, tries = 1, vain = 0; ; tries++) {
      const { written, fault } = judge(board, submission);
      const ranked = rankedIn(board, number);
      const call = toWriteCall(shard, identity, submission, { written, board: ranked }, traceparent?.());
      const answer = await write({ shard, board: ranked, run: submission.run }, call);
      const { outcome, values } = answer;
      if (outcome === "season" || outcome === "unplanned") {
        if (tries === TRIES_MAX || vain === VAIN_MAX) throw seasonUnknown(board.id);
        if (outcome === "season") number = Number(values[0]);
        else if (!(await seasons.tell(board, shard))) vain++;
        seasons.learn(board, number);
        continue;
      }
      if (outcome === "none") throw fault;
      // Nothing has to be told to a shard for a write that it would not take.
      if (outcome === "unknown" && fault !== undefined && submission.idempotencyKey === undefined) throw fault;
      if ((outcome !== "unknown" && outcome !== "stale") || again === AGAIN_MAX)
        return { board, answer: { ...answer, outcome } };
      again++;
      // A shard that does not know a board was never told of another revision.
      if (outcome === "stale") {
        board = await definitions.reload(board.id);
        number = seasons.guess(board);
      }
      await seasons.tell(board, shard);
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
    onWrite?.(board.id);
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
        ...seasonOf(done),
      },
      isReplay,
    };

    /** The write stands by now: ranks that cannot be read are null, never an error. */
    async function ranksOverView(done: Done, at: Position): Promise<Ranks | undefined> {
      const [, , , shardRank, , , , placeBefore = "-", shardRankBefore = "0", shardTotal = "0"] = done;
      // A repeat completes the answer as it was begun.
      const ties = done[4] === "2" ? "shared" : "arrival";
      const written = { holder: shard, season: Number(done[10] ?? 0), ties } as const;
      try {
        const standOnOthers = (position: Position) => boards.standOnOthers(region, board.id, position, written);
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

/** The season of an answer, as it was when the write was taken. */
function seasonOf([, , , , , , , , , , season, startsAt, endsAt]: Done): SeasonFields {
  if (season === undefined) return {};
  return toSeasonFields({ season: Number(season), startsAt: Number(startsAt), endsAt: Number(endsAt) });
}

/** A player who had no rank before the write. */
const NOWHERE = { before: 0 };

interface Answered {
  board: Board;
  answer: Omit<SubmitAnswer, "outcome"> & { outcome: Exclude<Outcome, "season" | "unplanned"> };
}
