import type { Log } from "shared/log/log";
import type { Topology } from "shared/model/regions";
import { readSplit } from "shared/stores/split";
import type { Stores } from "shared/stores/stores";

const INTERVAL_MS = 1_000;

/** Which regions Redis keeps as this ranker expects them. */
export interface SplitWatch {
  /** False while the scripts refuse the reads of all regions. */
  isServing(): boolean;
  close(): void;
}

export interface SplitWatchOptions {
  topology: Topology;
  stores: Pick<Stores, "of">;
  log: Log;
  intervalMs?: number;
}

/**
 * Compares the split of every region with `PARTITIONS` once a second. A ranker that is left behind
 * by `lb repartition` answers 503 to every read until it is restarted, so it says that it is not
 * ready and the gateways ask another one.
 */
export function watchSplits(options: SplitWatchOptions): SplitWatch {
  const { topology, stores, log, intervalMs = INTERVAL_MS } = options;
  const refused = new Set<string>();

  async function look(region: string): Promise<void> {
    const split = await readSplit(stores.of(region), region);
    const isRefused = split !== undefined && (!split.isReadable || split.partitions !== topology.partitions);
    if (!isRefused) refused.delete(region);
    else if (!refused.has(region)) {
      refused.add(region);
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
    isServing: () => refused.size < topology.regions.length,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
