/** One reading for all who ask for the same at the same time. */
export type Coalesce<T> = (key: string, read: () => Promise<T>) => Promise<T>;

interface Flight<T> {
  /** What was asked for has not left yet: whoever comes may still join. */
  isOpen: boolean;
  result: Promise<T>;
  /** The reading after it, for those who came too late to join. */
  next?: Flight<T>;
}

// A reading that hangs must not hold up those who came after it: they, too, have a second.
const WAIT_MS_MAX = 25;

/**
 * Shares readings, and never an older one than whoever joined asked for: a reading begins at the end of the turn of the
 * event loop in which the first asked, and who asks after that shares the next, which begins when it has ended, or after
 * 25 ms where it is slow.
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

/** Resolves once a reading has ended, well or not, or has taken its time. */
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
