export interface BackoffBounds {
  /** Milliseconds after the first failure. */
  min: number;
  max: number;
}

/**
 * Milliseconds until the next try. Doubles with each failure, with jitter so that callers that
 * failed together do not retry together.
 *
 * @param failures in a row, 1 or more
 * @param random in [0, 1)
 */
export const backoffMs = (failures: number, { min, max }: BackoffBounds, random = Math.random()): number =>
  Math.min(max, min * 2 ** (failures - 1)) * (0.5 + random / 2);
