import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePort, freePorts, isPortFree } from "./free-port.ts";

const PICK = `import { freePorts } from ${JSON.stringify(join(import.meta.dir, "free-port.ts"))};
console.log(JSON.stringify(await freePorts(120)));
for await (const _ of process.stdin);`;

test("processes that run at once never get the same port", async () => {
  const children = [1, 2, 3].map(() => Bun.spawn([process.execPath, "-e", PICK], { stdin: "pipe", stdout: "pipe" }));
  const picked = await Promise.all(
    children.map(async ({ stdout }) => {
      for await (const line of stdout) return JSON.parse(new TextDecoder().decode(line)) as number[];
      return [];
    }),
  );
  const all = picked.flat().concat(await freePorts(120));
  for (const child of children) child.stdin.end();
  expect(new Set(all).size).toBe(4 * 120);
});

test("ports asked for together are one behind the other", async () => {
  for (let time = 0; time < 300; time++) {
    const [first = 0, second] = await freePorts(2);
    expect(second).toBe(first + 1);
  }
});

test("a port that a server listens on is not given", async () => {
  const [port = 0] = await freePorts(1);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port + 1, "127.0.0.1", () => resolve()));
  expect(await isPortFree(port + 1)).toBe(false);
  expect(await freePort()).toBe(port + 2);
  await new Promise((resolve) => server.close(resolve));
});
