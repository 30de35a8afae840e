import { Hono } from "hono";
import type { Registry } from "prom-client";
import { around } from "shared/around";
import { tellEnds } from "shared/ended";
import { createHotLane, type HotLane, mountHotRoutes, putLaneBefore } from "shared/hot-routes";
import { measureHead, onProblem, onUnknownRoute, type RequestVariables, refuseAmbiguous, requestId } from "shared/http";
import type { Log } from "shared/log";
import { measureRequests } from "shared/metrics";
import type { Dependency } from "shared/readiness";
import type { Topology } from "shared/regions";
import { secureAnswers } from "shared/secure-headers";
import { type Connection, closeWhenStopping } from "shared/service";
import type { Tokens } from "shared/tokens";
import { type Tracing, traceRequests } from "shared/tracing";
import type { Accounts } from "./accounts.ts";
import type { Boards } from "./boards.ts";
import type { ConfirmAccount } from "./confirm-account.ts";
import type { ErasePlayer } from "./erase-player.ts";
import type { Live } from "./live/live.ts";
import type { Players } from "./players.ts";
import { authRoutes } from "./routes/auth.ts";
import { liveRoutes } from "./routes/live.ts";
import { playerRoutes } from "./routes/players.ts";
import { readRoutes } from "./routes/reads.ts";
import { scoreRoutes } from "./routes/scores.ts";
import { statusRoutes } from "./routes/status.ts";
import type { SetVisibility } from "./set-visibility.ts";
import type { Submit } from "./submit.ts";

export interface RankerDeps {
  topology: Topology;
  boards: Boards;
  live: Live;
  submit: Submit;
  accounts: Accounts;
  confirmAccount: ConfirmAccount;
  players: Players;
  erasePlayer: ErasePlayer;
  setVisibility: SetVisibility;
  tokens: Tokens;
  passwordsRequired: boolean;
  /** False where players come from an identity provider: whoever registered one's id could take the place. */
  registrationOpen: boolean;
  /** What readiness depends on. */
  dependencies: readonly Dependency[];
  isStopping: () => boolean;
  log: Log;
  metrics: Registry;
  tracing?: Tracing | undefined;
}

export interface RankerEnv {
  /** Of the connection; nothing where there is none, as in most tests. */
  Bindings: Partial<Connection>;
  Variables: RequestVariables;
}

export type RankerApp = Hono<RankerEnv>;

/** The ranker's HTTP interface, and its lane for what comes by links; they listen to nothing and read no environment. */
export function createApp(deps: RankerDeps): { app: RankerApp; lane: HotLane | undefined } {
  const { log, metrics, tracing, isStopping } = deps;
  const onEnd = [measureRequests(metrics)];
  const app: RankerApp = new Hono();
  if (tracing !== undefined) app.use(traceRequests(tracing));
  app.use(
    around(requestId(), tellEnds(onEnd), closeWhenStopping(isStopping), secureAnswers()),
    ...[measureHead(), refuseAmbiguous()],
  );
  const hotRoutes = [...scoreRoutes(deps), ...readRoutes(deps)];
  mountHotRoutes(app, hotRoutes);
  authRoutes(app, deps);
  liveRoutes(app, deps);
  playerRoutes(app, deps);
  statusRoutes(app, deps);
  app.onError(onProblem(log));
  app.notFound(onUnknownRoute(app));
  // A span is of one request from its first moment to its last, which Hono's middleware sees.
  if (tracing !== undefined) return { app, lane: undefined };
  const lane = createHotLane(hotRoutes, { log, isStopping, onEnd });
  putLaneBefore(app, lane);
  return { app, lane };
}
