import type { Log } from "shared/log/log";
import { shardsOf, type Topology } from "shared/model/regions";
import { fenceKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { parseFence } from "shared/stores/fence";
import { readSplit } from "shared/stores/split";
import type { Stores } from "shared/stores/stores";

const INTERVAL_MS = 1_000;

/** Which regions' reads the scripts answer, as of the last look. */
export interface SplitWatch {
  /** False while the reads of all regions are refused for their split. */
  isServing(): boolean;
  /** Regions whose reads are refused, for their split or because their Redis lost its data. */
  refused(): readonly string[];
  close(): void;
}

export interface SplitWatchOptions {
  topology: Topology;
  stores: Pick<Stores, "of">;
  log: Log;
  intervalMs?: number;
}

/**
 * Looks once a second at what `is-readable.lua` looks at: the split of every region, and its
 * fences. A ranker that is left behind by `lb repartition` answers 503 to every read until it is
 * restarted, so it says that it is not ready and the gateways ask another one. A Redis without its
 * fence is only named: every ranker refuses its reads alike until a drainer has restored it.
 */
export function watchSplits(options: SplitWatchOptions): SplitWatch {
  const { topology, stores, log, intervalMs = INTERVAL_MS } = options;
  const otherSplit = new Set<string>();
  const lost = new Set<string>();

  async function look(region: string): Promise<void> {
    const redis = stores.of(region);
    const [split, isLost] = await Promise.all([readSplit(redis, region), hasLostFence(redis, topology, region)]);
    if (isLost) lost.add(region);
    else lost.delete(region);
    const isRefused = split !== undefined && (!split.isReadable || split.partitions !== topology.partitions);
    if (!isRefused) otherSplit.delete(region);
    else if (!otherSplit.has(region)) {
      otherSplit.add(region);
      const { partitions } = topology;
      log.error(
        { region, partitions, present: split.movingTo ?? split.partitions },
        "reads are refused: other partitions",
      );
    }
  }

  // A store that does not answer says nothing about its split.
  const lookAtAll = () => Promise.allSettled(topology.regions.map(look));
  let timer: Timer | undefined;
  let isClosed = false;
  const next = () => {
    if (!isClosed) timer = setTimeout(() => void lookAtAll().then(next), intervalMs);
  };
  next();
  return {
    isServing: () => otherSplit.size < topology.regions.length,
    refused: () => topology.regions.filter((region) => otherSplit.has(region) || lost.has(region)),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Whether the fence of a shard is absent, or says that the store lost its data. */
async function hasLostFence(redis: Redis, { partitions }: Topology, region: string): Promise<boolean> {
  const tags = shardsOf(region, partitions).map(({ tag }) => tag);
  const fences = await Promise.all(tags.map((tag) => redis.get(fenceKey(tag))));
  return fences.some((text) => parseFence(text)?.run === undefined);
}
