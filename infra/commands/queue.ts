import { countOf } from "shared/base/count-of";
import { defineCommand, flag, value } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import type { DeadEvent } from "shared/model/dead-element";
import type { Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { z } from "zod";
import { dropDead, readDead, retryDead } from "../../drainer/src/dead/dead-events.ts";

import { format, formatDead, list, toDeadLine } from "../../drainer/src/queues/queue-status.ts";
import { accountQueue, type QueueKeys, scoreQueuesOf } from "../../drainer/src/queues/queues.ts";
import { askFirst } from "./ask-first.ts";
import { regionOption } from "./common-options.ts";
import { openRedis, topologyOf } from "./open-stores.ts";

interface Queue {
  redis: Redis;
  keys: QueueKeys;
}

const ACTIONS = ["dead", "retry", "drop"] as const;

export const queueCommand = defineCommand({
  name: "queue",
  about: "Shows what waits for PostgreSQL, and what PostgreSQL refused; retries or drops the latter.",
  usage: "./lb queue [options]",
  options: {
    dead: flag("prints every dead event whole, with time and reason"),
    retry: flag("puts the dead events back into their queue, to be tried again"),
    drop: flag("deletes the dead events and prints them; asks first"),
    yes: flag("does not ask"),
    region: regionOption,
    queue: value("NAME", "only this queue, as the list names it: EU, EU.3, accounts", z.string().optional()),
    json: flag("one JSON object a line"),
  },
  notes: `
An event that is dead as season_final came when its season was archived, as from an older copy of a queue: it stays dead
at each retry, and --drop removes it. lb season recount says why a season is not final.
Without --dead, --retry and --drop it prints how many events wait and are dead, and the oldest of each.
Ends with 0; with 2 where --dead, --retry or --drop leave dead events behind; with 1 where it failed.`,
  check(options, env) {
    const faults: string[] = [];
    const [action, other] = ACTIONS.filter((name) => options[name]);
    if (other !== undefined) faults.push(`--${action} and --${other} are two things: ask for one`);
    if (options.yes && !options.drop) faults.push("--yes goes with --drop");
    const topology = topologyOf(env);
    if (chooseQueues(topology, options).length > 0) return faults;
    const tags = queuesOf(topology).map(({ tag }) => tag);
    return [...faults, `there is no queue of that name; there are ${tags.join(", ")}`];
  },
  async run({ options, env }) {
    using opened = await openRedis("queue", env);
    const queues = chooseQueues(opened.topology, options).map((keys) => ({
      redis: keys.region === undefined ? opened.stores.home : opened.stores.of(keys.region),
      keys,
    }));
    if (options.drop && !options.yes && !(await confirmDrop(queues))) return 2;
    const action = ACTIONS.find((name) => options[name]) ?? "status";
    using interrupt = catchInterrupt("what was done stays; run the same command again for the rest");
    let left = 0;
    for (const queue of queues) {
      left += await actions[action](queue, { asJson: options.json, signal: interrupt.signal });
      interrupt.signal.throwIfAborted();
    }
    return left > 0 ? 2 : 0;
  },
});

const queuesOf = (topology: Topology): (QueueKeys & { region?: string })[] => [
  ...scoreQueuesOf(topology),
  accountQueue,
];

const chooseQueues = (topology: Topology, chosen: { region?: string | undefined; queue?: string | undefined }) =>
  queuesOf(topology).filter(
    ({ tag, region }) =>
      (chosen.region === undefined || chosen.region === region) && (chosen.queue === undefined || chosen.queue === tag),
  );

const print = (line: string) => process.stdout.write(`${line}\n`);

function printDead({ tag }: QueueKeys, page: readonly DeadEvent[], asJson: boolean): void {
  for (const dead of page) print(asJson ? toDeadLine(tag, dead) : `${tag}  ${formatDead(dead)}`);
}

interface Manner {
  asJson: boolean;
  /** Ends the work between two pages. */
  signal: AbortSignal;
}

/** What is done to each queue. @returns how many dead events are left behind */
const actions: Record<"status" | (typeof ACTIONS)[number], (queue: Queue, manner: Manner) => Promise<number>> = {
  async status({ redis, keys }, { asJson }) {
    const [waiting, dead] = await Promise.all([list(redis, keys.queue), list(redis, keys.dead)]);
    const counts = { queue: keys.tag, waiting: waiting.length, dead: dead.length };
    print(asJson ? JSON.stringify(counts) : format(keys.tag, waiting, dead));
    return 0;
  },

  async dead({ redis, keys }, { asJson, signal }) {
    let left = 0;
    for await (const page of readDead(redis, keys)) {
      printDead(keys, page, asJson);
      left += page.length;
      signal.throwIfAborted();
    }
    return left;
  },

  async retry({ redis, keys }, { asJson, signal }) {
    const total = await redis.llen(keys.dead);
    const progress = createProgress();
    const counts = await retryDead(redis, keys, ({ retried, unreadable }) => {
      progress.count(keys.tag, retried + unreadable, total);
      signal.throwIfAborted();
    }).finally(() => progress.end());
    const text = `${keys.tag}: ${counts.retried} put back, ${countOf(counts.unreadable, "holds", "hold")} no event`;
    print(asJson ? JSON.stringify({ queue: keys.tag, ...counts }) : text);
    return counts.unreadable;
  },

  async drop({ redis, keys }, { asJson, signal }) {
    let dropped = 0;
    for await (const page of dropDead(redis, keys)) {
      printDead(keys, page, asJson);
      dropped += page.length;
      signal.throwIfAborted();
    }
    if (!asJson) print(`${keys.tag}: ${dropped} dropped`);
    return 0;
  },
};

/** @throws ConfigError where standard input is no terminal */
async function confirmDrop(queues: readonly Queue[]): Promise<boolean> {
  const lengths = await Promise.all(queues.map(({ redis, keys }) => redis.llen(keys.dead)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const names = queues.map(({ keys }) => keys.tag).join(", ");
  return askFirst("--drop", `Delete ${countOf(total, "dead event")} of ${names}?`);
}
