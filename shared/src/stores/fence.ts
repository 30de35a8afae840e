/**
 * The fence of a shard, or of the accounts, says on which run of a Redis server they may be written. Redis draws a new
 * run at each start, so that after a restart, a failover or a change of volumes the fence still names another run, and
 * every script that writes refuses until a service has compared the store with what PostgreSQL, or the service itself,
 * has seen of it. An emptied store has no fence.
 *
 *     <origin> <kept> <from> <run>     open: writes are taken on this run
 *     <origin> <kept> <from> lost      the store lost data: nothing is read or written until it has been restored
 */
export interface Fence {
  /** Drawn when the shard was opened for the first time; tells one deployment's data from another's. */
  origin: string;
  /** Versions up to this one (µs) were there, or in PostgreSQL, when the fence was put up. */
  kept: number;
  /** Versions above this one were given out behind this fence: what lies between the two was lost. */
  from: number;
  /** The run that may be written on; absent where the store lost data. */
  run?: string;
}

/** In the place of a run. */
export const LOST = "lost";
const FENCE = /^([\w-]+) (\d{1,16}) (\d{1,16}) (\w+)$/;

/** @returns nothing for a store without a fence, or with a text that is none */
export function parseFence(text: string | null): Fence | undefined {
  const [, origin, kept, from, run] = FENCE.exec(text ?? "") ?? [];
  if (origin === undefined || run === undefined) return undefined;
  const fence: Fence = { origin, kept: Number(kept), from: Number(from) };
  if (run !== LOST) fence.run = run;
  return fence;
}

export const formatFence = ({ origin, kept, from, run = LOST }: Fence): string => `${origin} ${kept} ${from} ${run}`;
