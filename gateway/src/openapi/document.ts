import { STATUS_CODES } from "node:http";
import { sessionSchema } from "shared/api/accounts";
import { aroundSchema, rankSchema, topSchema } from "shared/api/boards";
import { entrySchema } from "shared/api/entries";
import type { Operation, Success } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { erasedSchema, playerRecordSchema, visibilitySchema } from "shared/api/players";
import { type ProblemCode, problemStatus } from "shared/api/problems";
import { healthSchema, readinessSchema } from "shared/api/status";
import type { Topology } from "shared/model/regions";
import { z } from "zod";
import manifest from "../../package.json" with { type: "json" };
import { type AnswerHeader, answerHeaders, requestHeaders, schemaOf } from "./headers.ts";
import { problemTexts, UNROUTED } from "./problem-texts.ts";

type Json = Record<string, unknown>;

export interface OpenApiDocument extends Json {
  paths: Record<string, Record<string, Json>>;
  components: Record<string, Json>;
}

const answers = {
  Entry: entrySchema,
  Top: topSchema,
  Rank: rankSchema,
  Around: aroundSchema,
  Session: sessionSchema,
  PlayerRecord: playerRecordSchema,
  Erased: erasedSchema,
  Visibility: visibilitySchema,
  Health: healthSchema,
  Readiness: readinessSchema,
};
const nameOf = new Map<z.ZodType, string>(Object.entries(answers).map(([name, schema]) => [schema, name]));
const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });
const textOf = (codes: readonly ProblemCode[]) =>
  codes.map((code) => `- \`${code}\`: ${problemTexts[code]}`).join("\n");

/** The HTTP interface of a deployment with these regions and boards, in OpenAPI 3.1. */
export function createDocument(topology: Topology): OpenApiDocument {
  const all: Operation[] = Object.values(gatewayOperations(topology));
  const responses: Json = {};
  const paths: OpenApiDocument["paths"] = {};
  for (const operation of all) {
    const path = operation.path.replaceAll(/:([A-Za-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, responses) };
  }
  const bodies = all.flatMap(({ id, body }) =>
    body === undefined ? [] : [[`${capital(id)}Body`, schemaOf(body.schema)]],
  );
  return {
    openapi: "3.1.1",
    info: {
      title: "Leaderboard",
      version: manifest.version,
      summary: "Exact ranks, at once, over HTTP.",
      description: [
        "JSON in and out. Unknown fields of a body, and unknown or repeated parameters of a query, are refused; so is a " +
          "path with a backslash, a `#`, or a segment `.` or `..`, also percent-encoded. Every `GET` takes `HEAD` as well. Every error is a problem " +
          "(RFC 9457) with a stable `code`. A request that is no operation of this document is one of these:",
        textOf(UNROUTED),
      ].join("\n\n"),
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The gateway that serves this document." }],
    tags: [
      { name: "players", description: "Accounts and tokens." },
      { name: "scores", description: "A player writes the own score and no other." },
      { name: "boards", description: "Ranks, open to everyone." },
      { name: "operators", description: "For those who run it, and for game servers, with a token of their own." },
      { name: "service", description: "For the people who run it." },
    ],
    paths,
    components: {
      schemas: { ...answerSchemas(), Problem: problemSchema, ...Object.fromEntries(bodies) },
      responses,
      headers: answerHeaders,
      parameters: requestHeaders,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "The `token` of a registration or a login, or one of the identity provider's; an operator's own for operators.",
        },
      },
    },
  };
}

const capital = (id: string) => id.charAt(0).toUpperCase() + id.slice(1);

function describe(operation: Operation, responses: Json): Json {
  const { id, tag, summary, description, access, repeat, body } = operation;
  const fields = [...parametersOf("path", operation.params), ...parametersOf("query", operation.query)];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: access === "anyone" ? [] : [{ bearer: [] }],
    parameters: [
      ...fields,
      ...(repeat === "keyed" ? [ref("parameters", "IdempotencyKey")] : []),
      ref("parameters", "RequestId"),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.isOptional,
            content: json(ref("schemas", `${capital(id)}Body`), body.example),
          },
        }),
    responses: { ...successesOf(operation), ...problemsOf(operation, responses) },
  };
}

const json = (schema: Json, example?: unknown, mediaType = "application/json") => ({
  [mediaType]: { schema, ...(example === undefined ? {} : { example }) },
});

function parametersOf(place: "path" | "query", schema: z.ZodObject | undefined): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, ...rest } = schemaOf(field as z.ZodType);
    return { name, in: place, required: place === "path", description, schema: rest };
  });
}

function successesOf(operation: Operation): Json {
  return Object.fromEntries(
    Object.entries(operation.success).map(([status, success]) => {
      const content = json(schemaOfSuccess(success), success.example, success.mediaType);
      const headers = headersOf([
        ...(operation.isProxied ? (["X-Upstream-Addr"] as const) : []),
        ...(operation.limits.length > 0 ? (["RateLimit-Policy", "RateLimit"] as const) : []),
        ...(operation.repeat === "keyed" ? (["Idempotent-Replayed"] as const) : []),
      ]);
      return [status, { description: success.description, headers, content }];
    }),
  );
}

function schemaOfSuccess({ schema, mediaType }: Success): Json {
  const name = schema && nameOf.get(schema);
  if (name !== undefined) return ref("schemas", name);
  return { type: mediaType === "application/json" ? "object" : "string" };
}

const headersOf = (names: readonly AnswerHeader[]) =>
  Object.fromEntries((["X-Request-Id", ...names] as const).map((name) => [name, ref("headers", name)]));

/** The codes of an operation: its own, and those that its description implies. */
function codesOf({ problems, body, isProxied, limits, access }: Operation): ProblemCode[] {
  const codes: ProblemCode[] = ["invalid_request", "internal", ...problems];
  if (body !== undefined) codes.push("invalid_json", "unsupported_media_type", "body_too_large", "request_timeout");
  if (access !== "anyone") codes.push("missing_token", "invalid_token", "forbidden");
  if (limits.length > 0) codes.push("rate_limited");
  if (isProxied) codes.push("head_too_large", "unavailable", "no_upstream");
  return codes;
}

/** The problems by status; routes with the same codes share a response among the components. */
function problemsOf(operation: Operation, responses: Json): Json {
  const codes = codesOf(operation);
  const statuses = [...new Set(codes.map((code) => problemStatus[code]))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => problemStatus[code] === status).sort();
      const ofKind = [operation.isProxied ? "proxied" : "own", ...(operation.limits.length > 0 ? ["limited"] : [])];
      const name = [...here, ...ofKind].join(".");
      responses[name] ??= problemResponse(status, here, operation);
      return [status, ref("responses", name)];
    }),
  );
}

function problemResponse(status: number, codes: readonly ProblemCode[], operation: Operation): Json {
  const schema = {
    allOf: [ref("schemas", "Problem")],
    properties: { status: { const: status }, code: { enum: codes } },
  };
  const shown = codes.map((code) => [code, { summary: problemTexts[code], value: exampleOf(code) }]);
  return {
    description: textOf(codes),
    headers: headersOf([
      ...(operation.isProxied ? (["X-Upstream-Addr"] as const) : []),
      ...(operation.limits.length > 0 ? (["RateLimit-Policy", "RateLimit"] as const) : []),
      ...(status === 429 || status === 503 ? (["Retry-After"] as const) : []),
      ...(status === 401 ? (["WWW-Authenticate"] as const) : []),
    ]),
    content: { "application/problem+json": { schema, examples: Object.fromEntries(shown) } },
  };
}

function exampleOf(code: ProblemCode): Json {
  const status = problemStatus[code];
  const errors = [{ field: "delta", message: "must be a number" }];
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code,
    detail: problemTexts[code].replaceAll("`", ""),
    request_id: "03c29ba9-6033-4c56-881d-d1264c0b68ce",
    ...(code === "invalid_request" ? { errors } : {}),
  };
}

const text = { type: "string" };
const problemSchema = {
  type: "object",
  description: "An error, as RFC 9457 describes it.",
  properties: {
    type: { const: "about:blank" },
    title: { ...text, description: "The status in words." },
    status: { type: "integer" },
    code: { enum: Object.keys(problemStatus), description: "Stable: what a program goes by." },
    detail: { ...text, description: "For people." },
    request_id: text,
    missing_regions: { type: "array", items: text, description: "Of `region_unavailable`: who does not answer." },
    errors: {
      description: "What is wrong with the input, field by field.",
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: { field: text, message: text },
        required: ["field", "message"],
        additionalProperties: false,
      },
    },
  },
  required: ["type", "title", "status", "code", "detail", "request_id"],
  // `unevaluatedProperties` would be exact over `allOf`; few generators know it.
  additionalProperties: false,
};

function answerSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(answers)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: "output", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([name, { $schema: _, $id: __, ...rest }]) => [name, rest]));
}
