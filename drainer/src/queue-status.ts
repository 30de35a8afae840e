import { ConfigError, commonFields, type Environment, parseEnvironment, toTopology } from "shared/config";
import { createLog } from "shared/log";
import type { Redis } from "shared/redis";
import { awaitReady } from "shared/redis";
import { connectStores } from "shared/stores";
import type { QueueKeys } from "./queue.ts";
import { accountQueue, scoreQueuesOf } from "./queues.ts";

/** Events shown of one list. */
const SHOWN_MAX = 20;
const READY_TIMEOUT_MS = 5_000;

/** What one list holds: its length, and its oldest entries, oldest first. */
interface Listing {
  length: number;
  oldest: string[];
}

/** Reads a queue, or its dead events, without moving anything. */
export async function list(redis: Redis, key: string): Promise<Listing> {
  const [length, newestFirst] = await Promise.all([redis.llen(key), redis.lrange(key, -SHOWN_MAX, -1)]);
  return { length, oldest: newestFirst.reverse() };
}

/** For people, one event a line; hashes of passwords are left out. */
export function format(tag: string, waiting: Listing, dead: Listing): string {
  const lines = ({ length, oldest }: Listing, kind: string) => [
    ...oldest.map((event) => `  ${kind}  ${event.replaceAll(/(\\?"password_hash\\?":\\?")[^"\\]+/g, "$1…")}`),
    ...(length > oldest.length ? [`  ${kind}  … and ${length - oldest.length} more`] : []),
  ];
  const head = `${tag}: ${waiting.length} waiting, ${dead.length} dead`;
  return [head, ...lines(waiting, "waiting"), ...lines(dead, "dead")].join("\n");
}

async function run(env: Environment): Promise<void> {
  const settings = parseEnvironment(commonFields, ["REDIS_URL"], env);
  const urlsByRegion = settings.urlsByRegion.REDIS_URL;
  const log = createLog("queue", "error");
  const stores = connectStores({ homeUrl: settings.REDIS_URL, urlsByRegion, name: "queue", log });
  try {
    await Promise.all(stores.all.map((redis) => awaitReady(redis, READY_TIMEOUT_MS)));
    const queues: { redis: Redis; keys: QueueKeys }[] = [
      ...scoreQueuesOf(toTopology(settings)).map((keys) => ({ redis: stores.of(keys.region), keys })),
      { redis: stores.home, keys: accountQueue },
    ];
    for (const { redis, keys } of queues) {
      const [waiting, dead] = await Promise.all([list(redis, keys.queue), list(redis, keys.dead)]);
      process.stdout.write(`${format(keys.tag, waiting, dead)}\n`);
    }
  } finally {
    stores.close();
  }
}

if (import.meta.main) {
  try {
    await run(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
