import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { normalizeName } from "shared/model/names";
import { accountKey, MAIN_BOARD } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import { type CheckFirstScore, isRefusedForGood } from "../writes/check-first-score.ts";
import type { HasRoom, Submit } from "../writes/submit.ts";
import { livesIn } from "./homes.ts";
import type { CountTry } from "./login-tries.ts";
import type { Passwords } from "./passwords/passwords.ts";
import { type Account, readAccount, toIdentity } from "./read-account.ts";
import { tooManyWait, type WriteAccount } from "./write-account.ts";

export interface Registration {
  user_id: string;
  name: string;
  region: string;
  initialScore?: number | undefined;
  password?: string | undefined;
}

export interface Credentials {
  user_id: string;
  name?: string | undefined;
  region?: string | undefined;
  password?: string | undefined;
}

export interface Accounts {
  /**
   * @param networks of the client, as limits count them
   * @throws Problem `user_exists`, `wrong_region` for the id of a player with entries elsewhere,
   *   `queue_full`, `unavailable`, `outcome_unknown`, and what `checkFirstScore` throws
   */
  register(registration: Registration, networks?: LimitedNetworks): Promise<Identity>;
  /**
   * @param networks of the client, as limits count them
   * @throws Problem `bad_credentials`, `wrong_region`, `rate_limited`, `unavailable`
   */
  login(credentials: Credentials, networks?: LimitedNetworks): Promise<Identity>;
}

export interface AccountsOptions {
  redis: Redis;
  writeAccount: WriteAccount;
  /** The home of a player of this id who has no account but entries. @throws Problem */
  findHome: (userId: string) => Promise<string | undefined>;
  passwords: Passwords;
  submit: Submit;
  checkFirstScore: CheckFirstScore;
  hasRoom: HasRoom;
  countTry: CountTry;
  /** Whether a player without a password may log in with the name alone. */
  passwordsRequired: boolean;
}

/** The network of a client whose address is not known. */
const UNKNOWN: LimitedNetworks = ["unknown"];

export function createAccounts(options: AccountsOptions): Accounts {
  const { redis, writeAccount, findHome, passwords, submit, hasRoom, countTry, checkFirstScore } = options;
  const { passwordsRequired } = options;
  /**
   * Account and ranking live in different slots, so no script can write both. The account keeps the
   * initial score until the entry exists: where a registration ends in between, the next login
   * writes the entry.
   */
  async function writeInitialScore(identity: Identity, value: number): Promise<void> {
    try {
      await submit(identity, { operation: "create", board: MAIN_BOARD, value });
    } catch (error) {
      // The entry is there, or the board was changed since: no login would ever complete it.
      if (!isRefusedForGood(error)) throw error;
    }
    await failAs("write", redis.hdel(accountKey(identity.userId), "initial_score"));
  }

  return {
    async register({ user_id, name, region, initialScore, password }, networks = UNKNOWN) {
      if (initialScore !== undefined) await checkFirstScore(initialScore);
      if (initialScore !== undefined && !(await hasRoom(region, user_id))) throw tooManyWait();
      // The script decides. Asking before it saves the hash of a password for an id that is taken.
      if (await isTaken(user_id)) throw userExists(user_id);
      // The script knows the homes that are written down; an entry tells of an older one.
      const home = await findHome(user_id);
      if (home !== undefined && home !== region) throw livesIn(home);
      const passwordHash = password === undefined ? "" : await passwords.hash(password, networks);
      const written = await writeAccount({ userId: user_id, name, region, passwordHash, initialScore });
      if (typeof written === "string") throw userExists(user_id);
      const identity = { userId: user_id, name, region, account: written.createdAt };
      if (initialScore !== undefined) {
        await writeInitialScore(identity, initialScore).catch((cause: unknown) => {
          const detail = "The player is registered, the initial score is not confirmed: the first login completes it.";
          throw new Problem("outcome_unknown", detail, { cause });
        });
      }
      return identity;
    },

    login: (credentials, networks = UNKNOWN) =>
      countTry(credentials.user_id, networks, () => enter(credentials, networks)),
  };

  async function isTaken(userId: string): Promise<boolean> {
    return (await failAs("read", redis.hlen(accountKey(userId)))) > 0;
  }

  async function enter(credentials: Credentials, networks: LimitedNetworks): Promise<Identity> {
    const { user_id, region } = credentials;
    const account = await readAccount(redis, user_id);
    if (!(await mayEnter(account, credentials, networks))) {
      throw new Problem("bad_credentials", "No player has this user_id with these credentials.");
    }
    const identity = toIdentity(user_id, account);
    if (region !== undefined && region !== identity.region) {
      throw livesIn(identity.region);
    }
    if (account.initial_score !== undefined) await writeInitialScore(identity, Number(account.initial_score));
    return identity;
  }

  /** A password always costs one hash: the time must not reveal whether the player exists. */
  async function mayEnter(
    account: Account,
    { name, password }: Credentials,
    networks: LimitedNetworks,
  ): Promise<boolean> {
    const hash = account.password_hash === "" ? undefined : account.password_hash;
    const isNamed = name === undefined || normalizeName(name) === normalizeName(account.name ?? "");
    if (password !== undefined) {
      const matched = await passwords.matches(password, hash, networks);
      return matched && isNamed;
    }
    return !passwordsRequired && account.password_hash === "" && name !== undefined && isNamed;
  }
}

const userExists = (userId: string) => new Problem("user_exists", `The user_id ${userId} is taken.`);
