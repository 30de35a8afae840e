import { createInterface } from "node:readline/promises";
import { createLog } from "shared/log/log";
import { awaitReady, type Redis } from "shared/redis/redis";
import { ConfigError, commonFields, type Environment, parseEnvironment, toTopology } from "shared/service/config";
import { compareSplit } from "shared/stores/split";
import { connectStores } from "shared/stores/stores";
import { bar, createProgress, rate } from "../command/progress.ts";
import { dropDead, readDead, retryDead } from "../dead/dead-events.ts";
import { HELP, type QueueOptions, readQueueOptions } from "./queue-options.ts";
import { format, formatDead, list, toDeadLine } from "./queue-status.ts";
import { accountQueue, type QueueKeys, scoreQueuesOf } from "./queues.ts";

const READY_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;

interface Queue {
  redis: Redis;
  keys: QueueKeys;
  region?: string;
}

/** What is done to each queue. @returns the dead events that are left, where that is asked */
const actions: Record<QueueOptions["action"], (queue: Queue, asJson: boolean) => Promise<number>> = {
  async status({ redis, keys }, asJson) {
    const [waiting, dead] = await Promise.all([list(redis, keys.queue), list(redis, keys.dead)]);
    const counts = { queue: keys.tag, waiting: waiting.length, dead: dead.length };
    print(asJson ? JSON.stringify(counts) : format(keys.tag, waiting, dead));
    return 0;
  },

  async dead({ redis, keys }, asJson) {
    let left = 0;
    for await (const page of readDead(redis, keys)) {
      for (const dead of page) print(asJson ? toDeadLine(keys.tag, dead) : `${keys.tag}  ${formatDead(dead)}`);
      left += page.length;
    }
    return left;
  },

  async retry({ redis, keys }, asJson) {
    const [total, startedAt, progress] = [await redis.llen(keys.dead), performance.now(), createProgress()];
    const counts = await retryDead(redis, keys, ({ retried, unreadable }) => {
      const done = retried + unreadable;
      progress.show(bar(keys.tag, done, total, rate(done, performance.now() - startedAt)));
    }).finally(() => progress.end());
    const text = `${keys.tag}: ${counts.retried} put back, ${counts.unreadable} hold no event`;
    print(asJson ? JSON.stringify({ queue: keys.tag, ...counts }) : text);
    return counts.unreadable;
  },

  async drop({ redis, keys }, asJson) {
    let dropped = 0;
    for await (const page of dropDead(redis, keys)) {
      for (const dead of page) print(asJson ? toDeadLine(keys.tag, dead) : `${keys.tag}  ${formatDead(dead)}`);
      dropped += page.length;
    }
    if (!asJson) print(`${keys.tag}: ${dropped} dropped`);
    return 0;
  },
};

const print = (line: string) => process.stdout.write(`${line}\n`);

/** `lb queue`: what waits, what is dead, and what becomes of it. @returns the exit code */
export async function queueCommand(args: string[], env: Environment): Promise<number> {
  const options = readQueueOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const settings = parseEnvironment(commonFields, ["REDIS_URL"], env);
  const urlsByRegion = settings.urlsByRegion.REDIS_URL;
  const stores = connectStores({
    homeUrl: settings.REDIS_URL,
    urlsByRegion,
    name: "queue",
    log: createLog("queue", "error"),
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
  try {
    const topology = toTopology(settings);
    const queues: Queue[] = [
      ...scoreQueuesOf(topology).map((keys) => ({
        redis: stores.of(keys.region),
        keys,
        region: keys.region,
      })),
      { redis: stores.home, keys: accountQueue },
    ];
    const chosen = choose(queues, options);
    await Promise.all(stores.all.map((redis) => awaitReady(redis, READY_TIMEOUT_MS)));
    for (const region of topology.regions) await compareSplit(stores.of(region), topology, region);
    if (options.action === "drop" && !options.isConfirmed && !(await confirmDrop(chosen))) return 2;
    let left = 0;
    for (const queue of chosen) left += await actions[options.action](queue, options.asJson);
    return left > 0 ? 2 : 0;
  } finally {
    stores.close();
  }
}

/** @throws ConfigError when nothing is left to look at */
function choose(queues: readonly Queue[], options: QueueOptions): Queue[] {
  const isChosen = ({ keys, region }: Queue) =>
    (options.region === undefined || options.region === region) &&
    (options.queue === undefined || options.queue === keys.tag);
  const chosen = queues.filter(isChosen);
  if (chosen.length > 0) return chosen;
  throw new ConfigError([`there is no such queue; there are ${queues.map(({ keys }) => keys.tag).join(", ")}`]);
}

/** @throws ConfigError where there is nobody to ask */
async function confirmDrop(queues: readonly Queue[]): Promise<boolean> {
  if (!process.stdin.isTTY) throw new ConfigError(["--drop asks first, and this is no terminal: add --yes"]);
  const lengths = await Promise.all(queues.map(({ redis, keys }) => redis.llen(keys.dead)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const names = queues.map(({ keys }) => keys.tag).join(", ");
    return /^y(es)?$/i.test((await terminal.question(`Delete ${total} dead events of ${names}? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
