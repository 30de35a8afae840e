import { afterAll, expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { readPostgresEntries, readRedisEntries } from "testing/read-entries";
import { clientOf, codeOf } from "testing/services/client";
import { connectToStack, makePlace, pidOf, runCommand, startStack } from "testing/services/stack-under-test";
import { until } from "testing/until";

const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];

const place = await forFile(makePlace());
await forFile(startStack(place, [], { RATE_USER_PER_SECOND: "1000", RATE_USER_BURST: "1000" }));
const redis = await connectToStack(place);
afterAll(() => redis.disconnect());

/** The entries of a region by rank, in a form that both stores have. */
const entriesInRedis = (region: string) => readRedisEntries(redis, region);
const entriesInPostgres = async (region: string) =>
  readPostgresEntries((await place.readStores())[`POSTGRES_URL_${region}`] ?? "");

async function untilDrained(): Promise<void> {
  const queues = [...REGIONS.map((region) => `queue:scores:{${region}}`), "queue:accounts:{accounts}"];
  const waiting = async () => Promise.all(queues.map((queue) => redis.llen(queue)));
  await until(waiting, (lengths) => lengths.every((length) => length === 0));
}

/** Plays for five seconds, and kills the drainer each time that events wait. @returns the kills */
async function playAndKill(): Promise<number> {
  const demo = runCommand(place, ["demo", "--url", place.url, "--players", "200", "--seconds", "5"]);
  let isPlaying = true;
  const played = demo.finally(() => {
    isPlaying = false;
  });
  let kills = 0;
  while (isPlaying) {
    const pid = await until(
      () => pidOf(place, "drainer/src/main.ts"),
      (found) => found !== undefined || !isPlaying,
    );
    // Killed as soon as events wait again, in any step of a batch.
    await until(async () => (await redis.llen("queue:scores:{EU}")) > 0 || !isPlaying);
    if (pid === undefined || !isPlaying) break;
    process.kill(pid, "SIGKILL");
    kills++;
    await until(async () => (await pidOf(place, "drainer/src/main.ts")) !== pid || !isPlaying);
  }
  expect(await played).toContain("submits");
  return kills;
}

test("after kill -9 of the drainer while the demo plays, PostgreSQL equals Redis player by player", async () => {
  // On a busy machine a drainer may take as long to start as the demo plays.
  for (let kills = 0; kills < 2; ) kills += await playAndKill();
  await untilDrained();
  for (const region of REGIONS) {
    const inRedis = await entriesInRedis(region);
    expect(inRedis.length).toBeGreaterThan(30);
    expect(await entriesInPostgres(region)).toEqual(inRedis); // in the same order, too
  }
  expect(await redis.llen("queue:dead:{EU}")).toBe(0);
}, 60_000);

test("twenty equal scores have the same order in top, rank, around and SQL", async () => {
  const client = clientOf(place);
  const ids = Array.from({ length: 20 }, (_, n) => `tied-${(n * 7) % 20}`);
  for (const user_id of ids) {
    const token = await client.register({ user_id, name: user_id, region: "NA" });
    await client.as(token).setScore({ score: 1_000_000 });
  }
  for (const region of ["NA", "GLOBAL"]) {
    const { entries } = await client.top({ region, limit: 20 });
    expect(entries.map(({ user_id }) => user_id)).toEqual(ids);
    for (const [index, id] of ids.entries()) {
      expect(await client.rank(id, { region })).toMatchObject({ rank: index + 1 });
    }
    const { around } = await client.around(ids[9] ?? "", { region, range: 10 });
    expect(around.map(({ user_id }) => user_id).slice(0, 19)).toEqual(ids.filter((_, index) => index !== 9));
  }
  await untilDrained();
  expect((await entriesInPostgres("NA")).slice(0, 20).map(({ userId }) => userId)).toEqual(ids);
}, 30_000);

test("a drainer restores an emptied Redis by itself: the same ranks and ties, the same logins and tokens", async () => {
  const client = clientOf(place);
  const keeper = await client.register({ user_id: "keeper", name: "Keeper", region: "EU", password: "correct horse" });
  await untilDrained();
  const read = () => Promise.all(REGIONS.map((region) => client.top({ region, limit: 1000 })));
  const before = await read();
  await redis.flushall();
  // Until it is complete, reads and registrations are refused: no partial board, no id for a
  // stranger.
  const restored = await until(
    () => read().catch((error: { code: string }) => error.code),
    (tops) => typeof tops !== "string",
  );
  expect(restored).toEqual(before);
  const stranger = { user_id: "keeper", name: "Stranger", region: "EU", password: "another horse" };
  const taken = await until(
    () => codeOf(client.register(stranger)),
    (code) => code !== "unavailable",
  );
  expect(taken).toBe("user_exists");
  expect((await client.login({ user_id: "keeper", password: "correct horse" })).user).toMatchObject({ name: "Keeper" });
  expect(await client.as(keeper).addScore({ delta: 1 })).toMatchObject({ score: 1 });
  // A write after the restore is newer than everything that was restored.
  const { token } = await client.login({ user_id: "tied-0", name: "tied-0" });
  expect(await client.as(token).addScore({ delta: 1 })).toMatchObject({ rank: 1, score: 1_000_001 });
  expect(await runCommand(place, ["restore"])).toMatch(
    /^Done in [\d.]+ s: 2\d\d entries, 2\d\d accounts and 0 settings/,
  );
}, 30_000);
