import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Problem } from "shared/api/problems";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { type Connection, connectServer } from "shared/redis/connection";
import { awaitReady } from "shared/redis/redis";
import { createReplicaWait } from "shared/redis/replica-wait";
import { warnWithoutReplica } from "shared/stores/checks";
import { openFences } from "testing/open-fences";
import { scratchRedis, scratchReplica } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { player, REGIONS } from "../../test/ranker-under-test.ts";
import { createAccounts } from "../accounts/accounts.ts";
import { createEnterAsGuest, type EnterAsGuest } from "../accounts/guests/enter-as-guest.ts";
import { createPasswords } from "../accounts/passwords/passwords.ts";
import { createWriteAccount } from "../accounts/write-account.ts";
import { createBoards } from "../boards/boards.ts";
import { configuredDefinitions } from "../definitions/definitions.ts";
import { createFenceWatch } from "./fence-watch.ts";
import type { Submission } from "./submission.ts";
import { createSubmit } from "./submit.ts";

const log = createLog("test", "silent");
/** For a wait that is to fail, since there is no replica. */
const SHORT_WAIT_MS = 150;
/** For a wait that is to succeed: a replica on a busy machine may take seconds. */
const LONG_WAIT_MS = 10_000;
let primary: Awaited<ReturnType<typeof scratchRedis>>;
let replica: Awaited<ReturnType<typeof scratchRedis>> | undefined;
let clients: [Connection, Connection];
beforeAll(async () => {
  primary = await scratchRedis(["--repl-diskless-sync-delay", "0"]);
  const connect = () => connectServer({ url: primary.url, name: "test", log, commandTimeoutMs: 2 * LONG_WAIT_MS });
  clients = [connect(), connect()];
  await Promise.all(clients.map((client) => awaitReady(client, 5_000)));
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await Promise.all([primary.dispose(), replica?.dispose()]);
});
beforeEach(async () => {
  await replica?.dispose();
  replica = undefined;
  await flushAll(clients[0]);
});

/** Starts a replica. */
async function addReplica(): Promise<void> {
  replica = await scratchReplica(clients[0]);
}

/** Two rankers with DURABILITY=replicated, each with a connection of its own. */
const build = async (replicaWaitMs = SHORT_WAIT_MS) => {
  const passwords = await createPasswords();
  const topology = createTopology(REGIONS, 1, ["main"]);
  await openFences(clients[0], topology);
  return clients.map((redis) => {
    const confirm = createReplicaWait(replicaWaitMs);
    const boards = createBoards(topology, () => redis, configuredDefinitions(topology));
    const fences = createFenceWatch({ log: createLog("test", "silent") });
    const submit = createSubmit({
      topology,
      definitions: configuredDefinitions(topology),
      redisOf: () => redis,
      confirm,
      fences,
      boards,
      queueMax: 3,
    });
    const store = { redis, writer: redis, confirm, fences, queueMax: 3 };
    const writeAccount = createWriteAccount(store);
    const rest = {
      passwords,
      submit,
      findHome: async () => undefined,
      checkFirstScore: async () => {},
      hasRoom: async () => true,
      countTry: <T>(_: string, __: LimitedNetworks, login: () => Promise<T>) => login(),
    };
    return {
      submit,
      enterAsGuest: createEnterAsGuest({ topology, store, writeAccount }),
      accounts: createAccounts({ redis, writeAccount, ...rest, passwordsRequired: false }),
    };
  }) as [Built, Built];
};
interface Built {
  submit: ReturnType<typeof createSubmit>;
  enterAsGuest: EnterAsGuest;
  accounts: ReturnType<typeof createAccounts>;
}

const ada = player("ada");
const add = (value: number, idempotencyKey?: string): Submission => ({
  operation: "add",
  board: "main",
  value,
  idempotencyKey,
});
const unconfirmed = { code: "outcome_unknown", message: expect.stringContaining("no replica confirmed it") };

describe("with DURABILITY=replicated and no replica", () => {
  test("a write is outcome_unknown, and so is its replay at another ranker, until a replica confirms it", async () => {
    const [one, other] = await build();
    await expect(one.submit(ada, add(5, "key"))).rejects.toMatchObject(unconfirmed);
    await expect(other.submit(ada, add(5, "key"))).rejects.toMatchObject(unconfirmed);
    await addReplica();
    const [, third] = await build(LONG_WAIT_MS);
    expect(await third.submit(ada, add(5, "key"))).toMatchObject({ isReplay: true, entry: { score: 5 } });
  });

  test("a registration is outcome_unknown, and succeeds once there is a replica", async () => {
    const [hasty] = await build();
    const registration = { user_id: "ada", name: "Ada", region: "EU" };
    await expect(hasty.accounts.register(registration)).rejects.toMatchObject(unconfirmed);
    await addReplica();
    const [patient] = await build(LONG_WAIT_MS);
    await patient.accounts.register({ ...registration, user_id: "bob" });
  });

  test("a guest is outcome_unknown, also where another ranker finds the device, until a replica has the player", async () => {
    const [one, other] = await build();
    const guest = { device_id: "a-device-of-these-tests", region: "EU" };
    await expect(one.enterAsGuest(guest)).rejects.toMatchObject(unconfirmed);
    await expect(other.enterAsGuest(guest)).rejects.toMatchObject(unconfirmed);
    await addReplica();
    const [, patient] = await build(LONG_WAIT_MS);
    expect(await patient.enterAsGuest(guest)).toMatchObject({ isNew: false });
  });

  test("a full queue is queue_full, because nothing was changed", async () => {
    const [{ submit }] = await build();
    for (let n = 0; n < 3; n++) await expect(submit(ada, add(1))).rejects.toMatchObject(unconfirmed);
    await expect(submit(ada, add(1))).rejects.toMatchObject({ code: "queue_full" });
  });

  test("a missing replica is warned of at the start, which goes on", async () => {
    const lines: string[] = [];
    const loud = createLog("test", "warn", { write: (line) => void lines.push(line) });
    await warnWithoutReplica(clients[0], loud);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ redis: `127.0.0.1:${primary.port}` }]);
    await addReplica();
    await warnWithoutReplica(clients[0], loud);
    expect(lines).toHaveLength(1);
  });
});

test("a write that changed nothing is refused as such, also in a call with writes that are not confirmed", async () => {
  const [{ submit }] = await build();
  const outcomes = await Promise.allSettled(
    ["ann", "bob", "cat", "dan"].map((userId) => submit(player(userId), add(1))),
  );
  const codes = outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as Problem).code);
  expect(codes).toEqual(["outcome_unknown", "outcome_unknown", "outcome_unknown", "queue_full"]);
});
