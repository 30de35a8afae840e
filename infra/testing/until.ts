/** Polling without sleeps. */

/** Repeats `ask` until `isRight` accepts the answer. The time-out of the test is the bound. */
export async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean = Boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    await new Promise((resolve) => void setImmediate(resolve)); // lets replies come in that `ask` does not wait for
  }
}
