import type { PlayerRecord } from "shared/api/players";
import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { toIsoTime } from "shared/base/times";
import { redact, redactBytes } from "shared/log/redact";
import { readDeadElement } from "shared/model/dead-element";
import { GLOBAL, shardsThatMayHold, type Topology } from "shared/model/regions";
import { accountDeadKey, accountQueueKey, deadKey, queueKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { failAs } from "shared/redis/redis-problem";
import type { Stores } from "shared/stores/stores";
import type { Homes } from "../accounts/homes.ts";
import { readAccount as readAccountOf, readIdentity } from "../accounts/read-account.ts";
import type { EntryPage, PlayerEntries } from "./player-entries.ts";

/** What operators read of players in all regions. */
export interface Players {
  /** @throws Problem `not_found`, `unavailable` */
  find(userId: string): Promise<Identity>;
  /**
   * Entries page by page, and all else with the first page.
   *
   * @throws Problem `not_found`, `unavailable`
   */
  read(userId: string, page: EntryPage): Promise<PlayerRecord>;
}

const QUEUE_PAGE = 1_000;
/** Events shown of a player from each queue, waiting or dead, the newest first: some 400 KB. */
const EVENTS_SHOWN_MAX = 1_000;

export function createPlayers(
  topology: Topology,
  stores: Pick<Stores, "home" | "of">,
  playerEntries: PlayerEntries,
  homes: Pick<Homes, "find">,
): Players {
  /**
   * The last entry names a player who has no account. One whose entries are all archived, or
   * removed, still has a home.
   */
  async function find(userId: string): Promise<Identity | undefined> {
    const registered = await readIdentity(stores.home, userId);
    if (registered !== undefined) return registered;
    const last = await playerEntries.findLast(userId);
    const region = last?.region ?? (await homes.find(userId));
    return region === undefined ? undefined : { userId, name: last?.name ?? userId, region, isExternal: true };
  }

  async function readAccount(userId: string): Promise<PlayerRecord["account"]> {
    const { name, region, password_hash, device_hash, created_at, updated_at } = await readAccountOf(
      stores.home,
      userId,
    );
    if (name === undefined || region === undefined) return null;
    const time = (text: string | undefined) => toIsoTime(Number(text ?? 0));
    const times = { created_at: time(created_at), updated_at: time(updated_at) };
    return { name, region, has_password: Boolean(password_hash), has_device: Boolean(device_hash), ...times };
  }

  /** Events of the player, waiting and dead. */
  async function readEvents(userId: string): Promise<Pick<PlayerRecord, "waiting" | "dead">> {
    const lists = shardsThatMayHold(topology, GLOBAL, userId).map((shard) => {
      const redis = stores.of(shard.region);
      return { redis, queue: queueKey(shard), dead: deadKey(shard) };
    });
    lists.push({ redis: stores.home, queue: accountQueueKey, dead: accountDeadKey });
    const search = (isMeant: IsMeant, keyOf: (list: (typeof lists)[number]) => string) =>
      Promise.all(lists.map((list) => findIn(list.redis, keyOf(list), isMeant))).then((found) => found.flat());
    const matches = matchesPlayer(userId);
    const [waiting, dead] = await Promise.all([
      search(matches, ({ queue }) => queue),
      search(
        (element) => matches(readDeadElement(element).raw ?? element),
        (list) => list.dead,
      ),
    ]);
    return { waiting: waiting.map(toText), dead: dead.map(toDead) };
  }

  async function read(userId: string, page: EntryPage): Promise<PlayerRecord> {
    const [account, { hidden, entries, next }, { waiting, dead }] = await Promise.all([
      readAccount(userId),
      playerEntries.read(userId, page),
      page.cursor === undefined ? readEvents(userId) : { waiting: [], dead: [] },
    ]);
    return { user_id: userId, account, hidden, entries, next, waiting, dead };
  }

  return {
    async find(userId) {
      const found = await failAs("read", find(userId));
      if (found === undefined) throw unknownPlayer(userId);
      return found;
    },

    async read(userId, page) {
      const found = await failAs("read", read(userId, page));
      const { account, hidden, entries, waiting, dead } = found;
      const isEmpty = account === null && !hidden && entries.length + waiting.length + dead.length === 0;
      if (isEmpty && page.cursor === undefined) throw unknownPlayer(userId);
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
