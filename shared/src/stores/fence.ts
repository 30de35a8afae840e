/**
 * The fence of a shard, or of the accounts, names the run of the Redis server on which they may be
 * written. Redis draws a new `run_id` at each start. So after a restart, a failover or a change of
 * volumes the fence names another run, and every writing script refuses until a service has
 * compared the store with PostgreSQL or with what the service itself has seen. An emptied store has
 * no fence.
 *
 *     <origin> <kept> <from> <run>   open: scripts write on this run
 *     <origin> <kept> <from> lost    the store lost data: neither reads nor writes until a restore
 */
export interface Fence {
  /** Random, drawn when the shard is first opened; tells one deployment's data from another's. */
  origin: string;
  /** Versions (µs) up to this one were in Redis or in PostgreSQL when the fence was written. */
  keptVersion: number;
  /** Versions above this one are of this fence. Those from `keptVersion` to this one were lost. */
  from: number;
  /** The `run_id` of the server; absent after a loss of data. */
  run?: string;
}

/** Stands in the place of the run after a loss of data. */
export const LOST = "lost";
const FENCE = /^([\w-]+) (\d{1,16}) (\d{1,16}) (\w+)$/;

/** @returns `undefined` for a missing fence and for a malformed one */
export function parseFence(text: string | null): Fence | undefined {
  const [, origin, keptVersion, from, run] = FENCE.exec(text ?? "") ?? [];
  if (origin === undefined || run === undefined) return undefined;
  const fence: Fence = { origin, keptVersion: Number(keptVersion), from: Number(from) };
  if (run !== LOST) fence.run = run;
  return fence;
}

export const formatFence = ({ origin, keptVersion, from, run = LOST }: Fence): string =>
  `${origin} ${keptVersion} ${from} ${run}`;
