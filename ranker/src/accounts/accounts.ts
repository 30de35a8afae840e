import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { accountTail } from "shared/model/events";
import { ACCOUNTS_TAG, accountClockKey, accountKey, accountQueueKey, fenceKey, MAIN_BOARD } from "shared/redis/keys";
import { defineScript, type Redis, toRedisProblem } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import { withParts } from "../scripts/script-parts.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import type { HasRoom, Submit } from "../writes/submit.ts";
import type { CountTry } from "./login-tries.ts";
import type { Passwords } from "./passwords.ts";
import { type Account, accountsAway, readAccount } from "./read-account.ts";
import registerSource from "./register.lua" with { type: "text" };

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
   * @throws Problem `user_exists`, `queue_full`, `unavailable`, `outcome_unknown`
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
  /** Where registrations are written, and what they wait for, if that is not the same and nothing. */
  writer?: Redis;
  confirm?: Confirm | undefined;
  fences: FenceWatch;
  passwords: Passwords;
  submit: Submit;
  hasRoom: HasRoom;
  countTry: CountTry;
  /** Whether a player without a password may log in with the name alone. */
  passwordsRequired: boolean;
  /** Account events that may wait for PostgreSQL before registrations are refused. */
  queueMax: number;
}

/** Where no address is known. */
const UNKNOWN: LimitedNetworks = ["unknown"];

const registerScript = defineScript({
  name: "register",
  source: withParts(registerSource, "is-open"),
  isFenced: true,
  parse: (reply) => reply as [outcome: "created" | "user_exists" | "queue_full" | "closed", createdAt: string],
  isRefusal: ([outcome]) => outcome !== "created",
});

export function createAccounts(options: AccountsOptions): Accounts {
  const { redis, writer = redis, confirm, fences, passwords, submit, hasRoom, countTry } = options;
  const { passwordsRequired, queueMax } = options;
  /**
   * The account and the player's ranking live in different slots, so no script can write both. The account keeps the
   * initial score until the entry exists; should a registration end in between, the next login writes it.
   */
  async function writeInitialScore(identity: Identity, value: number): Promise<void> {
    try {
      await submit(identity, { operation: "create", board: MAIN_BOARD, value });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "entry_exists") throw error;
    }
    await redis.hdel(accountKey(identity.userId), "initial_score").catch((error: unknown) => {
      throw toRedisProblem(error, "write");
    });
  }

  return {
    async register({ user_id, name, region, initialScore, password }, networks = UNKNOWN) {
      if (initialScore !== undefined && !(await hasRoom(region, user_id))) throw tooManyWait();
      // The script decides; this spares the hash of a password that would be of no use.
      if (password !== undefined && (await isTaken(user_id))) throw userExists(user_id);
      const passwordHash = password === undefined ? "" : await passwords.hash(password, networks);
      const keys = [accountQueueKey, accountClockKey, accountKey(user_id), fenceKey(ACCOUNTS_TAG)];
      const eventTail = accountTail({ user_id, name, region, password_hash: passwordHash });
      const args = [queueMax, eventTail, name, region, passwordHash, initialScore ?? ""];
      const [outcome, createdAt] = await registerScript(writer, keys, args, confirm).catch((error: unknown) => {
        throw toRedisProblem(error, "write");
      });
      if (outcome === "user_exists") throw userExists(user_id);
      if (outcome === "queue_full") throw tooManyWait();
      if (outcome === "closed") {
        fences.onClosed(writer, ACCOUNTS_TAG);
        throw accountsAway();
      }
      fences.onWritten(writer, ACCOUNTS_TAG, [Number(createdAt)]);
      const identity = { userId: user_id, name, region, account: createdAt };
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
    try {
      return (await redis.exists(accountKey(userId))) > 0;
    } catch (error) {
      throw toRedisProblem(error, "read");
    }
  }

  async function enter(credentials: Credentials, networks: LimitedNetworks): Promise<Identity> {
    const { user_id, region } = credentials;
    const account = await readAccount(redis, user_id);
    if (!(await mayEnter(account, credentials, networks))) {
      throw new Problem("bad_credentials", "No player has this user_id with these credentials.");
    }
    const identity = {
      userId: user_id,
      name: account.name ?? "",
      region: account.region ?? "",
      account: account.created_at,
    };
    if (region !== undefined && region !== identity.region) {
      throw new Problem("wrong_region", `The player's home region is ${identity.region}.`);
    }
    if (account.initial_score !== undefined) await writeInitialScore(identity, Number(account.initial_score));
    return identity;
  }

  /** A given password always costs one hash, so that the time does not tell whether the player exists. */
  async function mayEnter(
    account: Account,
    { name, password }: Credentials,
    networks: LimitedNetworks,
  ): Promise<boolean> {
    const hash = account.password_hash === "" ? undefined : account.password_hash;
    const isNamed = name === undefined || name === account.name;
    if (password !== undefined) {
      const matched = await passwords.matches(password, hash, networks);
      return matched && isNamed;
    }
    return !passwordsRequired && account.password_hash === "" && name !== undefined && isNamed;
  }
}

const tooManyWait = () => new Problem("queue_full", "Too many registrations wait. Try again shortly.");

const userExists = (userId: string) => new Problem("user_exists", `The user_id ${userId} is taken.`);
