import { expect, test } from "bun:test";
import { LeaderboardError } from "leaderboard-client";
import { poll } from "./poll.ts";

const refusal = (status: number) => new LeaderboardError("rate_limited", "Too fast.", { status });

/** Reads these answers in turn, and collects what the poll does until the last one is yielded. */
async function collect(answers: (string | Error)[]): Promise<string[]> {
  const seen: string[] = [];
  const left = [...answers];
  const read = async () => {
    const answer = left.shift() ?? "";
    if (answer instanceof Error) throw answer;
    return { answer };
  };
  const options = {
    onOpen: () => void seen.push("open"),
    onLost: ({ status }: LeaderboardError) => void seen.push(`lost ${status}`),
  };
  for await (const { answer } of poll(read, 1, options)) {
    seen.push(answer);
    if (left.length === 0) break;
  }
  return seen;
}

test("a poll goes on after an answer, and after a failure that may pass", async () => {
  const seen = await collect(["a", refusal(0), refusal(429), refusal(503), "b"]);
  expect(seen).toEqual(["open", "a", "lost 0", "lost 429", "lost 503", "open", "b"]);
});

test("a poll ends with a permanent refusal, and with an error that is not the server's", async () => {
  for (const error of [refusal(404), refusal(400), new TypeError("a fault")]) {
    await expect(collect(["a", error, "b"])).rejects.toBe(error);
  }
});

test("a poll ends with the reason of its signal", async () => {
  const aborting = new AbortController();
  const events = poll(async () => ({}), 60_000, { signal: aborting.signal });
  await events.next();
  const next = events.next();
  aborting.abort(new Error("left"));
  await expect(next).rejects.toThrow("left");
});
