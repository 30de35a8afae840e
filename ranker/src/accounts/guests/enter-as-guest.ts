import { createHash, randomBytes, randomInt } from "node:crypto";
import { invalidField, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import type { Topology } from "shared/model/regions";
import { deviceKey } from "shared/redis/keys";
import { failAs } from "shared/redis/redis-problem";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { readAccount, toIdentity } from "../read-account.ts";
import type { AccountStore, SeenDevice, WriteAccount } from "../write-account.ts";
import confirmSource from "./confirm-device.lua" with { type: "text" };

export interface Guest {
  device_id?: string | undefined;
  name?: string | undefined;
  region?: string | undefined;
}

/**
 * Makes a player of an id of our own; with a `device_id` that made one before, finds that player.
 *
 * @throws Problem `bad_credentials` for the device of a player who has a password by now;
 *   `invalid_request` for a new player without a region; `queue_full`, `unavailable`,
 *   `outcome_unknown`
 */
export type EnterAsGuest = (guest: Guest) => Promise<{ identity: Identity; isNew: boolean }>;

export interface GuestOptions {
  topology: Pick<Topology, "regions">;
  store: Pick<AccountStore, "redis" | "writer" | "confirm">;
  writeAccount: WriteAccount;
}

const layout = defineLayout({ keys: ["device"], args: { userId: "text" } });
const confirmDevice = defineScript({
  name: "confirm-device",
  source: confirmSource,
  layout,
  failsAs: "write",
  parse: Number,
});

// Of two calls with one device_id at once the later one finds what the earlier one made.
const ROUNDS_MAX = 3;
const ID_BYTES = 10;
// No letter looks like a digit, since players may have to type it.
const ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";

/** SHA-256 in base64url. A `device_id` is a random secret, so that no slow hash is needed. */
const hashDevice = (deviceId: string) => createHash("sha256").update(`device_id:${deviceId}`).digest("base64url");

/** `guest-` and 80 random bits in 16 letters. */
function makeUserId(): string {
  const bits = [...randomBytes(ID_BYTES)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return `guest-${bits.replace(/.{5}/g, (five) => ID_LETTERS.charAt(Number.parseInt(five, 2)))}`;
}

const makeName = () => `Guest ${randomInt(1_000, 10_000)}`;

export function createEnterAsGuest({ topology, store, writeAccount }: GuestOptions): EnterAsGuest {
  const { redis, writer, confirm } = store;
  function regionOf({ region }: Guest): string {
    const only = topology.regions.length === 1 ? topology.regions[0] : undefined;
    const chosen = region ?? only;
    if (chosen !== undefined) return chosen;
    throw invalidField("region", `is required for a new player: ${topology.regions.join(", ")}`);
  }

  /** The player whom the device tells, and who has it: a store that lost data may tell another. */
  async function findPlayer({ hash, userId }: SeenDevice): Promise<Identity | undefined> {
    if (userId === "") return undefined;
    const account = await readAccount(redis, userId);
    if (account.device_hash !== hash) return undefined;
    if (account.password_hash) {
      throw new Problem("bad_credentials", "The player of this device_id has a password by now. Log in with it.");
    }
    // The call that made the guest may have had no answer, and this one repeats it.
    const keys = layout.toKeys({ device: deviceKey(hash) });
    if (confirm !== undefined) await confirmDevice(writer, keys, layout.toArgs({ userId }), confirm);
    return toIdentity(userId, account);
  }

  async function look(deviceId: string): Promise<SeenDevice> {
    const hash = hashDevice(deviceId);
    return { hash, userId: (await failAs("read", redis.get(deviceKey(hash)))) ?? "" };
  }

  return async (guest) => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const device = guest.device_id === undefined ? undefined : await look(guest.device_id);
      const known = device && (await findPlayer(device));
      if (known !== undefined) return { identity: known, isNew: false };
      const made = { userId: makeUserId(), name: guest.name ?? makeName(), region: regionOf(guest) };
      const written = await writeAccount({ ...made, passwordHash: "", device });
      if (typeof written === "object") return { identity: { ...made, account: written.createdAt }, isNew: true };
    }
    throw new Problem("unavailable", "Other calls use this device_id at this moment. Try again.");
  };
}
