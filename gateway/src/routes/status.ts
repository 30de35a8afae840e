import { type Health, type Readiness, statusOperations } from "shared/api/status";
import { jsonReply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Pool } from "../upstream/upstreams.ts";

/** `GET /health` lists the upstreams; `GET /ready` asks for one that is up. */
export function statusRoutes(pool: Pool, isStopping: () => boolean): Route[] {
  const { health, ready } = statusOperations;
  const upstreamStates = () => pool.upstreams.map(({ address, isUp }) => ({ address, up: isUp }));
  return [
    {
      method: health.method,
      path: health.path,
      async handle() {
        const body: Health = { status: "ok", upstreams: upstreamStates() };
        return jsonReply(body);
      },
    },
    {
      method: ready.method,
      path: ready.path,
      async handle() {
        const upstreams = upstreamStates();
        const isReady = upstreams.some(({ up }) => up);
        const status = isStopping() ? "stopping" : isReady ? "ready" : "unavailable";
        const body: Readiness = { status, upstreams };
        return jsonReply(body, status === "ready" ? 200 : 503);
      },
    },
  ];
}
