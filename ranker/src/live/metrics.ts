import { Counter, Gauge, type Registry } from "prom-client";

export interface LiveMeasures {
  onViewers(count: number): void;
  onSent(isSkip: boolean): void;
  /** Counts a read for viewers, and passes it on. */
  onRead<R>(read: Promise<R>): Promise<R>;
}

/** What live streams count. */
export function measureLive(registry: Registry): LiveMeasures {
  const registers = [registry];
  const viewers = new Gauge({ name: "ranker_live_viewers", help: "Streams that are open.", registers });
  const sent = new Counter({
    name: "ranker_live_portions_total",
    help: "Snapshots and changes sent to viewers; changes that a viewer gets together count once.",
    registers,
  });
  const skips = new Counter({
    name: "ranker_live_skips_total",
    help: "Viewers who were too slow for the changes and got a snapshot in their place.",
    registers,
  });
  const reads = new Counter({
    name: "ranker_live_reads_total",
    help: "Reads for viewers: what looking costs Redis.",
    registers,
  });
  return {
    onViewers: (count) => viewers.set(count),
    onSent(isSkip) {
      sent.inc();
      if (isSkip) skips.inc();
    },
    onRead(read) {
      reads.inc();
      return read;
    },
  };
}
