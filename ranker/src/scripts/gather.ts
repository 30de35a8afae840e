import { gatherTurn } from "shared/base/gather-turn";
import type { Shard } from "shared/model/regions";

/** Asks one thing; it leaves together with whatever else is asked in the same turn of the event loop. */
export type Ask<Q, A> = (question: Q) => Promise<A>;

interface Asked<Q, A> {
  question: Q;
  resolve: (answer: A) => void;
  reject: (error: unknown) => void;
}

/**
 * Gathers the questions of one turn of the event loop, and sends them at its end in calls of `max` at the most. What a call
 * fails with fails each of its questions.
 *
 * @param send replies an answer to each question, in their order
 */
export function createGather<Q, A>(max: number, send: (questions: readonly Q[]) => Promise<readonly A[]>): Ask<Q, A> {
  async function call(all: readonly Asked<Q, A>[]): Promise<void> {
    try {
      const answers = await send(all.map(({ question }) => question));
      if (answers.length !== all.length) throw new Error(`${all.length} questions got ${answers.length} answers`);
      for (let i = 0; i < all.length; i++) all[i]?.resolve(answers[i] as A);
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }

  const gather = gatherTurn<undefined, Asked<Q, A>>({ itemsMax: max }, (all) => void call(all));
  return (question) => new Promise((resolve, reject) => gather(undefined, { question, resolve, reject }));
}

/** One of them for each shard and board, made when it is first asked for. */
export function perBoard<Q, A>(create: (shard: Shard, board: string) => Ask<Q, A>) {
  const all = new Map<string, Map<Shard, Ask<Q, A>>>();
  return (shard: Shard, board: string): Ask<Q, A> => {
    const known = all.get(board)?.get(shard);
    if (known !== undefined) return known;
    const created = create(shard, board);
    const ofBoard = all.get(board) ?? new Map<Shard, Ask<Q, A>>();
    all.set(board, ofBoard.set(shard, created));
    return created;
  };
}
