import { LRUCache } from "lru-cache";
import { invalidField, Problem } from "shared/api/problems";
import type { Identity, Operator } from "shared/auth/tokens";
import { askTogether } from "shared/base/gather-turn";
import type { Topology } from "shared/model/regions";
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

export function createWriteForPlayer(options: WriteForPlayerOptions): WriteForPlayer {
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
    if (found === undefined) throw regionMissing();
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

  return async ({ name: operator }, player, submission) => {
    const { board, idempotencyKey } = submission;
    // A space is in no key of a client: operators and players never meet each other's answers.
    const key = idempotencyKey === undefined ? undefined : `${operator} ${idempotencyKey}`;
    const write = async () => submit(await find(player, board), { ...submission, by: "operator", idempotencyKey: key });
    try {
      return await write();
    } catch (error) {
      if (!isAccountGone(error)) throw error;
    }
    // The account was erased after it was looked up: the write is the first one of a new player.
    accounts.delete(player.userId);
    return write().catch((error: unknown) => {
      throw isAccountGone(error) ? beingErased(player.userId) : error;
    });
  };
}

const isAccountGone = (error: unknown) => error instanceof Problem && error.code === "invalid_token";

const beingErased = (userId: string) =>
  new Problem("unavailable", `The player ${userId} is being erased. Nothing was changed; try again.`);

const regionMissing = () => invalidField("region", "is required at the first write for a player who did not register");
