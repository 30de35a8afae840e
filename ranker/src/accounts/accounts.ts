import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { accountTail } from "shared/model/events";
import { normalizeName } from "shared/model/names";
import { ACCOUNTS_TAG, accountKey, accountKeys, MAIN_BOARD } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import type { Confirm } from "shared/redis/replica-wait";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, versionsPart } from "shared/redis/scripts/parts";
import { type CheckFirstScore, isRefusedForGood } from "../writes/check-first-score.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import type { HasRoom, Submit } from "../writes/submit.ts";
import { livesIn } from "./homes.ts";
import type { CountTry } from "./login-tries.ts";
import type { Passwords } from "./passwords/passwords.ts";
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
  /** Redis for registrations. Defaults to `redis`. */
  writer?: Redis;
  /** Confirms registrations by a replica. */
  confirm?: Confirm | undefined;
  fences: FenceWatch;
  /** The home of a player of this id who has no account but entries. @throws Problem */
  findHome: (userId: string) => Promise<string | undefined>;
  passwords: Passwords;
  submit: Submit;
  checkFirstScore: CheckFirstScore;
  hasRoom: HasRoom;
  countTry: CountTry;
  /** Whether a player without a password may log in with the name alone. */
  passwordsRequired: boolean;
  /** Account events that may wait for PostgreSQL before registrations are refused. */
  queueMax: number;
}

/** The network of a client whose address is not known. */
const UNKNOWN: LimitedNetworks = ["unknown"];

const registerLayout = defineLayout({
  keys: ["queue", "clock", "account", "homes", "fence"],
  args: {
    userId: "text",
    queueMax: "number",
    eventTail: "text",
    name: "text",
    region: "text",
    passwordHash: "text",
    initialScore: "text",
  },
});
type Registered =
  | [outcome: "created", createdAt: string]
  | [outcome: "wrong_region", home: string]
  | [outcome: "user_exists" | "queue_full" | "closed"];
const registerScript = defineScript({
  name: "register",
  source: registerSource,
  parts: [isOpenPart, versionsPart],
  layout: registerLayout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => reply as Registered,
  isRefusal: ([outcome]) => outcome !== "created",
});

export function createAccounts(options: AccountsOptions): Accounts {
  const {
    redis,
    writer = redis,
    confirm,
    fences,
    findHome,
    passwords,
    submit,
    hasRoom,
    countTry,
    checkFirstScore,
  } = options;
  const { passwordsRequired, queueMax } = options;
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
      const keys = registerLayout.toKeys(accountKeys(user_id));
      const args = registerLayout.toArgs({
        userId: user_id,
        queueMax,
        eventTail: accountTail({ user_id, name, region, password_hash: passwordHash }),
        name,
        region,
        passwordHash,
        initialScore: initialScore ?? "",
      });
      const [outcome, detail = ""] = await registerScript(writer, keys, args, confirm);
      if (outcome === "wrong_region") throw livesIn(detail);
      if (outcome === "user_exists") throw userExists(user_id);
      if (outcome === "queue_full") throw tooManyWait();
      if (outcome === "closed") {
        fences.onClosed(writer, ACCOUNTS_TAG);
        throw accountsAway();
      }
      fences.onWritten(writer, ACCOUNTS_TAG, [Number(detail)]);
      const identity = { userId: user_id, name, region, account: detail };
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
    const identity = {
      userId: user_id,
      name: account.name ?? "",
      region: account.region ?? "",
      account: account.created_at,
    };
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

const tooManyWait = () => new Problem("queue_full", "Too many registrations wait. Try again shortly.");

const userExists = (userId: string) => new Problem("user_exists", `The user_id ${userId} is taken.`);
