import type { Registry } from "prom-client";
import { createTokens, type Revocations, type Tokens, warnOfProvider } from "shared/auth/tokens";
import { REPLICA_WAIT_MS } from "shared/base/deadlines";
import type { MountedApp } from "shared/http/serve";
import { createLimiter } from "shared/limits/rate-limit";
import type { Log } from "shared/log/log";
import { ACCOUNTS_TAG } from "shared/redis/keys";
import { readTime } from "shared/redis/redis";
import { createReplicaWait } from "shared/redis/replica-wait";
import { createMetrics } from "shared/service/metrics";
import { createSettings, type SettingsOptions } from "shared/settings/settings";
import type { Stores } from "shared/stores/stores";
import type { Tracing } from "shared/tracing/tracing";
import { type Accounts, createAccounts } from "./accounts/accounts.ts";
import { createChangeAccount } from "./accounts/change-account.ts";
import { type ConfirmAccount, createConfirmAccount } from "./accounts/confirm-account.ts";
import { createEnterAsGuest } from "./accounts/guests/enter-as-guest.ts";
import { createHomes } from "./accounts/homes.ts";
import { createCountTry } from "./accounts/login-tries.ts";
import { measureAccounts } from "./accounts/metrics.ts";
import { createOwnSession } from "./accounts/own-session.ts";
import { createChangePasswords } from "./accounts/passwords/change-passwords.ts";
import { createPasswords } from "./accounts/passwords/passwords.ts";
import { createWriteAccount } from "./accounts/write-account.ts";
import { createApp } from "./app.ts";
import type { ArchiveDatabases } from "./archive/archive-databases.ts";
import { measureArchives } from "./archive/archive-metrics.ts";
import { createArchives } from "./archive/archives.ts";
import { createFinalSeasons } from "./archive/final-seasons.ts";
import { type Boards, createBoards } from "./boards/boards.ts";
import { measureBoards } from "./boards/figures/metrics.ts";
import { createCursors } from "./boards/pages/cursors.ts";
import type { SplitWatch } from "./boards/split-watch.ts";
import type { RankerConfig } from "./config.ts";
import { createChangeBoards } from "./definitions/change-boards.ts";
import { createDefinitions } from "./definitions/definitions.ts";
import { createDeleteBoard } from "./definitions/delete-board.ts";
import { createListBoards } from "./definitions/list-boards.ts";
import { createSeasonPlans } from "./definitions/season-plans.ts";
import { createTellShards } from "./definitions/tell-shards.ts";
import { createLive, type Live, type LiveOptions } from "./live/live.ts";
import { measureLive } from "./live/metrics.ts";
import { createChangeEntry } from "./players/change-entry.ts";
import { createErasePlayer, type ErasePlayer } from "./players/erase-player.ts";
import { createPlayerEntries } from "./players/player-entries.ts";
import { createPlayers } from "./players/players.ts";
import { createRenamePlayer } from "./players/rename-player.ts";
import { createSetVisibility, type SetVisibility } from "./players/set-visibility.ts";
import { createWriteForPlayer } from "./players/write-for-player.ts";
import { createEndSeason } from "./seasons/end-season.ts";
import { createListSeasons } from "./seasons/list-seasons.ts";
import { createRunningSeasons } from "./seasons/running-seasons.ts";
import { createCheckFirstScore } from "./writes/check-first-score.ts";
import { createFenceWatch } from "./writes/fence-watch.ts";
import { measureWrites } from "./writes/metrics.ts";
import { createHasRoom, createSubmit, type Submit } from "./writes/submit.ts";
import { createWriteScores } from "./writes/write-scores.ts";

/** The part of the configuration that wiring needs. */
export type RankerSettings = Pick<
  RankerConfig,
  | "topology"
  | "tokens"
  | "registrationOpen"
  | "guestsOpen"
  | "passwordsRequired"
  | "sessionSecondsMax"
  | "loginLimit"
  | "nameLimit"
  | "isReplicated"
  | "queueMax"
>;

/** What a ranker is built of, beside its configuration. */
export interface RankerParts {
  log: Log;
  stores: RankerStores;
  /**
   * A write that waits for a replica holds back its connection: reads have their own. The same
   * unless given.
   */
  writers?: RankerStores;
  /** PostgreSQL of archived seasons; without it they are not read. */
  archives?: Omit<ArchiveDatabases, "close"> | undefined;
  /** Asks the home store unless given. */
  confirmAccount?: ConfirmAccount;
  tracing?: Tracing | undefined;
  /** Without it operators' listed tokens are answered with 503. */
  revocations?: Revocations | undefined;
  /** Nothing is refused unless given. */
  splits?: Pick<SplitWatch, "isServing" | "refused"> | undefined;
  isStopping: () => boolean;
  live?: Pick<LiveOptions, "boardIntervalMs" | "rankIntervalMs" | "admitIntervalMs">;
  /** How long a password waits for its turn to be hashed. */
  hashPatienceMs?: number;
}

type RankerStores = Pick<Stores, "home" | "all" | "of" | "byAddress">;

export interface Ranker extends MountedApp {
  accounts: Accounts;
  boards: Boards;
  erasePlayer: ErasePlayer;
  live: Live;
  metrics: Registry;
  setVisibility: SetVisibility;
  submit: Submit;
  tokens: Tokens;
}

/** Wires a ranker. It listens to nothing, and begins nothing by itself. */
export async function buildRanker(config: RankerSettings, parts: RankerParts): Promise<Ranker> {
  const { topology, queueMax, passwordsRequired, registrationOpen } = config;
  const { log, stores, writers = stores, tracing, revocations, isStopping } = parts;
  const confirm = config.isReplicated ? createReplicaWait(REPLICA_WAIT_MS) : undefined;

  const passwords = await createPasswords(parts.hashPatienceMs);
  const metrics = createMetrics("ranker");
  const { onReplay, onLostWrites } = measureWrites(metrics, queueMax);
  const { onWrite, onRead } = measureBoards(metrics);
  const { onConfirm } = measureAccounts(metrics, passwords);

  const fences = createFenceWatch({ log, onLost: onLostWrites });
  const settingsOptions: SettingsOptions = {
    home: stores.home,
    writer: writers.home,
    confirm,
    queueMax,
    onClosed: () => fences.onClosed(writers.home, ACCOUNTS_TAG),
  };
  const settings = createSettings(settingsOptions);
  // What an operator's act has begun is completed, also where the queue is full by then.
  const unbounded = createSettings({ ...settingsOptions, queueMax: Number.MAX_SAFE_INTEGER });
  const plans = createSeasonPlans({ settings: unbounded, now: () => readTime(stores.home) });
  const tellShards = createTellShards(topology, writers, plans);
  const definitions = createDefinitions(settings, topology.configuredBoards, tellShards);
  const seasons = createRunningSeasons({ topology, redisOf: writers.of, plans });
  const countReads = measureArchives(metrics);
  const archive = parts.archives && {
    finals: createFinalSeasons(parts.archives.home),
    archives: countReads(createArchives(topology, parts.archives)),
  };
  const cursors = createCursors(config.tokens);
  const boards = createBoards(topology, stores.of, definitions, seasons, archive, cursors);
  const live = createLive({ boards, definitions, measured: measureLive(metrics), log, ...parts.live });
  const submit = createSubmit({
    topology,
    redisOf: writers.of,
    confirm,
    fences,
    boards,
    definitions,
    seasons,
    queueMax,
    onReplay,
    onWrite,
    traceparent: tracing?.current,
  });
  const homes = createHomes({ topology, stores });
  const limiter = createLimiter();
  const countTry = createCountTry(stores.home, limiter, config.loginLimit);
  const accountStore = { redis: stores.home, writer: writers.home, confirm, fences, queueMax };
  const writeAccount = createWriteAccount(accountStore);
  const changeAccount = createChangeAccount(accountStore);
  const accounts = createAccounts({
    redis: stores.home,
    writeAccount,
    findHome: homes.find,
    passwords,
    submit,
    checkFirstScore: createCheckFirstScore(definitions),
    hasRoom: createHasRoom({ topology, redisOf: stores.of, queueMax }),
    countTry,
    passwordsRequired,
  });
  const playerEntries = createPlayerEntries(topology, stores, definitions, archive?.archives);
  const { writeForPlayer, writeRun } = createWriteForPlayer({
    topology,
    home: stores.home,
    homes,
    playerEntries,
    submit,
  });
  const written = { topology, confirm, stores: writers, fences };
  const erasePlayer = createErasePlayer(written);
  const renamePlayer = createRenamePlayer(written);
  const setVisibility = createSetVisibility(written);
  const tokens = createTokens({ ...config.tokens, revocations, onProviderFailure: warnOfProvider(log) });

  const { app, answerLinked } = createApp({
    topology,
    boards,
    onRead,
    definitions,
    plans,
    listBoards: createListBoards({ settings, configured: topology.configuredBoards, plans }),
    changeBoards: createChangeBoards({ topology, settings, definitions, tellShards, plans }),
    listSeasons: createListSeasons({ topology, definitions, plans, seasons, boards, home: parts.archives?.home }),
    deleteBoard: createDeleteBoard({ topology, stores: writers, settings, definitions, tellShards }),
    endSeason: createEndSeason({
      topology,
      redisOf: writers.of,
      confirm,
      settings,
      unbounded,
      definitions,
      plans,
      seasons,
      tellShards,
    }),
    live,
    submit,
    homes,
    accounts,
    players: createPlayers(topology, stores, playerEntries, homes),
    writeForPlayer,
    writeScores: createWriteScores({ writeRun }),
    erasePlayer,
    changeEntry: createChangeEntry({ ...written, definitions, seasons, archive }),
    renamePlayer,
    enterAsGuest: config.guestsOpen ? createEnterAsGuest({ topology, store: accountStore, writeAccount }) : undefined,
    changePasswords: createChangePasswords({ changeAccount, passwords, countTry }),
    ownSession: createOwnSession({
      redis: stores.home,
      changeAccount,
      renamePlayer,
      limiter,
      queueMax,
      nameLimit: config.nameLimit,
      sessionSecondsMax: config.sessionSecondsMax,
    }),
    setVisibility,
    tokens,
    confirmAccount: parts.confirmAccount ?? createConfirmAccount(stores.home, { onConfirm }),
    passwordsRequired,
    registrationOpen,
    dependencies: [...stores.byAddress].map(([address, redis]) => ({
      name: `redis ${address}`,
      isUp: () => redis.status === "ready",
    })),
    splits: parts.splits,
    isStopping,
    log,
    metrics,
    tracing,
  });
  return { app, answerLinked, accounts, boards, erasePlayer, live, metrics, setVisibility, submit, tokens };
}
