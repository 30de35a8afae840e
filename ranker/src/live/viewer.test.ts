import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { createFeed, type Feed, type Portion } from "./feed.ts";
import { openViewer, type Viewer } from "./viewer.ts";

const opened: (() => unknown)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const newFeed = (): Feed<string> =>
  createFeed<string>({
    toSnapshot: (state) => ({ event: "snapshot", data: state }),
    toChange: (_, after) => [{ event: "change", data: after }],
  });

interface Watched {
  viewer: Viewer;
  sent: Portion[];
  calls: string[];
  publish(state: string): void;
  text(): Promise<string>;
}

function watch(): Watched {
  const feed = newFeed();
  feed.publish("0");
  const sent: Portion[] = [];
  const calls: string[] = [];
  const viewer = openViewer({
    feed,
    onSent: (portion) => void sent.push(portion),
    cut: () => void calls.push("cut"),
    onGone: () => void calls.push("gone"),
  });
  const chunks = viewer.stream[Symbol.asyncIterator]();
  return {
    viewer,
    sent,
    calls,
    publish(state) {
      feed.publish(state);
      viewer.wake();
    },
    async text() {
      const { done, value } = await chunks.next();
      return done === true ? "the end" : new TextDecoder().decode(value).replace(/retry: \d+/, "retry");
    },
  };
}

test("a viewer gets a time to reconnect and the state, then each change as it is published", async () => {
  const { text, publish } = watch();
  expect(await text()).toMatch(/^retry\n\nevent: snapshot\nid: 1-[0-9a-f]{16}\ndata: "0"\n\n$/);
  const next = text();
  publish("1");
  expect(await next).toMatch(/^event: change\nid: 2-[0-9a-f]{16}\ndata: "1"\n\n$/);
});

test("changes that were published while the connection was busy arrive together", async () => {
  const { text, publish, sent } = watch();
  await text();
  for (const state of ["1", "2", "3"]) publish(state);
  expect(sent).toHaveLength(1);
  expect((await text()).match(/"\d"/g)).toEqual(['"1"', '"2"', '"3"']);
  expect(sent).toHaveLength(2);
});

test("a viewer that missed too many changes gets a snapshot", async () => {
  const { text, publish, sent } = watch();
  await text();
  for (let state = 1; state <= 100; state++) publish(String(state));
  expect(await text()).toMatch(/^event: snapshot\nid: .*\ndata: "100"\n\n$/);
  expect(sent.map(({ isSkip }) => isSkip)).toEqual([false, true]);
});

describe("a beat", () => {
  test("keeps a connection alive that takes bytes", async () => {
    const { text, viewer, calls } = watch();
    await text();
    for (let n = 0; n < 10; n++) {
      const next = text();
      viewer.beat();
      expect(await next).toBe(":\n\n");
    }
    expect(calls).toEqual([]);
  });

  test("cuts a connection that has taken no bytes for four beats", async () => {
    const { viewer, calls, text } = watch();
    await text();
    for (let n = 0; n < 3; n++) viewer.beat();
    expect(calls).toEqual([]);
    viewer.beat();
    expect(calls).toEqual(["cut"]);
  });
});

describe("the end", () => {
  test("tells the client when to reconnect, and sends no more", async () => {
    const { text, viewer, calls, publish } = watch();
    await text();
    const next = text();
    viewer.end();
    expect(await next).toBe("retry\n\n");
    expect(await text()).toBe("the end");
    publish("1");
    viewer.beat();
    expect(calls).toEqual(["gone"]);
  });

  test("cuts a connection that takes no bytes", async () => {
    const { text, viewer, calls } = watch();
    await text();
    viewer.end();
    expect(calls).toEqual(["cut", "gone"]);
  });
});

describe("over a real connection that is not read", () => {
  const KERNEL_HOLDS_MAX = 32 * 1024 * 1024;
  const STATE_BYTES = 32 * 1024;

  function serve() {
    const feed = newFeed();
    feed.publish("first");
    const viewers: Viewer[] = [];
    const sent: Portion[] = [];
    let gone = 0;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request, self) {
        const viewer = openViewer({
          feed,
          onSent: (portion) => void sent.push(portion),
          cut: () => self.timeout(request, 1),
          onGone: () => void gone++,
        });
        viewers.push(viewer);
        self.timeout(request, 0);
        return new Response(viewer.stream);
      },
    });
    opened.push(() => server.stop(true));
    const socket = connect(server.port ?? 0, "127.0.0.1");
    opened.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    /** Publishes until the connection has taken nothing of the last hundred states. */
    async function fill(): Promise<void> {
      let published = 0;
      for (let idle = 0; idle < 100; published++) {
        const before = sent.length;
        feed.publish(`${published} ${"x".repeat(STATE_BYTES)}`);
        for (const viewer of viewers) viewer.wake();
        await new Promise((resolve) => setImmediate(resolve));
        idle = viewers.length > 0 && sent.length === before ? idle + 1 : 0;
        if (published * STATE_BYTES > 2 * KERNEL_HOLDS_MAX) throw new Error("the connection took everything");
      }
    }
    return { feed, viewers, sent, socket, fill, gone: () => gone };
  }

  test("a viewer holds one portion, and is skipped ahead when it reads again", async () => {
    const { feed, sent, socket, fill } = serve();
    await fill();
    const before = sent.length;
    feed.publish("last");
    socket.resume();
    while (sent.length === before) await new Promise((resolve) => socket.once("data", resolve));
    expect(sent.at(-1)?.isSkip).toBe(true);
    expect(sent.slice(0, -1).some(({ isSkip }) => isSkip)).toBe(false);
    expect(new TextDecoder().decode(sent.at(-1)?.bytes)).toMatch(/^event: snapshot\nid: .*\ndata: "last"\n\n$/);
  }, 30_000);

  test("a viewer that is cut has gone", async () => {
    const { viewers, fill, gone } = serve();
    await fill();
    for (let n = 0; n < 4; n++) viewers[0]?.beat();
    while (gone() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(gone()).toBe(1);
  }, 30_000);
});
