export interface BackoffBounds {
  /** Milliseconds after the first failure. */
  min: number;
  max: number;
}

/**
 * Milliseconds until the next try after `failures` in a row, one at least: doubling, with jitter so that all who failed
 * together do not return together.
 *
 * @param random in [0, 1)
 */
export const backoffMs = (failures: number, { min, max }: BackoffBounds, random = Math.random()): number =>
  Math.min(max, min * 2 ** (failures - 1)) * (0.5 + random / 2);
