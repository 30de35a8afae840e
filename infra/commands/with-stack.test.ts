import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";

const dir = await dirForFile();
await writeFile(join(dir, "shown.ts"), "process.stdout.write(JSON.stringify(process.env));");

/** The environment that a command is started with. */
async function environmentOf(env: Record<string, string>): Promise<Record<string, string>> {
  const script = join(import.meta.dir, "..", "with-stack.sh");
  const child = Bun.spawn(["bash", script, join(dir, "shown.ts")], {
    cwd: dir,
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  return JSON.parse(await new Response(child.stdout).text());
}

const foreign = {
  REDIS_URL: "redis://production",
  REDIS_URL_EU: "redis://production-eu",
  PARTITIONS: "16",
  JWT_SECRET: "of production",
  OTHER: "x",
};

test("where the stack has been run, a command gets the stack's stores and none of the environment's", async () => {
  await writeFile(join(dir, "stack.env"), "REDIS_URL=redis://stack\nJWT_SECRET=of the stack\n");
  const { REDIS_URL, REDIS_URL_EU, PARTITIONS, JWT_SECRET, OTHER } = await environmentOf({ DATA_DIR: dir, ...foreign });
  expect(JWT_SECRET).toBe("of the stack");
  expect([REDIS_URL, REDIS_URL_EU, PARTITIONS, OTHER]).toEqual(["redis://stack", undefined, undefined, "x"]);
});

test("where the stack has not been run, a command gets the stores of the environment", async () => {
  expect(await environmentOf({ DATA_DIR: join(dir, "nothing"), ...foreign })).toMatchObject(foreign);
});
