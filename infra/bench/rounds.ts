/** Something that is measured once a round. */
export interface Cell {
  measure(): Promise<unknown>;
}

type Figure<C extends Cell> = Awaited<ReturnType<C["measure"]>>;

export interface Rounds {
  rounds: number;
  /** Whether there is a round before the first that does not count. */
  warmsUp: boolean;
  /** Called before each; 0 warms up. */
  onRound: (round: number) => void;
}

/**
 * Measures all cells in each round, so that whatever else the machine does meets all alike; there and back in turn, so
 * that a machine that gets slower favours none.
 *
 * @returns what was measured of each cell, in the order of the rounds
 */
export async function measureInRounds<C extends Cell>(
  cells: readonly C[],
  { rounds, warmsUp, onRound }: Rounds,
): Promise<Map<C, Figure<C>[]>> {
  const measured = new Map(cells.map((cell) => [cell, [] as Figure<C>[]]));
  for (let round = warmsUp ? 0 : 1; round <= rounds; round++) {
    onRound(round);
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      const figure = (await cell.measure()) as Figure<C>;
      if (round > 0) measured.get(cell)?.push(figure);
    }
  }
  return measured;
}
