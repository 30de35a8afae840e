import { describe, expect, test } from "bun:test";
import { type Place, pickPlace, TOKENS_MAX } from "./pick-place.ts";
import { toTokenRecord } from "./token-record.ts";

const NOW = Date.UTC(2026, 0, 31);
const DAY_SECONDS = 24 * 3600;

/** A place whose token expires so many days from now. */
const place = (number: number, days: number): Place => ({
  id: `place-${number}`,
  version: String(number),
  record: toTokenRecord({ name: "root", role: "admin" }, { madeAtMs: NOW, lifetimeSeconds: days * DAY_SECONDS }),
});
const full = (days: (number: number) => number): Place[] =>
  Array.from({ length: TOKENS_MAX }, (_, n) => place(n + 1, days(n + 1)));

describe("a new record goes", () => {
  test("to the first place of an empty list", () => {
    expect(pickPlace([], NOW)).toEqual({ id: "place-1", replaces: undefined });
  });

  test("to the first place that was never used, before one whose token is still shown as expired", () => {
    expect(pickPlace([place(1, -6), place(2, 1), place(4, 1)], NOW)?.id).toBe("place-3");
  });

  test("to the place of a token that is no longer shown", () => {
    expect(pickPlace([place(1, 1), place(2, -7), place(3, -8)], NOW)).toMatchObject({ id: "place-3", replaces: "3" });
  });

  test("in a full list to the place of the token that expired first", () => {
    expect(
      pickPlace(
        full((number) => (number === 500 ? -2 : number === 600 ? -1 : 1)),
        NOW,
      )?.id,
    ).toBe("place-500");
  });

  test("nowhere while no token of a full list has expired", () => {
    expect(
      pickPlace(
        full(() => 1),
        NOW,
      ),
    ).toBeUndefined();
  });

  test("never to the place of a record that this release cannot read", () => {
    const strange: Place = { id: "place-1", version: "1", record: undefined };
    expect(pickPlace([strange], NOW)?.id).toBe("place-2");
    expect(pickPlace(full(() => 1).with(0, strange), NOW)).toBeUndefined();
  });
});
