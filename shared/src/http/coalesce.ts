/** One reading for all callers that ask for the same key at the same time. */
export type Coalesce<T> = (key: string, read: () => Promise<T>) => Promise<T>;

interface Flight<T> {
  /** The reading has not begun: a caller may still join. */
  isOpen: boolean;
  result: Promise<T>;
  /** The reading after it, for callers that came too late to join. */
  next?: Flight<T>;
}

// A reading that hangs must not hold up later callers: they, too, have a second.
const WAIT_MS_MAX = 25;

/**
 * Shares readings between callers. A reading is never older than a caller's question: it begins at
 * the end of the event loop turn of its first caller, and later callers share the next one, which
 * begins when the first has ended, or after 25 ms.
 */
export function createCoalesce<T>(): Coalesce<T> {
  const flights = new Map<string, Flight<T>>();

  function depart(key: string, read: () => Promise<T>, turn: Promise<void>): Flight<T> {
    const flight: Flight<T> = {
      isOpen: true,
      result: turn.then(() => {
        flight.isOpen = false;
        flights.set(key, flight);
        return read();
      }),
    };
    const land = () => {
      if (flights.get(key) === flight && flight.next === undefined) flights.delete(key);
    };
    flight.result.then(land, land);
    return flight;
  }

  return (key, read) => {
    const current = flights.get(key);
    if (current === undefined) {
      const flight = depart(key, read, endOfTurn());
      flights.set(key, flight);
      return flight.result;
    }
    if (current.isOpen) return current.result;
    current.next ??= depart(key, read, afterOrLate(current.result).then(endOfTurn));
    return current.next.result;
  };
}

const endOfTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Resolves when a reading has ended or failed, at the latest after {@link WAIT_MS_MAX}. */
function afterOrLate(result: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, WAIT_MS_MAX);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    result.then(end, end);
  });
}
