/** One reading for all who ask for the same at the same time. */
export type Coalesce<T> = (key: string, read: () => Promise<T>) => Promise<T>;

interface Flight<T> {
  /** What was asked for has not left yet: whoever comes may still join. */
  isOpen: boolean;
  result: Promise<T>;
  /** The reading after it, for those who came too late to join. */
  next?: Flight<T>;
}

/**
 * Shares readings, and never an older one than whoever joined asked for: a reading begins at the end of the turn of the
 * event loop in which the first asked, and who asks after that shares the next, which begins when it has ended. There is
 * one reading of a key at a time.
 */
export function createCoalesce<T>(): Coalesce<T> {
  const flights = new Map<string, Flight<T>>();

  function depart(key: string, read: () => Promise<T>, before: Promise<unknown>): Flight<T> {
    const flight: Flight<T> = {
      isOpen: true,
      result: before.then(() => {
        flight.isOpen = false;
        return read();
      }),
    };
    const land = () => {
      if (flight.next === undefined) flights.delete(key);
      else flights.set(key, flight.next);
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
    current.next ??= depart(key, read, current.result.then(endOfTurn, endOfTurn));
    return current.next.result;
  };
}

const endOfTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));
