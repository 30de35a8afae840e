import { inOrder, type Position } from "../shard-entry.ts";

/** One of several sorted lists, as far as it is known. */
export interface Sampled<S extends Sample = Sample> {
  /** Entries of the list that are ahead of the range, and ahead of its end. */
  low: number;
  high: number;
  /** Entries of the range, in order. */
  samples: readonly S[];
}

export interface Sample extends Position {
  /** Entries of the list that are ahead of it. */
  index: number;
  /** And of the next one in the list. */
  passed: number;
}

/** A place, with the bounds of how many entries of all lists are ahead of it. */
export interface Bounded<P extends Position> {
  place: P;
  least: number;
  most: number;
}

export interface Narrowed<P extends Position> {
  /** The sample that is known to be nearest to the rank; undefined without samples. */
  nearest: Bounded<P> | undefined;
  /** The last sample that is not behind the rank, and the first that is; undefined at the ends. */
  from: P | undefined;
  to: P | undefined;
  /** What is left of the range of each list. */
  ranges: { low: number; high: number }[];
}

/**
 * Narrows down where the entry is that has `rank` entries of all lists ahead of it. With `m`
 * samples of each list, spread evenly, the entries between `from` and `to` are 4/m of those that
 * were.
 */
export function narrow<S extends Sample>(lists: readonly Sampled<S>[], rank: number): Narrowed<S> {
  const sorted = lists
    .flatMap(({ samples }, list) => samples.map((sample, number) => ({ list, number, sample })))
    .sort((a, b) => inOrder(a.sample, b.sample));
  // How many entries of each list are ahead of the place of the sweep, at least and at most.
  const least = lists.map(({ low }) => low);
  const most = lists.map(({ high, samples }) => samples[0]?.index ?? high);
  const sums = { least: sumOf(least), most: sumOf(most) };
  const found: Narrowed<S> = { nearest: undefined, from: undefined, to: undefined, ranges: [] };
  let lows = [...least];
  let distance = Number.POSITIVE_INFINITY;
  for (const { list, number, sample } of sorted) {
    const own = sample.index - (least[list] ?? 0);
    const bounds = { place: sample, least: sums.least + own, most: sums.most };
    if (toDistance(bounds, rank) < distance) {
      distance = toDistance(bounds, rank);
      found.nearest = bounds;
    }
    if (bounds.least > rank) {
      found.to = sample;
      break;
    }
    const next = lists[list]?.samples[number + 1]?.index ?? lists[list]?.high ?? 0;
    sums.least += sample.passed - (least[list] ?? 0);
    sums.most += next - sample.index;
    least[list] = sample.passed;
    most[list] = next;
    if (bounds.most <= rank) {
      found.from = sample;
      lows = [...least];
    }
  }
  found.ranges = lists.map(({ high }, list) => ({
    low: lows[list] ?? 0,
    high: found.to === undefined ? high : (most[list] ?? high),
  }));
  return found;
}

/** How far from the rank a place may be, on both sides together. */
export const toDistance = ({ least, most }: Omit<Bounded<Position>, "place">, rank: number): number =>
  Math.max(0, most - rank) + Math.max(0, rank - least);

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
