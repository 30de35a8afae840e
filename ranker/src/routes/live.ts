import type { RankerOperations } from "shared/api/operations";
import type { Incoming } from "shared/http/incoming";
import type { Reply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import { clientNetworks } from "../accounts/client-networks.ts";
import type { Live, Watching } from "../live/live.ts";
import type { ToRoute } from "./to-route.ts";

/** `GET /live` and `/live/rank/:userId`: Server-Sent Events, open to everyone. */
export function liveRoutes(
  { live: liveBoard, liveRank }: RankerOperations,
  toRoute: ToRoute,
  { live }: { live: Live },
): Record<"live" | "liveRank", Route> {
  return {
    live: toRoute(liveBoard, ({ query: { region, board, limit, lastEventId }, incoming }) =>
      streamReply(incoming, lastEventId, (watching) => live.watchBoard(region, board, limit, watching)),
    ),
    liveRank: toRoute(liveRank, ({ params: { userId }, query: { region, board, lastEventId }, incoming }) =>
      streamReply(incoming, lastEventId, (watching) => live.watchRank(region, board, userId, watching)),
    ),
  };
}

type Watch = (watching: Watching) => Promise<ReadableStream<Uint8Array>>;

// A proxy that collects an answer before it passes it on, or compresses it, would collect for ever.
const STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};
const CUT_SECONDS = 1;

async function streamReply(incoming: Incoming, queried: string | undefined, watch: Watch): Promise<Reply> {
  if (incoming.method === "HEAD") return { status: 200, headers: STREAM_HEADERS, body: null };
  const stream = await watch({
    lastEventId: incoming.headers.get("last-event-id") ?? queried,
    networks: clientNetworks(incoming),
    cut: () => incoming.setIdleTimeout(CUT_SECONDS),
  });
  // The stream's own beats tell a connection that lives from one that does not.
  incoming.setIdleTimeout(0);
  return { status: 200, headers: STREAM_HEADERS, body: stream };
}
