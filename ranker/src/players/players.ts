import type { PlayerRecord } from "shared/api/players";
import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { fromArrival, toIsoTime } from "shared/base/times";
import { redact, redactBytes } from "shared/log/redact";
import { readDeadElement } from "shared/model/dead-element";
import { parseRecord } from "shared/model/records";
import { GLOBAL, type Shard, shardsThatMayHold, type Topology } from "shared/model/regions";
import { parseVisibility } from "shared/model/visibility";
import { accountDeadKey, accountQueueKey, deadKey, entriesKey, queueKey, shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { readAccount as readAccountOf } from "../accounts/read-account.ts";
import { entriesAway } from "../boards/shard-entry.ts";
import readSource from "./read-player.lua" with { type: "text" };

/** What operators read of players in all regions. */
export interface Players {
  /** The player to write for. @throws Problem `not_found`, `unavailable` */
  find(userId: string): Promise<Identity>;
  /** @throws Problem `not_found`, `unavailable` */
  read(userId: string): Promise<PlayerRecord>;
}

const QUEUE_PAGE = 1_000;
/** Events shown of a player from each queue, waiting or dead, the newest first: some 400 KB. */
const EVENTS_SHOWN_MAX = 1_000;

type Text = string | null;
const readLayout = defineLayout({
  keys: ["split", "visibility", "fence"],
  args: { userId: "text", partitions: "text" },
});
const readScript = defineScript({
  name: "read-player",
  source: readSource,
  parts: [isReadablePart],
  layout: readLayout,
  failsAs: "read",
  parse: (reply) => reply as [] | [visibility: Text, ...records: Text[]],
});

export function createPlayers(topology: Topology, stores: Pick<Stores, "home" | "of">): Players {
  const shardsOf = (userId: string) => shardsThatMayHold(topology, GLOBAL, userId);

  /** Players of an identity provider have no account: their last entry names them. */
  async function find(userId: string): Promise<Identity | undefined> {
    const { name, region, created_at: account } = await readAccountOf(stores.home, userId);
    if (name && region && account) return { userId, name, region, account };
    const written = await Promise.all(
      shardsOf(userId).map(async (shard) => {
        const [, ...records] = await readKept(shard, userId);
        return records.flatMap((text) => (text === null ? [] : [{ region: shard.region, ...parseRecord(text) }]));
      }),
    );
    const last = written.flat().toSorted((a, b) => Number(b.updatedAt) - Number(a.updatedAt))[0];
    return last && { userId, name: last.name, region: last.region, isExternal: true };
  }

  /** @throws Problem `unavailable` */
  async function readKept(shard: Shard, userId: string): Promise<[visibility: Text, ...records: Text[]]> {
    const keys = readLayout.toKeys(shardKeys(shard));
    keys.push(...topology.configuredBoards.map((each) => entriesKey(shard, each)));
    const args = readLayout.toArgs({ userId, partitions: topology.partitions });
    const [visibility, ...records] = await readScript(stores.of(shard.region), keys, args);
    if (visibility === undefined) throw entriesAway(shard.region);
    return [visibility, ...records];
  }

  async function readShard(shard: Shard, userId: string): Promise<Pick<PlayerRecord, "hidden" | "entries">> {
    const [visibility, ...records] = await readKept(shard, userId);
    const entries = topology.configuredBoards.flatMap((board, index) => {
      const record = records[index];
      if (record == null) return [];
      const { name, score, arrival, updatedAt } = parseRecord(record);
      if (![score, fromArrival(arrival), updatedAt].every((each) => Number.isSafeInteger(Number(each)))) return [];
      const times = { reached_at: toIsoTime(fromArrival(arrival)), updated_at: toIsoTime(Number(updatedAt)) };
      return [{ board, region: shard.region, name, score: Number(score), ...times }];
    });
    return { hidden: parseVisibility(visibility ?? "")?.isHidden ?? false, entries };
  }

  async function readAccount(userId: string): Promise<PlayerRecord["account"]> {
    const { name, region, password_hash, created_at, updated_at } = await readAccountOf(stores.home, userId);
    if (name === undefined || region === undefined) return null;
    const time = (text: string | undefined) => toIsoTime(Number(text ?? 0));
    const times = { created_at: time(created_at), updated_at: time(updated_at) };
    return { name, region, has_password: Boolean(password_hash), ...times };
  }

  async function read(userId: string): Promise<PlayerRecord> {
    const lists = shardsOf(userId).map((shard) => {
      const redis = stores.of(shard.region);
      return { redis, queue: queueKey(shard), dead: deadKey(shard) };
    });
    lists.push({ redis: stores.home, queue: accountQueueKey, dead: accountDeadKey });
    const search = (isMeant: IsMeant, keyOf: (list: (typeof lists)[number]) => string) =>
      Promise.all(lists.map((list) => findIn(list.redis, keyOf(list), isMeant))).then((found) => found.flat());
    const matches = matchesPlayer(userId);
    const [account, kept, waiting, dead] = await Promise.all([
      readAccount(userId),
      Promise.all(shardsOf(userId).map((shard) => readShard(shard, userId))),
      search(matches, ({ queue }) => queue),
      search(
        (element) => matches(readDeadElement(element).raw ?? element),
        (list) => list.dead,
      ),
    ]);
    const hidden = kept.some((each) => each.hidden);
    const entries = kept.flatMap((each) => each.entries);
    return { user_id: userId, account, hidden, entries, waiting: waiting.map(toText), dead: dead.map(toDead) };
  }

  return {
    async find(userId) {
      const found = await failAs("read", find(userId));
      if (found === undefined) throw unknownPlayer(userId);
      return found;
    },

    async read(userId) {
      const found = await failAs("read", read(userId));
      const { account, hidden, entries, waiting, dead } = found;
      if (account === null && !hidden && entries.length + waiting.length + dead.length === 0) {
        throw unknownPlayer(userId);
      }
      return found;
    },
  };
}

export const unknownPlayer = (userId: string) => new Problem("not_found", `Nothing is kept of a player ${userId}.`);

type IsMeant = (element: Buffer) => boolean;

/** Finds events of one player by text, because a dead event may not parse as JSON. */
function matchesPlayer(userId: string): IsMeant {
  const mark = new RegExp(`"user_id"\\s*:\\s*"${userId}"`);
  return (event) => event.includes(userId) && mark.test(event.toString("utf8"));
}

/** Reads a queue from its newest event on. Events that are drained meanwhile may be missed. */
async function findIn(redis: Redis, key: string, isMeant: IsMeant): Promise<Buffer[]> {
  const found = new Map<string, Buffer>();
  for (let first = 0; ; first += QUEUE_PAGE) {
    const page = await redis.lrangeBuffer(key, first, first + QUEUE_PAGE - 1);
    for (const element of page) if (isMeant(element)) found.set(element.toString("latin1"), element);
    if (page.length < QUEUE_PAGE || found.size >= EVENTS_SHOWN_MAX)
      return [...found.values()].slice(0, EVENTS_SHOWN_MAX);
  }
}

/** An event without secrets, in base64 where it is not text. */
function toText(event: Buffer): string {
  const text = event.toString("utf8");
  return Buffer.from(text).equals(event) ? redact(text) : redactBytes(event);
}

function toDead(element: Buffer): PlayerRecord["dead"][number] {
  const { at, reason, raw } = readDeadElement(element);
  return { at, reason, event: toText(raw ?? element) };
}
