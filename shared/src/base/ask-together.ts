import { gatherTurn } from "./gather-turn.ts";

/** Asks one question. It leaves together with the others of the same turn of the event loop. */
export type Ask<Q, A> = (question: Q) => Promise<A>;

export interface AskTogetherOptions<Q, A> {
  /** Questions that one call may carry. */
  questionsMax: number;
  /** Questions with the same key share calls. */
  keyOf: (question: Q) => string;
  /** Sends one call. Resolves with an answer to each question, in their order. */
  send: (first: Q, questions: readonly Q[]) => Promise<readonly A[]>;
}

interface Pending<Q, A> {
  question: Q;
  resolve: (answer: A) => void;
  reject: (error: unknown) => void;
}

/** Sends the questions of one turn in few calls. A failed call fails each of its questions. */
export function askTogether<Q, A>({ questionsMax, keyOf, send }: AskTogetherOptions<Q, A>): Ask<Q, A> {
  async function call(batch: readonly Pending<Q, A>[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    try {
      const questions = batch.map(({ question }) => question);
      const answers = await send(first.question, questions);
      if (answers.length !== batch.length) throw new Error(`${batch.length} questions got ${answers.length} answers`);
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  const gather = gatherTurn<string, Pending<Q, A>>({ itemsMax: questionsMax }, (batch) => void call(batch));
  return (question) => new Promise((resolve, reject) => gather(keyOf(question), { question, resolve, reject }));
}
