import fc from "fast-check";
import { aRoute, aScoreRoute, type Generated, type Player, postTo, validBody } from "./routes.ts";

/** A valid body with headers that are not valid. */
export function badHeaders(player: Player): fc.Arbitrary<Generated> {
  const withHeaders = (what: string, route: typeof aRoute, headers: fc.Arbitrary<Record<string, string | undefined>>) =>
    fc.tuple(validBody(player, route), headers).map(([{ route: each, fields }, changed]): Generated => {
      const request = postTo(each, player, JSON.stringify(fields));
      const all = Object.entries({ ...request.headers, ...changed });
      const kept = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
      return { ...request, what, headers: Object.fromEntries(kept) };
    });
  const contentType = fc.constantFrom(
    undefined,
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/json2",
    "application/json; charset=utf-16",
    'application/json; charset="latin1"',
    "application/json, text/html",
    "*/*",
    "application/merge-patch+json",
    "multipart/form-data; boundary=x",
    "application",
    ";application/json",
  );
  const token = fc.oneof(
    fc.constantFrom(undefined, "", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Bearer null", "Token x"),
    fc.stringMatching(/^[A-Za-z0-9._~+/=-]{1,80}$/).map((text) => `Bearer ${text}`),
    fc.nat().map((n) => `Bearer ${player.token.slice(0, n % player.token.length)}`),
    fc.constant(`Bearer ${player.token}, Bearer ${player.token}`),
    fc.constant(`Bearer ${player.token.split(".").slice(0, 2).join(".")}.`),
  );
  const idempotencyKey = fc.oneof(
    fc.constantFrom("", "a b", "ä", "a\tb", "k".repeat(129), "a, b", "é".repeat(10)),
    fc.integer({ min: 129, max: 4_000 }).map((length) => "k".repeat(length)),
  );
  const coding = fc.constantFrom("gzip", "br", "deflate, gzip");
  const host = fc.constantFrom("a b", "x/y", "u@x", "x, y", "", "x:port", "[::1");
  const padding = fc.integer({ min: 15 * 1024, max: 20_000 }).map((size) => "a".repeat(size));
  return fc.oneof(
    withHeaders("a content type", aRoute, fc.record({ "Content-Type": contentType })),
    withHeaders("a content coding", aRoute, fc.record({ "Content-Encoding": coding })),
    withHeaders("a token", aScoreRoute, fc.record({ Authorization: token })),
    withHeaders("an Idempotency-Key", aScoreRoute, fc.record({ "Idempotency-Key": idempotencyKey })),
    withHeaders("a Host", aRoute, fc.record({ Host: host })),
    withHeaders("a large head", aRoute, fc.record({ "X-A": padding })),
  );
}
