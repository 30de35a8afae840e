/** A made-up player, the same for one index each time. */
export interface Player {
  userId: string;
  name: string;
  score: number;
  /** Microseconds; also the version of the entry, so no two players share it. */
  reachedAtUs: number;
}

/**
 * Items that are computed when they are read, because millions of them would not fit into memory.
 */
export interface Sequence<T> {
  readonly count: number;
  at(index: number): T;
}

export type Players = Sequence<Player>;

const FIRST_NAMES = ["Ada", "Alan", "Barbara", "Claude", "Donald", "Edsger", "Grace", "Hedy", "John", "Katherine"];
const LAST_NAMES = ["Archer", "Baker", "Cooper", "Fisher", "Hunter", "Mason", "Miller", "Smith", "Turner", "Weaver"];

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ID_HALF_DIGITS = 6;
const ID_DIGITS = 12;
const SCORE_STEP = 5;
const SCORES = 20_000;
const SPAN_US = 30 * 24 * 3600 * 1e6;

/** One to one on 32 bits (the end of MurmurHash3), in no order. */
export function mix(index: number): number {
  let bits = index >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function toDigits(value: number): string {
  let text = "";
  for (let rest = value, i = 0; i < ID_HALF_DIGITS; i++, rest = Math.floor(rest / 64)) text += ID_ALPHABET[rest % 64];
  return text;
}

const toMixedId = (index: number) => toDigits(mix(index)) + toDigits(mix(index + 0x9e3779b9));

/** The index as an id of 12 digits, which load generators can make up by themselves. */
export const toNumberedId = (index: number) => String(index).padStart(ID_DIGITS, "0");

/**
 * A population like that of a real board: ids of 12 characters in no order; scores in steps of 5
 * below 100,000, most of them low and shared by many (every 27th player has 0); arrivals spread
 * over a month.
 *
 * @param newestUs arrival of the last player, in microseconds
 */
export function createPlayers(count: number, newestUs: number, toId = toMixedId): Players {
  const stepUs = Math.floor(SPAN_US / count);
  return {
    count,
    at(index) {
      const lot = mix(index ^ 0x5bd1e995);
      const first = FIRST_NAMES[lot % FIRST_NAMES.length] ?? "";
      const last = LAST_NAMES[Math.floor(lot / FIRST_NAMES.length) % LAST_NAMES.length] ?? "";
      return {
        userId: toId(index),
        name: `${first} ${last}`,
        score: SCORE_STEP * Math.floor(SCORES * (lot / 2 ** 32) ** 3),
        reachedAtUs: newestUs - (count - 1 - index) * stepUs,
      };
    },
  };
}

/** A part of a sequence. */
export const slice = <T>(items: Sequence<T>, first: number, count: number): Sequence<T> => ({
  count,
  at: (index) => items.at(first + index),
});

/** Runs of at most `size` items, in order. */
export function* inBatches<T>(items: Sequence<T>, size: number): Generator<T[]> {
  for (let first = 0; first < items.count; first += size) {
    yield Array.from({ length: Math.min(size, items.count - first) }, (_, offset) => items.at(first + offset));
  }
}
