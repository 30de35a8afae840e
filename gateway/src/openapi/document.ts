import { sessionSchema } from "shared/api/accounts";
import { aroundSchema, aroundScoreSchema, rankSchema, topSchema } from "shared/api/boards";
import { boardsSchema, boardViewSchema, deletedBoardSchema } from "shared/api/definitions";
import { entrySchema, writtenEntrySchema } from "shared/api/entries";
import { problemCodeSchema } from "shared/api/fields";
import { BODY_BYTES_MAX, type Operation, type RequestBody, type Success } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import {
  changedEntrySchema,
  erasedSchema,
  givenPasswordSchema,
  playerRecordSchema,
  removedEntrySchema,
  renamedSchema,
  visibilitySchema,
} from "shared/api/players";
import { boardPlaceSchema, playerBoardsSchema, ranksSchema } from "shared/api/reads/ranks";
import { itemAnswerSchema, writtenScoresSchema } from "shared/api/scores";
import { seasonsSchema, seasonViewSchema } from "shared/api/seasons";
import { healthSchema, readinessSchema } from "shared/api/status";
import { bodyDeadlineMs } from "shared/http/body";
import type { Topology } from "shared/model/regions";
import { z } from "zod";
import manifest from "../../../package.json" with { type: "json" };
import { answerHeaders, headersOf, ref, requestHeaders } from "./headers.ts";
import { nameParts } from "./name-parts.ts";
import { problemExamples, problemSchema, problemsOf, textOf, UNROUTED } from "./problems.ts";
import { bodyOf, forGenerators, type Json, schemaOf } from "./schema.ts";

export interface OpenApiDocument extends Json {
  paths: Record<string, Record<string, Json>>;
  components: Record<string, Json>;
}

const answers = {
  ProblemCode: problemCodeSchema,
  Entry: entrySchema,
  WrittenEntry: writtenEntrySchema,
  WrittenItem: itemAnswerSchema,
  WrittenScores: writtenScoresSchema,
  Top: topSchema,
  Rank: rankSchema,
  Around: aroundSchema,
  AroundScore: aroundScoreSchema,
  Ranks: ranksSchema,
  BoardPlace: boardPlaceSchema,
  PlayerBoards: playerBoardsSchema,
  Board: boardViewSchema,
  Boards: boardsSchema,
  DeletedBoard: deletedBoardSchema,
  Season: seasonViewSchema,
  Seasons: seasonsSchema,
  Session: sessionSchema,
  PlayerRecord: playerRecordSchema,
  Erased: erasedSchema,
  Visibility: visibilitySchema,
  Renamed: renamedSchema,
  GivenPassword: givenPasswordSchema,
  ChangedEntry: changedEntrySchema,
  RemovedEntry: removedEntrySchema,
  Health: healthSchema,
  Readiness: readinessSchema,
};
const nameOf = new Map<z.ZodType, string>(Object.entries(answers).map(([name, schema]) => [schema, name]));

/**
 * The HTTP interface of a deployment with these regions, in OpenAPI 3.1.
 *
 * @param publicUrl where callers reach the gateway; else the document's own address counts
 */
export function createDocument(topology: Topology, publicUrl = "."): OpenApiDocument {
  const all: Operation[] = Object.values(gatewayOperations(topology));
  const responses: Json = {};
  const paths: OpenApiDocument["paths"] = {};
  for (const operation of all) {
    const path = operation.path.replaceAll(/:([A-Za-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) };
    for (const { name, response } of problemsOf(operation, nameOperation(operation))) responses[name] = response;
  }
  const bodies: Record<string, Json> = {};
  for (const { id, body } of all)
    if (body !== undefined) bodies[`${capital(id)}Body`] = bodyOf(body.shown ?? body.schema);
  return {
    openapi: "3.1.1",
    info: {
      title: "Leaderboard",
      version: manifest.version,
      summary: "Exact ranks, at once, over HTTP.",
      description: [
        "JSON in and out. Unknown fields of a body, and unknown or repeated parameters of a query, are refused (but for " +
          "`_`, a number that some libraries add to every `GET`, which is ignored); so is a " +
          "path with a backslash, a `#`, or a segment `.` or `..`, also percent-encoded. Every `GET` takes `HEAD` as well. Every error is a problem " +
          "(RFC 9457) with a stable `code`. A request that is no operation of this document is one of these:",
        textOf(UNROUTED),
      ].join("\n\n"),
      contact: { name: "The operators of this deployment" },
      license: { name: "MIT", identifier: "MIT" },
    },
    // By default relative to the address of the document, which may have the prefix of a proxy.
    servers: [{ url: publicUrl, description: "The gateway that serves this document." }],
    tags: [
      { name: "players", description: "Accounts and tokens." },
      { name: "scores", description: "A player writes the own score and no other; game servers write for players." },
      {
        name: "boards",
        description:
          "Ranks, and what boards there are, open to everyone unless a board is for operators; an admin makes boards.",
      },
      {
        name: "operators",
        description:
          "For those who run it, and for game servers, with tokens of their own that have a role: reader, writer, moderator or admin.",
      },
      { name: "service", description: "For the people who run it." },
    ],
    paths,
    components: {
      schemas: nameParts({ Problem: forGenerators(problemSchema, "output"), ...answerSchemas(all), ...bodies }),
      responses,
      examples: problemExamples(all),
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

/** Generated methods are named by this. A read's name in our client may be a noun: `top`. */
function nameOperation({ id, method, access }: Operation): string {
  const isRead = method === "GET" || access === "readers";
  return isRead && !/^(get|list|read)[A-Z]/.test(id) ? `get${capital(id)}` : id;
}

const capital = (id: string) => id.charAt(0).toUpperCase() + id.slice(1);

function describe(operation: Operation): Json {
  const { id, tag, summary, description, access, repeat, params, query, body, problems: codes } = operation;
  const parameters: Json[] = [...parametersOf("path", params), ...parametersOf("query", query)];
  if (codes.includes("precondition_required")) parameters.push(ref("parameters", "IfMatch"));
  if (operation.success[304] !== undefined) parameters.push(ref("parameters", "IfNoneMatch"));
  if (repeat === "keyed") parameters.push(ref("parameters", "IdempotencyKey"));
  parameters.push(ref("parameters", "RequestId"));
  const problems = problemsOf(operation, nameOperation(operation)).map(({ status, name }) => [
    status,
    ref("responses", name),
  ]);
  return {
    operationId: nameOperation(operation),
    tags: [tag],
    summary,
    description: describeAccess(description, access) ?? `${summary}.`,
    security: securityOf(access),
    "x-role": typeof access === "object" ? access.role : undefined,
    parameters,
    requestBody: body && {
      description: describeBody(body),
      required: !body.isOptional,
      content: { "application/json": { schema: ref("schemas", `${capital(id)}Body`), example: body.example } },
    },
    responses: { ...successesOf(operation), ...Object.fromEntries(problems) },
  };
}

const describeBody = ({ bytesMax = BODY_BYTES_MAX }: RequestBody): string =>
  `At most ${bytesMax} bytes, within ${bodyDeadlineMs(bytesMax) / 1000} seconds.`;

/**
 * Whether a route needs a token. Roles of a bearer's token, which OpenAPI 3.1 allows here, are a
 * fault to some linters, so that `x-role` has the least one.
 */
function securityOf(access: Operation["access"]): Json[] {
  if (access === "anyone") return [];
  return access === "readers" ? [{}, { bearer: [] }] : [{ bearer: [] }];
}

const READERS =
  "Needs no token, except of boards whose `readers` are `operators`: these are for an operator's token alone, of any role.";

/** Says who may call, for people: few viewers show an extension. */
function describeAccess(description: string | undefined, access: Operation["access"]): string | undefined {
  if (access === "readers") return [description, READERS].filter((part) => part !== undefined).join(" ");
  if (typeof access !== "object") return description;
  const { role, boards, players } = access;
  const orPlayer = players ? ", or the player's own token" : "";
  const who = `Needs an operator's token of the role \`${role}\`${role === "admin" ? "" : " or a higher one"}${orPlayer}.`;
  const where = {
    all: "A token for named boards is refused.",
    named: "A token for named boards opens it for these alone.",
    items: "A token for named boards opens it for items on these alone.",
  }[boards];
  return [description, who, where].filter((part) => part !== undefined).join(" ");
}

function parametersOf(place: "path" | "query", schema: z.ZodObject | undefined): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, ...rest } = schemaOf(field as z.ZodType);
    const required = place === "path" || !(field as z.ZodType).safeParse(undefined).success;
    if (required) delete rest.default;
    return { name, in: place, required, description, schema: rest };
  });
}

function successesOf(operation: Operation): Json {
  const answered = Object.entries(operation.success).map(([status, success]) => {
    const hasTag = success.schema === boardViewSchema || operation.success[304] !== undefined;
    const headers = headersOf(operation, { "Idempotent-Replayed": operation.repeat === "keyed", ETag: hasTag });
    const { description, example, mediaType = "application/json" } = success;
    if (status === "304") return [status, { description, headers }];
    return [status, { description, headers, content: { [mediaType]: { schema: schemaOfSuccess(success), example } } }];
  });
  return Object.fromEntries(answered);
}

function schemaOfSuccess({ schema, mediaType, events }: Success): Json {
  if (events !== undefined) return { type: "string", contentMediaType: mediaType, contentSchema: eventsOf(events) };
  const name = schema && nameOf.get(schema);
  if (name !== undefined) return ref("schemas", name);
  return { type: mediaType === "application/json" ? "object" : "string" };
}

/** One event of a stream: OpenAPI 3.1 has no other place for it than the content of a text. */
const eventsOf = (events: NonNullable<Success["events"]>): Json => ({
  oneOf: Object.entries(events).map(([event, data]) => ({
    type: "object",
    properties: {
      event: { type: "string", enum: [event] },
      data: ref("schemas", nameOf.get(data) ?? nameEvent(event)),
    },
    required: ["event", "data"],
  })),
});

const nameEvent = (event: string) => `Live${event.split("_").map(capital).join("")}`;

function answerSchemas(all: readonly Operation[]): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(answers)) registry.add(schema, { id });
  const events = all.flatMap(({ success }) => Object.entries(success[200]?.events ?? {}));
  for (const [event, schema] of events) if (!registry.has(schema)) registry.add(schema, { id: nameEvent(event) });
  const { schemas } = z.toJSONSchema(registry, { io: "output", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, ...rest }]) => [name, forGenerators(rest, "output")]),
  );
}
