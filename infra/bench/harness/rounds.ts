/** Something that is measured once a round. */
export interface Cell {
  readonly name: string;
  measure(): Promise<{ readonly faults: readonly string[] }>;
}

type Figure<C extends Cell> = Awaited<ReturnType<C["measure"]>>;

export interface Rounds {
  rounds: number;
  /** What a round does, for the progress. */
  what: string;
  say(text: string): void;
  /** Called with the faults before a cell is measured again; without it a faulty figure is kept. */
  onRepeat?(text: string): void;
}

// A shared machine has moments in which no request is answered in time. A cell that fails three
// times has a fault.
const ATTEMPTS_MAX = 3;

/**
 * Measures all cells in each round, so that other work on the machine slows all of them alike. The
 * order turns around from round to round, so that a machine that becomes slower favours no cell.
 *
 * @returns the figures of each cell, in the order of the rounds
 */
export async function measureInRounds<C extends Cell>(
  cells: readonly C[],
  { rounds, what, say, onRepeat }: Rounds,
): Promise<Map<C, Figure<C>[]>> {
  const measured = new Map(cells.map((cell) => [cell, [] as Figure<C>[]]));
  for (let round = 1; round <= rounds; round++) {
    say(`${what}, round ${round} of ${rounds}`);
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      let figure = (await cell.measure()) as Figure<C>;
      for (let attempt = 1; onRepeat && attempt < ATTEMPTS_MAX && figure.faults.length > 0; attempt++) {
        onRepeat(`${cell.name}: ${figure.faults.join(", ")}`);
        figure = (await cell.measure()) as Figure<C>;
      }
      measured.get(cell)?.push(figure);
    }
  }
  return measured;
}

/** Measures each cell once before the first round. The figures do not count. */
export async function warmUp(cells: readonly Cell[], say: Rounds["say"]): Promise<void> {
  say("warming up");
  for (const cell of cells) await cell.measure();
}
