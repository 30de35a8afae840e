import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "leaderboard-client";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { createTopology } from "shared/model/regions";
import { dirForFile, forFile } from "testing/for-file";
import { bundleClient, sizeOf } from "../client/client-size.ts";
import { startPath } from "./test/path-under-test.ts";

const path = await forFile(startPath({ passwordsRequired: false }));
const dir = await dirForFile();
const client = createClient({ url: `http://127.0.0.1:${path.ports.gateway}` });

test("every operation of the OpenAPI document is a method of the client", () => {
  const ids = Object.values<Operation>(gatewayOperations(createTopology(["GLOBAL"], 1, ["main"]))).map(({ id }) => id);
  // `pages` goes on from one `top` to the next.
  expect([...ids, "as", "pages"].toSorted()).toEqual(Object.keys(client).toSorted());
});

describe("with a gateway, a ranker and Redis", () => {
  test("a player registers, logs in, writes and reads", async () => {
    const ada = { user_id: "ada", name: "Ada", region: "EU" };
    const { token, user } = await client.register({ ...ada, initialScore: 1 });
    expect(user).toEqual(ada);
    expect((await client.login({ user_id: "ada", name: "Ada" })).user).toEqual(ada);
    const scores = client.as(token);
    expect(await scores.createScore({ initialScore: 3, board: "weekly" })).toMatchObject({ rank: 1, score: 3 });
    expect(await scores.setScore({ score: 10 })).toMatchObject({ rank: 1, score: 10 });
    expect(await scores.addScore({ delta: -4 })).toMatchObject({ rank: 1, score: 6 });
    expect(await client.top({ region: "EU", limit: 1 })).toMatchObject({ total: 1, entries: [{ ...ada, score: 6 }] });
    expect(await client.rank("ada", { board: "weekly" })).toMatchObject({ rank: 1, total: 1, percentile: 100 });
    expect(await client.around("ada")).toMatchObject({ self: { user_id: "ada" }, around: [] });
    const { entries, not_ranked } = await client.ranks({ ids: ["ada", "nobody"] });
    expect([entries, not_ranked]).toMatchObject([[{ user_id: "ada", position: 1 }], ["nobody"]]);
    expect((await client.playerBoards("ada", ["weekly", "none"])).boards).toMatchObject([
      { board: "weekly", rank: 1 },
      { board: "none", code: "board_not_found" },
    ]);
    const pages = await Array.fromAsync(client.pages({ region: "EU", limit: 1 }));
    expect(pages.map(({ entries: page }) => page.map(({ user_id }) => user_id))).toEqual([["ada"]]);
    expect(await client.health()).toMatchObject({ status: "ok", upstreams: [{ up: true }] });
    expect(await client.ready()).toMatchObject({ status: "ready" });
    expect(await client.openapi()).toMatchObject({ info: { title: "Leaderboard" } });
  });

  test("a write under one idempotency key counts once, however often it is sent", async () => {
    const { token } = await client.register({ user_id: "bob", name: "Bob", region: "EU" });
    const add = () => client.as(token).addScore({ delta: 5 }, { idempotencyKey: "match-42" });
    const answers = await Promise.all([add(), add(), add()]);
    expect(new Set(answers.map(({ score }) => score))).toEqual(new Set([5]));
  });

  test("an admin makes and changes a board, and every caller finds it", async () => {
    const admin = client.as(await path.ranker.tokens.issueOperator({ name: "root" }, 60));
    const made = await admin.putBoard("weekly-race", { operator: "add" });
    expect(made).toMatchObject({ id: "weekly-race", operator: "add" });
    expect(await admin.putBoard("weekly-race", { operator: "add" })).toEqual(made);
    const changed = await admin.changeBoard("weekly-race", { title: "Weekly race" }, { ifMatch: made.rev });
    expect(await client.readBoard("weekly-race")).toEqual(changed);
    expect((await client.listBoards({ limit: 1 })).next).toBe("main");
    const refused = admin.putBoard("weekly-race", { operator: "add", title: "x" }, { ifMatch: made.rev });
    await expect(refused).rejects.toMatchObject({ code: "precondition_failed" });
    await admin.putBoard("short-lived");
    expect(await admin.deleteBoard("short-lived")).toEqual({ board: "short-lived", state: "deleting" });
    await expect(client.readBoard("short-lived")).rejects.toMatchObject({ code: "board_not_found" });
    await expect(admin.putBoard("short-lived")).rejects.toMatchObject({ code: "board_being_deleted" });
    await expect(admin.endSeason("weekly-race", 1)).rejects.toMatchObject({ code: "season_not_found" });
    const { token } = await client.register({ user_id: "dot", name: "Dot", region: "EU" });
    for (const score of [5, 10]) {
      expect(await client.as(token).submitScore({ score: 5, board: "weekly-race" })).toMatchObject({ score });
    }
  });

  test("an operator writes for a player, reads the record, hides, shows and erases the player", async () => {
    await client.register({ user_id: "cyd", name: "Cyd", region: "NA" });
    const operator = client.as(await path.ranker.tokens.issueOperator({ name: "game-server" }, 60));
    expect(await operator.writeScore("cyd", { operation: "add", value: 5 })).toMatchObject({ score: 5, region: "NA" });
    expect(await operator.writeScore("cyd", { score: 6 })).toMatchObject({ score: 6 });
    expect(await operator.submitScoreFor({ user_id: "cyd", score: 5 })).toMatchObject({ score: 5, region: "NA" });
    expect(await operator.playerRecord("cyd")).toMatchObject({ user_id: "cyd", entries: [{ score: 5 }] });
    await operator.writeScore("cyd", { score: 1, board: "weekly" });
    const named = { user_id: "cyd", board: "weekly", name: "Cyd the Bold" };
    expect(await operator.changeEntry("cyd", "weekly", { name: "Cyd the Bold" })).toEqual(named);
    expect(await operator.removeEntry("cyd", "weekly", { reason: "a mistake" })).toMatchObject({ removed: true });
    expect(await operator.hidePlayer("cyd")).toEqual({ user_id: "cyd", hidden: true, boards: 1 });
    expect(await client.rank("cyd").catch((error) => error.code)).toBe("not_ranked");
    expect(await operator.renamePlayer("cyd", { name: "Player 7" })).toEqual({
      user_id: "cyd",
      name: "Player 7",
      boards: 1,
    });
    const shown = await operator.unhidePlayer("cyd", { reason: "a mistake" });
    expect([shown, await client.rank("cyd")]).toMatchObject([{ hidden: false, boards: 1 }, { score: 5 }]);
    expect(await operator.erasePlayer("cyd")).toEqual({ user_id: "cyd", entries: 1, account: true });
    const code = await operator.playerRecord("cyd").catch((error) => error.code);
    expect(code).not.toBe("forbidden");
    expect(await client.rank("cyd").catch((error) => error.code)).toBe("not_ranked");
  });

  test("a game server writes for a player who never registered, and a player for no other", async () => {
    const server = client.as(await path.ranker.tokens.issueOperator({ name: "game-server" }, 60));
    const fay = { user_id: "fay", name: "Fay", region: "ASIA" };
    expect(await server.submitScoreFor({ ...fay, score: 5 })).toMatchObject({ ...fay, rank: 1, score: 5 });
    const items = [
      { user_id: "fay", score: 6 },
      { user_id: "a.b", score: 6 },
    ];
    const answers = [
      { status: 200, score: 6 },
      { status: 400, errors: [{ field: "items.1.user_id" }] },
    ];
    expect(await server.submitScores(items)).toMatchObject({ items: answers });
    expect(await server.writeScore("gus", { region: "ASIA", score: 4 })).toMatchObject({ name: "gus", rank: 2 });
    const { token } = await client.register({ user_id: "hal", name: "Hal", region: "EU" });
    expect(await client.as(token).submitScoreFor({ user_id: "hal", score: 1 })).toMatchObject({ score: 1 });
    const refused = client.as(token).submitScoreFor({ user_id: "fay", score: 1 });
    await expect(refused).rejects.toMatchObject({ code: "forbidden", errors: [{ field: "user_id" }] });
  });

  test("a board of every kind is made, written and read, also one for operators", async () => {
    const admin = client.as(await path.ranker.tokens.issueOperator({ name: "root" }, 60));
    const { token } = await client.register({ user_id: "ivy", name: "Ivy", region: "EU" });
    await admin.putBoard("laps", {
      order: "asc",
      operator: "best",
      decimals: 3,
      unit: "s",
      sub: "desc",
      metadata_bytes_max: 100,
      attempts_max: 2,
      readers: "operators",
      tiers: { by: "rank", steps: [{ id: "gold", upto: 1 }] },
    });
    const write = { board: "laps", score: 12.75, sub: 3, metadata: { car: "red" } };
    const first = await client.as(token).submitScore(write);
    expect(first).toMatchObject({ rank: 1, score: 12.75, sub: 3, tier: "gold", changed: true, previous: null });
    expect((await client.as(token).submitScore({ ...write, score: 13 })).changed).toBe(false);
    const exhausted = client.as(token).submitScore(write);
    await expect(exhausted).rejects.toMatchObject({ code: "attempts_exhausted", members: { used: 2, max: 2 } });
    const refused = admin.top({ board: "laps" });
    await expect(refused).rejects.toMatchObject({ code: "missing_token", members: {} });
    const reader = createClient({
      url: `http://127.0.0.1:${path.ports.gateway}`,
      token: await path.ranker.tokens.issueOperator({ name: "root" }, 60),
      readsWithToken: true,
    });
    const { entries } = await reader.top({ board: "laps", with: "metadata" });
    expect(entries).toMatchObject([{ user_id: "ivy", metadata: { car: "red" } }]);
    expect(await reader.rank("ivy", { board: "laps" })).toMatchObject({ rank: 1, tier: "gold" });
    expect((await reader.around("ivy", { board: "laps" })).self.score).toBe(12.75);
    expect(await reader.readBoard("laps")).toMatchObject({ unit: "s", readers: "operators" });
    expect((await reader.listBoards()).boards.map(({ id }) => id)).toContain("laps");
    expect((await client.listBoards()).boards.map(({ id }) => id)).not.toContain("laps");
    for await (const { event } of reader.live({ board: "laps" })) {
      expect(event).toBe("snapshot");
      break;
    }
    await expect(client.liveRank("ivy", { board: "laps" }).next()).rejects.toMatchObject({ code: "missing_token" });
  });

  test("a refusal throws an error with its code and fields", async () => {
    const codeOf = (call: Promise<unknown>) =>
      call.catch(({ code, errors }) => [code, ...errors.map((e: { field: string }) => e.field)]);
    expect(await codeOf(client.rank("nobody"))).toEqual(["not_ranked"]);
    expect(await codeOf(client.addScore({ delta: 1 }))).toEqual(["missing_token"]);
    expect(await codeOf(client.as("a.b.c").addScore({ delta: 1 }))).toEqual(["invalid_token"]);
    expect(await codeOf(client.top({ limit: 0, board: "X" }))).toEqual(["invalid_request", "board", "limit"]);
  });
});

describe("the client as one module", () => {
  test("is smaller than 10 KB minified, and imports nothing", async () => {
    const code = await bundleClient();
    expect(sizeOf(code).minified).toBeLessThan(10_000);
    expect(code).not.toMatch(/\bfrom ?"|\bimport ?[("]|\brequire\(|zod/i);
  });
});

test("the client example of docs/api.md runs", async () => {
  const page = await readFile(join(import.meta.dir, "../../docs/api.md"), "utf8");
  const example = /```ts\n(import \{ createClient[\s\S]+?)```/.exec(page)?.[1] ?? "";
  expect(example).toContain("http://127.0.0.1:4000");
  await client.register({ user_id: "grace", name: "Grace", region: "EU", password: "correct horse" });
  const entry = join(import.meta.dir, "../../shared/client/src/leaderboard-client.ts");
  const code = example
    .replace("http://127.0.0.1:4000", `http://127.0.0.1:${path.ports.gateway}`)
    .replace('"leaderboard-client"', JSON.stringify(entry));
  await writeFile(join(dir, "example.ts"), code);
  const run = Bun.spawn([process.execPath, join(dir, "example.ts")], { stderr: "pipe" });
  const [output, errors, status] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
    run.exited,
  ]);
  expect([errors, status]).toEqual(["", 0]);
  expect(output).toMatch(/^grace is \d with 5\n/);
}, 30_000);
