import { expect, test } from "bun:test";
import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "stack/free-port";
import { dirForFile, forFile } from "testing/for-file";
import { scratchRedis } from "testing/scratch";
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
  [["top"], "REDIS_URL"],
  [["token", "root"], "JWT_SECRET"],
  [["restore"], "REDIS_URL and POSTGRES_URL"],
])("without a stack and without variables %j asks whether npm start runs, and no more", async (args, variables) => {
  const err = `lb ${args[0]}: is npm start running? Without it, set ${variables} in the environment or in .env\n`;
  expect(await runLb(args, {})).toEqual({ code: 1, out: "", err });
});

test("a variable that is missing beside others is named", async () => {
  const { err } = await runLb(["restore"], { REDIS_URL: "redis://127.0.0.1:1" });
  expect(err).toBe("lb restore: POSTGRES_URL is required\n");
});

test.each([
  [["export", "/no-such-folder/x.csv"], "there is no folder /no-such-folder"],
  [["export", "/tmp"], "/tmp is a folder"],
  [["export", "/etc/hostname/x.csv"], "/etc/hostname is no folder"],
  [["import", "/tmp"], "/tmp is a folder"],
  [["import", "/no-such-file"], "there is no file /no-such-file"],
  [["import", "/etc/hostname/x.csv"], "there is no file /etc/hostname/x.csv"],
])("%j is answered before the stores are asked", async (args, fault) => {
  const env = { REDIS_URL: "redis://127.0.0.1:1", POSTGRES_URL: "postgres://127.0.0.1:1/a" };
  expect(await runLb(args, env)).toEqual({ code: 1, out: "", err: `lb ${args[0]}: ${fault}\n` });
});

test("top of a Redis without any key says so", async () => {
  const redis = await forFile(scratchRedis());
  const { code, out, err } = await runLb(["top"], { REDIS_URL: redis.url });
  expect([code, out]).toEqual([1, ""]);
  expect(err).toBe("lb top: there is nothing in this Redis yet: a drainer opens it when it starts\n");
});

test("demo waits three seconds for a server that takes connections and never answers", async () => {
  const hung = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const url = `http://127.0.0.1:${hung.port}`;
  const [, startMs] = await timed(() => runLb(["demo", "--help"], {}));
  const [{ err }, tookMs] = await timed(() => runLb(["demo", "--url", url], {}));
  expect(err).toBe(`lb demo: Nothing answers at ${url}: is npm start running?\n`);
  expect(tookMs).toBeLessThan(3_500 + 3 * startMs);
  hung.stop(true);
}, 20_000);

test("before the first start lb asks for npm start, without Bun and without the packages", async () => {
  const clone = join(dir, "clone");
  await Bun.$`mkdir -p ${clone}/infra && cp ${ROOT}/lb ${clone} && cp ${ROOT}/infra/with-stack.sh ${ROOT}/infra/bun.sh ${clone}/infra`.quiet();
  const child = Bun.spawn([join(clone, "lb"), "top"], { env: { PATH: "/usr/bin:/bin" }, stderr: "pipe" });
  expect(await new Response(child.stderr).text()).toBe("lb: nothing is installed here yet: run npm start first\n");
  expect(await child.exited).toBe(1);
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
