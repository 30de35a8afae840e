import { Problem } from "shared/api/problems";
import { accountTail } from "shared/model/events";
import { ACCOUNTS_TAG, accountKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, versionsPart } from "shared/redis/scripts/parts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import { livesIn } from "./homes.ts";
import { accountsAway } from "./read-account.ts";
import registerSource from "./register.lua" with { type: "text" };

/** Where accounts are read and written. */
export interface AccountStore {
  redis: Redis;
  /** Redis for writes. */
  writer: Redis;
  /** Confirms writes by a replica. */
  confirm?: Confirm | undefined;
  fences: FenceWatch;
  /** Account events that may wait for PostgreSQL before writes are refused. */
  queueMax: number;
}

export interface NewAccount {
  userId: string;
  name: string;
  region: string;
  /** Empty for a player without a password. */
  passwordHash: string;
  initialScore?: number | undefined;
  /** Of a guest with a `device_id`. */
  device?: SeenDevice | undefined;
}

export interface SeenDevice {
  hash: string;
  /** The player whom the device told when it was looked up; empty where it told none. */
  userId: string;
}

/**
 * Writes a new account.
 *
 * @returns its creation time (µs), or why there is none: the id is taken, or the device tells
 *   another player than the one it was seen to tell
 * @throws Problem `wrong_region`, `queue_full`, `unavailable`, `outcome_unknown`
 */
export type WriteAccount = (account: NewAccount) => Promise<{ createdAt: string } | "user_exists" | "device_taken">;

const layout = defineLayout({
  keys: ["queue", "clock", "account", "homes", "fence", "device"],
  args: {
    userId: "text",
    queueMax: "number",
    eventTail: "text",
    name: "text",
    region: "text",
    passwordHash: "text",
    initialScore: "text",
    deviceHash: "text",
    deviceOf: "text",
  },
});
type Registered =
  | [outcome: "created", createdAt: string]
  | [outcome: "wrong_region", home: string]
  | [outcome: "user_exists" | "device_taken" | "queue_full" | "closed"];
const script = defineScript({
  name: "register",
  source: registerSource,
  parts: [isOpenPart, versionsPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => reply as Registered,
  isRefusal: ([outcome]) => outcome !== "created",
});

export function createWriteAccount(store: AccountStore): WriteAccount {
  const { writer, confirm, fences, queueMax } = store;
  return async ({ userId, name, region, passwordHash, initialScore = "", device }) => {
    const { hash: deviceHash, userId: deviceOf } = device ?? { hash: "", userId: "" };
    const args = layout.toArgs({
      userId,
      queueMax,
      eventTail: accountTail({ user_id: userId, name, region, password_hash: passwordHash, device_hash: deviceHash }),
      name,
      region,
      passwordHash,
      initialScore,
      deviceHash,
      deviceOf,
    });
    const [outcome, detail = ""] = await script(writer, layout.toKeys(accountKeys(userId, deviceHash)), args, confirm);
    if (outcome === "wrong_region") throw livesIn(detail);
    if (outcome === "queue_full") throw tooManyWait();
    if (outcome === "closed") throw closed(store);
    if (outcome !== "created") return outcome;
    fences.onWritten(writer, ACCOUNTS_TAG, [Number(detail)]);
    return { createdAt: detail };
  };
}

/** The store of accounts may not be written. */
export function closed({ fences, writer }: AccountStore): Problem {
  fences.onClosed(writer, ACCOUNTS_TAG);
  return accountsAway();
}

export const tooManyWait = () => new Problem("queue_full", "Too many registrations wait. Try again shortly.");
