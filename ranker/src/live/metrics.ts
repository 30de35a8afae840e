import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { Portion } from "./feed.ts";

export interface LiveMeasures {
  onViewers(count: number): void;
  onSent(portion: Pick<Portion, "isSkip">): void;
  /** Counts a read for viewers, and returns it. */
  onRead<R>(read: Promise<R>): Promise<R>;
}

export function measureLive(registry: Registry): LiveMeasures {
  const registers = [registry];
  const viewers = new Gauge({ name: metricName("ranker_live_viewers"), help: "Streams that are open.", registers });
  const sent = new Counter({
    name: metricName("ranker_live_portions_total"),
    help: "Snapshots and changes sent to viewers; changes that are sent together count once.",
    registers,
  });
  const skips = new Counter({
    name: metricName("ranker_live_skips_total"),
    help: "Snapshots sent to viewers that were too slow for the changes.",
    registers,
  });
  const reads = new Counter({
    name: metricName("ranker_live_reads_total"),
    help: "Reads of Redis for viewers, shared by all viewers of the same thing.",
    registers,
  });
  return {
    onViewers: (count) => viewers.set(count),
    onSent({ isSkip }) {
      sent.inc();
      if (isSkip) skips.inc();
    },
    onRead(read) {
      reads.inc();
      return read;
    },
  };
}
