import fc from "fast-check";
import { words } from "testing/words";
import {
  asOperator,
  authorization,
  BODY_ROUTES,
  type Generated,
  JSON_HEADERS,
  OPERATOR_ROUTES,
  OWN_ROUTES,
  type Player,
  READ_ROUTES,
  STATUS_ROUTES,
  unknownField,
} from "./routes.ts";

/** A read with something wrong in its query or its path. */
export function badRead(player: Player): fc.Arbitrary<Generated> {
  const get =
    (what: string) =>
    (path: string): Generated => ({ what, method: "GET", path, headers: {} });
  const aRead = fc.constantFrom(...READ_ROUTES).map((route) => ({
    ...route,
    path: `${route.path.endsWith("/") ? route.path + player.userId : route.path}?${route.query}`,
  }));
  const aCounted = aRead.filter(({ count }) => count !== undefined);
  const badCount = (max: number) =>
    fc.oneof(
      fc.constantFrom("", " 5", "5 ", ...words`0 -1 1.5 1e2 0x10 NaN Infinity +5 ten null [5] ٥`),
      fc.bigInt({ min: BigInt(max) + 1n, max: 10n ** 30n }).map(String),
    );
  const badUserId = fc.oneof(
    fc.constantFrom("a b", "a:b", "{EU}", "a\0b", "a\r\nX-A: b", "x".repeat(65), "ä", "a/b", "a?b", "a#b", "..;", "%"),
    fc
      .string({ unit: "binary", minLength: 1, maxLength: 64 })
      .filter((text) => text.isWellFormed() && !/^[A-Za-z0-9_-]{1,64}$/.test(text)),
  );
  const encoded = (text: string) => encodeURIComponent(text).replaceAll(".", "%2E");
  const badPlace = fc.constantFrom("", "MARS", "eu ", "{EU}", "a\0b", "Daily", "__proto__", "main\n");
  const unknownName = unknownField.filter((name) => name !== "");
  const aPlayerRoute = fc.constantFrom("/rank/", "/around/", "/live/rank/");
  return fc.oneof(
    aCounted
      .chain(({ path, count, max }) => badCount(max).map((text) => `${path}${count}=${encodeURIComponent(text)}`))
      .map(get("a count")),
    fc
      .tuple(aCounted, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .map(([{ path, count }, a, b]) => `${path}${count}=${a}&${count}=${b}`)
      .map(get("a repeated count")),
    fc
      .tuple(aRead, fc.constantFrom("region=EU&region=NA", "region=EU&region=EU", "board=main&board=weekly"))
      .map(([{ path }, query]) => `${path}${query}`)
      .map(get("a repeated parameter")),
    fc
      .tuple(aRead, fc.constantFrom("region", "board"), badPlace)
      .map(([{ path }, name, value]) => `${path}${name}=${encodeURIComponent(value)}`)
      .map(get("a region or a board")),
    badCount(2 ** 31 - 1)
      .map((text) => `/top?from=${encodeURIComponent(text)}`)
      .map(get("a rank")),
    fc
      .oneof(
        fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
        fc.base64String({ maxLength: 600 }),
      )
      .map((text) => `/top?cursor=${encodeURIComponent(text)}`)
      .map(get("a cursor")),
    fc
      .tuple(aRead, unknownName, fc.constantFrom("", "1", "%00", "%ff", "%zz"))
      .map(([{ path }, name, value]) => `${path}${name}=${value}`)
      .map(get("an unknown parameter")),
    fc
      .tuple(
        fc.constantFrom("score=", "score=5&sub="),
        fc.constantFrom("", ...words`x 1e999 0.1000000000000000055 0x1 NaN 9007199254740992 0.5`),
      )
      .map(([query, number]) => `/around?${query}${number}`)
      .map(get("a score")),
    fc
      .constantFrom(
        "",
        "?boards=",
        "?boards=main,",
        "?boards=Main",
        "?boards=main&boards=weekly",
        "?boards=main&board=x",
      )
      .map((query) => `/players/${player.userId}/boards${query}`)
      .map(get("a list of boards")),
    fc
      .tuple(aPlayerRoute, badUserId)
      .map(([route, userId]) => route + encoded(userId))
      .map(get("a user id")),
    fc
      .tuple(aPlayerRoute, fc.constantFrom("%", "%zz", "%ff%fe", "%c0%af", "%2", "%u0041", "a%", "%00", "%0d%0aX:1"))
      .map(([route, userId]) => route + userId)
      .map(get("percent signs")),
  );
}

/**
 * Makes a bad request to an operator route: without an operator's token, with an invalid user id,
 * or with an invalid reason.
 */
export function badAct(player: Player): fc.Arbitrary<Generated> {
  const anAct = fc.constantFrom(...OPERATOR_ROUTES);
  const others = fc.constantFrom<Record<string, string>>({}, authorization(player), { Authorization: "Bearer x.y.z" });
  const badReason = fc.oneof(
    fc.constantFrom("{", '"x"', "null", "[]", '{"reason":5}', '{"reason":null}', '{"reason":"a\\nb"}', '{"why":"x"}'),
    fc.integer({ min: 201, max: 17_000 }).map((length) => JSON.stringify({ reason: "x".repeat(length) })),
    unknownField.map((name) => `{${JSON.stringify(name)}:"x"}`),
  );
  const badId = fc.constantFrom("x".repeat(65), "a%20b", "%7BEU%7D", "%00", "a.b", "*");
  const entry = `/players/${player.userId}/entries/`;
  const badEdit = fc.oneof(
    badReason,
    fc.constantFrom(
      "{}",
      '{"name":""}',
      '{"name":5}',
      '{"metadata":[]}',
      '{"metadata":{"a":1}}',
      '{"name":"x","season":-1}',
    ),
  );
  const badItems = fc.constantFrom(
    "{}",
    "[]",
    '{"items":[]}',
    '{"items":{}}',
    '{"items":5}',
    '{"items":[{}],"board":"main"}',
  );
  const badOwn = fc.constantFrom("{", "{}", "[]", '{"name":5}', '{"password":"short"}', '{"password":null}', '{"n":1}');
  const ownRoute = fc.constantFrom(...OWN_ROUTES);
  const strangers = fc.constantFrom<Record<string, string>>({}, asOperator(player), { Authorization: "Bearer x.y.z" });
  return fc.oneof(
    fc.tuple(ownRoute, strangers).map(([route, headers]) => ({
      what: "a stranger's request about an account",
      body: "{}",
      headers: { ...JSON_HEADERS, ...headers },
      ...route,
    })),
    fc
      .tuple(fc.constantFrom(...OWN_ROUTES.filter(({ path }) => path !== "/auth/refresh")), badOwn)
      .map(([route, body]) => ({
        what: "a request about an account",
        body,
        headers: { ...JSON_HEADERS, ...authorization(player) },
        ...route,
      })),
    badEdit.map((body) => ({
      what: "an edit of an entry",
      method: "PATCH",
      path: `${entry}main`,
      body,
      headers: { ...JSON_HEADERS, ...asOperator(player) },
    })),
    fc
      .constantFrom("main?season=x", "main?season=1", "main?why=x", "main?reason=a%0Ab", "MAIN", "nowhere")
      .map((rest) => ({ what: "a removal", method: "DELETE", path: entry + rest, headers: asOperator(player) })),
    badItems.map((body) => ({
      what: "items",
      method: "POST",
      path: "/scores",
      body,
      headers: { ...JSON_HEADERS, ...asOperator(player) },
    })),
    fc.tuple(anAct, others).map(([{ method, suffix }, headers]) => ({
      what: "an act of no operator",
      method,
      path: `/players/${player.userId}${suffix}`,
      headers,
    })),
    fc.tuple(anAct, badId).map(([{ method, suffix }, id]) => ({
      what: "an act on no player",
      method,
      path: `/players/${id}${suffix}`,
      headers: asOperator(player),
    })),
    fc.tuple(fc.constantFrom("hide", "unhide"), badReason).map(([act, body]) => ({
      what: "a reason",
      method: "POST",
      path: `/players/${player.userId}/${act}`,
      body,
      headers: { ...JSON_HEADERS, ...asOperator(player) },
    })),
    fc.constantFrom("text/plain", "application/x-www-form-urlencoded").map((type) => ({
      what: "a reason of another type",
      method: "POST",
      path: `/players/${player.userId}/hide`,
      body: "{}",
      headers: { "Content-Type": type, ...asOperator(player) },
    })),
  );
}

/** A path that does not exist, or a method that a path does not have. */
export function badRoute(player: Player): fc.Arbitrary<Generated> {
  const headers = { ...JSON_HEADERS, ...authorization(player) };
  const posts = BODY_ROUTES.map(({ path }) => path);
  const gets = ["/top", "/live", `/rank/${player.userId}`, `/around/${player.userId}`, ...STATUS_ROUTES];
  const wrongMethod = fc.oneof(
    fc.tuple(fc.constantFrom("PUT", "PATCH", "DELETE", "OPTIONS"), fc.constantFrom(...posts, ...gets)),
    fc.tuple(fc.constantFrom("GET", "HEAD"), fc.constantFrom(...posts)),
    fc.tuple(fc.constant("POST"), fc.constantFrom(...gets)),
  );
  const unknownPath = fc.oneof(
    fc.constantFrom(...words`/ // /score /score/ /score/delete /auth /rank /rank/ /around/ /rank/a/b`),
    fc.constantFrom(...words`/top/ //top /TOP /top;limit=5 /score%2fadd /score/add/ /.env /%00 /%zz /favicon.ico`),
    fc
      .webPath()
      .filter((path) => path.length > 1)
      .map((path) => `/x${path}`),
  );
  return fc.oneof(
    wrongMethod.map(([method, path]) => ({ what: "a method", method, path, headers })),
    fc
      .tuple(fc.constantFrom("GET", "POST", "PUT", "DELETE"), unknownPath)
      .map(([method, path]) => ({ what: "a path", method, path, headers })),
  );
}
