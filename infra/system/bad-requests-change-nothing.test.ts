import { expect, test } from "bun:test";
import fc from "fast-check";
import { problemStatus } from "shared/api/problems";
import { forFile } from "testing/for-file";
import { badBoard } from "./bad-requests/boards.ts";
import { badBody } from "./bad-requests/bodies.ts";
import { badHeaders } from "./bad-requests/headers.ts";
import { COVERED, type Generated, type Player, validRequest } from "./bad-requests/routes.ts";
import { badAct, badRead, badRoute } from "./bad-requests/targets.ts";
import { startPath } from "./test/path-under-test.ts";

const path = await forFile(startPath());
const identity = { userId: "ada", name: "Ada", region: "EU" };
const fields = { user_id: "ada", name: "Ada", region: "EU", password: "a password of the tests", initialScore: 5 };
expect((await path.ranker.post("/auth/register", fields)).status).toBe(201);
expect((await path.ranker.post("/score/add", { delta: 1, board: "weekly" }, identity)).status).toBe(200);
const { tokens } = path.ranker;
const player: Player = {
  ...identity,
  token: await tokens.issue(identity),
  operatorToken: await tokens.issueOperator({ name: "root" }, 3600),
};

/** Requests to every route that are bad by construction, so that none may change anything. */
const badRequest = (player: Player): fc.Arbitrary<Generated> =>
  fc.oneof(
    { arbitrary: badBody(player), weight: 5 },
    { arbitrary: badHeaders(player), weight: 2 },
    { arbitrary: badRead(player), weight: 3 },
    { arbitrary: badRoute(player), weight: 1 },
    { arbitrary: badAct(player), weight: 1 },
    { arbitrary: badBoard(player), weight: 2 },
  );

const send = ({ method, path: target, headers, body }: Generated) => path.ask(target, { method, headers, body });

/** Faults of the answer to a bad request; none where it is a correct problem document. */
async function faultsOf(request: Generated): Promise<string[]> {
  const response = await send(request);
  const text = await response.text();
  const id = response.headers.get("X-Request-Id") ?? "";
  const faults: string[] = [];
  if (response.status < 400 || response.status > 499) faults.push(`status ${response.status}`);
  if (id === "") faults.push("no request id");
  if (request.method === "HEAD") return text === "" ? faults : [...faults, "a body"];
  if (response.headers.get("Content-Type") !== "application/problem+json") return [...faults, "no problem document"];
  const problem = JSON.parse(text) as Record<string, unknown>;
  if (problem.status !== response.status) faults.push("another status in the document");
  if (problem.request_id !== id) faults.push("another request id in the document");
  if (problemStatus[problem.code as keyof typeof problemStatus] !== response.status)
    faults.push(`code ${problem.code}`);
  if (typeof problem.detail !== "string" || problem.detail === "") faults.push("no detail");
  if (problem.code === "invalid_request" && !Array.isArray(problem.errors)) faults.push("no field is named");
  if (text.includes("undefined")) faults.push("undefined");
  if (/Invalid input|expected .*received/.test(text)) faults.push("words of the schema library");
  return faults;
}

/** Every key with its value, except for token buckets: bad requests take permits, too. */
async function dump(): Promise<Record<string, string>> {
  const keys = (await path.redis.keys("*")).filter((key) => !key.startsWith("bucket:")).toSorted();
  const values = await Promise.all(
    keys.map(async (key) => (await path.redis.dumpBuffer(key))?.toString("base64") ?? ""),
  );
  return Object.fromEntries(keys.map((key, n) => [key, values[n] ?? ""]));
}

test("every route has bad requests", () => {
  const routes = path.ranker.app.routes.filter(({ method }) => method !== "ALL");
  expect([...new Set(routes.map(({ method, path: at }) => `${method} ${at}`))].toSorted()).toEqual(COVERED.toSorted());
});

test("the valid requests that the bad ones are made from are accepted", async () => {
  for (const request of fc.sample(validRequest(player), 60)) {
    const { status, body } = await send(request);
    await body?.cancel(); // a live stream would go on
    // A created score or a registered player may exist already.
    const expected = /create|register|guest/.test(request.path) ? [201, 409] : [200];
    expect({ request, answered: expected.includes(status) }).toEqual({ request, answered: true });
  }
}, 30_000);

test("10,000 bad requests get a problem document each, no 5xx, and change no byte in Redis", async () => {
  const before = await dump();
  expect(Object.keys(before)).toContain("leaderboard:{EU}");
  const refused = fc.asyncProperty(badRequest(player), async (request) => {
    expect(await faultsOf(request)).toEqual([]);
  });
  await fc.assert(refused, { numRuns: 10_000 });
  expect(await dump()).toEqual(before);
}, 60_000);
