import type { Operation } from "shared/api/operation";
import type { Handle } from "shared/http/serve";
import type { Tracing } from "shared/tracing/tracing";
import type { LiveProxy } from "../live/live-proxy.ts";
import { toOutgoing } from "../upstream/pass-on.ts";
import { forward } from "../upstream/proxy.ts";
import { shareAnswers } from "../upstream/share-answers.ts";
import type { Pool } from "../upstream/upstreams.ts";

export interface ProxyDeps {
  pool: Pool;
  live: LiveProxy;
  onRetry: () => void;
  tracing?: Tracing | undefined;
}

/** Answers an operation by what a ranker answers. */
export function proxyOperation(operation: Operation, deps: ProxyDeps): Handle {
  const { pool, live, onRetry, tracing } = deps;
  const ask: Handle = async (incoming) => forward(await toOutgoing(incoming, operation), { pool, onRetry, tracing });
  if (operation.success[200]?.mediaType === "text/event-stream") return streamOperation(operation, live, ask);
  // A trace is of one request.
  return operation.id === "top" && tracing === undefined ? shareAnswers(ask) : ask;
}

const CUT_SECONDS = 1;

/** Passes a stream on; `HEAD` of one is an answer like any other. */
const streamOperation =
  (operation: Operation, live: LiveProxy, ask: Handle): Handle =>
  async (incoming) => {
    if (incoming.method === "HEAD") return ask(incoming);
    const reply = await live.open(await toOutgoing(incoming, operation), {
      address: incoming.client.address,
      signal: incoming.signal(),
      cut: () => incoming.setIdleTimeout(CUT_SECONDS),
    });
    // The ranker's beats tell a connection that lives from one that does not.
    if (reply.facts?.ended !== undefined) incoming.setIdleTimeout(0);
    return reply;
  };
