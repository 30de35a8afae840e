import { describe, expect, test } from "bun:test";
import { ConfigError } from "shared/config";
import { createClient } from "./client.ts";
import { table } from "./display.ts";
import { readDemoOptions } from "./options.ts";

describe("options", () => {
  test("have defaults, and can be set", () => {
    expect(readDemoOptions([])).toMatchObject({ players: 1000, seconds: 15, regions: ["GLOBAL", "ASIA", "EU", "NA"] });
    expect(readDemoOptions(["--players", "5", "--regions", "eu,na", "--url", "http://a/"])).toMatchObject({
      ...{ players: 5, regions: ["EU", "NA"], url: "http://a" },
    });
  });

  test("that are not valid are named", () => {
    expect(() => readDemoOptions(["--players", "0", "--seconds", "x"])).toThrow(
      "The options are not valid:\n  --players must be from 1 to 1000000\n  --seconds must be a whole number",
    );
    expect(() => readDemoOptions(["--player", "5"])).toThrow(ConfigError);
  });
});

test("the table's columns are as wide as what is in them", () => {
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

test("the client waits when it is told to, and repeats a write under the same key", async () => {
  const keys: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      keys.push(request.headers.get("Idempotency-Key"));
      if (keys.length === 1)
        return Response.json({ code: "queue_full" }, { status: 429, headers: { "Retry-After": "0" } });
      return Response.json({});
    },
  });
  const client = createClient(`http://127.0.0.1:${server.port}`);
  await client.add({ user_id: "ada", name: "Ada", region: "EU", token: "t" }, 5);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0] ?? "");
  expect(client.postponed).toBe(1);
  await server.stop(true);
});
