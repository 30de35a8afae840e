import type { Database } from "shared/postgres/database";

/** What a store's clock says, against the steady clock of this process. */
export interface ClockReading {
  /** Milliseconds that the store's clock is ahead of the steady one. */
  aheadMs: number;
  /** How far off that may be: half of the time that the answer took. */
  errorMs: number;
}

/** How far a clock is ahead of another one. */
export interface ClockOffset {
  seconds: number;
  /** How far off that may be, either way. */
  errorSeconds: number;
}

/** The quickest of so many answers is the most exact one. */
const TRIES = 3;

/**
 * Reads a clock.
 *
 * @param read returns microseconds since the epoch
 * @throws what `read` throws
 */
export async function readClock(read: () => Promise<number>, ticks = () => performance.now()): Promise<ClockReading> {
  let best: ClockReading | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const sentAt = ticks();
    const us = await read();
    const receivedAt = ticks();
    const errorMs = (receivedAt - sentAt) / 2;
    if (best === undefined || errorMs < best.errorMs) best = { aheadMs: us / 1_000 - (sentAt + errorMs), errorMs };
  }
  return best ?? { aheadMs: 0, errorMs: Number.POSITIVE_INFINITY };
}

export const offsetOf = (clock: ClockReading, from: ClockReading): ClockOffset => ({
  seconds: (clock.aheadMs - from.aheadMs) / 1_000,
  errorSeconds: (clock.errorMs + from.errorMs) / 1_000,
});

export async function readPostgresTime(database: Pick<Database, "run">): Promise<number> {
  const [row] = await database.run(
    (sql) => sql<{ us: string }[]>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text AS us`,
  );
  return Number(row?.us);
}
