import { expect, test } from "bun:test";
import fc from "fast-check";
import { erasedKey, queueKey, removedKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { readEntries } from "../../drainer/src/rows/read-entries.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { createChangeEntry, type EntryChange } from "../../ranker/src/players/change-entry.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { createRenamePlayer } from "../../ranker/src/players/rename-player.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { createRunningSeasons } from "../../ranker/src/seasons/running-seasons.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores(["EU"]));
const { topology, stores, databases } = under.sides;
const definitions = configuredDefinitions(topology);
const parts = { ...under.sides, fences: under.fences };
const seasons = createRunningSeasons({ topology, redisOf: stores.of });
const changeEntry = createChangeEntry({ ...parts, definitions, seasons, archive: undefined });
const [setVisibility, erase, rename] = [
  createSetVisibility(parts),
  createErasePlayer(parts),
  createRenamePlayer(parts),
];
const boards = createBoards(topology, stores.of, definitions);
const EU = { region: "EU", partition: 0, tag: "EU" };
const IDS = ["p0", "p1"];
const BOARDS = ["main", "weekly"];
const player = (userId: string) => ({ userId, name: `Name of ${userId}`, region: "EU" });
type Entries = Record<string, [name: string, score: number]>;

/** What both stores should hold, and every event that there was, the oldest first. */
class World {
  readonly entries = new Map<string, Entries[string]>();
  readonly hidden = new Set<string>();
  readonly names = new Map<string, string>();
  readonly events: Buffer[] = [];
  of = (board: string, isMeant: (userId: string) => boolean = () => true): Entries =>
    Object.fromEntries(
      IDS.filter(isMeant).flatMap((id) => {
        const entry = this.entries.get(`${board} ${id}`);
        return entry === undefined ? [] : [[id, entry]];
      }),
    );
}

async function noteEvents({ events }: World): Promise<void> {
  const waiting = (await stores.home.lrangeBuffer(queueKey(EU), 0, -1)).toReversed();
  events.push(...waiting.filter((event) => !events.some((known) => known.equals(event))));
}

async function checkRedis(world: World): Promise<void> {
  for (const board of BOARDS) {
    const { entries } = await boards.top("GLOBAL", board, 100);
    const found = Object.fromEntries(entries.map(({ user_id, name, score }) => [user_id, [name, score]]));
    expect<Entries>(found as Entries).toEqual(world.of(board, (id) => !world.hidden.has(id)));
  }
}

async function checkBoth(world: World): Promise<void> {
  await noteEvents(world);
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  const found: Record<string, Entries> = { main: {}, weekly: {} };
  for await (const page of readEntries(databases.home)) {
    for (const { board, user_id, name, score } of page)
      found[board] = { ...found[board], [user_id]: [name, Number(score)] };
  }
  expect(found).toEqual(Object.fromEntries(BOARDS.map((board) => [board, world.of(board)])));
}

interface Step {
  act: keyof typeof acts;
  userId: string;
  board: string;
  /** A score, and what an act has to choose. */
  n: number;
}
type Act = (world: World, step: Step) => Promise<unknown>;

async function change(
  { entries }: World,
  { userId, board }: Step,
  asked: EntryChange,
): Promise<Entries[string] | undefined> {
  const entry = entries.get(`${board} ${userId}`);
  const outcome = await changeEntry({ userId, board }, asked).then(
    () => "done",
    ({ code }) => code,
  );
  if (entry !== undefined || asked.act === "edit") expect(outcome).toBe(entry === undefined ? "not_ranked" : "done");
  return entry;
}

const acts = {
  async write({ entries, names }, { userId, board, n: value }) {
    await under.submit(player(userId), { operation: "set", board, value });
    entries.set(`${board} ${userId}`, [names.get(userId) ?? player(userId).name, value]);
  },
  async remove(world, step) {
    await change(world, step, { act: "remove" });
    world.entries.delete(`${step.board} ${step.userId}`);
  },
  async edit(world, step) {
    const name = `Edited ${step.n}`;
    const entry = await change(world, step, { act: "edit", name });
    if (entry !== undefined) world.entries.set(`${step.board} ${step.userId}`, [name, entry[1]]);
  },
  async hideOrShow({ hidden }, { userId }) {
    await setVisibility(player(userId), { hidden: !hidden.has(userId) });
    if (!hidden.delete(userId)) hidden.add(userId);
  },
  async erase({ entries, hidden, names }, { userId }) {
    await erase(userId);
    for (const board of BOARDS) entries.delete(`${board} ${userId}`);
    hidden.delete(userId);
    names.delete(userId);
  },
  async rename({ entries, names }, { userId, n }) {
    const name = `Renamed ${n}`;
    await rename(player(userId), name);
    names.set(userId, name);
    for (const board of BOARDS) {
      const entry = entries.get(`${board} ${userId}`);
      if (entry !== undefined) entries.set(`${board} ${userId}`, [name, entry[1]]);
    }
  },
  async drain(world) {
    await noteEvents(world);
    await under.drainOnce();
  },
  // As from a copy of the queue that is restored, or by a drainer that was killed before the trim.
  async redeliver(world, { n }) {
    await noteEvents(world);
    const old = world.events.slice(n % (world.events.length + 1)).slice(0, 1 + (n % 7));
    if (old.length > 0) await stores.home.rpush(queueKey(EU), ...old.toReversed());
  },
  restore: () => restore(under.sides),
  reconcile: () => under.sweep(true),
  async loseRedis(world) {
    await checkBoth(world);
    await flushAll(stores.home);
    await restore(under.sides);
  },
  async expireNotes(world) {
    await checkBoth(world);
    const notes = IDS.flatMap((id) => [erasedKey(EU, id), ...BOARDS.map((board) => removedKey(EU, board, id))]);
    await stores.home.del(...notes);
  },
} satisfies Record<string, Act>;

const COMMON = ["write", "write", "write", "remove", "remove", "edit", "redeliver", "drain"] as const;
const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom(...COMMON, ...(Object.keys(acts) as (keyof typeof acts)[])),
    userId: fc.constantFrom(...IDS),
    board: fc.constantFrom(...BOARDS),
    n: fc.nat(99),
  }),
  { minLength: 20, maxLength: 60 },
);

test("both stores hold what was asked for last, after any acts, redeliveries, losses and repairs between", async () => {
  const holds = fc.asyncProperty(steps, async (all) => {
    await under.clear();
    const world = new World();
    for (const step of all) {
      const act: Act = acts[step.act];
      await act(world, step);
      await checkRedis(world);
    }
    await checkBoth(world);
    await checkRedis(world);
  });
  await fc.assert(holds, { numRuns: 25, endOnFailure: true });
}, 60_000);
