/**
 * Whether this is a full run, `bun run test:faults`: every fault as often and with the bounds that
 * the promises mean. The short run is part of all tests: the same faults, fewer times.
 */
export const isFull = process.env.FAULTS === "full";

/** `full` in a full run, `short` otherwise. */
export const scaled = (short: number, full: number) => (isFull ? full : short);
