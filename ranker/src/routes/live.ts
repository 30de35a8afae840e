import type { RankerOperations } from "shared/api/operations";
import type { Reader } from "shared/auth/reader";
import type { Incoming } from "shared/http/incoming";
import type { Reply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import { clientNetworks } from "../accounts/client-networks.ts";
import type { Live, Watching } from "../live/live.ts";
import type { ToRoute } from "./to-route.ts";

/** `GET /live` and `/live/rank/:userId`: Server-Sent Events, open to all who may read the board. */
export function liveRoutes(
  { live: liveBoard, liveRank }: RankerOperations,
  toRoute: ToRoute,
  { live }: { live: Live },
): Record<"live" | "liveRank", Route> {
  async function answerHead(board: string, reader: Reader): Promise<Reply> {
    await live.admit(board, reader);
    return { status: 200, headers: STREAM_HEADERS, body: null };
  }

  return {
    live: toRoute(liveBoard, async ({ query: { region, board, limit, lastEventId }, caller, incoming }) => {
      if (incoming.method === "HEAD") return answerHead(board, caller);
      const watching = toWatching(incoming, caller, lastEventId);
      return streamReply(incoming, await live.watchBoard(region, board, limit, watching));
    }),
    liveRank: toRoute(liveRank, async ({ params: { userId }, query, caller, incoming }) => {
      const { region, board, lastEventId } = query;
      if (incoming.method === "HEAD") return answerHead(board, caller);
      const watching = toWatching(incoming, caller, lastEventId);
      return streamReply(incoming, await live.watchRank(region, board, userId, watching));
    }),
  };
}

// A proxy that collects an answer before it passes it on, or compresses it, would collect for ever.
const STREAM_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};
const CUT_SECONDS = 1;

const toWatching = (incoming: Incoming, reader: Reader, queried: string | undefined): Watching => ({
  reader,
  lastEventId: incoming.headers.get("last-event-id") ?? queried,
  networks: clientNetworks(incoming),
  cut: () => incoming.setIdleTimeout(CUT_SECONDS),
});

function streamReply(incoming: Incoming, stream: ReadableStream<Uint8Array>): Reply {
  // The stream's own beats tell a connection that lives from one that does not.
  incoming.setIdleTimeout(0);
  return { status: 200, headers: STREAM_HEADERS, body: stream };
}
