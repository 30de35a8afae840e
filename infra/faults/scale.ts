/**
 * Whether this is a full run, `npm run test:faults`. The short run, which is part of all tests,
 * causes the same faults fewer times.
 */
export const isFull = process.env.FAULTS === "full";

/** `full` in a full run, `short` otherwise. */
export const scaled = (short: number, full: number) => (isFull ? full : short);
