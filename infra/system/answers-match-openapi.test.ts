import { describe, expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { problemStatus } from "shared/api/problems";
import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { createDocument } from "../../gateway/src/openapi/document.ts";
import { UNROUTED } from "../../gateway/src/openapi/problems.ts";
import { player, REGIONS } from "../../ranker/test/ranker-under-test.ts";
import { type Asked, createAsk } from "./openapi/ask.ts";
import { createAnswerCheck } from "./openapi/check-answer.ts";
import { boardReads, boardRoutes, type Meet, meetBoardProblems } from "./openapi/definitions.ts";
import { startGateways } from "./openapi/gateways.ts";
import { askOwnAccounts, meetOwnProblems } from "./openapi/own-accounts.ts";

const topology = createTopology(REGIONS, 1, ["main", "weekly"]);
const document = createDocument(topology);
const all = Object.values<Operation>(gatewayOperations(topology));
const { faultsOf, faultsOfAnswer } = createAnswerCheck(document);

const gateways = await forFile(startGateways());
const ask = createAsk(gateways, faultsOfAnswer);

/** Pages and their parts, which are no part of the API. */
const isPage = (route: string) => ["GET /", "GET /docs"].includes(route) || /^GET \/(docs|assets)\//.test(route);

const routesOf = ({ routes }: { routes: { method: string; path: string }[] }) =>
  [...new Set(routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`))]
    .filter((route) => !isPage(route))
    .toSorted();

describe("the document has exactly", () => {
  test("the routes of the gateway", () => {
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    expect(documented.toSorted()).toEqual(routesOf(gateways.sound));
  });

  test("the routes of the ranker, which are proxied or tell its own state", () => {
    const asked = all.filter(({ id, isProxied }) => isProxied || ["health", "ready"].includes(id));
    expect(asked.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(routesOf(gateways.ranker.app));
  });

  test("the problems, each at a route or outside of all", () => {
    const responses = Object.values(document.components.responses ?? {}) as Documented[];
    const codes = responses.flatMap(({ content }) => Object.keys(content["application/problem+json"]?.examples ?? {}));
    expect([...new Set([...codes, ...UNROUTED])].toSorted()).toEqual(Object.keys(problemStatus).toSorted());
  });
});

interface Documented {
  content: Record<string, { examples?: object } | undefined>;
}

test("a linter finds no fault in the document, whose examples it checks, too", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const lint = async (source: object) => {
    const faults = await lintFromString({ source: JSON.stringify(source), config });
    return faults.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
  };
  expect(await lint(document)).toEqual([]);
  const text = JSON.stringify(document).replaceAll('{"delta":5}', '{"delta":"5"}');
  expect((await lint(JSON.parse(text))).map((fault) => fault.split(":")[0])).toEqual([
    "no-invalid-media-type-examples",
  ]);
}, 120_000);

const ada = player("ada");

// Without a password no hash is made, which may take a busy machine longer than a client waits.
const eve = { user_id: "eve", name: "Eve", region: "EU" };
const writes: [route: string, body: object][] = [
  ["POST /score/create", { initialScore: 1 }],
  ["POST /score/update", { score: 2 }],
  ["POST /score/add", { delta: 3 }],
  ["POST /score/submit", { score: 4 }],
];
const reads: [route: string, target: string][] = [
  ["GET /top", "/top?region=eu&limit=5"],
  ["GET /rank/{userId}", "/rank/ada"],
  ["GET /around/{userId}", "/around/ada?range=3&ties=shared"],
  ["GET /around", "/around?score=3&range=3"],
];
const RANKS = "POST /ranks";
const PLAYER_BOARDS = "GET /players/{userId}/boards";
const friends = { ids: ["ada", "eve", "nobody"], region: "eu" };
const streams: [route: string, target: string][] = [
  ["GET /live", "/live?region=eu&limit=5"],
  ["GET /live/rank/{userId}", "/live/rank/ada"],
];
const acts: [route: string, target: string, body?: object][] = [
  ["GET /players/{userId}", "/players/eve"],
  ["POST /score", "/score", { user_id: "eve", region: "eu", name: "Eve", score: 4 }],
  ["POST /scores", "/scores", { items: [{ user_id: "eve", region: "eu", score: 4 }, { user_id: "a.b" }] }],
  ["POST /players/{userId}/score", "/players/eve/score", { operation: "set", value: 4 }],
  ["POST /players/{userId}/hide", "/players/eve/hide", { reason: "a bot" }],
  ["POST /players/{userId}/unhide", "/players/eve/unhide"],
  ["POST /players/{userId}/password", "/players/eve/password", { reason: "lost" }],
  ["POST /players/{userId}/rename", "/players/eve/rename", { name: "Player 7", reason: "an insult" }],
  ["PATCH /players/{userId}/entries/{board}", "/players/eve/entries/main", { name: "Player 8" }],
  ["DELETE /players/{userId}/entries/{board}", "/players/eve/entries/main?reason=a+bot"],
  ["DELETE /players/{userId}", "/players/eve"],
];
const service = ["GET /health", "GET /ready", "GET /openapi.json"];

describe("every answer conforms to the document", () => {
  test("every success, also with a query, as a replay, and of a ranker directly", async () => {
    expect(await ask("POST /auth/register", { body: { ...eve, initialScore: 5 } })).toBe("201");
    expect(await ask("POST /auth/login", { body: { user_id: "eve", name: "Eve" } })).toBe("200");
    await askOwnAccounts(ask, gateways);
    for (const [route, body] of writes) {
      const headers = { "Idempotency-Key": `once ${route}`.replaceAll(/\W/g, "-"), "X-Request-Id": "abc" };
      const expected = route.endsWith("create") ? "201" : "200";
      for (const _ of ["first", "again"])
        expect([route, await ask(route, { body, headers, as: ada })]).toEqual([route, expected]);
    }
    for (const [route, target] of reads) expect([route, await ask(route, { target })]).toEqual([route, "200"]);
    for (const more of [{}, { partial: "allow", with: "metadata" }])
      expect(await ask(RANKS, { body: { ...friends, ...more } })).toBe("200");
    expect(await ask(PLAYER_BOARDS, { target: "/players/ada/boards?boards=main,none" })).toBe("200");
    await gateways.plantSeasons("cups", { first: 1, at: [1e15, 4e15, 5e15] });
    const cups = "board=cups&region=eu";
    await ask("POST /score/update", { body: { score: 2, board: "cups" }, as: ada });
    for (const [route, target] of reads) {
      const score = route === "GET /around" ? "&score=2" : "";
      const named = { target: `${target.split("?")[0]}?${cups}&season=1${score}` };
      expect([route, await ask(route, named)]).toEqual([route, "200"]);
      const known = { ...named, headers: { "If-None-Match": "*" } };
      expect([route, await ask(route, known)]).toEqual([route, "304"]);
    }
    await gateways.plantSeasons("hourly", { first: 3, at: [1e15, 4e15, 5e15] });
    for (const [route, target, asked] of boardRoutes) {
      const expected = { PUT: "201", DELETE: "202" }[route.split(" ")[0] ?? ""] ?? "200";
      expect([route, await ask(route, { target, ...asked })]).toEqual([route, expected]);
    }
    for (const route of service) expect([route, await ask(route)]).toEqual([route, "200"]);
    for (const [route, target] of streams) expect([route, await ask(route, { target })]).toEqual([route, "200"]);
    for (const _ of ["first", "again"]) {
      const own = { body: { user_id: "ada", score: 4 }, as: ada, headers: { "Idempotency-Key": "own" } };
      expect(await ask("POST /score", own)).toBe("200");
    }
    const create = { operation: "create", value: 1, board: "weekly" };
    const scored = { target: "/players/eve/score", body: create, operator: "root" };
    expect(await ask("POST /players/{userId}/score", scored)).toBe("201");
    for (const [route, target, body] of acts) {
      expect([route, await ask(route, { target, body, operator: "root" })]).toEqual([route, "200"]);
    }
    expect(await ask("GET /ready", { via: "alone" })).toBe("503");
    for (const [route, target] of [...reads, ...service.slice(0, 2).map((each) => [each, each.slice(4)] as const)]) {
      const [method = "", path = ""] = route.split(" ");
      expect(await faultsOfAnswer({ method, path }, await gateways.ranker.app.request(target))).toEqual([]);
    }
  });

  test("every problem, each of which is provoked", async () => {
    const met = new Set<string>();
    const meet: Meet = async (code, route, asked = {}) => {
      expect([route, await ask(route, asked)]).toEqual([route, code]);
      met.add(code);
    };
    // A body that never ends takes its five seconds beside all the others.
    const late = meet("request_timeout", "POST /auth/login", { body: new ReadableStream() });

    await ask("POST /auth/register", { body: { ...eve, user_id: "taken" } });
    await meet("user_exists", "POST /auth/register", { body: { ...eve, user_id: "taken" } });
    await meet("registration_closed", "POST /auth/register", { body: eve, via: "provided" });
    await meet("queue_full", "POST /auth/register", { body: { ...eve, user_id: "late" }, via: "full" });
    await meet("bad_credentials", "POST /auth/login", { body: { user_id: "taken", name: "Another" } });
    await meet("wrong_region", "POST /auth/login", { body: { user_id: "taken", name: "Eve", region: "NA" } });
    await ask("POST /auth/login", { body: { user_id: "taken", name: "Eve" }, via: "narrow" });
    await meet("rate_limited", "POST /auth/login", { body: { user_id: "taken", name: "Eve" }, via: "narrow" });

    for (const [route, body] of [...writes, ["POST /auth/register", eve], ["POST /auth/login", {}]] as const) {
      const bob = player("bob");
      await meet("invalid_json", route, { body: "{", as: bob });
      await meet("invalid_request", route, { body: { ...body, unknown: 1 }, as: bob });
      await meet("body_too_large", route, { body: "x".repeat(17_000), as: bob });
      await meet("unsupported_media_type", route, { body, headers: { "Content-Type": "text/plain" }, as: bob });
      await meet("head_too_large", route, { body, headers: { padding: "x".repeat(16_000) }, as: bob });
      await meet("no_upstream", route, { body, as: bob, via: "alone" });
      await meet("unavailable", route, { body, as: bob, via: "refused" });
      if (!route.endsWith("login")) await meet("outcome_unknown", route, { body, as: bob, via: "broken" });
      await meet("invalid_request", route, { body, headers: { Host: "a b" }, as: bob });
    }
    for (const [route, body] of writes) {
      const [cid, dora] = [player(`cid-${route.slice(12)}`), player(`dora-${route.slice(12)}`)];
      await meet("missing_token", route, { body });
      await meet("invalid_token", route, { body, headers: { Authorization: "Bearer a.b.c" } });
      await meet("wrong_region", route, { body: { ...body, region: "NA" }, as: cid });
      await meet("queue_full", route, { body, as: cid, via: "full" });
      const headers = { "Idempotency-Key": "k" };
      await ask(route, { body, headers, as: cid });
      await meet("idempotency_conflict", route, { body: { ...body, board: "weekly" }, headers, as: cid });
      await ask(route, { body, as: dora, via: "narrow" });
      await meet("rate_limited", route, { body, as: dora, via: "narrow" });
      await meet("invalid_request", route, { body, headers: { "Idempotency-Key": "k k" }, as: cid });
    }
    await ask("POST /score/create", { body: { initialScore: 1 }, as: player("fay") });
    const taken = { body: { initialScore: 1 }, as: player("fay"), headers: { "Idempotency-Key": "entry_exists" } };
    for (const _ of ["first", "again"]) await meet("entry_exists", "POST /score/create", taken);
    const body = { delta: Number.MAX_SAFE_INTEGER };
    const beyond = { body, as: player("fay"), headers: { "Idempotency-Key": "score_out_of_range" } };
    for (const _ of ["first", "again"]) await meet("score_out_of_range", "POST /score/add", beyond);

    for (const [route, target, body] of acts) {
      await meet("missing_token", route, { target, body });
      await meet("invalid_token", route, { target, body, headers: { Authorization: "Bearer a.b.c" } });
      await meet("forbidden", route, { target, body, as: player("bob") });
      if (!route.startsWith("GET")) await meet("role_required", route, { target, body, listed: { role: "reader" } });
      const elsewhere = { role: "admin", boards: ["apart"] } as const;
      if (route !== "POST /scores") await meet("board_not_allowed", route, { target, body, listed: elsewhere });
      const nobody = route.startsWith("POST /score") ? { ...body, user_id: "a.b" } : body;
      await meet("invalid_request", route, { target: target.replace("eve", "a.b"), body: nobody, operator: "root" });
      await meet("no_upstream", route, { target, body, operator: "root", via: "alone" });
      await meet("unavailable", route, { target, body, operator: "root", via: "refused" });
      const narrow = `narrow-${route.replaceAll(/\W/g, "-")}`;
      await ask(route, { target, body, operator: narrow, via: "narrow" });
      await meet("rate_limited", route, { target, body, operator: narrow, via: "narrow" });
    }
    const bulk = { body: { items: [{ user_id: "eve", score: 1 }] }, operator: "root" };
    await meet("outcome_unknown", "POST /scores", { ...bulk, via: "broken" });
    await meet("body_too_large", "POST /scores", { ...bulk, body: "x".repeat(3 * 1024 * 1024 + 1) });
    for (const [route, body] of writes) await meet("forbidden", route, { body, operator: "root" });
    const entry = { method: "PATCH", route: "PATCH /players/{userId}/entries/{board}", body: { metadata: null } };
    for (const { route, body } of [entry, { route: "DELETE /players/{userId}/entries/{board}", body: undefined }]) {
      const at = (target: string): Asked => ({ target, body, operator: "root" });
      await meet("not_ranked", route, at("/players/nobody/entries/main"));
      await meet("board_not_found", route, at("/players/eve/entries/nowhere"));
      await meet("outcome_unknown", route, { ...at("/players/eve/entries/main"), via: "broken" });
    }
    await meet("not_found", "GET /players/{userId}", { target: "/players/nobody", operator: "root" });
    const withArchives = { target: "/players/eve?with=archives", operator: "root" };
    await meet("archives_unavailable", "GET /players/{userId}", withArchives);
    for (const act of ["hide", "unhide", "rename", "password"]) {
      const route = `POST /players/{userId}/${act}`;
      const target = `/players/taken/${act}`;
      await meet("not_found", route, {
        target: `/players/nobody/${act}`,
        body: act === "rename" ? { name: "Player 7" } : {},
        operator: "root",
      });
      await meet("invalid_json", route, { target, body: "{", operator: "root" });
      await meet("body_too_large", route, { target, body: "x".repeat(17_000), operator: "root" });
      const headers = { "Content-Type": "text/plain" };
      await meet("unsupported_media_type", route, { target, body: {}, headers, operator: "root" });
    }
    const elsewhere = { region: "NA", score: 4 };
    await meet("wrong_region", "POST /score", { body: { user_id: "taken", ...elsewhere }, operator: "root" });
    const scored = { target: "/players/taken/score", body: elsewhere, operator: "root" };
    await meet("wrong_region", "POST /players/{userId}/score", scored);
    await meetBoardProblems(meet, ask, gateways);
    await meetOwnProblems(meet, ask, gateways);
    const erasure: Asked = { target: "/players/bob", operator: "root", via: "broken" };
    await meet("outcome_unknown", "DELETE /players/{userId}", erasure);

    for (const [route, target] of reads) {
      await meet("invalid_request", route, { target: `${target}${target.includes("?") ? "&" : "?"}page=2` });
      await meet("head_too_large", route, { target, headers: { padding: "x".repeat(16_000) } });
      await meet("no_upstream", route, { target, via: "alone" });
      await meet("unavailable", route, { target, via: "broken" });
      await meet("region_unavailable", route, { target: target.replace("region=eu&", ""), via: "apart" });
    }
    await meetRanksProblems(meet);
    expect(await ask("GET /top", { target: "/top?partial=allow", via: "apart" })).toBe("200");
    for (const [route, target] of streams) await meet("too_many_streams", route, { target, via: "narrow" });
    await ask("GET /openapi.json", { via: "unread" });
    for (const [route, target] of [
      ...reads,
      ...streams,
      ...boardReads,
      [PLAYER_BOARDS, "/players/ada/boards?boards=main"],
      ["GET /openapi.json", "/openapi.json"],
    ] as const) {
      await meet("rate_limited", route, { target, via: "unread" });
    }
    await meet("not_ranked", "GET /rank/{userId}", { target: "/rank/nobody" });
    await meet("not_ranked", "GET /around/{userId}", { target: "/around/nobody" });
    await meet("not_ranked", "GET /live/rank/{userId}", { target: "/live/rank/nobody" });
    for (const route of service) await meet("invalid_request", route, { headers: { Host: "a b" } });

    await gateways.plantWrongType("leaderboard:{ASIA}");
    await meet("internal", "GET /top", { target: "/top?region=ASIA" });
    await meet("internal", "POST /score/add", { body: { delta: 1 }, as: player("gil", "ASIA") });
    await late;
    expect([...new Set([...met, ...UNROUTED])].toSorted()).toEqual(Object.keys(problemStatus).toSorted());
  }, 120_000);

  test("the problem of a request that matches no route", async () => {
    for (const [method, target, code] of [
      ["GET", "/score/of", "not_found"],
      ["PUT", "/top", "method_not_allowed"],
    ] as const) {
      const answer = await gateways.sound.request(target, { method }, { peer: "203.0.113.9" });
      expect(faultsOf({ $ref: "#/components/schemas/Problem" }, await answer.json())).toEqual([]);
      expect((document.info as { description: string }).description).toContain(`\`${code}\``);
    }
  });
});

async function meetRanksProblems(meet: Meet): Promise<void> {
  await meet("invalid_json", RANKS, { body: "{" });
  await meet("invalid_request", RANKS, { body: { ids: [] } });
  await meet("body_too_large", RANKS, { body: "x".repeat(17_000) });
  await meet("unsupported_media_type", RANKS, { body: friends, headers: { "Content-Type": "text/plain" } });
  await meet("board_not_found", RANKS, { body: { ...friends, board: "none" } });
  await meet("stale_definition", RANKS, { body: { ...friends, board: "torn" } });
  await meet("season_unknown", RANKS, { body: { ...friends, board: "unplanned" } });
  await meet("season_not_found", RANKS, { body: { ...friends, board: "third", season: 4 } });
  await meet("archives_unavailable", RANKS, { body: { ...friends, board: "third", season: 2 } });
  await meet("region_unavailable", RANKS, { body: { ids: ["ada"] }, via: "apart" });
  await meet("no_upstream", RANKS, { body: friends, via: "alone" });
  await meet("unavailable", RANKS, { body: friends, via: "broken" });
  const boards = { target: "/players/ada/boards?boards=main" };
  await meet("invalid_request", PLAYER_BOARDS, { target: "/players/ada/boards" });
  await meet("no_upstream", PLAYER_BOARDS, { ...boards, via: "alone" });
  await meet("unavailable", PLAYER_BOARDS, { ...boards, via: "broken" });
}

// Regions are a deployment's own, and conditions between fields make empty types in generated
// clients: the document tells these in words, so that its schemas take more than the server.
const IN_WORDS = new Set([
  "register an unknown region",
  "submitScoreFor an unknown region",
  "writeScore no field",
  "writeScore an operation alone",
  "writeScore a value alone",
  "writeScore a score and an operation",
  "writeScore a score, an operation and a value",
  "changeEntry no field",
  "changeEntry a reason alone",
]);
const password = "a password of the tests";
const hal = { user_id: "hal", name: "Hal", region: "EU", password };
test.each<[id: string, what: string, body: object]>([
  ["register", "all fields", { ...hal, initialScore: -1 }],
  ["register", "a user_id with a space", { ...hal, user_id: "h l" }],
  ["register", "an empty name", { ...hal, name: "" }],
  ["register", "a name of 201 characters", { ...hal, name: "🏆".repeat(201) }],
  ["register", "a name of 200 characters", { ...hal, user_id: "hal2", name: "🏆".repeat(200) }],
  ["register", "a name with a line end", { ...hal, name: "H\nal" }],
  ["register", "a name with DEL", { ...hal, name: "H\u007fal" }],
  ["register", "a name with a C1 control character", { ...hal, name: "H\u0085al" }],
  ["register", "a name with what is next to control characters", { ...hal, user_id: "hal3", name: " ~\u00a0é🏆" }],
  ["register", "a password of 7 characters", { ...hal, password: "h7-🏆b🏆c" }],
  ["register", "a password of 8 characters", { ...hal, user_id: "hal4", password: "h8-🏆b🏆c🏆" }],
  ["register", "a password of 128 characters", { ...hal, user_id: "hal5", password: "🏆x".repeat(64) }],
  ["register", "a password of 129 characters", { ...hal, password: `${"🏆x".repeat(64)}y` }],
  ["login", "a password of 1024 characters", { user_id: "hal", password: "🏆".repeat(1024) }],
  ["login", "a password of 1025 characters", { user_id: "hal", password: "x".repeat(1025) }],
  ["login", "a name with a line end", { user_id: "hal", password, name: "H\nal" }],
  ["register", "an unknown region", { ...hal, region: "MARS" }],
  ["register", "no region", { ...hal, region: undefined }],
  ["login", "a number for a name", { user_id: "hal", password, name: 5 }],
  ["setScore", "a text for a sub-score", { score: 1, sub: "1" }],
  ["setScore", "a sub-score below 0", { score: 1, sub: -1 }],
  ["setScore", "a list for metadata", { score: 1, metadata: [] }],
  ["setScore", "null for metadata", { score: 1, metadata: null }],
  ["addScore", "all fields", { delta: -5, board: "weekly", region: "EU" }],
  ["addScore", "2^53", { delta: 2 ** 53 }],
  ["addScore", "a string", { delta: "1" }],
  ["addScore", "a board of no such name", { delta: 1, board: "Daily" }],
  ["addScore", "a board of 33 characters", { delta: 1, board: "x".repeat(33) }],
  ["addScore", "no field", {}],
  ["setScore", "another route's field", { delta: 1 }],
  ["setScore", "zero", { score: 0 }],
  ["submitScore", "zero", { score: 0 }],
  ["submitScore", "another route's field", { delta: 1 }],
  ["submitScoreFor", "all fields", { user_id: "hal", region: "EU", name: "Hal", board: "weekly", score: 0 }],
  ["submitScoreFor", "a score and no region, of a registered player", { user_id: "hal", score: 5 }],
  ["submitScoreFor", "no user_id", { region: "EU", score: 5 }],
  ["submitScoreFor", "a user_id with a space", { user_id: "h l", region: "EU", score: 5 }],
  ["submitScoreFor", "an unknown region", { user_id: "hal", region: "MARS", score: 5 }],
  ["submitScoreFor", "an empty name", { user_id: "hal", region: "EU", name: "", score: 5 }],
  ["submitScoreFor", "another route's field", { user_id: "hal", region: "EU", delta: 5 }],
  ["ranks", "all fields", { ids: ["hal"], board: "main", region: "EU", partial: "allow", with: "metadata" }],
  ["ranks", "no ids", { ids: [] }],
  ["ranks", "a season below 0", { ids: ["hal"], season: -1 }],
  ["ranks", "an id with a space", { ids: ["h l"] }],
  ["writeScore", "no field", {}],
  ["submitScores", "no items", { items: [] }],
  ["submitScores", "200 items", { items: Array.from({ length: 200 }, () => ({ user_id: "hal", score: 5 })) }],
  ["submitScores", "201 items", { items: Array.from({ length: 201 }, () => ({ user_id: "hal", score: 5 })) }],
  ["submitScores", "a field beside the items", { items: [{ user_id: "hal", score: 5 }], board: "main" }],
  ["submitScores", "an operation", { items: [{ user_id: "hal", operation: "add", value: 5, idempotency_key: "k" }] }],
  ["writeScore", "a score", { score: 5 }],
  ["writeScore", "a score and all of the player", { score: 5, region: "EU", name: "Hal", board: "weekly" }],
  ["writeScore", "an operation and a value", { operation: "add", value: 5, region: "EU", name: "Hal" }],
  ["writeScore", "an operation alone", { operation: "add" }],
  ["writeScore", "a value alone", { value: 5 }],
  ["writeScore", "a score and an operation", { score: 5, operation: "add" }],
  ["writeScore", "a score, an operation and a value", { score: 5, operation: "add", value: 5 }],
  ["writeScore", "an operation that there is not", { operation: "submit", value: 5 }],
  ["putBoard", "no field", {}],
  [
    "putBoard",
    "all fields",
    {
      title: "🏆".repeat(100),
      order: "asc",
      operator: "best",
      operators: ["best", "set"],
      decimals: 3,
      sub: "asc",
      bounds: { min: 0, max: 9.125 },
      writers: "players",
      readers: "anyone",
      metadata_bytes_max: 4096,
      attempts_max: 3,
      season: { ends_at: "2100-01-01T00:00:00Z" },
      tiers: { by: "score", steps: [{ id: "gold", upto: 1.5 }, { id: "rest" }] },
    },
  ],
  ["putBoard", "half of the bounds", { bounds: { min: 0 } }],
  ["putBoard", "no bounds", { bounds: null }],
  ["putBoard", "a bound with a fraction", { decimals: 1, bounds: { min: 0.5 } }],
  ["putBoard", "a bound of 2^53", { bounds: { max: 2 ** 53 } }],
  ["putBoard", "another bound", { bounds: { step: 1 } }],
  ["putBoard", "a title of 101 characters", { title: "🏆".repeat(101) }],
  ["putBoard", "a title of two lines", { title: "a\nb" }],
  ["putBoard", "a title of null", { title: null }],
  ["putBoard", "an operator that no board has", { operator: "create" }],
  ["putBoard", "no operators", { operators: [] }],
  ["putBoard", "seven decimals", { decimals: 7 }],
  ["putBoard", "an order that there is not", { order: "up" }],
  ["putBoard", "metadata of 4097 bytes", { metadata_bytes_max: 4097 }],
  ["putBoard", "no attempts", { attempts_max: 0 }],
  ["putBoard", "tiers without steps", { tiers: { by: "rank", steps: [] } }],
  ["putBoard", "tiers by name", { tiers: { by: "name", steps: [{ id: "gold" }] } }],
  ["putBoard", "writers that there are not", { writers: "everyone" }],
  ["putBoard", "an unknown field", { colour: "red" }],
  ["changeBoard", "no field", {}],
  ["changeBoard", "a title", { title: "Races" }],
  ["changeBoard", "writers that there are not", { writers: "everyone" }],
  ["changeBoard", "an unknown field", { rev: 7 }],
  ["hidePlayer", "no field", {}],
  ["hidePlayer", "all fields", { reason: "🏆".repeat(200) }],
  ["hidePlayer", "a reason of 201 characters", { reason: "🏆".repeat(201) }],
  ["hidePlayer", "a reason with a line end", { reason: "a\nbot" }],
  ["unhidePlayer", "a reason with an escape character", { reason: "\u001b[31m" }],
  ["hidePlayer", "an unknown field", { why: "a bot" }],
  ["unhidePlayer", "a number for a reason", { reason: 5 }],
  ["changeEntry", "no field", {}],
  ["changeEntry", "a name", { name: "Player 7" }],
  ["changeEntry", "no metadata, and a reason", { metadata: null, reason: "an insult" }],
  ["changeEntry", "a reason alone", { reason: "an insult" }],
  ["changeEntry", "a list for metadata", { metadata: [] }],
  ["changeEntry", "a season before the first", { name: "x", season: -1 }],
  ["changeEntry", "an unknown field", { name: "x", score: 5 }],
  ["renamePlayer", "no field", {}],
  ["renamePlayer", "a name", { name: "Player 7" }],
  ["renamePlayer", "a name that draws nothing", { name: "\u3164" }],
  ["renamePlayer", "a name of spaces", { name: "  " }],
  ["renamePlayer", "a name of two lines", { name: "a\u2028b" }],
])("the schema of a body accepts exactly what the server accepts: %s with %s", async (id, what, body) => {
  const { method, path, access } = all.find((operation) => operation.id === id) ?? { method: "", path: "" };
  const target = path.replace(":userId", "hal").replace(":board", "of-bodies");
  const who = typeof access === "object" ? { operator: "root" } : { as: player("hal") };
  const answer = await ask(`${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`, { target, body, ...who });
  const schema = document.components.schemas?.[`${id.charAt(0).toUpperCase()}${id.slice(1)}Body`];
  const faults = faultsOf(schema, JSON.parse(JSON.stringify(body)));
  const isTaken = IN_WORDS.has(`${id} ${what}`) || answer !== "invalid_request";
  expect(faults.length === 0).toBe(isTaken);
});
