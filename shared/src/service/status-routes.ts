import { type Health, type Readiness, statusOperations } from "../api/status.ts";
import { jsonReply } from "../http/reply.ts";
import type { Handle, Route } from "../http/serve.ts";

/** A store that a service depends on, and whether it can be used now. */
export interface Dependency {
  /** `redis 10.0.0.7:6379`: which kind, and where. */
  name: string;
  isUp: () => boolean;
}

export interface StatusDeps {
  isStopping: () => boolean;
  /** Whether the service does its work with what is up now. */
  isAtWork: () => boolean;
  /** What `GET /ready` tells beside the status. */
  readiness: () => Omit<Readiness, "status">;
  /** What `GET /health` tells beside the status; nothing unless given. */
  health?: () => Omit<Health, "status">;
}

/** `GET /health` (the process lives) and `GET /ready` (send it requests). */
export function statusRoutes({ isStopping, isAtWork, readiness, health = () => ({}) }: StatusDeps): Route[] {
  const toRoute = ({ method, path }: Pick<Route, "method" | "path">, handle: Handle): Route => ({
    method,
    path,
    handle,
  });
  return [
    toRoute(statusOperations.health, async () => {
      const body: Health = { status: "ok", ...health() };
      return jsonReply(body);
    }),
    toRoute(statusOperations.ready, async () => {
      const status = isStopping() ? "stopping" : isAtWork() ? "ready" : "unavailable";
      const body: Readiness = { status, ...readiness() };
      return jsonReply(body, status === "ready" ? 200 : 503);
    }),
  ];
}

/** The readiness of a service with dependencies. */
export const readinessOf = (dependencies: readonly Dependency[]) => () => ({
  dependencies: dependencies.map(({ name, isUp }) => ({ name, up: isUp() })),
});
