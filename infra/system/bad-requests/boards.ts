import fc from "fast-check";
import { asOperator, authorization, type Generated, JSON_HEADERS, type Player, unknownField } from "./routes.ts";

const badId = fc.constantFrom(
  "WEEKLY",
  "_weekly",
  "-weekly",
  "a b",
  "a:b",
  "{EU}",
  "x".repeat(33),
  "é",
  "a\0b",
  "main\n",
);
const badFields = fc.oneof(
  fc.constantFrom<object>({ title: 5 }, { title: "x".repeat(101) }, { title: "a\0b" }, { title: null }),
  fc.constantFrom<object>(
    { operator: "best of" },
    { operator: null },
    { operators: [] },
    { operators: ["set", "set"] },
  ),
  fc.constantFrom<object>({ bounds: { min: 2, max: 1 } }, { bounds: [1, 2] }, { bounds: { min: "1" } }, { bounds: 1 }),
  fc.constantFrom<object>({ writers: "anyone" }, { writers: true }, { id: "weekly" }, { rev: 1 }, { state: "open" }),
  unknownField.map((name) => Object.fromEntries([[name, 1]])),
);
const badRevision = fc.constantFrom("*", "x", "-1", "1.5", '"1", "2"', '"', "1e3", "9".repeat(17));
/** A board without seasons. */
const END = "/boards/weekly/seasons/current/end";
/** No board has had it. */
const STALE = '"1"';

/** Requests of `/boards…` with one thing wrong, none of which may change a board. */
export function badBoard(player: Player): fc.Arbitrary<Generated> {
  const admin = { ...JSON_HEADERS, ...asOperator(player) };
  const change = (
    what: string,
    more: { path?: string; method?: string; body?: string; headers?: Record<string, string> },
  ): Generated => ({ what, method: "PUT", path: "/boards/weekly", body: "{}", headers: admin, ...more });
  const get = (path: string): Generated => ({ what: "a list of boards", method: "GET", path, headers: {} });
  const method = fc.constantFrom("PUT", "PATCH");
  const any = fc.constantFrom("PUT", "PATCH", "DELETE");
  const bodyOf = (by: string) => (by === "DELETE" ? "" : "{}");
  return fc.oneof(
    fc.constantFrom("0", "101", "-1", "x", "1.5", "", "1e1").map((limit) => get(`/boards?limit=${limit}`)),
    badId.map((id) => get(`/boards?cursor=${encodeURIComponent(id)}`)),
    badId.map((id) => get(`/boards/${encodeURIComponent(id)}`)),
    fc
      .constantFrom(
        "/boards?limit=5&limit=5",
        "/boards?page=2",
        "/boards/weekly?page=2",
        "/boards/none",
        "/boards/weekly/none",
      )
      .map(get),
    fc
      .tuple(any, badId)
      .map(([by, id]) => change("an id", { method: by, path: `/boards/${encodeURIComponent(id)}`, body: bodyOf(by) })),
    fc
      .tuple(method, badFields)
      .map(([by, fields]) =>
        change("a field", { method: by, body: JSON.stringify(fields), headers: { ...admin, "If-Match": '"0"' } }),
      ),
    fc
      .tuple(method, fc.constantFrom("{", "[]", '"{}"', "5", '{"title":"a","title":"a"}'))
      .map(([by, body]) => change("a body", { method: by, body, headers: { ...admin, "If-Match": '"0"' } })),
    fc
      .tuple(any, badRevision)
      .map(([by, revision]) =>
        change("a revision", { method: by, body: bodyOf(by), headers: { ...admin, "If-Match": revision } }),
      ),
    fc.tuple(method, fc.constantFrom(undefined, STALE)).map(([by, revision]) => {
      const headers = revision === undefined ? admin : { ...admin, "If-Match": revision };
      return change("no present revision", { method: by, body: '{"title":"Another"}', headers });
    }),
    fc
      .tuple(any, fc.constantFrom(JSON_HEADERS, { ...JSON_HEADERS, ...authorization(player) }))
      .map(([by, headers]) => change("no operator", { method: by, body: bodyOf(by), headers })),
    fc.constantFrom("PATCH", "DELETE").map((by) => {
      const headers = { ...admin, "If-Match": '"0"' };
      return change("no such board", { method: by, path: "/boards/none", body: bodyOf(by), headers });
    }),
    badId.map((id) => get(`/boards/${encodeURIComponent(id)}/seasons`)),
    fc
      .constantFrom(
        "/boards/none/seasons",
        "/boards/none/seasons/1",
        "/boards/weekly/seasons?limit=0",
        "/boards/weekly/seasons?cursor=x",
        "/boards/weekly/seasons?page=2",
        "/boards/weekly/seasons/next",
        "/boards/weekly/seasons/-1",
        "/boards/weekly/seasons/1?page=2",
        "/boards/weekly/seasons/current",
      )
      .map(get),
    fc
      .constantFrom(
        "{}",
        "[]",
        '{"expect":-1}',
        '{"expect":"1"}',
        '{"expect":1.5}',
        '{"expect":1,"at":2}',
        '{"expect":1}',
      )
      .map((body) => change("an end of a season", { method: "POST", path: END, body })),
    badId.map((id) => {
      const path = `/boards/${encodeURIComponent(id)}/seasons/current/end`;
      return change("an end on a board of no id", { method: "POST", path, body: '{"expect":1}' });
    }),
    fc.constantFrom(JSON_HEADERS, { ...JSON_HEADERS, ...authorization(player) }).map((headers) => {
      const body = '{"expect":1}';
      return change("an end by no operator", { method: "POST", path: END, body, headers });
    }),
    fc.constant(change("a board that is not deleted", { method: "DELETE", body: "" })),
  );
}
