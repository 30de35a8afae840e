/** Something that is measured once a round. */
export interface Cell {
  readonly name: string;
  measure(): Promise<{ readonly faults: readonly string[] }>;
}

type Figure<C extends Cell> = Awaited<ReturnType<C["measure"]>>;

export interface Rounds {
  rounds: number;
  /** Whether a round 0 precedes the first and does not count. */
  warmsUp: boolean;
  /** Called before each round. */
  onRound: (round: number) => void;
  /** Called with the faults before a cell is measured again; without it a faulty figure is kept. */
  onRepeat?: (text: string) => void;
}

// A shared machine has moments in which no request is answered in time. A cell that fails three times has a fault.
const ATTEMPTS_MAX = 3;

/**
 * Measures all cells in each round, so that other work on the machine slows all of them alike. The order turns around
 * from round to round, so that a machine that becomes slower favours no cell.
 *
 * @returns the figures of each cell, in the order of the rounds @throws what a cell threw
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
