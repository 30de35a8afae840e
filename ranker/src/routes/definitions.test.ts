import { beforeEach, describe, expect, test } from "bun:test";
import type { BoardsView, BoardView } from "shared/api/definitions";
import { boardKey, boardsKey, queueKey, settingsKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll, keysOf } from "testing/whole-store";
import { type Built, player, startUnderTest } from "../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const [ranker, other] = await Promise.all([under.build(), under.build()]);
const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
const shard = { region: "EU", partition: 0, tag: "EU" };
const ada = player("ada");
beforeEach(() => flushAll(under.redis));

async function ask(
  method: string,
  path: string,
  body?: unknown,
  { ifMatch, at = ranker }: { ifMatch?: number; at?: Built } = {},
) {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  const response = await at.app.request(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  });
  const answer = (await response.json()) as BoardView & { code?: string; errors?: { field: string }[] };
  return { status: response.status, etag: response.headers.get("ETag"), answer };
}
const make = async (id: string, definition: object = {}) => {
  const { status, answer } = await ask("PUT", `/boards/${id}`, definition);
  expect(status).toBe(201);
  return answer;
};
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code?: string }).code];

describe("PUT", () => {
  test("makes a board with the defaults, which can be written and read at once, by every ranker", async () => {
    const { status, etag, answer } = await ask("PUT", "/boards/weekly-race", { title: "Weekly race" });
    expect([status, etag]).toEqual([201, `"${answer.rev}"`]);
    expect(answer).toMatchObject({
      id: "weekly-race",
      title: "Weekly race",
      operator: "set",
      operators: ["set", "add", "create"],
    });
    for (const [n, at] of [ranker, other].entries()) {
      expect((await at.post("/score/add", { delta: 5, board: "weekly-race" }, ada)).status).toBe(200);
      const rank = await at.app.request("/rank/ada?board=weekly-race&region=EU");
      expect(await rank.json()).toMatchObject({ rank: 1, score: 5 * (n + 1) });
    }
    expect(await under.redis.hget(boardsKey(shard), "weekly-race")).toBe(`${answer.rev} open`);
  });

  test("of the definition that is there changes nothing", async () => {
    const made = await make("weekly-race", { title: "Weekly race" });
    expect(await ask("PUT", "/boards/weekly-race", { title: "Weekly race", operator: "set" })).toMatchObject({
      status: 200,
      answer: made,
    });
    expect(await under.redis.llen("queue:accounts:{accounts}")).toBe(1);
  });

  test("that changes a fixed field is board_immutable and names it, with any If-Match", async () => {
    const { rev } = await make("weekly-race");
    const changed = { operator: "add", title: "x" };
    const { status, answer } = await ask("PUT", "/boards/weekly-race", changed, { ifMatch: rev });
    expect([status, answer.code, answer.errors?.map(({ field }) => field)]).toEqual([
      409,
      "board_immutable",
      ["operator"],
    ]);
  });

  test("that changes another field needs the present revision", async () => {
    const { rev } = await make("weekly-race");
    const change = { bounds: { max: 10 } };
    expect(await ask("PUT", "/boards/weekly-race", change)).toMatchObject({
      status: 428,
      answer: { code: "precondition_required" },
    });
    expect(await ask("PUT", "/boards/weekly-race", change, { ifMatch: rev - 1 })).toMatchObject({
      status: 412,
      answer: { code: "precondition_failed" },
    });
    const { status, answer } = await ask("PUT", "/boards/weekly-race", change, { ifMatch: rev });
    expect([status, answer.bounds]).toEqual([200, { min: null, max: 10 }]);
    expect(answer.rev).toBeGreaterThan(rev);
  });

  test("changes a configured board, which was there before", async () => {
    const { answer } = await ask("GET", "/boards/main");
    expect(answer).toMatchObject({ id: "main", rev: 0, created_at: null });
    expect((await ask("PATCH", "/boards/main", { title: "Main" }, { ifMatch: 0 })).status).toBe(200);
    expect((await ask("GET", "/boards/main", undefined, { at: other })).answer).toMatchObject({ title: "Main" });
  });

  test.each([
    ["/boards/a@1", {}, "board"],
    ["/boards/a:b", {}, "board"],
    ["/boards/%7Ba%7D", {}, "board"],
    ["/boards/A", {}, "board"],
    ["/boards/b", { operator: "max" }, "operator"],
    ["/boards/b", { colour: "red" }, "colour"],
  ])("%s with %p is refused by name, and makes nothing", async (path, body, field) => {
    const { status, answer } = await ask("PUT", path, body);
    expect([status, answer.code, answer.errors?.[0]?.field]).toEqual([400, "invalid_request", field]);
    expect(await under.redis.exists(settingsKey("boards"))).toBe(0);
  });

  test("by a player is refused", async () => {
    const headers = { Authorization: `Bearer ${await ranker.tokens.issue(ada)}` };
    expect((await ranker.app.request("/boards/b", { method: "PUT", headers })).status).toBe(403);
  });
});

test("PATCH changes the named fields alone, and what it makes has to be a definition", async () => {
  const { rev } = await make("weekly-race", { title: "Weekly race", bounds: { min: 1, max: 10 } });
  const { answer } = await ask("PATCH", "/boards/weekly-race", { bounds: null }, { ifMatch: rev });
  expect(answer).toMatchObject({ title: "Weekly race", bounds: null });
  const fixed = await ask("PATCH", "/boards/weekly-race", { operator: "add" }, { ifMatch: answer.rev });
  expect([fixed.answer.code, fixed.answer.errors?.[0]?.field]).toEqual(["board_immutable", "operator"]);
  const wrong = await ask("PATCH", "/boards/weekly-race", { operators: ["add"] }, { ifMatch: answer.rev });
  expect([wrong.status, wrong.answer.errors?.[0]?.field]).toEqual([400, "operators"]);
  expect((await ask("PATCH", "/boards/none", { title: "x" }, { ifMatch: 1 })).answer.code).toBe("board_not_found");
});

test("a board that is not there is board_not_found for writes and reads, and none comes into being", async () => {
  const before = (await keysOf(under.redis, "*")).toSorted();
  const write = await ranker.post("/score/add", { delta: 5, board: "mistyped" }, ada);
  const reads = ["/top", "/rank/ada", "/around/ada"].map((path) => ranker.app.request(`${path}?board=mistyped`));
  for (const response of [write, ...(await Promise.all(reads))])
    expect(await codeOf(response)).toEqual([404, "board_not_found"]);
  expect((await keysOf(under.redis, "*")).toSorted()).toEqual(before);
});

test("boards are listed in pages, configured ones among them, in the order of their ids", async () => {
  const made = ["a0", "b-1", "n", "weekly-race", "z"];
  for (const id of made) await make(id);
  const seen: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const response = await ranker.app.request(`/boards?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
    const page = (await response.json()) as BoardsView;
    expect(page.boards.length).toBeLessThanOrEqual(2);
    seen.push(...page.boards.map(({ id }) => id));
    cursor = page.next;
  }
  expect(seen).toEqual([...made, "main", "weekly"].toSorted());
});

describe("a ranker that has read the board before", () => {
  test("never goes by the old bounds after a change was answered", async () => {
    const { rev } = await make("weekly-race", { bounds: { max: 10 } });
    const add = (value: number) => other.post("/score/update", { score: value, board: "weekly-race" }, ada);
    expect((await add(9)).status).toBe(200);
    expect((await ask("PATCH", "/boards/weekly-race", { bounds: { max: 5 } }, { ifMatch: rev })).status).toBe(200);
    const queued = await under.redis.llen(queueKey(shard));
    expect(await codeOf(await add(6))).toEqual([422, "score_out_of_bounds"]);
    expect([await under.redis.llen(queueKey(shard)), await under.redis.zcard(boardKey(shard, "weekly-race"))]).toEqual([
      queued,
      1,
    ]);
    // The entry above the new bound stays.
    expect(await (await other.app.request("/rank/ada?board=weekly-race")).json()).toMatchObject({ score: 9 });
  });

  test("changes nothing where definitions change again and again meanwhile", async () => {
    await make("weekly-race");
    expect((await other.post("/score/add", { delta: 5, board: "weekly-race" }, ada)).status).toBe(200);
    // No ranker knows this revision.
    await under.redis.hset(boardsKey(shard), "weekly-race", "8999999999999999 open");
    expect(await codeOf(await other.post("/score/add", { delta: 5, board: "weekly-race" }, ada))).toEqual([
      503,
      "stale_definition",
    ]);
    expect(await codeOf(await other.app.request("/rank/ada?board=weekly-race&region=EU"))).toEqual([
      503,
      "stale_definition",
    ]);
    expect(await under.redis.llen(queueKey(shard))).toBe(1);
  });

  test("takes a change of which it read the first half alone", async () => {
    const { rev } = await make("weekly-race", { bounds: { max: 10 } });
    const set = (at: Built, score: number) => at.post("/score/update", { score, board: "weekly-race" }, ada);
    expect([(await set(ranker, 9)).status, (await set(other, 9)).status]).toEqual([200, 200]);
    expect((await ask("PATCH", "/boards/weekly-race", { bounds: { max: 5 } }, { ifMatch: rev })).status).toBe(200);
    // As if the ranker had died before it told the shard: a repeat of the request completes it.
    await under.redis.hset(boardsKey(shard), "weekly-race", `${rev} open`);
    expect((await ask("PUT", "/boards/weekly-race", { bounds: { max: 5 } })).status).toBe(200);
    expect(await codeOf(await set(other, 6))).toEqual([422, "score_out_of_bounds"]);
  });
});

describe("a board decides what a write does, and who may write", () => {
  const write = (path: string, body: object) => ranker.post(path, { board: "weekly-race", ...body }, ada);

  test("POST /score/submit applies its operator", async () => {
    await make("weekly-race", { operator: "add" });
    for (const score of [5, 10]) {
      expect(await (await write("/score/submit", { score: 5 })).json()).toMatchObject({ score });
    }
    expect(await (await ranker.post("/score/submit", { score: 7 }, ada)).json()).toMatchObject({ score: 7 });
  });

  test("what it does not allow is operator_not_allowed, and nothing is written", async () => {
    await make("weekly-race", { operator: "add" });
    for (const [path, body] of [
      ["/score/update", { score: 5 }],
      ["/score/create", { initialScore: 5 }],
    ] as const) {
      expect(await codeOf(await write(path, body))).toEqual([403, "operator_not_allowed"]);
    }
    expect(await under.redis.llen(queueKey(shard))).toBe(0);
  });

  test("players do not write on an operators' board; operators do", async () => {
    await make("weekly-race", { writers: "operators" });
    await ranker.post("/score/add", { delta: 1 }, ada);
    expect(await codeOf(await write("/score/add", { delta: 5 }))).toEqual([403, "board_read_only"]);
    const { status } = await ask("POST", "/players/ada/score", { operation: "add", value: 5, board: "weekly-race" });
    expect(status).toBe(200);
  });

  test("a repeat under its key gets the answer that was given under the old definition", async () => {
    const { rev } = await make("weekly-race", { bounds: { max: 10 } });
    const add = () => ranker.post("/score/add", { delta: 9, board: "weekly-race" }, ada, { "Idempotency-Key": "k" });
    const first = await (await add()).json();
    expect((await ask("PATCH", "/boards/weekly-race", { bounds: { max: 5 } }, { ifMatch: rev })).status).toBe(200);
    const again = await add();
    expect([again.headers.get("Idempotent-Replayed"), await again.json()]).toEqual(["true", first]);
  });
});
