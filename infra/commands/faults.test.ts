import { expect, test } from "bun:test";
import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "stack/free-port";
import { dirForFile } from "testing/for-file";
import { runLb } from "testing/services/run-lb";

const dir = await dirForFile();
const ROOT = join(import.meta.dir, "../..");

async function timed<T>(work: () => Promise<T>): Promise<[result: T, tookMs: number]> {
  const startedAt = performance.now();
  const result = await work();
  return [result, performance.now() - startedAt];
}

test.each(["top", "queue", "restore", "reconcile", "repartition", "export", "import"])(
  "%s names the address of each store that does not answer, three seconds after its start",
  async (name) => {
    const [redis, postgres] = [await freePort(), await freePort()];
    const args = name === "repartition" ? ["--to", "4"] : [];
    const env = {
      REDIS_URL: `redis://127.0.0.1:${redis}`,
      POSTGRES_URL: `postgres://u:secret@127.0.0.1:${postgres}/board`,
      LEADERBOARD_STACK_URL: "http://127.0.0.1:1",
    };
    // On a machine that is busy a start alone takes a second or more.
    const [, startMs] = await timed(() => runLb([name, "--help"], env));
    const [{ code, out, err }, tookMs] = await timed(() => runLb([name, ...args], env));
    expect(tookMs).toBeLessThan(3_500 + 3 * startMs);
    const lines = [`lb ${name}: Redis at 127.0.0.1:${redis} does not answer: is npm start running?\n`];
    if (name !== "top" && name !== "queue") {
      lines.push(`lb ${name}: PostgreSQL at 127.0.0.1:${postgres}/board does not answer: is npm start running?\n`);
    }
    expect([code, out, err]).toEqual([1, "", lines.join("")]);
  },
);

test.each([
  [["tpo"], "lb: there is no command tpo; did you mean top?\n"],
  [["top", "--limti", "5"], "lb top: there is no option --limti; did you mean --limit?\n"],
  [["top", "here"], "lb top: it takes no argument, and got here\n"],
  [
    ["top", "--limit", "x", "--board", "No"],
    "lb top: --board must be 1 to 32 characters out of a-z, 0-9, _ and -, the first no - or _\nlb top: --limit must be a whole number\n",
  ],
  [["demo", "--url", "http://127.0.0.1:1"], "lb demo: Nothing answers at http://127.0.0.1:1: is npm start running?\n"],
])("%j is answered in the one form that all faults have", async (args, err) => {
  const env = { REDIS_URL: "redis://127.0.0.1:1", LEADERBOARD_STACK_URL: "http://127.0.0.1:1" };
  expect(await runLb(args, env)).toEqual({ code: 1, out: "", err });
});

test.each([
  [["top"], ["REDIS_URL"]],
  [["token", "root"], ["JWT_SECRET"]],
  [["restore"], ["REDIS_URL", "POSTGRES_URL"]],
])("without a stack and without variables %j says what to do", async (args, variables) => {
  const [name] = args;
  const { code, err } = await runLb(args, {});
  const lines = variables.map((variable) => `lb ${name}: ${variable} is required\n`);
  lines.push(`lb ${name}: npm start has not run here: run it, or name the stores in the environment or in .env\n`);
  expect([code, err.split("\n").sort()]).toEqual([1, lines.join("").split("\n").sort()]);
});

test("lb runs from any folder, by a link, and without npm's lines around its result", async () => {
  const link = join(dir, "lb");
  await unlink(link).catch(() => {});
  await Bun.$`ln -s ${join(ROOT, "lb")} ${link}`.quiet();
  await writeFile(join(dir, "stack.env"), `JWT_SECRET=${"x".repeat(40)}\nLEADERBOARD_STACK_URL=http://127.0.0.1:1\n`);
  const child = Bun.spawn([link, "token", "root"], { cwd: dir, env: { PATH: process.env.PATH ?? "", DATA_DIR: dir } });
  expect(await new Response(child.stdout).text()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(await child.exited).toBe(0);
});
