import { LRUCache } from "lru-cache";
import { invalidField, Problem } from "shared/api/problems";
import type { Identity, Operator } from "shared/auth/tokens";
import { askTogether } from "shared/base/gather-turn";
import type { Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import { type Homes, livesIn } from "../accounts/homes.ts";
import { readIdentities } from "../accounts/read-account.ts";
import type { Submission } from "../writes/submission.ts";
import type { Submit, Submitted } from "../writes/submit.ts";
import type { PlayerEntries } from "./player-entries.ts";

/** What an operator's write says of the player. */
export interface GivenPlayer {
  userId: string;
  region?: string | undefined;
  name?: string | undefined;
}

/**
 * Writes one score for a player, who need not have registered. The name and the region of a
 * registered player are those of the account. Others have the region of their first write, and the
 * name that was given last.
 *
 * @throws Problem `wrong_region`; `invalid_request` naming `region` for a first write without one;
 *   `unavailable`; and what `submit` throws
 */
export type WriteForPlayer = (
  operator: Operator,
  player: GivenPlayer,
  submission: Omit<Submission, "by">,
) => Promise<Submitted>;

/**
 * Writes several scores for a player on one board, in their order and in one call.
 *
 * @param submissions of one board, `WRITES_MAX` at most
 * @returns what became of each
 * @throws Problem as {@link WriteForPlayer} does before it writes
 */
export type WriteRun = (
  operator: Operator,
  player: GivenPlayer,
  submissions: readonly Omit<Submission, "by">[],
) => Promise<PromiseSettledResult<Submitted>[]>;

export interface WriteForPlayerOptions {
  topology: Topology;
  /** Redis of the accounts. */
  home: Redis;
  homes: Homes;
  playerEntries: Pick<PlayerEntries, "findLast">;
  submit: Submit;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
}

// A player who is written for all the time costs one look-up in this time: a look-up takes some
// 13 µs of 55 of a write. Only accounts are kept: submit.lua refuses one that was erased meanwhile,
// and nothing else of an account changes. That a player has none may change at any moment.
const ACCOUNT_KEPT_MS = 1_000;
const ACCOUNTS_KEPT_MAX = 20_000;
// Redis serves no other call meanwhile, some 2 µs for each account.
const ACCOUNTS_PER_CALL = 64;

export function createWriteForPlayer(options: WriteForPlayerOptions): {
  writeForPlayer: WriteForPlayer;
  writeRun: WriteRun;
} {
  let runs = 0;
  const { topology, home, homes, playerEntries, submit } = options;
  const { now = performance.now.bind(performance) } = options;
  const accounts = new LRUCache<string, Identity>({
    max: ACCOUNTS_KEPT_MAX,
    ttl: ACCOUNT_KEPT_MS,
    ttlResolution: 0,
    perf: { now },
  });

  const read = askTogether<Redis, string, Identity | undefined>({
    questionsMax: ACCOUNTS_PER_CALL,
    nameOf: () => "home",
    send: readIdentities,
  });

  async function findAccount({ userId, region }: GivenPlayer): Promise<Identity | undefined> {
    const kept = accounts.get(userId);
    if (kept !== undefined && (region === undefined || region === kept.region)) return kept;
    const identity = await read(home, userId);
    if (identity !== undefined) accounts.set(userId, identity);
    return identity;
  }

  /** A player without an account. What the write leaves out is looked up in the entries. */
  async function findUnregistered({ userId, name, region }: GivenPlayer, board: string): Promise<Identity> {
    const lives = region ?? (await homes.find(userId));
    const isKnown = name !== undefined && lives !== undefined;
    const last = isKnown ? undefined : await failAs("read", playerEntries.findLast(userId, lives));
    const only = topology.regions.length === 1 ? topology.regions[0] : undefined;
    const found = lives ?? last?.region ?? only;
    if (found === undefined) throw regionMissing(topology);
    const player = { userId, name: name ?? last?.name ?? userId, region: found, isExternal: true };
    await homes.claim(player, board);
    return player;
  }

  async function find(given: GivenPlayer, board: string): Promise<Identity> {
    const account = await findAccount(given);
    if (account === undefined) return findUnregistered(given, board);
    if (given.region !== undefined && given.region !== account.region) throw livesIn(account.region);
    return account;
  }

  const writeRun: WriteRun = async ({ name: operator }, player, submissions) => {
    const run = submissions.length > 1 ? ++runs : undefined;
    const all = submissions.map(({ idempotencyKey: key, ...submission }): Submission => {
      // A space is in no key of a client: operators and players never meet each other's answers.
      const idempotencyKey = key === undefined ? undefined : `${operator} ${key}`;
      return { ...submission, by: "operator", idempotencyKey, run };
    });
    const write = async (some: readonly Submission[]) => {
      const identity = await find(player, some[0]?.board ?? MAIN_BOARD);
      return Promise.allSettled(some.map((each) => submit(identity, each)));
    };
    const written = await write(all);
    if (!written.some(isAccountGone)) return written;
    // The account was erased after it was looked up: the writes are the first of a new player.
    accounts.delete(player.userId);
    const again = await write(all.filter((_, index) => isAccountGone(written[index])));
    const outcomes = again.map((each) => (isAccountGone(each) ? beingErased(player.userId) : each));
    return written.map((each) => (isAccountGone(each) ? (outcomes.shift() ?? each) : each));
  };

  return {
    writeRun,
    async writeForPlayer(operator, player, submission) {
      const [written] = await writeRun(operator, player, [submission]);
      if (written?.status !== "fulfilled") throw written?.reason;
      return written.value;
    },
  };
}

const isAccountGone = (written: PromiseSettledResult<Submitted> | undefined) =>
  written?.status === "rejected" && written.reason instanceof Problem && written.reason.code === "invalid_token";

const beingErased = (userId: string): PromiseRejectedResult => ({
  status: "rejected",
  reason: new Problem("unavailable", `The player ${userId} is being erased. Nothing was changed; try again.`),
});

const regionMissing = ({ regions }: Topology) =>
  invalidField("region", `is required at the first write for a player who did not register: ${regions.join(", ")}`);
