import { accountGone, invalidToken, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { type Limit, toPolicy } from "shared/limits/policies";
import type { Limiter } from "shared/limits/rate-limit";
import { accountQueueKey, nameBucketKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import type { RenamePlayer } from "../players/rename-player.ts";
import type { ChangeAccount } from "./change-account.ts";
import { countAttempt } from "./count-attempt.ts";
import { isAccountOf, readAccount, toIdentity } from "./read-account.ts";
import { tooManyWait } from "./write-account.ts";

/** What players with an account here do to their sessions and names. */
export interface OwnSession {
  /**
   * The same session with the account's name of now.
   *
   * @throws Problem `invalid_token` for an account that was erased or changed, and for a session
   *   that is too old; `unavailable`
   */
  refresh(player: Identity): Promise<Identity>;
  /**
   * Gives the player another name, on all boards and in the account.
   *
   * @throws Problem `name_given` where an operator gave the player a name, `rate_limited`,
   *   `invalid_token`, `queue_full`, `unavailable`, `outcome_unknown`
   */
  rename(player: Identity, name: string): Promise<Identity>;
}

export interface OwnSessionOptions {
  redis: Redis;
  changeAccount: ChangeAccount;
  renamePlayer: RenamePlayer;
  limiter: Limiter;
  /** Account events that may wait for PostgreSQL before a rename is refused. */
  queueMax: number;
  /** Names that a player may take. */
  nameLimit: Limit;
  /** How long after a login a token is refreshed, for a player who has a password. */
  sessionSecondsMax: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export function createOwnSession(options: OwnSessionOptions): OwnSession {
  const {
    redis,
    changeAccount,
    renamePlayer,
    limiter,
    queueMax,
    nameLimit,
    sessionSecondsMax,
    now = Date.now,
  } = options;
  const byName = toPolicy("name", nameLimit);

  /** The account of a token, asked without the leeway that writes of scores have. */
  async function requireAccount(player: Identity) {
    const account = await readAccount(redis, player.userId);
    if (isAccountOf(player, account)) return account;
    throw accountGone();
  }

  /** Runs a change as one of those that the player may make, given back where nothing was done. */
  function countName<T>({ userId }: Identity, change: () => Promise<T>): Promise<T> {
    const buckets = [{ policy: byName, key: nameBucketKey(userId) }];
    const refusal = "The player took too many names. Try again later.";
    return countAttempt({ redis, limiter, buckets, refusal, isSpent: mayStand }, change);
  }

  return {
    async refresh(player) {
      const account = await requireAccount(player);
      const { loggedInAt = 0 } = player;
      // A guest has no other way back to the player than the token.
      if (account.password_hash && now() / 1000 - loggedInAt > sessionSecondsMax) {
        throw invalidToken("The session is too old to go on. Log in again.");
      }
      return { ...toIdentity(player.userId, account), loggedInAt };
    },

    rename: (player, name) =>
      countName(player, async () => {
        const { name: before = "" } = await requireAccount(player);
        if ((await failAs("read", redis.llen(accountQueueKey))) >= queueMax) throw tooManyWait();
        // The boards first: an account that has the name says that it is the player's own.
        await renamePlayer(player, name, { own: before });
        const renamed = await changeAccount(player.userId, async (account) => {
          if (!isAccountOf(player, account)) throw accountGone();
          return { name };
        }).catch((cause: unknown) => {
          if (cause instanceof Problem && cause.code === "invalid_token") throw cause;
          throw new Problem("outcome_unknown", "The boards show the name, the account may not. Repeat it.", { cause });
        });
        return { ...renamed, loggedInAt: player.loggedInAt };
      }),
  };
}

/** Whether a change has been made, or may have been. */
const mayStand = (error: unknown) =>
  error === undefined || (error instanceof Problem && error.code === "outcome_unknown");
