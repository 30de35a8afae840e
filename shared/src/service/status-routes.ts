import { type Health, type Readiness, statusOperations } from "../api/status.ts";
import { jsonReply } from "../http/reply.ts";
import type { Route } from "../http/serve.ts";

/** A store that a service depends on, and whether it can be used now. */
export interface Dependency {
  /** Kind and address: `redis 10.0.0.7:6379`. */
  name: string;
  isUp: () => boolean;
}

export interface StatusDeps {
  isStopping: () => boolean;
  /** Whether the service can work with the dependencies that are up now. */
  isAtWork: () => boolean;
  /** The fields of `GET /ready` beside the status. */
  readiness: () => Omit<Readiness, "status">;
  /** The fields of `GET /health` beside the status. None by default. */
  health?: () => Omit<Health, "status">;
}

/** `GET /health` (the process lives) and `GET /ready` (send it requests). */
export function statusRoutes({ isStopping, isAtWork, readiness, health = () => ({}) }: StatusDeps): Route[] {
  return [
    {
      method: "GET",
      path: statusOperations.health.path,
      handle: async () => jsonReply({ status: "ok", ...health() } satisfies Health),
    },
    {
      method: "GET",
      path: statusOperations.ready.path,
      handle: async () => {
        const status = isStopping() ? "stopping" : isAtWork() ? "ready" : "unavailable";
        return jsonReply({ status, ...readiness() } satisfies Readiness, status === "ready" ? 200 : 503);
      },
    },
  ];
}

/** The readiness of a service with dependencies. */
export const readinessOf = (dependencies: readonly Dependency[]) => () => ({
  dependencies: dependencies.map(({ name, isUp }) => ({ name, up: isUp() })),
});
