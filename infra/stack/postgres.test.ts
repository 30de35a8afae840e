import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import connect from "postgres";
import { freePort } from "./free-port.ts";
import { startPostgres } from "./postgres.ts";
import { scratchDir } from "./scratch-dir.ts";

test("a killed PostgreSQL starts again although a backend still runs a statement", async () => {
  const dir = await scratchDir();
  await chmod(dir, 0o777);
  const port = await freePort();
  const start = () => startPostgres({ port, dir: join(dir, "data"), databases: ["busy"], password: "test" });
  const first = await start();
  const sql = connect(first.url("busy"), { max: 1, onnotice: () => {} });
  const [{ pid }] = await sql<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`;
  // A statement of some seconds.
  const counted = sql`SELECT count(*) FROM generate_series(1, 3e7::bigint)`.then(
    () => "counted",
    () => "broken off",
  );
  const other = connect(first.url("busy"), { max: 1, onnotice: () => {} });
  const isActive = async () =>
    (await other`SELECT FROM pg_stat_activity WHERE pid = ${pid} AND state = 'active'`).length;
  while ((await isActive()) === 0);
  await other.end();
  await first.kill();
  expect(() => process.kill(pid, 0)).not.toThrow(); // the backend lives
  const second = await start();
  const again = connect(second.url("busy"), { max: 1, onnotice: () => {} });
  expect(await again`SELECT 1 AS one`).toMatchObject([{ one: 1 }]);
  await again.end();
  expect(await counted).toBeOneOf(["counted", "broken off"]);
  await sql.end({ timeout: 0 });
  await second.stop();
}, 60_000);

const SEGMENTS = "/proc/sysvipc/shm";

test.skipIf(!existsSync(SEGMENTS))("a dropped PostgreSQL leaves no shared memory behind", async () => {
  const dir = await scratchDir();
  await chmod(dir, 0o777);
  const server = await startPostgres({
    port: await freePort(),
    dir: join(dir, "data"),
    databases: [],
    password: "test",
  });
  const creators = async () => (await readFile(SEGMENTS, "utf8")).split("\n").map((line) => line.trim().split(/ +/)[4]);
  expect(await creators()).toContain(String(server.pid));
  await server.drop();
  expect(await creators()).not.toContain(String(server.pid));
});

test("a data folder that is a link is refused, and its target stays as it is", async () => {
  const dir = await scratchDir();
  const [target, data] = [join(dir, "target"), join(dir, "data")];
  await mkdir(target);
  await symlink(target, data);
  const started = startPostgres({ port: await freePort(), dir: data, databases: [], password: "test" });
  await expect(started).rejects.toThrow("is a link or belongs to another user");
  expect(await readdir(target)).toEqual([]);
});
