import { describe, expect, test } from "bun:test";
import { boardChangeSchema, boardIdSchema, boardSchema, configuredBoard, toDefinition } from "./board.ts";

const faultsOf = (given: unknown) =>
  boardSchema.safeParse(given).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

describe("a definition", () => {
  test("that says nothing is that of a configured board", () => {
    const { id, rev, born, created_at, state, ...definition } = configuredBoard("main");
    expect(toDefinition(boardSchema.parse({}))).toEqual(definition);
    expect(definition).toMatchObject({
      operator: "set",
      operators: ["set", "add", "create"],
    });
  });

  test("lets a write ask for its operator alone, unless it says more", () => {
    expect(toDefinition(boardSchema.parse({ operator: "add" })).operators).toEqual(["add"]);
    expect(toDefinition(boardSchema.parse({ operator: "add", operators: ["add", "set"] })).operators).toEqual([
      "add",
      "set",
    ]);
  });

  test.each([
    [{ operator: "create" }, /^operator: /],
    [{ operator: "add", operators: ["set"] }, /^operators: must have the operator, add/],
    [{ operators: ["set", "set"] }, /^operators: must not name one twice/],
    [{ bounds: { min: 2, max: 1 } }, /^bounds.max: must not be below min/],
    [{ title: "a\nb" }, /^title: /],
    [{ colour: "red" }, /colour/],
  ])("%p is refused by name", (given, fault) => {
    expect(faultsOf(given).join("; ")).toMatch(fault);
  });
});

test("a change holds the named fields alone", () => {
  expect(boardChangeSchema.parse({ title: "Weekly", bounds: null })).toEqual({ title: "Weekly", bounds: null });
  expect(boardChangeSchema.parse({})).toEqual({});
});

test.each(["weekly-race", "0", "a_b"])("%p is an id", (id) => expect(boardIdSchema.parse(id)).toBe(id));
test.each(["", "A", "-a", "a@1", "a:b", "{a", "a".repeat(33), "ä"])("%p is no id", (id) => {
  expect(boardIdSchema.safeParse(id).success).toBe(false);
});
