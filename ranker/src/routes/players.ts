import { zValidator } from "@hono/zod-validator";
import { createMiddleware } from "hono/factory";
import type { ErasedPlayer, PlayerVisibility } from "shared/api/answers";
import { requestSchemas } from "shared/api/requests";
import { identifyOperator } from "shared/auth/identify";
import { readJson, readOptionalJson } from "shared/http/body";
import { type RequestVariables, refuseInvalid } from "shared/http/http";
import { fromContext } from "shared/http/incoming";
import { toResponse } from "shared/http/reply";
import type { RankerApp, RankerDeps } from "../app.ts";
import { readIdempotencyKey, toReply } from "./scores.ts";

interface OperatorEnv {
  Variables: RequestVariables & {
    operator: string;
    /** What an act says of itself in the log, beyond its name. */
    act?: Record<string, unknown>;
  };
}

/** `/players/:userId…`: what operators do to players, or for them. Every act is logged with who did it. */
export function playerRoutes(app: RankerApp, deps: RankerDeps): void {
  const { tokens, topology, passwordsRequired, players, erasePlayer, setVisibility, submit, log } = deps;
  const { player: params, operatorScore, operatorReason } = requestSchemas(topology, passwordsRequired);
  const player = zValidator("param", params, refuseInvalid);

  /** Only for operators; says afterwards who did what to whom, and how it ended. */
  const asOperator = (action: string) =>
    createMiddleware<OperatorEnv>(async (c, next) => {
      const { name: operator } = await identifyOperator(tokens, c.req.header("Authorization"));
      c.set("operator", operator);
      await next();
      const { status } = c.res;
      const who = { operator, action, user_id: c.req.param("userId"), status, request_id: c.get("requestId") };
      log.info({ ...who, ...c.get("act") }, "operator acted");
    });

  app.delete("/players/:userId", asOperator("erase"), player, async (c) => {
    const { userId } = c.req.valid("param");
    const erased: ErasedPlayer = { user_id: userId, ...(await erasePlayer(userId)) };
    return c.json(erased);
  });

  app.get("/players/:userId", asOperator("export"), player, async (c) =>
    c.json(await players.record(c.req.valid("param").userId)),
  );

  for (const action of ["hide", "unhide"] as const) {
    app.post(`/players/:userId/${action}`, asOperator(action), player, async (c) => {
      c.set("act", await readOptionalJson(fromContext(c), operatorReason));
      const identity = await players.find(c.req.valid("param").userId);
      const hidden = action === "hide";
      const boards = await setVisibility(identity, hidden);
      const answer: PlayerVisibility = { user_id: identity.userId, hidden, boards };
      return c.json(answer);
    });
  }

  app.post("/players/:userId/score", asOperator("score"), player, async (c) => {
    const incoming = fromContext(c);
    const { operation, value, board } = await readJson(incoming, operatorScore);
    c.set("act", { operation, value, board });
    const identity = await players.find(c.req.valid("param").userId);
    const key = readIdempotencyKey(incoming);
    // A space is in no key of a client: operators and players never meet each other's answers.
    const idempotencyKey = key === undefined ? undefined : `${c.get("operator")} ${key}`;
    const submitted = await submit(identity, { operation, board, value, idempotencyKey });
    return toResponse(toReply(submitted, operation === "create" ? 201 : 200));
  });
}
