import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createLog } from "shared/log/log";
import { toDeadElement } from "shared/model/dead-element";
import { createTopology, shardOf, shardsOf } from "shared/model/regions";
import {
  ACCOUNTS_TAG,
  accountKey,
  answersKeys,
  clockKey,
  deadKey,
  entriesKey,
  erasedKey,
  fenceKey,
  moverKey,
  removedKey,
  splitKey,
  visibilityKey,
} from "shared/redis/keys";
import type { Stores } from "shared/stores/stores";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { openFences } from "testing/open-fences";
import { createGuard, type StoreState } from "../../drainer/src/guard/guard.ts";
import { unshared } from "../../drainer/src/leases/lease.ts";
import { type RegionMoved, type RepartitionOptions, repartition } from "../../drainer/src/repartition/repartition.ts";
import { restore } from "../../drainer/src/restore/restore.ts";
import { entrySweeps } from "../../drainer/src/subjects/subjects.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { createChangeEntry } from "../../ranker/src/players/change-entry.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { createRunningSeasons } from "../../ranker/src/seasons/running-seasons.ts";
import { createSubmit } from "../../ranker/src/writes/submit.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const REGIONS = ["EU", "NA"];
const BOARDS = ["main", "weekly"];

const under = await forFile(startBothStores(REGIONS));
const { stores, databases } = under.sides;
const { home } = stores;
beforeEach(clear);

async function clear(): Promise<void> {
  await home.flushall();
  await open(1);
  await databases.home.run((sql) => sql`TRUNCATE leaderboard, accounts, erasures, visibility`);
}

/** Opens the shards of this number of partitions for writes, and no others. */
async function open(partitions: number): Promise<void> {
  for (const key of await home.keys("fence:*")) await home.del(key);
  await openFences(home, topologyOf(partitions));
}

const topologyOf = (partitions: number) => createTopology(REGIONS, partitions, BOARDS);

/** Rankers and drainers that were started with this number of partitions. */
function servicesWith(partitions: number) {
  const topology = topologyOf(partitions);
  const boards = createBoards(topology, stores.of, configuredDefinitions(topology));
  const submit = createSubmit({
    topology,
    definitions: configuredDefinitions(topology),
    redisOf: stores.of,
    fences: under.fences,
    boards,
    queueMax: 1_000_000,
  });
  const setVisibility = createSetVisibility({ topology, stores: stores, fences: under.fences });
  const identity = (userId: string) => ({ userId, name: `Name of ${userId}`, region: under.regionOf(userId) });
  return {
    boards,
    setHidden: (userId: string, isHidden: boolean) => setVisibility(identity(userId), { hidden: isHidden }),
    write: (userId: string, board: string, value: number, idempotencyKey?: string) =>
      submit(identity(userId), { operation: "add", board, value, idempotencyKey }),
    /** All boards of all views in order, with versions. */
    async read() {
      const views = BOARDS.flatMap((board) => ["GLOBAL", ...REGIONS].map((view) => boards.top(view, board, 1000)));
      return Promise.all(views);
    },
    /**
     * Differences between Redis and PostgreSQL that a drainer with this number of partitions would
     * report.
     */
    async differences() {
      const found: unknown[] = [];
      for (const sweep of entrySweeps({ ...under.sides, topology }, topology.shards)) {
        await sweep({ isFixing: false, onDrift: (drift) => found.push(drift) });
      }
      return found;
    },
  };
}

/** Moves to `to` partitions, with a topology that still has one. */
async function move(to: number, options: Partial<RepartitionOptions> = {}): Promise<RegionMoved[]> {
  const all = { topology: topologyOf(1), to, stores, databases, batchMax: 100, ...options };
  return Array.fromAsync(repartition(all));
}

/** Stores whose commands fail after so many, as if the process had ended. */
function endAfter(commands: number): Stores {
  let left = commands;
  const redis = new Proxy(home, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (left-- > 0) return member.apply(target, args);
        if (name === "multi") throw new Error("ended");
        return Promise.reject(new Error("ended"));
      };
    },
  });
  return { ...stores, of: () => redis };
}

/** All players on main, hidden or not, as SQL orders them. */
async function inSql(): Promise<string[]> {
  const rows = await databases.home.run(
    (sql) => sql<{ user_id: string }[]>`
      SELECT user_id FROM leaderboard WHERE board = 'main'
      ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC`,
  );
  return rows.map(({ user_id }) => user_id);
}

/** Keys that belong to no shard of this number of partitions. */
async function strayKeys(partitions: number): Promise<string[]> {
  const tags = new Set(REGIONS.flatMap((region) => shardsOf(region, partitions)).map(({ tag }) => tag));
  const keys = await home.keys("*");
  return keys.filter(
    (key) => !key.startsWith("split:") && key !== fenceKey(ACCOUNTS_TAG) && !tags.has(/{(.*)}/.exec(key)?.[1] ?? ""),
  );
}

/** Players whose visibility is kept on a shard that is not theirs. */
async function strayVisibility(partitions: number): Promise<string[]> {
  const topology = topologyOf(partitions);
  const said = topology.shards.map(async (shard) => {
    const ids = await home.hkeys(visibilityKey(shard));
    return ids.filter((id) => shardOf(topology, shard.region, id) !== shard);
  });
  return (await Promise.all(said)).flat();
}

const hides = fc.array(fc.tuple(fc.integer({ min: 0, max: 39 }), fc.boolean()), { maxLength: 12 });
const played = fc.array(
  fc.record({
    player: fc.integer({ min: 0, max: 39 }),
    board: fc.constantFrom(...BOARDS),
    value: fc.integer({ min: -2, max: 2 }),
  }),
  { minLength: 1, maxLength: 120 },
);

describe.each([
  [1, 4],
  [4, 16],
  [16, 1],
  [6, 4],
])("from %d to %d partitions", (from, to) => {
  const marked = async (partitions: number) => {
    await open(partitions);
    await Promise.all(REGIONS.map((region) => home.set(splitKey(region), String(partitions))));
  };

  test("ranks, ties, names, versions and hidden players stay on every board and view, and later writes are newer", async () => {
    await fc.assert(
      fc.asyncProperty(played, hides, played, async (writes, hidden, later) => {
        await clear();
        await marked(from);
        const before = servicesWith(from);
        for (const { player, board, value } of writes) await before.write(`p${player}`, board, value);
        for (const [player, isHidden] of hidden) await before.setHidden(`p${player}`, isHidden);
        for (const { player, board, value } of later) await before.write(`p${player}`, board, value);
        const read = await before.read();
        const moved = await move(to);
        const after = servicesWith(to);
        expect(await after.read()).toEqual(read);
        expect(await strayKeys(to)).toEqual([]);
        expect(await after.differences()).toEqual([]);
        expect(moved.map(({ region, broken }) => [region, broken])).toEqual(REGIONS.map((region) => [region, 0]));
        for (const player of new Set(hidden.map(([id]) => id))) await after.setHidden(`p${player}`, false);
        const [all] = await after.read();
        expect(all?.entries.map(({ user_id }) => user_id)).toEqual(await inSql());
        const newest = Math.max(...read.flatMap(({ entries }) => entries.map((entry) => Date.parse(entry.updated_at))));
        const { entry } = await after.write("p0", "main", 1);
        expect(Date.parse(entry.updated_at)).toBeGreaterThanOrEqual(newest);
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  test("a move that ends after any command comes to the same result when it is run again", async () => {
    await marked(from);
    const before = servicesWith(from);
    for (let n = 0; n < 60; n++) await before.write(`p${n}`, BOARDS[n % 2] ?? "", n % 5, `match-${n}`);
    for (let n = 0; n < 60; n += 7) await before.setHidden(`p${n}`, n % 2 === 0);
    const read = await before.read();
    let ends = 0;
    for (let commands = 1; ; commands += 1 + Math.floor(Math.random() * 40)) {
      const outcome = await move(to, { stores: endAfter(commands) }).catch((error: Error) => error.message);
      if (outcome !== "ended") break;
      ends++;
      await home.del(...REGIONS.map(moverKey)); // the lease has run out
    }
    expect(ends).toBeGreaterThan(5);
    expect(await servicesWith(to).read()).toEqual(read);
    expect([await strayKeys(to), await strayVisibility(to)]).toEqual([[], []]);
    expect(await servicesWith(to).differences()).toEqual([]);
  }, 60_000);

  test("a write that is repeated under its idempotency key after the move is not applied again", async () => {
    await marked(from);
    const players = Array.from({ length: 30 }, (_, n) => `p${n}`);
    const first = await Promise.all(players.map((id) => servicesWith(from).write(id, "main", 3, `${id}:match:1`)));
    await move(to);
    const again = await Promise.all(players.map((id) => servicesWith(to).write(id, "main", 3, `${id}:match:1`)));
    expect(again).toEqual(first.map(({ entry }) => ({ entry, isReplay: true })));
    const [answers] = answersKeys(shardOf(topologyOf(to), under.regionOf("p3"), "p3"), "p3");
    expect(await home.ttl(answers)).toBeGreaterThan(24 * 3600 - 60);
  });

  test("erased players stay erased: no old row comes back, old tokens write no more, later writes are newer", async () => {
    await marked(from);
    const before = servicesWith(from);
    const players = Array.from({ length: 30 }, (_, n) => `p${n}`);
    for (const id of players) await before.write(id, "main", 3);
    const erase = createErasePlayer({ topology: topologyOf(from), stores, fences: under.fences });
    const erased = players.filter((_, n) => n % 3 === 0);
    for (const id of erased) {
      await stores.home.hset(accountKey(id), "name", id, "region", under.regionOf(id), "created_at", "5");
      await erase(id);
    }
    const ahead = Date.now() * 1000 + 3600_000_000;
    const homeOfFirst = (partitions: number) => shardOf(topologyOf(partitions), under.regionOf("p0"), "p0");
    // Erased on a shard whose clock was ahead of this one.
    await stores.home.set(erasedKey(homeOfFirst(from), "p0"), `${ahead} 5`, "EX", 30 * 24 * 3600);
    await stores.home.set(clockKey(homeOfFirst(from)), String(ahead));
    await move(to);

    const after = createSubmit({
      topology: topologyOf(to),
      definitions: configuredDefinitions(topologyOf(to)),
      redisOf: stores.of,
      queueMax: 1e6,
      boards: before.boards,
      fences: under.fences,
    });
    for (const id of erased) {
      const shard = shardOf(topologyOf(to), under.regionOf(id), id);
      expect(await stores.home.ttl(erasedKey(shard, id))).toBeGreaterThan(30 * 24 * 3600 - 60);
      const identity = { userId: id, name: id, region: under.regionOf(id), account: "5" };
      await expect(after(identity, { operation: "add", board: "main", value: 1 })).rejects.toMatchObject({
        code: "invalid_token",
      });
    }
    expect(Number(await stores.home.get(clockKey(homeOfFirst(to))))).toBeGreaterThanOrEqual(ahead);
    expect((await strayKeys(to)).filter((key) => !key.includes("{accounts}"))).toEqual([]);
    const regions = erased.map((id) => under.regionOf(id));
    await databases.home.run(
      (sql) => sql`
        INSERT INTO leaderboard (user_id, name, region, reached_at, updated_at)
        SELECT user_id, user_id, region, 'epoch', 'epoch'
        FROM unnest(${erased}::text[], ${regions}::text[]) AS late (user_id, region)`,
    );
    await restore({ ...under.sides, topology: topologyOf(to) });
    const { total } = await servicesWith(to).boards.top("GLOBAL", "main", 100);
    expect(total).toBe(players.length - erased.length);
  }, 60_000);

  test("removed entries stay removed: no old row comes back, and later writes are newer", async () => {
    await marked(from);
    const before = servicesWith(from);
    const players = Array.from({ length: 30 }, (_, n) => `p${n}`);
    for (const id of players) await before.write(id, "main", 3);
    const topology = topologyOf(from);
    const seasons = createRunningSeasons({ topology, redisOf: stores.of });
    const definitions = configuredDefinitions(topology);
    const acts = { topology, stores, fences: under.fences, definitions, seasons, archive: undefined };
    const change = createChangeEntry(acts);
    const removed = players.filter((_, n) => n % 3 === 0);
    for (const userId of removed) await change({ userId, board: "main" }, { act: "remove" });
    await move(to);

    for (const id of removed) {
      const shard = shardOf(topologyOf(to), under.regionOf(id), id);
      expect(await stores.home.ttl(removedKey(shard, "main", id))).toBeGreaterThan(30 * 24 * 3600 - 60);
    }
    expect((await strayKeys(to)).filter((key) => !key.includes("{accounts}"))).toEqual([]);
    await databases.home.run(
      (sql) => sql`
        INSERT INTO leaderboard (user_id, name, region, reached_at, updated_at)
        SELECT user_id, user_id, region, 'epoch', 'epoch'
        FROM unnest(${removed}::text[], ${removed.map(under.regionOf)}::text[]) AS late (user_id, region)`,
    );
    await restore({ ...under.sides, topology: topologyOf(to) });
    const after = servicesWith(to);
    const { total } = await after.boards.top("GLOBAL", "main", 100);
    expect(total).toBe(players.length - removed.length);
    await after.write("p0", "main", 4);
    expect(await after.boards.rank("GLOBAL", "main", "p0")).toMatchObject({ score: 4, rank: 1 });
  }, 60_000);

  test("dead events move to the shards of their players, where an erasure finds them", async () => {
    await marked(from);
    const shardWith = (partitions: number, n: number) =>
      shardOf(topologyOf(partitions), under.regionOf(`p${n}`), `p${n}`);
    const entryOf = (n: number) => {
      const raw = Buffer.from(`{"user_id":"p${n}","region":"${under.regionOf(`p${n}`)}","board":"none"}`);
      return toDeadElement({ raw, reason: "test" }, new Date(0));
    };
    for (let n = 0; n < 250; n++) await home.lpush(deadKey(shardWith(from, n)), entryOf(n));
    await move(to);
    for (let n = 0; n < 250; n++) expect(await home.lpos(deadKey(shardWith(to, n)), entryOf(n))).not.toBeNull();
    const lists = new Set(Array.from({ length: 250 }, (_, n) => deadKey(shardWith(to, n))));
    const lengths = await Promise.all([...lists].map((key) => home.llen(key)));
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(250);
  });

  test("a move beside live writes keeps every acknowledged write and refuses services with the old number", async () => {
    await marked(from);
    const [before, after] = [servicesWith(from), servicesWith(to)];
    const acknowledged = new Map<string, number>();
    const answers = { written: 0, refused: 0 };
    let turn = 0;
    let services = before;
    await using writers = keepDoing(async () => {
      const userId = `p${turn++ % 200}`;
      try {
        await services.write(userId, "main", 1);
        acknowledged.set(userId, (acknowledged.get(userId) ?? 0) + 1);
        answers.written++;
      } catch (error) {
        expect(error).toMatchObject({ code: "unavailable", status: 503 });
        answers.refused++;
      }
    }, 8);
    while (acknowledged.size < 200) await home.ping();
    await move(to);
    await expect(before.write("p1", "main", 1)).rejects.toMatchObject({ code: "unavailable" });
    await expect(before.boards.top("EU", "main", 10)).rejects.toMatchObject({ code: "region_unavailable" });
    const atTheEnd = answers.written;
    services = after;
    while (answers.written < atTheEnd + 200) await home.ping();
    await writers.stop();
    expect(answers.refused).toBeGreaterThan(0);
    await move(from); // drains the writes since the first move
    const { entries } = await before.boards.top("GLOBAL", "main", 1000);
    expect(new Map(entries.map(({ user_id, score }) => [user_id, score]))).toEqual(acknowledged);
    expect(await before.differences()).toEqual([]);
  }, 60_000);
});

describe("while entries are copied", () => {
  /** Ends while the entries of the first region are copied. */
  async function moveHalf(to: number): Promise<void> {
    const onProgress = (_: string, { entries }: { entries: number }) => {
      if (entries > 0) throw new Error("ended");
    };
    await expect(move(to, { onProgress })).rejects.toThrow("ended");
  }

  test("writes are refused, and reads see the whole board where old and new shards share no tag", async () => {
    const before = servicesWith(1);
    for (let n = 0; n < 50; n++) await before.write(`p${n}`, "main", n);
    const read = await before.read();
    await moveHalf(4);
    expect(await home.get(splitKey("EU"))).toBe("1>4 copying");
    expect(await before.read()).toEqual(read);
    for (const services of [before, servicesWith(4)]) {
      await expect(services.write("p0", "main", 1)).rejects.toMatchObject({ code: "unavailable" });
    }
    await expect(servicesWith(4).boards.top("EU", "main", 1)).rejects.toMatchObject({ code: "region_unavailable" });
    await before.write("p1", "main", 1); // NA has not begun
  });

  test("reads are refused where old and new shards share tags, since a player may be on both", async () => {
    await open(6);
    await Promise.all(REGIONS.map((region) => home.set(splitKey(region), "6")));
    const before = servicesWith(6);
    for (let n = 0; n < 50; n++) await before.write(`p${n}`, "main", n);
    await moveHalf(4);
    await expect(before.boards.top("EU", "main", 1)).rejects.toMatchObject({ code: "region_unavailable" });
    expect(await before.boards.top("NA", "main", 1)).toMatchObject({ total: 25 });
  });
});

test("after a move back and forth no old record is believed", async () => {
  const [one, four] = [servicesWith(1), servicesWith(4)];
  for (let n = 0; n < 20; n++) await one.write(`p${n}`, "main", n);
  await move(4);
  for (let n = 0; n < 20; n++) await four.write(`p${n}`, "main", 100);
  await move(1);
  await expect(four.write("p1", "main", 1)).rejects.toMatchObject({ code: "unavailable" });
  const { entries } = await one.boards.top("GLOBAL", "main", 100);
  expect(entries.map(({ score }) => score)).toEqual(Array.from({ length: 20 }, (_, n) => 119 - n));
});

test("after moves back and forth a drainer finds every shard open, and restores none", async () => {
  const { topology } = under.sides;
  const log = createLog("test", "silent");
  const restored: string[] = [];
  const guardAll = async (partitions: number) => {
    const states = new Map<string, StoreState>();
    for (const { tag, region } of shardsOfAll(partitions)) {
      const place = { redis: stores.of(region), database: databases.of(region), tag };
      const restorer = { check: async () => {}, restore: async () => void restored.push(tag) };
      const onState = (_: string, state: StoreState) => void states.set(tag, state);
      await createGuard({ ...place, lease: unshared, restorer, log, onState })();
    }
    return [...new Set(states.values())];
  };
  const shardsOfAll = (partitions: number) => topology.regions.flatMap((region) => shardsOf(region, partitions));
  await stores.home.flushall();
  await databases.home.run((sql) => sql`TRUNCATE leaderboard, guarded_stores, drained_versions`);
  expect(await guardAll(4)).toEqual(["open"]);
  await Promise.all(REGIONS.map((region) => stores.home.set(splitKey(region), "4")));
  for (const id of ["p0", "p1", "p2", "p3"]) await servicesWith(4).write(id, "main", 1);
  for (const to of [8, 1, 4]) {
    await move(to);
    expect(await guardAll(to)).toEqual(["open"]);
  }
  expect(restored).toEqual([]);
  await databases.home.run((sql) => sql`TRUNCATE guarded_stores, drained_versions`);
});

test("events that PostgreSQL refuses become dead events of the new shards", async () => {
  await home.lpush("queue:scores:{EU}", "no event", "nor this");
  await move(4);
  expect(await home.llen("queue:dead:{EU.0}")).toBe(2);
  await move(1);
  expect(await home.llen("queue:dead:{EU}")).toBe(2);
});

test("an entry that contradicts itself in Redis is left out of the move and restored from PostgreSQL", async () => {
  const before = servicesWith(1);
  for (let n = 0; n < 10; n++) await before.write(`p${n}`, "main", n);
  const read = await before.read();
  while (await under.drainOnce());
  await home.hset(entriesKey(shardOf(topologyOf(1), "EU", "p4"), "main"), "p4", "soon");
  expect((await move(4)).map(({ broken }) => broken)).toEqual([1, 0]);
  await restore({ ...under.sides, topology: topologyOf(4) });
  expect(await servicesWith(4).read()).toEqual(read);
});

test("a move to a third number, and a second run beside the first, are refused", async () => {
  await servicesWith(1).write("p0", "main", 1);
  const ended = move(4, {
    onProgress() {
      throw new Error("ended");
    },
  });
  await expect(ended).rejects.toThrow("ended");
  await home.set(splitKey("EU"), "1>4 copying");
  await expect(move(8)).rejects.toThrow("EU is being moved to 4 partitions: complete that first, with --to 4.");
  await home.set("mover:{EU}", "somebody");
  await expect(move(4)).rejects.toThrow("Another ./lb repartition is at work on EU.");
}, 20_000);

test("a move to a third number moves no region, where a later region has begun another move", async () => {
  await servicesWith(1).write("p0", "main", 1);
  await home.set(splitKey("EU"), "1");
  await home.set(splitKey("NA"), "1>4 copying");
  await expect(move(8)).rejects.toThrow("NA is being moved to 4 partitions: complete that first, with --to 4.");
  expect(await home.get(splitKey("EU"))).toBe("1");
});

test("a move moves no region, where a later region is closed to writes", async () => {
  await servicesWith(1).write("p0", "main", 1);
  await home.del(fenceKey("NA"));
  await expect(move(4)).rejects.toThrow("NA is not open for writes");
  expect(await home.get(splitKey("EU"))).toBe("1");
});

test("a move that cannot reach PostgreSQL leaves the region open", async () => {
  const before = servicesWith(1);
  await before.write("p0", "main", 1);
  const away = { ...databases.home, run: () => Promise.reject(new Error("away")) };
  await expect(move(4, { databases: { ...databases, of: () => away } })).rejects.toThrow("away");
  await before.write("p0", "main", 1);
});
