import { afterEach, expect, test } from "bun:test";
import { createClient } from "./client.ts";
import { LeaderboardError } from "./errors.ts";

type Answer = (request: Request) => Response;

let server: ReturnType<typeof Bun.serve> | undefined;
afterEach(() => server?.stop(true));

/** A server that gives its answers in order and repeats the last one, and a client of it. */
function serve(...answers: Answer[]) {
  const requests: { target: string; lastId: string | null }[] = [];
  const waits: number[] = [];
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      requests.push({ target: pathname + search, lastId: request.headers.get("Last-Event-ID") });
      const answer = answers[Math.min(requests.length, answers.length) - 1];
      return answer?.(request) ?? new Response(null, { status: 500 });
    },
  });
  const client = createClient({
    url: `http://127.0.0.1:${server.port}/`,
    onRetry: (_: unknown, waitMs: number) => waits.push(waitMs),
  });
  return { client, requests, waits };
}

const headers = { "Content-Type": "text/event-stream" };
const stream = (text: string) => () => new Response(text, { headers });
/** Stays open after its text; calls `onEnd` when it ends. */
const openStream =
  (text: string, onEnd = () => {}) =>
  () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
        cancel: onEnd,
      }),
      { headers },
    );
const event = (id: number) => `event: change\nid: ${id}\ndata: {"total": ${id}}\n\n`;
const last: Answer = () => new Response(null, { status: 204 });

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of events) all.push(each);
  return all;
}

test("events arrive in order over lost connections, each once, until the server ends the subscription", async () => {
  const { client, requests } = serve(
    stream(`retry: 1\n\n${event(1)}${event(2)}event: change\nid: 3\ndata: {"half`),
    stream(event(3)),
    last,
  );
  const events = await collect(client.live({ region: "EU", limit: 10 }));
  expect(events.map((each) => [each.event, each.id, each.event === "change" && each.data.total])).toEqual([
    ["change", "1", 1],
    ["change", "2", 2],
    ["change", "3", 3],
  ]);
  const target = "/live?region=EU&limit=10";
  expect(requests).toEqual([null, "2", "3"].map((lastId) => ({ target, lastId })));
});

test("an unavailable server is called again after its Retry-After, and onRetry is called", async () => {
  const away = () => Response.json({}, { status: 503, headers: { "Retry-After": "0" } });
  const { client, waits } = serve(away, away, stream(event(1)), last);
  expect(await collect(client.live())).toHaveLength(1);
  expect(waits).toHaveLength(3);
  expect(waits.slice(0, 2)).toEqual([50, 50]);
});

test("a permanent refusal ends the subscription with an error that has the code", async () => {
  const problem = { code: "invalid_request", detail: "The query is not valid: region.", request_id: "a" };
  const contentType = { "Content-Type": "application/problem+json" };
  const { client, requests } = serve(() => Response.json(problem, { status: 400, headers: contentType }));
  const error = await collect(client.live({ region: "MARS" })).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LeaderboardError);
  expect(error).toMatchObject({ code: "invalid_request", status: 400, requestId: "a" });
  expect(requests).toHaveLength(1);
});

test.each([
  ["a page", () => new Response("<html>", { headers: { "Content-Type": "text/html" } })],
  ["data that is not JSON", stream("event: change\ndata: {\n\n")],
])("%s instead of events ends the subscription", async (_, answer) => {
  const error = await collect(serve(answer).client.live()).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "LeaderboardError", code: "not_understood" });
});

test("leaving the loop closes the connection", async () => {
  const ended = Promise.withResolvers<void>();
  serve(openStream(event(1), ended.resolve));
  let signal: AbortSignal | null | undefined;
  const client = createClient({
    url: `http://127.0.0.1:${server?.port}`,
    fetch(url, init) {
      signal = init.signal;
      return fetch(url, init);
    },
  });
  for await (const { id } of client.live()) {
    expect([id, signal?.aborted]).toEqual(["1", false]);
    break;
  }
  expect(signal?.aborted).toBe(true);
  await ended.promise;
});

test("an abort ends the subscription with the signal's reason, while connected and while waiting", async () => {
  for (const answer of [
    openStream(event(1)),
    () => Response.json({}, { status: 503, headers: { "Retry-After": "99" } }),
  ]) {
    const aborter = new AbortController();
    const { client } = serve(answer);
    const watching = (async () => {
      const options = { signal: aborter.signal };
      const events = createClient({ url: `http://127.0.0.1:${server?.port}`, onRetry: () => aborter.abort("enough") });
      for await (const _ of events.live({}, options)) aborter.abort("enough");
    })();
    expect(client).toBeDefined();
    expect(await watching.catch((reason: unknown) => reason)).toBe("enough");
  }
});

test("a silent connection counts as lost", async () => {
  const { client, requests } = serve(openStream(event(1)), last);
  expect(await collect(client.live({}, { idleMsMax: 50 }))).toHaveLength(1);
  expect(requests.map(({ lastId }) => lastId)).toEqual([null, "1"]);
});

test("onOpen is called for every connection, and onLost for every lost one with the wait for the next", async () => {
  const away = () => Response.json({}, { status: 503, headers: { "Retry-After": "0" } });
  const { client } = serve(away, stream(event(1)), last);
  const heard: (string | number)[] = [];
  const options = {
    onOpen: () => heard.push("open"),
    onLost: ({ code, message }: LeaderboardError, waitMs: number) =>
      heard.push(code === "no_answer" ? message : code, waitMs > 0 ? "wait" : waitMs),
  };
  await collect(client.live({}, options));
  const lost = `The connection to http://127.0.0.1:${server?.port} was lost.`;
  expect(heard).toEqual(["not_understood", "wait", "open", lost, "wait"]);
});

test("a stream of a player's rank skips unknown events of a later server", async () => {
  const text = `event: cheer\ndata: {}\n\nevent: rank\nid: 7\ndata: {"rank": 3}\n\nevent: not_ranked\ndata: {"user_id": "a"}\n\n`;
  const { client, requests } = serve(stream(text), last);
  const events = await collect(client.liveRank("a/b", { board: "weekly" }));
  expect(events).toMatchObject([
    { event: "rank", id: "7", data: { rank: 3 } },
    { event: "not_ranked", id: "7", data: { user_id: "a" } },
  ]);
  expect(requests[0]?.target).toBe("/live/rank/a%2Fb?board=weekly");
});

test("a subscription continues after the last event of an earlier one", async () => {
  const { client, requests } = serve(last);
  await collect(client.live({}, { lastEventId: "41" }));
  expect(requests.map(({ lastId }) => lastId)).toEqual(["41"]);
});
