import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { problemStatus } from "shared/api/problems";
import { createTopology } from "shared/model/regions";
import { createDocument } from "../../gateway/src/openapi/document.ts";
import { CSHARP, readClasses, readRoutes, readSources, type WrittenField, withBases } from "./csharp-sources.ts";
import { type FlatSchema, flatten } from "./flat-schema.ts";

const document = createDocument(createTopology(["GLOBAL", "EU"], 1, ["main"]));
const schemas = (document.components.schemas ?? {}) as Record<string, object>;
const sources = await readSources();
const classes = readClasses(sources);
const routes = readRoutes(sources, classes);

interface DocumentedOperation {
  parameters?: { name: string; in: string; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const operations = new Map(
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as unknown as Record<string, DocumentedOperation>).map(([method, operation]) => [
      `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, "{}")}`,
      operation,
    ]),
  ),
);

/** For consoles and scripts of operators: `lb`, the page and the TypeScript client have them. */
const LEFT_OUT = [
  "DELETE /boards/{}",
  "DELETE /players/{}",
  "DELETE /players/{}/entries/{}",
  "GET /openapi.json",
  "GET /players/{}",
  "PATCH /boards/{}",
  "PATCH /players/{}/entries/{}",
  "POST /boards/{}/seasons/current/end",
  "POST /players/{}/hide",
  "POST /players/{}/password",
  "POST /players/{}/rename",
  "POST /players/{}/unhide",
  "PUT /boards/{}",
];

test("the client has a method for each route of players and game servers, and the rest is listed here", () => {
  const called = routes.map(({ route }) => route);
  expect([...called, ...LEFT_OUT].toSorted()).toEqual([...operations.keys()].toSorted());
});

/** Of the methods that read an answer's field. */
const TYPES: Record<string, string> = {
  String: "string",
  Flag: "boolean",
  Integer: "integer",
  Seconds: "integer",
  Decimal: "number",
  Time: "string",
  Json: "object",
  Object: "object",
  List: "array",
  Strings: "array",
  Times: "array",
};

/** What a class reads otherwise than the schema says, with the name of each field ahead. */
function faultsOf(name: string, schema: FlatSchema, at = name): string[] {
  const found = classes.get(name);
  if (found === undefined) return [`${at}: there is no class ${name}`];
  const own = withBases(classes, name, ({ reads }) => reads);
  const inlined = found.inlined.flatMap((inside) => withBases(classes, inside, ({ reads }) => reads));
  // A class may read a field otherwise than its base.
  const all = [...new Map([...own, ...inlined].map((read) => [read.name, read])).values()];
  const missing = [...schema.fields.keys()].filter((field) => all.every((read) => read.name !== field));
  return [
    ...missing.map((field) => `${at}.${field}: is not read`),
    ...all.flatMap((read) => {
      const field = schema.fields.get(read.name);
      const path = `${at}.${read.name}`;
      if (field === undefined) return [`${path}: is not in the answer`];
      const kind = read.kind.replace("OrNull", "");
      const type = TYPES[kind] ?? kind;
      const faults: string[] = [];
      if (field.types.join() !== type) faults.push(`${path}: is ${field.types.join()}, read as ${type}`);
      if ((field.format === "date-time") !== (kind === "Time")) faults.push(`${path}: is a ${field.format ?? "text"}`);
      if (kind === "Times" && field.items?.format !== "date-time") faults.push(`${path}: is no list of times`);
      // The schema of a union may say less of its variants than the classes of them.
      const mayLack = field.isNullable || !schema.required.has(read.name);
      const isUnion = found.inlined.length > 0;
      if (!isUnion && mayLack !== read.kind.endsWith("OrNull"))
        faults.push(`${path}: may ${mayLack ? "" : "not "}lack`);
      const inner = kind === "List" ? field.items : field;
      // Of some objects the document says no fields.
      return read.of === undefined || inner === undefined || inner.fields.size === 0
        ? faults
        : [...faults, ...faultsOf(read.of, inner, path)];
    }),
  ];
}

test.each(routes.filter(({ answer }) => answer !== undefined))(
  "$name reads every field of the answer of $route",
  ({ answer = "", route }) => {
    const success = Object.entries(operations.get(route)?.responses ?? {}).find(([status]) => status.startsWith("2"));
    const schema = flatten(success?.[1].content?.["application/json"]?.schema ?? {}, schemas);
    expect(schema.fields.size).toBeGreaterThan(0);
    expect(faultsOf(answer, schema)).toEqual([]);
  },
);

/** The C# types in which a field of a request is written. */
const WRITTEN: Record<string, string[]> = {
  string: ["string", "bool"],
  integer: ["long", "long?"],
  number: ["decimal", "decimal?"],
  array: ["IReadOnlyList<string>"],
  object: ["string"],
};

/** What is written otherwise than the schema says. An enum's word has no type here. */
function faultsOfWritten(fields: WrittenField[], schema: FlatSchema): string[] {
  const missing = [...schema.fields.keys()].filter((name) => fields.every((field) => field.name !== name));
  return [
    ...missing.map((name) => `${name}: is not written`),
    ...fields.flatMap(({ name, type, isGiven }) => {
      const field = schema.fields.get(name);
      if (field === undefined) return [`${name}: is not in the request`];
      const allowed = field.types.flatMap((each) => WRITTEN[each] ?? []);
      // All that a URL has is text.
      const faults =
        type === undefined || field.types.length === 0 || allowed.includes(type)
          ? []
          : [`${name}: is ${field.types}, not ${type}`];
      const isRequired = schema.required.has(name);
      if (isRequired && !isGiven) faults.push(`${name}: is required, and no constructor takes it`);
      return faults;
    }),
  ];
}

test.each(routes)("$name writes every field of the request of $route", ({ route, takes, writes }) => {
  const operation = operations.get(route);
  const body = operation?.requestBody?.content["application/json"]?.schema;
  // `lastEventId` is for browsers, which cannot send the header.
  const query = (operation?.parameters ?? []).filter((each) => each.in === "query" && each.name !== "lastEventId");
  const parameters = { properties: Object.fromEntries(query.map(({ name }) => [name, {}])) };
  const whole = flatten(body ?? parameters, schemas);
  const list = writes.includes("items") ? whole.fields.get("items")?.items : undefined;
  const own = writes.filter((name) => name !== "items").map((name) => ({ name, type: undefined, isGiven: true }));
  const fields = takes.flatMap((name) => withBases(classes, name, (each) => each.writes));
  expect(faultsOfWritten([...fields, ...own], list ?? whole)).toEqual([]);
});

interface DocumentedEvent {
  properties: { event: { enum: string[] }; data: object };
}

test.each([
  ["GET /live", "BoardEvent", ["fresh"]],
  ["GET /live/rank/{}", "RankEvent", ["not_ranked", "fresh"]],
])("the events of %s are those of %s, and all but %j have data that it reads", (route, name, withoutData) => {
  const [, body = ""] = new RegExp(`class ${name}\\n([\\s\\S]*?)\\n {4}\\}\\n`).exec(sources) ?? [];
  const read = new Map(
    [...body.matchAll(/case "(\w+)": \w+ = new (\w+)\(json\)/g)].map(([, event, of]) => [event, of]),
  );
  const known = [...body.matchAll(/case "(\w+)":\n/g)].map(([, event = ""]) => event);
  const stream = operations.get(route)?.responses[200]?.content?.["text/event-stream"]?.schema;
  const { oneOf } = (stream as { contentSchema: { oneOf: DocumentedEvent[] } }).contentSchema;
  expect(known).toEqual(oneOf.map(({ properties }) => properties.event.enum.join()));
  expect([...read.keys(), ...withoutData].toSorted()).toEqual(known.toSorted());
  for (const { properties } of oneOf) {
    const of = read.get(properties.event.enum.join());
    if (of !== undefined) expect(faultsOf(of, flatten(properties.data, schemas))).toEqual([]);
  }
});

test("ErrorCode names every code of the server, and the client's own two", async () => {
  const text = await readFile(join(CSHARP, "Runtime/Api/ErrorCode.cs"), "utf8");
  const codes = [...text.matchAll(/const string (\w+) = "(\w+)";/g)];
  const expected = ["no_answer", "not_understood", ...Object.keys(problemStatus)];
  expect(codes.map(([, , code]) => code).toSorted()).toEqual(expected.toSorted());
  for (const [, name = "", code = ""] of codes) {
    expect(name).toBe(code.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase()));
  }
});
