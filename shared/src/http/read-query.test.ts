import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { Problem } from "../api/problems.ts";
import { queryReader } from "./read-query.ts";

const read = queryReader(
  z.strictObject({
    region: z.string().default("GLOBAL"),
    limit: z.string().regex(/^\d+$/).transform(Number).optional(),
  }),
);

function refusalOf(query: string): Problem | undefined {
  try {
    read(query);
  } catch (error) {
    if (error instanceof Problem) return error;
  }
  return undefined;
}

test.each([
  ["", { region: "GLOBAL" }],
  ["?", { region: "GLOBAL" }],
  ["?region=EU&limit=3", { region: "EU", limit: 3 }],
  ["?region=%45%55", { region: "EU" }],
  ["?region=a+b", { region: "a b" }],
  ["?_=1764403200000", { region: "GLOBAL" }],
  ["?_", { region: "GLOBAL" }],
  ["?limit=3&_=1764403200000", { region: "GLOBAL", limit: 3 }],
  ["?_=1&limit=3&_=2&region=a_b", { region: "a_b", limit: 3 }],
])("%p says %p, and again", (query, said) => {
  expect(read(query)).toEqual(said);
  expect(read(query)).toBe(read(query));
});

test.each(["?limit=1&limit=2", "?limit=x&limit=y", "?limit=1&limit=1&limit=1", "?region=EU&region=NA"])(
  "of a field that is given more than once, %p, an answer says that alone",
  (query) => {
    const field = query.slice(1, query.indexOf("="));
    expect(refusalOf(query)?.errors).toEqual([{ field, message: "must be given once" }]);
    expect(refusalOf(`${query}&regions=EU`)?.errors).toEqual([
      { field: "regions", message: "is not a known field" },
      { field, message: "must be given once" },
    ]);
  },
);

describe("a field that is not valid is refused by its name, each time:", () => {
  test.each([
    ["?limit=x", "limit"],
    ["?regions=EU", "regions"],
    ["?region=EU&region=NA", "region"],
    ["?limit=", "limit"],
    ["?a_=1", "a_"],
    ["?__=1", "__"],
  ])("%p", (query, field) => {
    for (let time = 1; time <= 2; time++) {
      expect(refusalOf(query)).toMatchObject({ code: "invalid_request", errors: [{ field }] });
    }
  });
});
