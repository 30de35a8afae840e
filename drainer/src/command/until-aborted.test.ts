import { expect, test } from "bun:test";
import { beforeAbort, untilAborted } from "./until-aborted.ts";

test("a stream that waits for its next chunk is cancelled, and ends with the reason of the signal", async () => {
  const controller = new AbortController();
  let isCancelled = false;
  const oneThenSilence = new ReadableStream<number>({
    start: (stream) => stream.enqueue(1),
    cancel() {
      isCancelled = true;
    },
  });
  const seen: number[] = [];
  const reading = (async () => {
    for await (const chunk of untilAborted(oneThenSilence, controller.signal)) {
      seen.push(chunk);
      queueMicrotask(() => controller.abort(new Error("stopped")));
    }
  })();
  await expect(reading).rejects.toThrow("stopped");
  expect([seen, isCancelled]).toEqual([[1], true]);
});

test("a stream that is never aborted is read to its end", async () => {
  const chunks = new ReadableStream<number>({
    start(stream) {
      for (const chunk of [1, 2, 3]) stream.enqueue(chunk);
      stream.close();
    },
  });
  expect(await Array.fromAsync(untilAborted(chunks, new AbortController().signal))).toEqual([1, 2, 3]);
});

test("work that fails first throws its own error, and the signal may abort later", async () => {
  const controller = new AbortController();
  await expect(beforeAbort(Promise.reject(new Error("own")), controller.signal)).rejects.toThrow("own");
  controller.abort(new Error("stopped"));
});
