import type { Context } from "hono";
import type { Readiness } from "../api/answers.ts";

/** Something that a service depends on, and whether it can be used at this moment. */
export interface Dependency {
  /** `redis 10.0.0.7:6379`: which kind, and where. */
  name: string;
  isUp: () => boolean;
}

export interface ReadinessOptions {
  dependencies: readonly Dependency[];
  isStopping: boolean;
  /** Whether the service does its work with what is up. */
  isAtWork: boolean;
}

/** The answer to `GET /ready`: whether to count on this process, and each thing that it depends on. */
export function answerReadiness(c: Context, { dependencies, isStopping, isAtWork }: ReadinessOptions): Response {
  const status = isStopping ? "stopping" : isAtWork ? "ready" : "unavailable";
  const body: Readiness = { status, dependencies: dependencies.map(({ name, isUp }) => ({ name, up: isUp() })) };
  return c.json(body, status === "ready" ? 200 : 503);
}
