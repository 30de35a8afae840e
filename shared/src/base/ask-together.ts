import { gatherTurn } from "./gather-turn.ts";

/**
 * Asks one question. It leaves together with the others of the same key and turn of the event loop.
 */
export type Ask<K, Q, A> = (key: K, question: Q) => Promise<A>;

interface Pending<Q, A> {
  question: Q;
  resolve: (answer: A) => void;
  reject: (error: unknown) => void;
}

/**
 * Sends the questions of one turn in few calls. A failed call fails each of its questions.
 *
 * @param questionsMax questions that one call may carry
 * @param send resolves with an answer to each question, in their order
 */
export function askTogether<K, Q, A>(
  questionsMax: number,
  send: (key: K, questions: readonly Q[]) => Promise<readonly A[]>,
): Ask<K, Q, A> {
  async function call(key: K, batch: readonly Pending<Q, A>[]): Promise<void> {
    try {
      const questions = batch.map(({ question }) => question);
      const answers = await send(key, questions);
      if (answers.length !== batch.length) throw new Error(`${batch.length} questions got ${answers.length} answers`);
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  const gather = gatherTurn<K, Pending<Q, A>>({ itemsMax: questionsMax }, (batch, key) => void call(key, batch));
  return (key, question) => new Promise((resolve, reject) => gather(key, { question, resolve, reject }));
}
