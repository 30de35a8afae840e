/** Something that is measured once a round. */
export interface Cell<T> {
  readonly name: string;
  measure(): Promise<T>;
}

/**
 * Measures all cells in each round, so that whatever else the machine does meets all alike; there and back in turn, so
 * that a machine that gets slower favours none. The round before the first warms up and does not count.
 *
 * @returns what was measured of each cell, in the order of the rounds
 */
export async function measureInRounds<T>(
  cells: readonly Cell<T>[],
  rounds: number,
  onRound: (round: number) => void,
): Promise<Map<Cell<T>, T[]>> {
  const measured = new Map(cells.map((cell) => [cell, [] as T[]]));
  for (let round = 0; round <= rounds; round++) {
    onRound(round);
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      const figure = await cell.measure();
      if (round > 0) measured.get(cell)?.push(figure);
    }
  }
  return measured;
}
