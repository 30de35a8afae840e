import type { Registry } from "prom-client";
import { type RankerOperations, rankerOperations } from "shared/api/operations";
import { createServe, type MountedApp, mountRoutes, type Route } from "shared/http/serve";
import type { Log } from "shared/log/log";
import { measureRequests } from "shared/service/metrics";
import { type Dependency, readinessOf, statusRoutes } from "shared/service/status-routes";
import type { Tracing } from "shared/tracing/tracing";
import type { SplitWatch } from "./boards/split-watch.ts";
import type { Live } from "./live/live.ts";
import { type AccountRouteDeps, accountRoutes } from "./routes/accounts.ts";
import { type BoardRouteDeps, boardRoutes } from "./routes/boards.ts";
import { type DefinitionRouteDeps, definitionRoutes } from "./routes/definitions.ts";
import { liveRoutes } from "./routes/live.ts";
import { logActs } from "./routes/log-acts.ts";
import { type PlayerRouteDeps, playerRoutes } from "./routes/players.ts";
import { type ScoreRouteDeps, scoreRoutes } from "./routes/scores.ts";
import { type SeasonRouteDeps, seasonRoutes } from "./routes/seasons.ts";
import { type CallerDeps, createToRoute } from "./routes/to-route.ts";

export interface RankerDeps
  extends CallerDeps,
    AccountRouteDeps,
    BoardRouteDeps,
    DefinitionRouteDeps,
    PlayerRouteDeps,
    ScoreRouteDeps,
    SeasonRouteDeps {
  live: Live;
  passwordsRequired: boolean;
  /** Stores that readiness depends on. */
  dependencies: readonly Dependency[];
  /** What the scripts refuse; nothing unless given. */
  splits?: Pick<SplitWatch, "isServing" | "refused"> | undefined;
  isStopping: () => boolean;
  log: Log;
  metrics: Registry;
  tracing?: Tracing | undefined;
}

/** The ranker's interface by HTTP and by links. It listens to nothing and reads no environment. */
export function createApp(deps: RankerDeps): MountedApp {
  const { log, metrics, tracing, splits, isStopping, dependencies } = deps;
  const operations = rankerOperations(deps);
  const toRoute = createToRoute(deps);
  const routes: Record<keyof RankerOperations, Route> = {
    ...accountRoutes(operations, toRoute, deps),
    ...scoreRoutes(operations, toRoute, deps),
    ...boardRoutes(operations, toRoute, deps),
    ...definitionRoutes(operations, toRoute, deps),
    ...seasonRoutes(operations, toRoute, deps),
    ...liveRoutes(operations, toRoute, deps),
    ...playerRoutes(operations, toRoute, deps),
  };
  // One store that answers is enough: requests for other regions get a 503 of their own.
  const isAtWork = () => (splits?.isServing() ?? true) && dependencies.some(({ isUp }) => isUp());
  const refused = (): Dependency[] =>
    (splits?.refused() ?? []).map((region) => ({ name: `region ${region}`, isUp: () => false }));
  const readiness = () => readinessOf([...dependencies, ...refused()])();
  const status = statusRoutes({ isStopping, isAtWork, readiness });
  const serve = createServe({ log, tracing, onEnd: [measureRequests(metrics), logActs(log)] });
  return mountRoutes([...Object.values(routes), ...status], {
    serve,
    isStopping,
  });
}
