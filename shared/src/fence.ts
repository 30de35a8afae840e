/**
 * The fence of a shard, or of the accounts, says on which run of a Redis server they may be written. Redis draws a new
 * run at each start, so that after a restart, a failover or a change of volumes the fence still names another run, and
 * every script that writes refuses until a service has compared the store with what PostgreSQL, or the service itself,
 * has seen of it. An emptied store has no fence.
 *
 *     <origin> <kept> <run>     open: writes are taken on this run
 *     <origin> <kept> lost      the store lost data: nothing is read or written until it has been restored
 */
export interface Fence {
  /** Drawn when the shard was opened for the first time; tells one deployment's data from another's. */
  origin: string;
  /** Versions up to this one (µs) were there, or in PostgreSQL, when the fence was put up. */
  kept: number;
  /** The run that may be written on; absent where the store lost data. */
  run?: string;
}

const LOST = "lost";
const FENCE = /^([\w-]+) (\d{1,16}) (\w+)$/;

/** @returns nothing for a store without a fence, or with a text that is none */
export function parseFence(text: string | null): Fence | undefined {
  const [, origin, kept, run] = FENCE.exec(text ?? "") ?? [];
  if (origin === undefined || kept === undefined || run === undefined) return undefined;
  const fence: Fence = { origin, kept: Number(kept) };
  if (run !== LOST) fence.run = run;
  return fence;
}

export const formatFence = ({ origin, kept, run = LOST }: Fence): string => `${origin} ${kept} ${run}`;
