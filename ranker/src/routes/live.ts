import { zValidator } from "@hono/zod-validator";
import type { Context } from "hono";
import { requestSchemas } from "shared/api/requests";
import { refuseInvalid } from "shared/http/http";
import { clientNetworks } from "../accounts/client-networks.ts";
import type { RankerApp, RankerDeps, RankerEnv } from "../app.ts";
import type { Watching } from "../live/live.ts";

/** `GET /live` and `/live/rank/:userId`: Server-Sent Events, open to everybody. */
export function liveRoutes(app: RankerApp, { live, topology, passwordsRequired }: RankerDeps): void {
  const requests = requestSchemas(topology, passwordsRequired);
  const player = zValidator("param", requests.player, refuseInvalid);

  app.get("/live", zValidator("query", requests.liveQuery, refuseInvalid), (c) => {
    const { region, board, limit } = c.req.valid("query");
    return answerStream(c, (watching) => live.watchBoard(region, board, limit, watching));
  });
  app.get("/live/rank/:userId", player, zValidator("query", requests.liveRankQuery, refuseInvalid), (c) => {
    const { region, board } = c.req.valid("query");
    return answerStream(c, (watching) => live.watchRank(region, board, c.req.valid("param").userId, watching));
  });
}

type Watch = (watching: Watching) => Promise<ReadableStream<Uint8Array>>;

async function answerStream(c: Context<RankerEnv>, watch: Watch): Promise<Response> {
  // A proxy that collects an answer before it passes it on would collect for ever.
  const headers = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  const setIdleTimeout = (seconds: number) => c.env?.setIdleTimeout?.(seconds);
  const lastEventId = c.req.header("Last-Event-ID");
  const stream = await watch({ lastEventId, networks: clientNetworks(c), cut: () => setIdleTimeout(CUT_SECONDS) });
  // The stream's own beats tell a connection that lives from one that does not.
  setIdleTimeout(0);
  return c.body(stream, 200, headers);
}

const CUT_SECONDS = 1;
