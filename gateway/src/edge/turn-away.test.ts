import { expect, test } from "bun:test";
import { Hono } from "hono";
import { turnAway } from "./turn-away.ts";

let isStopping = false;
const app = new Hono();
app.use(turnAway(() => isStopping));
app.get("/top", (c) => c.text("the top"));
const ask = async (headers = {}) => {
  const response = await app.request("/top", { headers });
  return [response.status, response.headers.get("X-Turned-Away")];
};
const willGoElsewhere = { "X-May-Turn-Away": "1" };

test("a gateway that stops turns away whoever says that it may, and nobody else", async () => {
  expect([await ask(), await ask(willGoElsewhere)]).toEqual([
    [200, null],
    [200, null],
  ]);
  isStopping = true;
  expect([await ask(), await ask(willGoElsewhere)]).toEqual([
    [200, null],
    [502, "1"],
  ]);
});
