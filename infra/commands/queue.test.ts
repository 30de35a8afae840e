import { beforeEach, expect, test } from "bun:test";
import { toDeadElement } from "shared/model/dead-element";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { runLb } from "testing/services/run-lb";
import { flushAll } from "testing/whole-store";

const server = await forFile(scratchRedisClient());
const { redis } = server;

const toElement = (event: string, reason = "name must have 1 to 200 characters") =>
  toDeadElement({ raw: Buffer.from(event), reason }, new Date("2026-01-02T03:04:05.000Z"));
const long = "x".repeat(5_000);
beforeEach(async () => {
  await flushAll(redis);
  await redis.lpush("queue:scores:{EU}", "waiting");
  for (let n = 1; n <= 25; n++) await redis.lpush("queue:dead:{EU}", toElement(`event ${n} ${long}`));
  await redis.lpush("queue:dead:{NA}", toElement("american"));
  await redis.lpush("queue:dead:{accounts}", toElement('{"user_id":"ann","password_hash":"$argon2id$secret"}'));
});

async function command(...args: string[]) {
  const run = await runLb(["queue", ...args], { REDIS_URL: server.url });
  return { ...run, lines: run.out.trimEnd().split("\n") };
}

test("without options it counts the events of each queue, prints the oldest, and ends with 0", async () => {
  const { code, out } = await command();
  expect(code).toBe(0);
  expect(out).toContain("EU: 1 waiting, 25 dead\n  waiting  waiting\n  dead  2026-01-02T03:04:05.000Z  name must");
  expect(out).toContain("… and 5 more");
  expect(out).toContain("accounts: 0 waiting, 1 dead");
  const json = await command("--json");
  expect(json.lines.map((line) => JSON.parse(line))).toContainEqual({ queue: "EU", waiting: 1, dead: 25 });
});

test("--dead prints every dead event whole, with time and reason, and ends with 2 while there are any", async () => {
  const { code, out, lines } = await command("--dead");
  expect(code).toBe(2);
  expect(lines).toHaveLength(27);
  expect(lines[24]).toBe(`EU  2026-01-02T03:04:05.000Z  name must have 1 to 200 characters  event 25 ${long}`);
  expect(out).not.toContain("secret");
  const { lines: asJson } = await command("--dead", "--json", "--region", "na");
  expect(asJson.map((line) => JSON.parse(line))).toEqual([
    { queue: "NA", at: "2026-01-02T03:04:05.000Z", reason: "name must have 1 to 200 characters", event: "american" },
  ]);
  expect((await command("--dead", "--queue", "GLOBAL")).code).toBe(0);
});

test("--retry puts back the events of the chosen queues, hashes included, and no others", async () => {
  expect(await command("--retry", "--queue", "accounts", "--json")).toMatchObject({
    code: 0,
    out: '{"queue":"accounts","retried":1,"unreadable":0}\n',
  });
  expect(await redis.lindex("queue:accounts:{accounts}", 0)).toContain("$argon2id$secret");
  expect(await redis.llen("queue:dead:{EU}")).toBe(25);
  expect((await command("--retry")).out).toContain("EU: 25 put back, 0 hold no event");
  expect(await redis.llen("queue:scores:{EU}")).toBe(26);
});

test("--drop without a terminal changes nothing; with --yes it deletes the events and prints them", async () => {
  expect(await command("--drop")).toMatchObject({ code: 1, err: expect.stringContaining("add --yes") });
  expect(await redis.llen("queue:dead:{EU}")).toBe(25);
  const { code, lines } = await command("--drop", "--yes", "--region", "EU");
  expect(code).toBe(0);
  expect(lines).toHaveLength(26);
  expect(lines[25]).toBe("EU: 25 dropped");
  expect(await redis.exists("queue:dead:{EU}")).toBe(0);
  expect(await redis.llen("queue:dead:{NA}")).toBe(1);
});

test.each([
  ["two actions at once", ["--dead", "--retry"], "--dead and --retry"],
  ["an option that does not exist", ["--deat"], "--deat"],
  ["a queue that does not exist", ["--queue", "MOON"], "GLOBAL, ASIA, EU, NA, accounts"],
  ["a confirmation without --drop", ["--retry", "--yes"], "--yes goes with --drop"],
])("%s is named, and the command ends with 1", async (_, args, word) => {
  expect(await command(...args)).toMatchObject({ code: 1, out: "", err: expect.stringContaining(word) });
});

test("--help lists every option", async () => {
  const { code, out } = await command("--help");
  expect(code).toBe(0);
  for (const option of ["--dead", "--retry", "--drop", "--yes", "--region", "--queue", "--json"]) {
    expect(out).toContain(option);
  }
});
