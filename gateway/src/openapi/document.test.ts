import { expect, test } from "bun:test";
import { createTopology } from "shared/model/regions";
import { createDocument } from "./document.ts";
import type { Json } from "./schema.ts";

const topology = createTopology(["GLOBAL", "EU", "NA"], 1, ["main"]);
const document = createDocument(topology);

/** Values, which are no schemas: what they hold may look like one. */
const VALUES = new Set(["example", "examples", "default", "enum"]);

interface Part {
  at: string;
  node: Json;
}

function* partsOf(node: unknown, at = ""): Generator<Part> {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) yield { at, node: node as Json };
  for (const [name, child] of Object.entries(node)) if (!VALUES.has(name)) yield* partsOf(child, `${at}/${name}`);
}

const parts = [...partsOf(document)];
/** Where a part of the document breaks a rule. */
const where = (isBroken: (part: Part) => boolean) => parts.filter(isBroken).map(({ at }) => at);
const typesOf = (node: Json) => [node.type].flat();
const isBody = (at: string) => /^\/components\/schemas\/\w+Body/.test(at);
const isSchema = ({ at, node }: Part) => !at.endsWith("/properties") && typeof node.type !== "object";

test("a number has a format, and one that may pass 2^31 has 64 bits", () => {
  const isNumber = (node: Json) => typesOf(node).some((type) => type === "integer" || type === "number");
  expect(where(({ node }) => isNumber(node) && node.enum === undefined && node.format === undefined)).toEqual([]);
  const wide = ({ node }: Part) => node.format === "int32" && !(Number(node.maximum) < 2 ** 31);
  expect(where(wide)).toEqual([]);
  expect(document.components.schemas?.Rank).toMatchObject({ properties: { rank: { format: "int64" } } });
});

test("a date-time has no pattern, which types of time refuse", () => {
  expect(where(({ node }) => node.format === "date-time" && node.pattern !== undefined)).toEqual([]);
});

test("an enum has the type of its values, and a constant is an enum of one", () => {
  expect(where((part) => isSchema(part) && Array.isArray(part.node.enum) && part.node.type === undefined)).toEqual([]);
  expect(where((part) => isSchema(part) && "const" in part.node)).toEqual([]);
});

test("an enum is of texts, and one that may be null is not required", () => {
  const enums = parts.filter((part) => isSchema(part) && Array.isArray(part.node.enum));
  const ofOthers = enums.filter(({ node }) => (node.enum as unknown[]).every((value) => typeof value !== "string"));
  expect(ofOthers.map(({ at }) => at)).toEqual([]);
  const board = document.components.schemas?.Board as Json;
  expect(board).toMatchObject({ properties: { sub: { enum: ["desc", "asc", null] } } });
  expect(board.required).not.toContain("sub");
});

test("an object within another is a schema of its own, also where it may be null", () => {
  const inner = (at: string) => at.startsWith("/components/schemas/") && at.split("/").length > 4;
  const hasFields = ({ node }: Part) => Object.keys(node.properties ?? {}).length > 0;
  expect(where((part) => inner(part.at) && isSchema(part) && hasFields(part))).toEqual([]);
  expect(document.components.schemas?.Board).toMatchObject({
    properties: { bounds: { anyOf: [{ $ref: "#/components/schemas/BoardBounds" }, { type: "null" }] } },
  });
});

test("a parameter is required in a path, and in a query where the server refuses a call without it", () => {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.values(item).flatMap(({ parameters }) => (parameters as Json[]).map((one) => Object.assign({ path }, one))),
  ) as Json[];
  expect(all.filter((one) => one.in === "path" && !one.required)).toEqual([]);
  expect(all.filter((one) => one.required && "default" in (one.schema as Json))).toEqual([]);
  const required = all.filter((one) => one.in === "query" && one.required);
  expect(required.map(({ path, name }) => `${path} ${name}`)).toEqual([
    "/around score",
    "/players/{userId}/boards boards",
  ]);
});

test("every problem refers to the one schema, whose code is a named enum", () => {
  const problems = parts.filter(({ at }) => at.endsWith("/application/problem+json"));
  expect(problems.length).toBeGreaterThan(20);
  for (const { node } of problems) expect(node.schema).toEqual({ $ref: "#/components/schemas/Problem" });
  const { Problem, ProblemCode } = document.components.schemas as Record<string, Json>;
  expect(Problem).toMatchObject({ properties: { code: { $ref: "#/components/schemas/ProblemCode" } } });
  expect(ProblemCode).toMatchObject({ type: "string" });
});

test("bodies are closed and send no default; answers are open", () => {
  const named = ({ at, node }: Part) => at.includes("/schemas/") && isSchema({ at, node }) && "properties" in node;
  expect(where((part) => named(part) && isBody(part.at) && part.node.additionalProperties !== false)).toEqual([]);
  expect(where((part) => named(part) && !isBody(part.at) && part.node.additionalProperties === false)).toEqual([]);
  expect(where(({ at, node }) => at.startsWith("/components/schemas/") && "default" in node)).toEqual([]);
});

test("no schema is a boolean, bounds a number from outside, or sets a condition between fields", () => {
  const booleans = parts.flatMap(({ at, node }) =>
    at.endsWith("/properties") ? Object.values(node).filter((value) => typeof value === "boolean") : [],
  );
  expect(booleans).toEqual([]);
  expect(where(({ node }) => typeof node.exclusiveMinimum === "number")).toEqual([]);
  const isCondition = ({ node }: Part) => "properties" in node && ("oneOf" in node || "anyOf" in node);
  expect(where((part) => isSchema(part) && isCondition(part))).toEqual([]);
});

test("no schema has several patterns, or one with a lookahead", () => {
  expect(where(({ node }) => Array.isArray(node.allOf))).toEqual([]);
  expect(where(({ node }) => String(node.pattern).includes("(?"))).toEqual([]);
});

test("a client that was made for other regions and boards works here: no enum names them", () => {
  const names = ["GLOBAL", "EU", "NA", "main"];
  const isOwn = (value: unknown) => names.includes(String(value));
  expect(where(({ node }) => Array.isArray(node.enum) && node.enum.some(isOwn))).toEqual([]);
});

test("a union has one kind of object: clients read its status, and know one type", () => {
  const unions = parts.filter(({ node }) => "anyOf" in node || "oneOf" in node);
  const ofObjects = unions.filter(({ at, node }) => {
    const list = [node.anyOf, node.oneOf].flat().filter((part) => (part as Json | undefined)?.properties !== undefined);
    return list.length > 0 && !at.endsWith("/contentSchema");
  });
  expect(ofObjects.map(({ at }) => at)).toEqual([]);
});

test("a list says what it has", () => {
  expect(where((part) => isSchema(part) && part.node.type === "array" && part.node.items === undefined)).toEqual([]);
});

test("every event of the live streams has a schema", () => {
  const { schemas } = document.components;
  const names = Object.keys(schemas ?? {}).filter((name) => name.startsWith("Live"));
  const events = ["Change", "Fresh", "NotRanked", "Season", "Snapshot", "Stale"];
  const parts = ["LiveChangeLeft", "LiveChangeMoved"];
  expect(names.toSorted()).toEqual([...events.map((event) => `Live${event}`), ...parts].toSorted());
  expect(schemas?.LiveSnapshot).toMatchObject({
    properties: { entries: { items: { $ref: "#/components/schemas/Entry" } } },
  });
});

test("an operation is named by a verb, once", () => {
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  const VERB =
    /^(get|list|read|put|change|delete|end|register|login|refresh|reset|submit|create|set|add|write|erase|hide|unhide|rename|remove)/;
  // The same call has this name in our client.
  expect(ids.filter((id) => !VERB.test(String(id)))).toEqual(["guest"]);
});

test("the server is the public URL where one is configured", () => {
  const [server] = createDocument(topology, "https://scores.example.org/lb").servers as Json[];
  expect(server?.url).toBe("https://scores.example.org/lb");
});
