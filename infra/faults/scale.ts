/**
 * How much a run does: `full` is `bun run test:faults`, everything as often and as long as the promises are meant;
 * otherwise the same faults, fewer times, as part of all tests.
 */
export const isFull = process.env.FAULTS === "full";

/** `full` in a full run, `short` otherwise. */
export const scaled = (short: number, full: number) => (isFull ? full : short);
