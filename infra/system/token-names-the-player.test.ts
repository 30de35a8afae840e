import { describe, expect, test } from "bun:test";
import { parseRecord } from "shared/entries/records";
import type { Redis } from "shared/redis/redis";
import { forFile } from "testing/for-file";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { words } from "testing/words";
import { startPath } from "./test/path-under-test.ts";

const path = await forFile(startPath());
async function register(user_id: string, region: string): Promise<string> {
  const player = { user_id, name: user_id.toUpperCase(), region, password: `the password of ${user_id}` };
  const response = await path.ranker.post("/auth/register", { ...player, initialScore: 100 });
  expect(response.status).toBe(201);
  return ((await response.json()) as { token: string }).token;
}
const tokens = { ada: await register("ada", "EU"), eve: await register("eve", "EU") };
await register("bob", "NA");

const isAdas = (text: string) => text.endsWith("ada") || text.includes('"user_id":"ada"') || text.includes(":ada:");

/**
 * All of Redis that is not Ada's, but for what belongs to no player: none of her requests may
 * change it.
 */
async function othersOf(redis: Redis): Promise<Record<string, unknown>> {
  const others: Record<string, unknown> = {};
  for (const key of (await redis.keys("*")).toSorted()) {
    if (isAdas(key) || /^(boards|bucket|clock|fence):/.test(key)) continue;
    const type = await redis.type(key);
    if (type === "zset") {
      const flat = await redis.zrangebyscore(key, "-inf", "+inf", "WITHSCORES");
      others[key] = flat.filter((_, i) => !isAdas(flat[i - (i % 2)] ?? ""));
    } else if (type === "list") {
      others[key] = (await redis.lrange(key, 0, -1)).filter((event) => !isAdas(event));
    } else if (type === "hash") {
      const { ada, ...rest } = await redis.hgetall(key);
      others[key] = rest;
    } else {
      others[key] = await redis.get(key);
    }
  }
  // A new key that holds only data of Ada is left out.
  return Object.fromEntries(Object.entries(others).filter(([, value]) => Object.keys(value ?? {}).length > 0));
}

const scoreOf = async (userId: string, region = "EU") =>
  Number(parseRecord((await path.redis.hget(`entries:{${region}}`, userId)) ?? "").score);

interface Attack {
  target?: string;
  headers?: string[];
  body?: string;
}

/** Sends a write as Ada, byte for byte. @returns the status, and by how much her score has grown */
async function attack(server: "gateway" | "ranker", { target = "/score/add", headers, body = '{"delta":1}' }: Attack) {
  const before = await othersOf(path.redis);
  const score = await scoreOf("ada");
  const head = [`POST ${target} HTTP/1.1`, "Host: x", "Connection: close", "Content-Type: application/json"];
  head.push(`Content-Length: ${body.length}`, ...(headers ?? [`Authorization: Bearer ${tokens.ada}`]));
  const received = await openRaw(path.ports[server], toLines(...head, "") + body).ended;
  expect(await othersOf(path.redis)).toEqual(before);
  return [statusesOf(received)[0], (await scoreOf("ada")) - score];
}

const authorized = (token: string) => `Authorization: Bearer ${token}`;

test("the comparison covers every key that the other players have", async () => {
  const others = await othersOf(path.redis);
  expect(Object.keys(others)).toEqual(
    words`account:{accounts}:bob account:{accounts}:eve entries:{EU} entries:{NA} leaderboard:{EU} leaderboard:{NA}
      queue:accounts:{accounts} queue:scores:{EU} queue:scores:{NA}`,
  );
});

describe.each(["gateway", "ranker"] as const)(
  "through the %s, a write changes only the player of its token",
  (server) => {
    const fields = words`user_id userId USER_ID user sub id name player playerId account identity token role isAdmin
      score rank updated_at shard __proto__ constructor`;
    test.each(fields)("a field %s is refused", async (field) => {
      for (const value of ['"eve"', '{"user_id":"eve"}']) {
        const body = `{"delta":1,"${field}":${value}}`;
        expect(await attack(server, { body })).toEqual([400, 0]);
      }
    });

    test.each([
      ["another's region", '{"delta":1,"region":"NA"}', [403, 0]],
      ["another's region, in small letters", '{"delta":1,"region":"na"}', [403, 0]],
      ["a region that is a key", '{"delta":1,"region":"EU}:eve"}', [400, 0]],
      ["a board that is a key", '{"delta":1,"board":"main:{NA}"}', [400, 0]],
      ["another board: her own score there", '{"delta":1,"board":"weekly"}', [200, 0]],
      ["a list of bodies", '[{"delta":1},{"delta":1,"user_id":"eve"}]', [400, 0]],
      ["two bodies", '{"delta":1}{"user_id":"eve"}', [400, 0]],
    ] as const)("%s", async (_, body, outcome) => {
      expect(await attack(server, { body })).toEqual([...outcome]);
    });

    test.each([
      ["another player", "eve", [403, 0]],
      ["another player of another region", "bob", [403, 0]],
      ["a player that there is not", "zoe", [403, 0]],
      ["a key", "ada}:eve", [400, 0]],
      ["herself", "ada", [200, 100]],
    ] as const)("POST /score with a user_id that is %s", async (_, user_id, outcome) => {
      const score = (await scoreOf("ada")) + 100;
      const body = JSON.stringify({ user_id, region: "EU", name: "Eve", score });
      expect(await attack(server, { target: "/score", body })).toEqual([...outcome]);
    });

    const headers = words`X-User-Id x-user-id X-USER-ID X-User X-Forwarded-User X-Remote-User Remote-User X-Auth-User
      X-Authenticated-User X-Auth-Request-User X-Original-User X-Player-Id X-Region From user_id`;
    test.each(headers)("the header %s does not name the player", async (name) => {
      expect(await attack(server, { headers: [authorized(tokens.ada), `${name}: eve`] })).toEqual([200, 1]);
      expect(await attack(server, { headers: [`${name}: eve`] })).toEqual([401, 0]);
    });

    test.each([
      "Forwarded: for=eve;by=eve;host=x",
      "X-Original-URL: /score/update",
      "X-Rewrite-URL: /score/update",
      "X-Original-URI: /metrics",
      "X-HTTP-Method-Override: DELETE",
      "X-HTTP-Method: PUT",
      "X-Method-Override: GET",
      "X-Forwarded-Host: evil",
      "X-Forwarded-For: 127.0.0.1",
      "Proxy-Authorization: Bearer eve",
      "Cookie: user_id=eve; token=eve; session=eve",
    ])("%s changes nothing about the request", async (header) => {
      expect(await attack(server, { headers: [authorized(tokens.ada), header] })).toEqual([200, 1]);
    });

    test("only the Authorization header carries a token", async () => {
      const others = ["Cookie: token=", "X-Access-Token: ", "X-Authorization: Bearer ", "Proxy-Authorization: Bearer "];
      for (const header of others) {
        expect([header, await attack(server, { headers: [header + tokens.eve] })]).toEqual([header, [401, 0]]);
        const both = [header + tokens.eve, authorized(tokens.ada)];
        expect([header, await attack(server, { headers: both })]).toEqual([header, [200, 1]]);
      }
      for (const name of ["token", "access_token", "authorization", "bearer"]) {
        const target = `/score/add?${name}=${tokens.eve}`;
        expect([name, await attack(server, { target, headers: [] })]).toEqual([name, [401, 0]]);
        expect([name, await attack(server, { target })]).toEqual([name, [200, 1]]);
      }
    });

    test("two Authorization headers are refused, in any order and in any case", async () => {
      const [ada, eve] = [authorized(tokens.ada), authorized(tokens.eve)];
      const small = `authorization: Bearer ${tokens.eve}`;
      for (const headers of [
        [ada, eve],
        [eve, ada],
        [ada, small],
        [small, ada.toUpperCase()],
        [ada, "Authorization:"],
      ]) {
        expect((await attack(server, { headers }))[0]).toBe(401);
      }
      expect(await attack(server, { headers: [`AUTHORIZATION: bearer ${tokens.ada}`] })).toEqual([200, 1]);
    });

    test("a token with the claims or the signature of another one is refused", async () => {
      const [header, claims, signature] = tokens.ada.split(".");
      const [, evesClaims, evesSignature] = tokens.eve.split(".");
      const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
      for (const forged of [
        `${header}.${evesClaims}.${signature}`,
        `${header}.${claims}.${evesSignature}`,
        `${none}.${evesClaims}.`,
        `${none}.${evesClaims}.${signature}`,
        `${tokens.ada},${tokens.eve}`,
        `${tokens.ada} ${tokens.eve}`,
      ]) {
        expect(await attack(server, { headers: [authorized(forged)] })).toEqual([401, 0]);
      }
    });

    test.each([
      ["/score/add?user_id=eve&userId=eve&sub=eve&region=NA", 200, 1],
      ["/score/../score/add", 200, 1],
      ["/score/./add", 200, 1],
      ["/score/%2e%2e/score/%2E/add", 200, 1],
      ["/auth/login/../../score/add", 200, 1],
      ["/%73core/add", 200, 1],
      ["/score\\add", 200, 1],
      ["/score/add#/../update", 200, 1],
      ["http://evil.example/score/add", 200, 1],
      ["//score/add", 404, 0],
      ["/score//add", 404, 0],
      ["/score/add/", 404, 0],
      ["/score/add/eve", 404, 0],
      ["/score/add;user_id=eve", 404, 0],
      ["/score;user_id=eve/add", 404, 0],
      ["/score/..;/score/add", 404, 0],
      ["/score%2fadd", 404, 0],
      ["/score%252fadd", 404, 0],
      ["/SCORE/ADD", 404, 0],
      ["/score/add%00", 404, 0],
      ["/score/add%20", 404, 0],
      ["/score/add%3fuser_id=eve", 404, 0],
      ["/score/add%0d%0aX-User-Id:eve", 404, 0],
      ["/%2e%2e%2fscore/add", 404, 0],
      ["/rank/eve", 405, 0],
      ["/rank/eve/../../score/add", 200, 1],
    ])("POST %s: %i", async (target, status, growth) => {
      expect(await attack(server, { target })).toEqual([status, growth]);
    });

    test("an idempotency key of one player means nothing for another", async () => {
      const key = `Idempotency-Key: of-eve-${server}`;
      const body = '{"score":7}';
      const target = "/score/update";
      const head = ["POST /score/update HTTP/1.1", "Host: x", "Connection: close", "Content-Type: application/json"];
      head.push(`Content-Length: ${body.length}`, authorized(tokens.eve), key, "");
      expect(statusesOf(await openRaw(path.ports[server], toLines(...head) + body).ended)).toEqual([200]);
      const score = await scoreOf("ada");
      expect(await attack(server, { target, body, headers: [authorized(tokens.ada), key] })).toEqual([200, 7 - score]);
    });

    test("registering or logging in as another player changes nothing of that player", async () => {
      const other = { user_id: "eve", name: "Eve", region: "NA", initialScore: 1, password: "another one" };
      const taken = JSON.stringify(other);
      expect(await attack(server, { target: "/auth/register", body: taken })).toEqual([409, 0]);
      for (const password of ["the password of ada", "", "the password of EVE"]) {
        const body = JSON.stringify({ user_id: "eve", password });
        expect(await attack(server, { target: "/auth/login", body })).toEqual([401, 0]);
      }
    });
  },
);
