import { describe, expect, test } from "bun:test";
import { createClient } from "leaderboard-client";
import { ConfigError } from "shared/service/environment";
import { demoCommand } from "./demo.ts";
import { table } from "./display.ts";
import { enter } from "./enter.ts";
import { lengthOf } from "./seasons-board.ts";

const parse = (...args: string[]) => demoCommand.parse(args, {})?.options;

describe("options", () => {
  test("have defaults, and can be set", () => {
    expect(parse()).toMatchObject({ players: 1000, seconds: 15, regions: ["GLOBAL", "ASIA", "EU", "NA"] });
    expect(parse("--players", "5", "--regions", "eu,na", "--url", "http://a/")).toMatchObject({
      players: 5,
      regions: ["EU", "NA"],
      url: "http://a",
    });
  });

  test("that are not valid are named", () => {
    expect(() => parse("--players", "0", "--seconds", "x")).toThrow(
      "The configuration is not valid:\n  --players must be from 1 to 1000000\n  --seconds must be a whole number",
    );
    expect(() => parse("--player", "5")).toThrow(ConfigError);
  });
});

test("three seasons fit the time of the demo, and begin with a minute", () => {
  const lengths = [1, 6, 9, 15, 44, 45, 60, 180, 3_600].map(lengthOf);
  expect(lengths).toEqual([2, 2, 3, 5, 10, 15, 20, 60, 60]);
  expect(lengths.every((length) => 60 % length === 0)).toBe(true);
});

test("the columns of the table are as wide as their longest cell", () => {
  const entries = [
    { rank: 1, user_id: "a", name: "Ada Lovelace", region: "EU", score: 12_345 },
    { rank: 10, user_id: "b", name: "Bob", region: "GLOBAL", score: 7 },
  ];
  expect(table(entries).split("\n")).toEqual([
    "rank  name          region   score",
    "   1  Ada Lovelace  EU      12,345",
    "  10  Bob           GLOBAL       7",
  ]);
});

test("a player logs in where the reply to the registration was lost, or an earlier demo registered the player", async () => {
  const asked: string[] = [];
  const codes = ["outcome_unknown", "user_exists"];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname === "/score/add" ? (request.headers.get("Authorization") ?? "") : pathname);
      const code = pathname === "/auth/register" ? codes.shift() : undefined;
      if (code === undefined) return Response.json({ token: "t" });
      const headers = { "Content-Type": "application/problem+json" };
      return Response.json({ code, detail: code }, { status: code === "user_exists" ? 409 : 503, headers });
    },
  });
  const client = createClient({ url: `http://127.0.0.1:${server.port}` });
  const player = await enter(client, { user_id: "ada", name: "Ada", region: "EU" }, undefined);
  await player.addScore({ delta: 1 });
  expect(asked).toEqual(["/auth/register", "/auth/register", "/auth/login", "Bearer t"]);
  await server.stop(true);
});
