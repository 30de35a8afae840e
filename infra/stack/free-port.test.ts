import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePort, freePorts, isPortFree } from "./free-port.ts";

const PICK = `import { freePort } from ${JSON.stringify(join(import.meta.dir, "free-port.ts"))};
const ports = await Promise.all(Array.from({ length: 500 }, freePort));
console.log(JSON.stringify(ports));
for await (const _ of process.stdin);`;

// 2,000 of 14,000 ports: without reservations some hundred would be picked twice.
test("processes that run at once never get the same port", async () => {
  const children = [1, 2, 3, 4].map(() => Bun.spawn([process.execPath, "-e", PICK], { stdin: "pipe", stdout: "pipe" }));
  const picked = await Promise.all(
    children.map(async ({ stdout }) => {
      let text = "";
      for await (const piece of stdout.pipeThrough(new TextDecoderStream())) {
        text += piece;
        if (text.endsWith("]\n")) return JSON.parse(text) as number[];
      }
      return [];
    }),
  );
  for (const child of children) child.stdin.end();
  expect(new Set(picked.flat()).size).toBe(4 * 500);
});

test("ports asked for together are one behind the other", async () => {
  for (let time = 0; time < 100; time++) {
    const [first = 0, second] = await freePorts(2);
    expect(second).toBe(first + 1);
  }
});

test("a port that a server listens on is not free", async () => {
  const port = await freePort();
  expect(await isPortFree(port)).toBe(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  expect(await isPortFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});
