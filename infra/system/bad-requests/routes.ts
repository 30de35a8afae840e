import fc from "fast-check";
import type { Identity } from "shared/auth/tokens";

/** A request, with a description that a failing test prints. */
export interface Generated {
  what: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
}

export interface Player extends Identity {
  token: string;
  /** The token of an operator, who may write for the player. */
  operatorToken: string;
}

const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];
const BOARDS = ["main", "weekly"];

export type Fields = Record<string, unknown>;

/** Valid requests of the routes, which the bad ones are made from. */
export interface BodyRoute {
  path: string;
  /** Whether it needs a token. */
  isWrite: boolean;
  /** Whether it needs an operator's token. */
  isOperators?: boolean;
  /** A body that is valid. */
  body: (player: Player) => fc.Arbitrary<Fields>;
  required: string[];
  numbers: string[];
}

const board = fc.constantFrom(...BOARDS);
const score = fc.integer({ min: -1_000_000, max: 1_000_000 });
const optional = { requiredKeys: [] as never[] };
const password = "a password of the tests";

const writeRoute = (path: string, field: string): BodyRoute => ({
  path,
  isWrite: true,
  required: [field],
  numbers: [field],
  body: ({ region }) =>
    fc
      .tuple(fc.record({ board, region: fc.constantFrom(region, region.toLowerCase()) }, optional), score)
      .map(([common, value]) => ({ ...common, [field]: value })),
});

export const BODY_ROUTES: BodyRoute[] = [
  writeRoute("/score/submit", "score"),
  writeRoute("/score/create", "initialScore"),
  writeRoute("/score/update", "score"),
  writeRoute("/score/add", "delta"),
  {
    path: "/auth/register",
    isWrite: false,
    numbers: ["initialScore"],
    required: ["user_id", "name", "region", "password"],
    body: () =>
      fc
        .record({ user_id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), region: fc.constantFrom(...REGIONS) })
        .map((fields) => ({ ...fields, name: "Somebody", password, initialScore: 1 })),
  },
  {
    path: "/auth/guest",
    isWrite: false,
    required: ["region"],
    numbers: [],
    body: () => fc.record({ region: fc.constantFrom(...REGIONS) }),
  },
  {
    path: "/auth/login",
    isWrite: false,
    required: ["user_id", "password"],
    numbers: [],
    body: ({ userId: user_id, name, region }) => fc.constant({ user_id, password, name, region }),
  },
  {
    path: "/score",
    isWrite: true,
    isOperators: true,
    required: ["user_id", "score"],
    numbers: ["score"],
    body: ({ userId: user_id, region, name }) =>
      fc
        .tuple(fc.record({ board, region: fc.constantFrom(region, region.toLowerCase()) }, optional), score)
        .map(([common, value]) => ({ ...common, user_id, name, score: value })),
  },
  {
    path: "/players/ada/score",
    isWrite: true,
    isOperators: true,
    required: ["score"],
    numbers: ["score"],
    body: ({ region, name }) =>
      fc.record({ board, region: fc.constant(region), name: fc.constant(name), score }, { requiredKeys: ["score"] }),
  },
  {
    path: "/players/ada/score",
    isWrite: true,
    isOperators: true,
    required: ["operation", "value"],
    numbers: ["value"],
    body: () =>
      fc
        .tuple(fc.record({ board }, optional), fc.constantFrom("set", "add"), score)
        .map(([common, operation, value]) => ({ ...common, operation, value })),
  },
  {
    path: "/players/ada/rename",
    isWrite: true,
    isOperators: true,
    required: ["name"],
    numbers: [],
    // The name that the login of another request has.
    body: ({ name }) => fc.constantFrom({ name }, { name, reason: "an insult" }),
  },
  {
    path: "/ranks",
    isWrite: false,
    required: ["ids"],
    numbers: [],
    body: ({ userId }) =>
      fc
        .record({ board, region: fc.constantFrom(...REGIONS), ties: fc.constant("shared") }, optional)
        .map((fields) => ({ ...fields, ids: [userId, "nobody"] })),
  },
];

/** Requests of operators about one player, with no body or an optional one. */
export const OPERATOR_ROUTES = [
  { method: "GET", suffix: "" },
  { method: "DELETE", suffix: "" },
  { method: "POST", suffix: "/hide" },
  { method: "POST", suffix: "/unhide" },
  { method: "POST", suffix: "/password" },
];

/** Requests of players about their own accounts. */
export const OWN_ROUTES = [
  { method: "POST", path: "/auth/password" },
  { method: "POST", path: "/auth/refresh" },
  { method: "PATCH", path: "/auth/me" },
];

export const READ_ROUTES = [
  { path: "/top", query: "", count: "limit", max: 1000 },
  { path: "/rank/", query: "", count: undefined, max: 0 },
  { path: "/around/", query: "ties=shared&", count: "range", max: 100 },
  { path: "/around", query: "score=5&", count: "range", max: 100 },
  { path: "/live", query: "", count: "limit", max: 100 },
  { path: "/live/rank/", query: "", count: undefined, max: 0 },
];

const BOARD_ROUTES = ["GET /boards"].concat(
  ["GET", "PUT", "PATCH", "DELETE"].map((method) => `${method} /boards/:board`),
  ["GET /boards/:board/seasons", "GET /boards/:board/seasons/:season", "POST /boards/:board/seasons/current/end"],
);

export const STATUS_ROUTES = ["/health", "/ready"];

/** Every route that has bad requests, as an app lists it. A new route is added here. */
export const COVERED = [
  ...new Set(BODY_ROUTES.map(({ path }) => `POST ${path.replace("/players/ada", "/players/:userId")}`)),
  "PATCH /players/:userId/entries/:board",
  "DELETE /players/:userId/entries/:board",
  "POST /scores",
  ...OWN_ROUTES.map(({ method, path }) => `${method} ${path}`),
  ...OPERATOR_ROUTES.map(({ method, suffix }) => `${method} /players/:userId${suffix}`),
  ...READ_ROUTES.map(({ path }) => `GET ${path.endsWith("/") ? `${path}:userId` : path}`),
  "GET /players/:userId/boards",
  ...BOARD_ROUTES,
  ...STATUS_ROUTES.map((path) => `GET ${path}`),
];

export const JSON_HEADERS = { "Content-Type": "application/json" };
export const authorization = ({ token }: Player) => ({ Authorization: `Bearer ${token}` });

export const asOperator = ({ operatorToken }: Player) => ({ Authorization: `Bearer ${operatorToken}` });

export function postTo(
  { path, isWrite, isOperators = false }: BodyRoute,
  player: Player,
  body: Generated["body"],
): Generated {
  const token = isOperators ? asOperator(player) : isWrite ? authorization(player) : {};
  return {
    what: "valid",
    method: "POST",
    path,
    body,
    headers: { ...JSON_HEADERS, ...token },
  };
}

export const aRoute = fc.constantFrom(...BODY_ROUTES);
/** A route that writes a score, and takes an Idempotency-Key. */
export const aScoreRoute = fc.constantFrom(...BODY_ROUTES.filter(({ path }) => path.includes("/score")));
export const named = (what: string) => (request: Generated) => ({ ...request, what });

/** A field name that no body and no query has. */
export const unknownField = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "", "userId", "id"),
  fc.stringMatching(/^[a-z]{1,12}_x$/),
);

/** A route, and a body that it takes. */
export const validBody = (player: Player, route = aRoute) =>
  route.chain((each) => each.body(player).map((fields) => ({ route: each, fields })));

/** Valid requests; a repeated `create` or `register` is answered 409. */
export function validRequest(player: Player): fc.Arbitrary<Generated> {
  const write = validBody(player).map(({ route, fields }) => postTo(route, player, JSON.stringify(fields)));
  const read = fc
    .tuple(
      fc.constantFrom(...READ_ROUTES),
      board,
      fc.constantFrom("GLOBAL", "Global", player.region, player.region.toLowerCase()),
      fc.nat({ max: 10_000 }),
    )
    .map(([route, onBoard, region, n]): Generated => {
      const count = route.count === undefined ? "" : `&${route.count}=${1 + (n % route.max)}`;
      const player_ = route.path.endsWith("/") ? player.userId : "";
      const path = `${route.path}${player_}?${route.query}board=${onBoard}&region=${region}${count}`;
      return { what: "valid", method: "GET", path, headers: {} };
    });
  const unhide = fc.constantFrom(undefined, "{}", '{"reason":"a mistake"}').map(
    (body): Generated => ({
      what: "valid",
      method: "POST",
      path: `/players/${player.userId}/unhide`,
      body,
      headers: body === undefined ? asOperator(player) : { ...JSON_HEADERS, ...asOperator(player) },
    }),
  );
  // The definition that is there.
  const definition = fc
    .constantFrom("GET /boards?limit=1", "GET /boards/weekly", "PUT /boards/weekly")
    .map((route): Generated => {
      const [method = "", path = ""] = route.split(" ");
      return { what: "valid", method, path, headers: method === "PUT" ? asOperator(player) : {} };
    });
  return fc.oneof(
    { arbitrary: fc.oneof(write, read), weight: 10 },
    { arbitrary: fc.oneof(unhide, definition), weight: 2 },
  );
}
