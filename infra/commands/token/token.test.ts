import { beforeEach, describe, expect, test } from "bun:test";
import { createTokens, type Revocations } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { readRevoked } from "shared/operators/revoked-tokens";
import { settingsKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { openFencesAt } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { runLb } from "testing/services/run-lb";
import { flushAll } from "testing/whole-store";
import { TOKEN_OPTIONS } from "../../../gateway/test/gateway-under-test.ts";

const { redis, url } = await forFile(scratchRedisClient());
const { secret } = TOKEN_OPTIONS;
const env = { REDIS_URL: url, JWT_SECRET: secret, BOARDS: "main,weekly" };
const NONE_REVOKED: Revocations = new Set<string>();
const { verifyOperator } = createTokens({ ...TOKEN_OPTIONS, revocations: NONE_REVOKED });

const lb = (...args: string[]) => runLb(["token", ...args], env);
const faultsOf = async (...args: string[]) => {
  const { code, out, err } = await lb(...args);
  expect({ args, code, out }).toEqual({ args, code: 1, out: "" });
  return err;
};
interface Made {
  token: string;
  id: string;
  expires_at: string;
}
const make = async (...args: string[]) => JSON.parse((await lb("make", ...args, "--json")).out) as Made;
const list = async () => {
  const lines = (await lb("list", "--json")).out.trim().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
};

beforeEach(async () => {
  await flushAll(redis);
  await openFencesAt(url, createTopology(["EU"], 1, ["main"]));
});

describe("make", () => {
  test("prints a token with the role, the boards and the lifetime that were asked for, and lists it", async () => {
    const before = Date.now();
    const { token, id, expires_at } = await make("game-1", "--role", "writer", "--boards", "weekly", "--days", "7");
    const operator = { name: "game-1", role: "writer", boards: ["weekly"] };
    expect(await verifyOperator(token)).toEqual({ ...operator, role: "writer", tokenId: id });
    expect(Date.parse(expires_at) - before).toBeWithin(7 * 86_400_000, 7 * 86_400_000 + 60_000);
    const [listed] = await list();
    expect(listed).toMatchObject({
      id,
      operator: "game-1",
      role: "writer",
      boards: ["weekly"],
      state: "valid",
      expires_at,
    });
  });

  test("prints the token alone, for a shell, and the id beside it", async () => {
    const { code, out, err } = await lb("make", "root", "--role", "admin");
    const { tokenId } = await verifyOperator(out.trim());
    expect([code, err]).toEqual([0, expect.stringContaining(`id ${tokenId}`)]);
  });

  test("keeps no token in Redis", async () => {
    const { token } = await make("root", "--role", "admin");
    const kept = JSON.stringify(await redis.hgetall(settingsKey("operators")));
    expect(kept).toContain("root");
    expect(kept).not.toContain(token.split(".")[2] ?? "");
  });

  test.each([
    [["make", "root"], "--role must be one of reader, writer, moderator, admin"],
    [["make", "root", "--role", "owner"], "--role must be one of"],
    [["make", "root", "--role", "admin", "--days", "0"], "--days must be from 1 to 366"],
    [["make", "root", "--role", "admin", "--days", "soon"], "--days must be a whole number"],
    [["make", "root", "--role", "admin", "--boards", ""], "--boards must name at least one"],
    [["make", "root", "--role", "admin", "--boards", "main,main"], "--boards must not name one twice"],
    [["make", "root", "--role", "admin", "--boards", "main,Daily"], "--boards must be comma-separated names"],
    [["make", "--role", "admin"], "name one operator"],
    [["make", "a b", "--role", "admin"], "name one operator"],
    [["make", "root", "--role", "admin", "--hours", "3"], "there is no option --hours"],
    [["revoke"], "name one token by its ID"],
    [["revoke", "root"], "name one token by its ID"],
    [["revoke", "0123456789abcdef"], "there is no token 0123456789abcdef"],
    [["list", "root"], "it takes no argument"],
  ])("names what is not valid: %j", async (args, fault) => {
    expect(await faultsOf(...args)).toContain(fault);
  });

  test("makes none without the secret, and none where Redis is away", async () => {
    const args = ["token", "make", "root", "--role", "admin"];
    expect((await runLb(args, { REDIS_URL: url })).err).toContain("JWT_SECRET");
    expect(await list()).toEqual([]);
    const away = await runLb(args, { ...env, REDIS_URL: "redis://127.0.0.1:1" });
    expect(away).toMatchObject({ code: 1, out: "", err: expect.stringContaining("127.0.0.1:1") });
  });
});

test("list shows each token in a row, and says where there is none", async () => {
  expect((await lb("list")).out).toContain("no tokens are listed");
  const made = [await make("game-1", "--role", "writer", "--boards", "main"), await make("root", "--role", "admin")];
  await lb("revoke", made[0]?.id ?? "");
  const [head, ...rows] = (await lb("list")).out.trim().split("\n");
  expect(head).toMatch(/^id +operator +role +state +expires +boards$/);
  expect(rows[0]).toMatch(new RegExp(`^${made[0]?.id} +game-1 +writer +revoked +20.* main$`));
  expect(rows[1]).toMatch(new RegExp(`^${made[1]?.id} +root +admin +valid +20.* all$`));
});

test("revoke tells the services, can be repeated, and says what was so before", async () => {
  const { id } = await make("root", "--role", "admin");
  const revoked = { id, operator: "root", state: "revoked" };
  expect(await lb("revoke", id)).toMatchObject({ code: 0, out: expect.stringContaining(`${id} of root revoked`) });
  expect([...(await readRevoked(createSettings({ home: redis, queueMax: 1 }))).keys()]).toEqual([id]);
  expect(JSON.parse((await lb("revoke", id, "--json")).out)).toEqual(revoked);
  expect((await lb("revoke", id)).out).toContain("was revoked before");
});

test("a token can be revoked while the Redis of a region is away", async () => {
  const { id } = await make("root", "--role", "admin");
  const regions = { REGIONS: "EU,NA", REDIS_URL_NA: "redis://127.0.0.1:1" };
  expect((await runLb(["token", "revoke", id], { ...env, ...regions })).code).toBe(0);
});

test("each action prints its help without any configuration", async () => {
  for (const action of ["make", "list", "revoke"]) {
    const { code, out } = await runLb(["token", action, "--help"], {});
    expect([code, out]).toEqual([0, expect.stringContaining(`./lb token ${action}`)]);
    expect((await runLb(["token", "--help"], {})).out).toContain(`./lb token ${action}`);
  }
});

test("a token that is made by name alone is an admin's, needs no store, and is not listed", async () => {
  const { out } = await runLb(["token", "root"], { JWT_SECRET: secret });
  expect(await verifyOperator(out.trim())).toEqual({ name: "root", role: "admin" });
  expect(await list()).toEqual([]);
});
