import type { Ties } from "shared/api/fields";
import type { RankerOperations } from "shared/api/operations";
import { Problem } from "shared/api/problems";
import { type Identity, isOperator } from "shared/auth/tokens";
import { jsonReply, type Reply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Log } from "shared/log/log";
import { type Homes, livesIn } from "../accounts/homes.ts";
import type { WriteForPlayer } from "../players/write-for-player.ts";
import type { Submission } from "../writes/submission.ts";
import { replayedHeaders, type Submit, type Submitted } from "../writes/submit.ts";
import type { WriteScores } from "../writes/write-scores.ts";
import { logItems, toScoresReply } from "./scores-reply.ts";
import type { ToRoute } from "./to-route.ts";

/** Fields of every write's body. */
interface Written {
  sub?: number | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  board: string;
  season?: number | undefined;
  ties: Ties;
  region?: string | undefined;
}

/** The answer to a write, which says so where it is that of an earlier request. */
export function toScoreReply({ entry, isReplay }: Submitted, status: number): Reply {
  return { ...jsonReply(entry, status), headers: replayedHeaders(isReplay) };
}

export interface ScoreRouteDeps {
  log: Log;
  submit: Submit;
  writeScores: WriteScores;
  homes: Pick<Homes, "claim">;
  writeForPlayer: WriteForPlayer;
}

/**
 * `POST /score`: operators write for players, and players for themselves; `POST /scores`: operators
 * write for many. `POST /score/submit`, `/score/create`, `/score/update` and `/score/add`: players
 * write their own scores.
 */
export function scoreRoutes(
  { submitScoreFor, submitScores, submitScore, createScore, setScore, addScore }: RankerOperations,
  toRoute: ToRoute,
  { log, submit, homes, writeForPlayer, writeScores }: ScoreRouteDeps,
): Record<"submitScoreFor" | "submitScores" | "submitScore" | "createScore" | "setScore" | "addScore", Route> {
  async function write(
    identity: Identity,
    { board, sub, metadata, season, ties, region = identity.region }: Written,
    submission: Pick<Submission, "operation" | "value" | "valueField" | "idempotencyKey">,
  ): Promise<Submitted> {
    if (region !== identity.region) throw livesIn(identity.region);
    await homes.claim(identity, board);
    return submit(identity, { ...submission, board, sub, metadata, season, ties });
  }

  return {
    submitScoreFor: toRoute(submitScoreFor, async ({ caller, body, idempotencyKey }) => {
      const { user_id: userId, region, name, score: value, board, sub, metadata, season, ties } = body;
      const submission = { operation: "submit", board, value, sub, metadata, season, ties, idempotencyKey } as const;
      if (isOperator(caller)) {
        return toScoreReply(await writeForPlayer(caller, { userId, region, name }, submission), 200);
      }
      if (caller.userId !== userId) throw anotherPlayer(caller.userId);
      return toScoreReply(await write(caller, body, submission), 200);
    }),
    submitScores: toRoute(submitScores, async ({ caller, body: { items }, idempotencyKey, incoming }) => {
      const outcomes = await writeScores(caller, items, idempotencyKey);
      logItems(log, outcomes, incoming);
      return toScoresReply(items, outcomes);
    }),
    submitScore: toRoute(submitScore, async ({ caller, body, idempotencyKey }) => {
      const submission = { operation: "submit", value: body.score, valueField: "score", idempotencyKey } as const;
      return toScoreReply(await write(caller, body, submission), 200);
    }),
    createScore: toRoute(createScore, async ({ caller, body, idempotencyKey }) => {
      const submission = {
        operation: "create",
        value: body.initialScore,
        valueField: "initialScore",
        idempotencyKey,
      } as const;
      return toScoreReply(await write(caller, body, submission), 201);
    }),
    setScore: toRoute(setScore, async ({ caller, body, idempotencyKey }) => {
      const submission = { operation: "set", value: body.score, valueField: "score", idempotencyKey } as const;
      return toScoreReply(await write(caller, body, submission), 200);
    }),
    addScore: toRoute(addScore, async ({ caller, body, idempotencyKey }) => {
      const submission = { operation: "add", value: body.delta, valueField: "delta", idempotencyKey } as const;
      return toScoreReply(await write(caller, body, submission), 200);
    }),
  };
}

const anotherPlayer = (userId: string) =>
  new Problem("forbidden", `The user_id is another player's: the token of ${userId} writes for ${userId} alone.`, {
    errors: [{ field: "user_id", message: `must be ${userId}, the player of the token` }],
  });
