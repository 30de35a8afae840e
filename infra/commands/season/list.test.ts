import { expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { runLb } from "testing/services/run-lb";
import { tokenOptions } from "../../../ranker/test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow } from "../../../ranker/test/season-board.ts";
import { startPath } from "../../system/test/path-under-test.ts";

const path = await forFile(startPath({ passwordsRequired: false }));
const env = { GATEWAY_PORT: String(path.ports.gateway), JWT_SECRET: tokenOptions.secret };
const list = (...args: string[]) => runLb(["season", "list", ...args], env);

test("the seasons of a board are listed, newest first, also of one that operators alone read", async () => {
  await defineSeasons(path.redis, { at: [-1, 1, 2].map(hoursFromNow), fields: { readers: "operators" } });
  const { code, out } = await list("cup");
  const [head = "", next = "", running = ""] = out.split("\n");
  expect([code, head]).toEqual([0, expect.stringMatching(/^season +state +starts_at +ends_at +total$/)]);
  expect(next).toMatch(/^2 +scheduled +\S+Z +\S+Z +-$/);
  expect(running).toMatch(/^1 +running +\S+Z +\S+Z +0$/);
  const json = (await list("cup", "--json")).out.trim().split("\n");
  expect(json.map((line) => JSON.parse(line) as object)).toMatchObject([{ season: 2, total: null }, { season: 1 }]);
});

test("a board without seasons has none, one that is not there and a name that is missing are said so", async () => {
  expect((await list("main", "--json")).out).toBe("");
  expect(await list("none")).toMatchObject({ code: 1, err: expect.stringContaining("There is no board none") });
  expect(await list()).toMatchObject({ code: 1, err: expect.stringContaining("name one board") });
});
