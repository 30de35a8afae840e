/**
 * Shares one read among the callers of a key in one turn of the event loop. Callers who come while
 * a read runs share the next one.
 */
export type Coalesce<T> = (key: string, read: () => Promise<T>) => Promise<T>;

interface Flight<T> {
  /** The read has not begun: a caller may still join. */
  isOpen: boolean;
  result: Promise<T>;
  /** The next read, for callers that came too late to join. */
  next?: Flight<T>;
}

// Without this a read that hangs would hold up later callers, who have a second themselves.
const WAIT_MS_MAX = 25;

/**
 * A shared read begins at the end of the event loop turn of its first caller, so that it is never
 * older than the question of a caller. The next one begins when the first has ended, or after 25
 * ms.
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

/** Resolves when a read has ended or failed, at the latest after {@link WAIT_MS_MAX}. */
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
