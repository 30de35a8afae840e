import { describe, expect, test } from "bun:test";
import { z } from "zod";
import type { Operation } from "../api/operation.ts";
import { rankerOperations } from "../api/operations.ts";
import { toInvalidRequest } from "../api/problems.ts";
import { createTopology } from "../model/regions.ts";
import { inPlainWords } from "./plain-words.ts";

const ZOD_WORDS = /invalid|expected .*received|too (small|big)|unrecognized/i;

const topology = createTopology(["GLOBAL", "EU"], 1, ["main"]);
const operations: Operation[] = Object.values(rankerOperations({ topology, passwordsRequired: true }));
const schemas = operations.flatMap(({ id, params, query, body }) =>
  Object.entries({ params, query, body: body?.schema }).map(
    ([place, schema]) => [`${place} of ${id}`, schema] as const,
  ),
);

const values = [
  undefined,
  null,
  true,
  5,
  1.5,
  -1,
  Number.NaN,
  1e300,
  "",
  " ",
  "x y",
  "\n",
  "x".repeat(999),
  [],
  ["EU"],
  {},
];

describe.each(schemas.filter(([, schema]) => schema !== undefined))("%s", (_, schema) => {
  test("says in plain words what is wrong with any value of any field", () => {
    const names = schema instanceof z.ZodObject ? [...Object.keys(schema.shape), "other"] : [];
    expect(names.length).toBeGreaterThan(0);
    for (const sent of [...values, ...names.flatMap((name) => values.map((value) => ({ [name]: value })))]) {
      const error = schema?.safeParse(sent, { error: inPlainWords }).error;
      if (error === undefined) continue;
      for (const { message } of toInvalidRequest(error, "body").errors ?? []) expect(message).not.toMatch(ZOD_WORDS);
    }
  });
});
