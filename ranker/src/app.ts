import { Hono } from "hono";
import type { Registry } from "prom-client";
import type { Tokens } from "shared/auth/tokens";
import { tellEnds } from "shared/http/ended";
import { createHotLane, type HotLane, mountHotRoutes, putLaneBefore } from "shared/http/hot-routes";
import {
  measureHead,
  onProblem,
  onUnknownRoute,
  type RequestVariables,
  refuseAmbiguous,
  requestId,
} from "shared/http/http";
import { around } from "shared/http/join-hooks";
import { secureAnswers } from "shared/http/secure-headers";
import type { Log } from "shared/log/log";
import type { Topology } from "shared/model/regions";
import { measureRequests } from "shared/service/metrics";
import type { Dependency } from "shared/service/readiness";
import { type Connection, closeWhenStopping } from "shared/service/service";
import { type Tracing, traceRequests } from "shared/tracing/tracing";
import type { Accounts } from "./accounts/accounts.ts";
import type { ConfirmAccount } from "./accounts/confirm-account.ts";
import type { Boards } from "./boards/boards.ts";
import type { Live } from "./live/live.ts";
import type { ErasePlayer } from "./players/erase-player.ts";
import type { Players } from "./players/players.ts";
import type { SetVisibility } from "./players/set-visibility.ts";
import { authRoutes } from "./routes/auth.ts";
import { liveRoutes } from "./routes/live.ts";
import { playerRoutes } from "./routes/players.ts";
import { readRoutes } from "./routes/reads.ts";
import { scoreRoutes } from "./routes/scores.ts";
import { statusRoutes } from "./routes/status.ts";
import type { Submit } from "./writes/submit.ts";

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
    measureHead(),
    refuseAmbiguous(),
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
