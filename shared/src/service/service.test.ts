import { expect, test } from "bun:test";
import { join } from "node:path";
import { openRaw } from "testing/raw-connection";

/** A service whose one request ends when the test says so, on its standard input. */
const source = `
import { runService } from ${JSON.stringify(join(import.meta.dir, "service.ts"))};
const held = Promise.withResolvers();
process.stdin.once("data", () => held.resolve());
await runService(
  () => ({ name: "sample", logLevel: "info", host: "127.0.0.1", port: 0, idleTimeoutSeconds: 5 }),
  async (_, { shutdown, listen }) => {
    shutdown.onClose("store", () => process.stdout.write("store closed\\n"));
    listen(async (request, { peer }) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/hold") {
        process.stdout.write("holding\\n");
        await held.promise;
      }
      if (pathname === "/fail") throw "hunter2";
      if (pathname === "/throw") queueMicrotask(() => { throw new Error("boom"); });
      return new Response(peer);
    });
  },
);
`;

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

test("after SIGTERM a held request is answered, then the store is closed, then the process exits with 0", async () => {
  const child = Bun.spawn([process.execPath, "-e", source], { stdin: "pipe", stdout: "pipe", cwd: import.meta.dir });
  const lines = linesOf(child.stdout);
  const until = async (part: string): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`ended without ${part}`);
      if (value.includes(part)) return value;
    }
  };
  const { address } = JSON.parse(await until("listening")) as { address: string };
  const held = fetch(`http://${address}/hold`);
  await until("holding");
  child.kill("SIGTERM");
  await until("stopping");
  const accepts = () =>
    fetch(`http://${address}/`).then(
      () => true,
      () => false,
    );
  while (await accepts());
  child.stdin.write("go on\n");
  child.stdin.flush();
  expect(await (await held).text()).toBe("127.0.0.1");
  await until("store closed");
  expect(await child.exited).toBe(0);
}, 20_000);

test("a connection is closed when it was idle for as long as the configuration says, not earlier", async () => {
  const child = Bun.spawn([process.execPath, "-e", source], { stdin: "ignore", stdout: "pipe", cwd: import.meta.dir });
  try {
    const { address } = JSON.parse((await linesOf(child.stdout).next()).value ?? "") as { address: string };
    const startedAt = performance.now();
    const { ended } = openRaw(Number(address.split(":")[1]), "GET /any HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await ended).toStartWith("HTTP/1.1 200 OK\r\n");
    // Bun counts in steps of four seconds.
    expect(performance.now() - startedAt).toBeWithin(4_000, 13_000);
  } finally {
    child.kill();
    await child.exited;
  }
}, 20_000);

test("a request of HTTP/1.0 without Host reaches the app, which knows its peer", async () => {
  const child = Bun.spawn([process.execPath, "-e", source], { stdin: "ignore", stdout: "pipe", cwd: import.meta.dir });
  try {
    const { address } = JSON.parse((await linesOf(child.stdout).next()).value ?? "") as { address: string };
    const received = await openRaw(Number(address.split(":")[1]), "GET /any HTTP/1.0\r\n\r\n").ended;
    expect(received).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(received).toEndWith("\r\n\r\n127.0.0.1");
  } finally {
    child.kill();
    await child.exited;
  }
}, 20_000);

test("a failure outside the app is an internal problem that shows no source code and no message", async () => {
  const child = Bun.spawn([process.execPath, "-e", source], { stdin: "ignore", stdout: "pipe", cwd: import.meta.dir });
  const lines = linesOf(child.stdout);
  try {
    const { address } = JSON.parse((await lines.next()).value ?? "") as { address: string };
    const response = await fetch(`http://${address}/fail`);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([500, "application/problem+json"]);
    const request_id = response.headers.get("X-Request-Id");
    const detail = expect.stringContaining("Something failed on our side");
    expect(await response.json()).toEqual({
      type: "about:blank",
      title: "Internal Server Error",
      status: 500,
      code: "internal",
      detail,
      request_id,
    });
    expect(JSON.parse((await lines.next()).value ?? "")).toMatchObject({ level: "error", err: "hunter2", request_id });
  } finally {
    child.kill();
    await child.exited;
  }
}, 20_000);

test("an uncaught error shuts the service down in order, with exit code 1", async () => {
  const child = Bun.spawn([process.execPath, "-e", source], { stdin: "ignore", stdout: "pipe", cwd: import.meta.dir });
  let text = "";
  for await (const line of linesOf(child.stdout)) {
    text += `${line}\n`;
    if (!line.includes("listening")) continue;
    const { address } = JSON.parse(line) as { address: string };
    await fetch(`http://${address}/throw`);
  }
  expect(text).toContain("boom");
  expect(text).toContain("store closed");
  expect(await child.exited).toBe(1);
}, 20_000);
