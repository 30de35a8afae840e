import type { ProblemCode } from "shared/api/problems";
import { player } from "../../../ranker/test/ranker-under-test.ts";
import type { Ask, Asked } from "./ask.ts";
import type { Gateways } from "./gateways.ts";

/** Asks, and expects this code. */
export type Meet = (code: ProblemCode, route: string, asked?: Asked) => Promise<void>;

const PUT = "PUT /boards/{board}";
const PATCH = "PATCH /boards/{board}";
const DELETE = "DELETE /boards/{board}";
const READ = "GET /boards/{board}";
const SEASONS = "GET /boards/{board}/seasons";
const SEASON = "GET /boards/{board}/seasons/{season}";
/** The board on which a read of seasons meets a problem. */
const BOARD_OF = {
  board_not_found: "none",
  stale_definition: "torn-seasons",
  season_unknown: "unplanned",
  archives_unavailable: "third",
};
const END = "POST /boards/{board}/seasons/current/end";

/** The routes of definitions, and what each answers with a success: a board is made first. */
export const boardRoutes: [route: string, target: string, asked?: Asked][] = [
  [PUT, "/boards/races", { body: { title: "Races", bounds: { max: 10 } }, operator: "root" }],
  [PATCH, "/boards/races", { body: { title: "Races" }, operator: "root" }],
  [READ, "/boards/races"],
  ["GET /boards", "/boards"],
  ["GET /boards", "/boards?limit=1&cursor=main"],
  [SEASONS, "/boards/races/seasons?limit=1"],
  [SEASON, "/boards/cups/seasons/current"],
  [DELETE, "/boards/races", { operator: "root" }],
  [END, "/boards/hourly/seasons/current/end", { body: { expect: 3 }, operator: "root" }],
];

/** The routes that read definitions. */
export const boardReads: [route: string, target: string][] = [
  [READ, "/boards/main"],
  ["GET /boards", "/boards"],
  [SEASONS, "/boards/main/seasons"],
  [SEASON, "/boards/main/seasons/current"],
];

/** Provokes every problem of boards, on each route that may answer it. */
export async function meetBoardProblems(meet: Meet, ask: Ask, gateways: Gateways): Promise<void> {
  const root = { operator: "root" };
  const dan = { as: player("dan") };
  const make = (id: string, body: object) => ask(PUT, { target: `/boards/${id}`, body, ...root });
  await make("added", { operator: "add", bounds: { min: 0, max: 10 } });
  await make("theirs", { writers: "operators" });
  await make("torn", {});
  await gateways.plantRevision("torn");
  await gateways.plantDeletedBoard("leaving");
  await gateways.plantEndedBoard("past");
  await make("once", { attempts_max: 1 });
  const [past, future] = [1e15, 4e15];
  await gateways.plantSeasons("unplanned");
  await gateways.plantSeasons("early", { first: 1, at: [future, future + 1, future + 2] });
  await gateways.plantSeasons("torn-seasons", { first: 1, at: [past, future, future + 1] });
  await gateways.plantRevision("torn-seasons");
  await gateways.plantSeasons("third", { first: 3, at: [past, future, future + 1] });

  const writes: [route: string, body: object][] = [
    ["POST /score/submit", { score: 20 }],
    ["POST /score/create", { initialScore: 20 }],
    ["POST /score/update", { score: 20 }],
    ["POST /score/add", { delta: 20 }],
  ];
  for (const [route, fields] of writes) {
    const on = (board: string): Asked => ({ body: { ...fields, board }, ...dan });
    await meet("board_not_found", route, on("none"));
    await meet("board_read_only", route, on("theirs"));
    await meet("stale_definition", route, on("torn"));
    await meet("board_ended", route, on("past"));
    await meet("season_unknown", route, on("unplanned"));
    await meet("board_not_started", route, on("early"));
    await meet("season_ended", route, { body: { ...fields, board: "third", season: 2 }, ...dan });
    const asked = on("once");
    await ask("POST /score/update", { ...asked, body: { score: 1, board: "once" } });
    await meet(route.endsWith("create") ? "entry_exists" : "attempts_exhausted", route, asked);
    const isAllowed = /submit|add/.test(route);
    await meet(isAllowed ? "score_out_of_bounds" : "operator_not_allowed", route, on("added"));
  }
  // The refusal is kept, and its repeat says so.
  const kept: Asked = { body: { delta: 20, board: "added" }, headers: { "Idempotency-Key": "bounds" }, ...dan };
  for (const _ of ["first", "again"]) await meet("score_out_of_bounds", "POST /score/add", kept);

  const scored = (board: string, operation: string): Asked => ({
    target: "/players/taken/score",
    body: { operation, value: 20, board },
    ...root,
  });
  const score = "POST /players/{userId}/score";
  await meet("board_not_found", score, scored("none", "add"));
  await meet("operator_not_allowed", score, scored("added", "set"));
  await meet("score_out_of_bounds", score, scored("added", "add"));
  await meet("stale_definition", score, scored("torn", "add"));
  await meet("board_ended", score, scored("past", "add"));
  await meet("season_unknown", score, scored("unplanned", "add"));
  await meet("board_not_started", score, scored("early", "add"));
  const late = { operation: "add", value: 20, board: "third", season: 2 };
  await meet("season_ended", score, { ...scored("third", "add"), body: late });
  await ask(score, scored("once", "add"));
  await meet("attempts_exhausted", score, scored("once", "add"));

  const reads: [route: string, target: string][] = [
    ["GET /top", "/top"],
    ["GET /rank/{userId}", "/rank/dan"],
    ["GET /around/{userId}", "/around/dan"],
    ["GET /around", "/around?score=1"],
    ["GET /live", "/live"],
    ["GET /live/rank/{userId}", "/live/rank/dan"],
  ];
  for (const [route, path] of reads) {
    const target = path.includes("?") ? `${path}&` : `${path}?`;
    await meet("board_not_found", route, { target: `${target}board=none` });
    await meet("stale_definition", route, { target: `${target}board=torn&region=EU` });
    await meet("season_unknown", route, { target: `${target}board=unplanned` });
    if (target.startsWith("/live")) continue;
    await meet("season_not_found", route, { target: `${target}board=third&season=4` });
    await meet("archives_unavailable", route, { target: `${target}board=third&season=2` });
  }
  for (const [route, target] of [
    [SEASONS, "/seasons"],
    [SEASON, "/seasons/2"],
  ] as const) {
    for (const code of ["board_not_found", "stale_definition", "season_unknown", "archives_unavailable"] as const) {
      await meet(code, route, { target: `/boards/${BOARD_OF[code]}${target}` });
    }
  }
  await meet("season_not_found", SEASON, { target: "/boards/main/seasons/1" });

  await meet("board_not_found", READ, { target: "/boards/none" });
  await meet("board_not_found", READ, { target: "/boards/leaving" });
  await meet("board_not_found", PATCH, { target: "/boards/none", body: { title: "x" }, ...root });
  await meetDeletionProblems(meet, ask);
  await meetEndProblems(meet, ask);
  for (const [route, target] of boardReads) {
    await meet("invalid_request", route, { target: `${target}?page=2` });
    await meet("head_too_large", route, { target, headers: { padding: "x".repeat(16_000) } });
    await meet("no_upstream", route, { target, via: "alone" });
    await meet("unavailable", route, { target, via: "broken" });
  }
  for (const route of [PUT, PATCH]) {
    const change: Asked = { target: "/boards/added", body: { operator: "add", title: "Other" }, ...root };
    await meet("board_immutable", route, { ...change, body: { operator: "set" } });
    await meet("precondition_required", route, change);
    await meet("precondition_failed", route, { ...change, headers: { "If-Match": '"1"' } });
    await meet("board_being_deleted", route, { ...change, target: "/boards/leaving" });
    await meet("board_ended", route, { ...change, body: { season: null }, target: "/boards/past" });
    const full: Asked = { target: "/boards/main", body: { title: "Other" }, headers: { "If-Match": "0" }, via: "full" };
    await meet("queue_full", route, { ...full, ...root });
    await meet("invalid_request", route, { ...change, target: "/boards/A" });
    await meet("invalid_request", route, { ...change, headers: { "If-Match": "*" } });
    await meet("invalid_request", route, { ...change, body: { colour: "red" } });
    await meet("invalid_json", route, { ...change, body: "{" });
    await meet("body_too_large", route, { ...change, body: "x".repeat(17_000) });
    await meet("unsupported_media_type", route, { ...change, headers: { "Content-Type": "text/plain" } });
    const { target, body } = change;
    await meet("missing_token", route, { target, body });
    await meet("invalid_token", route, { target, body, headers: { Authorization: "Bearer a.b.c" } });
    await meet("forbidden", route, { target, body, ...dan });
    await meet("role_required", route, { target, body, listed: { role: "moderator" } });
    await meet("board_not_allowed", route, { target, body, listed: { role: "admin", boards: ["weekly"] } });
    await meet("no_upstream", route, { ...change, via: "alone" });
    await meet("unavailable", route, { ...change, via: "refused" });
    await meet("outcome_unknown", route, { ...change, via: "broken" });
    await ask(route, { ...change, operator: `narrow-${route.length}`, via: "narrow" });
    await meet("rate_limited", route, { ...change, operator: `narrow-${route.length}`, via: "narrow" });
  }
}

async function meetEndProblems(meet: Meet, ask: Ask): Promise<void> {
  const on = (board: string): Asked => ({
    target: `/boards/${board}/seasons/current/end`,
    body: { expect: 3 },
    operator: "root",
  });
  const end = on("third");
  await meet("board_not_found", END, on("none"));
  await meet("season_not_found", END, on("main"));
  await meet("season_ended", END, { ...end, body: { expect: 2 } });
  await meet("board_not_started", END, { ...on("early"), body: { expect: 1 } });
  await meet("season_unknown", END, on("unplanned"));
  await meet("queue_full", END, { ...end, via: "full" });
  await meet("season_not_ended", END, { ...end, via: "apart" });
  await meet("invalid_request", END, { ...end, body: { expect: -1 } });
  await meet("invalid_request", END, { ...end, target: "/boards/A/seasons/current/end" });
  await meet("invalid_json", END, { ...end, body: "{" });
  await meet("body_too_large", END, { ...end, body: "x".repeat(17_000) });
  await meet("unsupported_media_type", END, { ...end, headers: { "Content-Type": "text/plain" } });
  const { target, body } = end;
  await meet("missing_token", END, { target, body });
  await meet("invalid_token", END, { target, body, headers: { Authorization: "Bearer a.b.c" } });
  await meet("forbidden", END, { target, body, as: player("dan") });
  await meet("role_required", END, { target, body, listed: { role: "moderator" } });
  await meet("board_not_allowed", END, { target, body, listed: { role: "admin", boards: ["weekly"] } });
  await meet("no_upstream", END, { ...end, via: "alone" });
  await meet("unavailable", END, { ...end, via: "refused" });
  await meet("outcome_unknown", END, { ...end, via: "broken" });
  const narrow: Asked = { ...on("none"), operator: "narrow-end", via: "narrow" };
  await ask(END, narrow);
  await meet("rate_limited", END, narrow);
}

async function meetDeletionProblems(meet: Meet, ask: Ask): Promise<void> {
  const target = "/boards/added";
  const deletion: Asked = { target, operator: "root" };
  await meet("board_not_found", DELETE, { ...deletion, target: "/boards/none" });
  for (const id of ["main", "weekly"]) await meet("board_configured", DELETE, { ...deletion, target: `/boards/${id}` });
  await meet("precondition_failed", DELETE, { ...deletion, headers: { "If-Match": '"1"' } });
  await meet("queue_full", DELETE, { ...deletion, via: "full" });
  await meet("invalid_request", DELETE, { ...deletion, target: "/boards/A" });
  await meet("invalid_request", DELETE, { ...deletion, headers: { "If-Match": "*" } });
  await meet("missing_token", DELETE, { target });
  await meet("invalid_token", DELETE, { target, headers: { Authorization: "Bearer a.b.c" } });
  await meet("forbidden", DELETE, { target, as: player("dan") });
  await meet("role_required", DELETE, { target, listed: { role: "moderator" } });
  await meet("board_not_allowed", DELETE, { target, listed: { role: "admin", boards: ["weekly"] } });
  await meet("no_upstream", DELETE, { ...deletion, via: "alone" });
  await meet("unavailable", DELETE, { ...deletion, via: "refused" });
  await meet("outcome_unknown", DELETE, { ...deletion, via: "broken" });
  const narrow: Asked = { target: "/boards/none", operator: "narrow-delete", via: "narrow" };
  await ask(DELETE, narrow);
  await meet("rate_limited", DELETE, narrow);
}
