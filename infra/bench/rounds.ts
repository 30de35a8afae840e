/** Something that is measured once a round. */
export interface Cell {
  /** For people. */
  readonly name: string;
  measure(): Promise<{ readonly faults: readonly string[] }>;
}

type Figure<C extends Cell> = Awaited<ReturnType<C["measure"]>>;

export interface Rounds {
  rounds: number;
  /** Whether there is a round before the first that does not count. */
  warmsUp: boolean;
  /** Called before each; 0 warms up. */
  onRound: (round: number) => void;
  /** Called with what was wrong before something is measured anew; without it nothing is. */
  onRepeat?: ((text: string) => void) | undefined;
}

// A machine that others use has moments in which nothing is answered in time. What fails every time has no such excuse.
const ATTEMPTS_MAX = 3;

/**
 * Measures all cells in each round, so that whatever else the machine does meets all alike; there and back in turn, so
 * that a machine that gets slower favours none. What was faulty is measured anew, a few times at the most.
 *
 * @returns what was measured of each cell, in the order of the rounds
 */
export async function measureInRounds<C extends Cell>(
  cells: readonly C[],
  { rounds, warmsUp, onRound, onRepeat }: Rounds,
): Promise<Map<C, Figure<C>[]>> {
  const measured = new Map(cells.map((cell) => [cell, [] as Figure<C>[]]));
  for (let round = warmsUp ? 0 : 1; round <= rounds; round++) {
    onRound(round);
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      let figure = (await cell.measure()) as Figure<C>;
      const attempts = round === 0 || onRepeat === undefined ? 1 : ATTEMPTS_MAX;
      for (let attempt = 1; attempt < attempts && figure.faults.length > 0; attempt++) {
        onRepeat?.(`${cell.name}: ${figure.faults.join(", ")}`);
        figure = (await cell.measure()) as Figure<C>;
      }
      if (round > 0) measured.get(cell)?.push(figure);
    }
  }
  return measured;
}
