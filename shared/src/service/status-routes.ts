import { type Readiness, statusOperations } from "../api/status.ts";
import { jsonReply, type Reply } from "../http/reply.ts";
import type { Route } from "../http/serve.ts";

/** A store that a service depends on, and whether it can be used now. */
export interface Dependency {
  /** `redis 10.0.0.7:6379`: which kind, and where. */
  name: string;
  isUp: () => boolean;
}

export interface ReadinessDeps {
  dependencies: readonly Dependency[];
  isStopping: () => boolean;
  /** Whether the service does its work with the dependencies that are up. */
  isAtWork: () => boolean;
}

/** `GET /health` (the process lives) and `GET /ready` (send it requests) of a service with dependencies. */
export function statusRoutes({ dependencies, isStopping, isAtWork }: ReadinessDeps): Route[] {
  const { health, ready } = statusOperations;
  return [
    { method: health.method, path: health.path, handle: async () => jsonReply({ status: "ok" }) },
    {
      method: ready.method,
      path: ready.path,
      async handle(): Promise<Reply> {
        const status = isStopping() ? "stopping" : isAtWork() ? "ready" : "unavailable";
        const body: Readiness = { status, dependencies: dependencies.map(({ name, isUp }) => ({ name, up: isUp() })) };
        return jsonReply(body, status === "ready" ? 200 : 503);
      },
    },
  ];
}
