/** Bounds of one batch. Items beyond them make a further batch, handed on right after it. */
export interface BatchBounds<T> {
  itemsMax: number;
  /** The sizes of a batch's items add up to `max` at most; a larger item is a batch of its own. */
  bytes?: { max: number; of: (item: T) => number };
}

/**
 * Batches the items that come under one key in one turn of the event loop, and hands each batch on
 * at the end of the turn, in order. A trace of the batch belongs to the request of its first item.
 */
export function gatherTurn<K, T>(
  { itemsMax, bytes }: BatchBounds<T>,
  handOn: (items: readonly T[], key: K) => void,
): (key: K, item: T) => void {
  const open = new Map<K, { items: T[]; size: number }>();
  return (key, item) => {
    const size = bytes === undefined ? 0 : bytes.of(item);
    const batch = open.get(key);
    const hasRoom =
      batch !== undefined && batch.items.length < itemsMax && (bytes === undefined || batch.size + size <= bytes.max);
    if (hasRoom) {
      batch.items.push(item);
      batch.size += size;
      return;
    }
    const begun = { items: [item], size };
    open.set(key, begun);
    setImmediate(() => {
      if (open.get(key) === begun) open.delete(key);
      handOn(begun.items, key);
    });
  };
}

/**
 * Asks one question. It leaves together with the others of the same place and turn of the event
 * loop.
 */
export type Ask<P, Q, A> = (place: P, question: Q) => Promise<A>;

export interface AskOptions<P, Q, A> {
  /** Questions that one call may carry. */
  questionsMax: number;
  /** Questions for places of the same name share a call. */
  nameOf: (place: P) => string | number;
  /** Resolves with an answer to each question, in their order. */
  send: (place: P, questions: readonly Q[]) => Promise<readonly A[]>;
}

interface Pending<P, Q, A> {
  place: P;
  question: Q;
  resolve: (answer: A) => void;
  reject: (error: unknown) => void;
}

/** Sends the questions of one turn in few calls. A failed call fails each of its questions. */
export function askTogether<P, Q, A>({ questionsMax, nameOf, send }: AskOptions<P, Q, A>): Ask<P, Q, A> {
  async function call(batch: readonly Pending<P, Q, A>[]): Promise<void> {
    try {
      const [first] = batch;
      const questions = batch.map(({ question }) => question);
      const answers = first === undefined ? [] : await send(first.place, questions);
      if (answers.length !== batch.length) throw new Error(`${batch.length} questions got ${answers.length} answers`);
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  const gather = gatherTurn<string | number, Pending<P, Q, A>>({ itemsMax: questionsMax }, (batch) => void call(batch));
  return (place, question) =>
    new Promise((resolve, reject) => gather(nameOf(place), { place, question, resolve, reject }));
}
