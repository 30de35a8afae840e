import { beforeEach, expect, test } from "bun:test";
import { toValue } from "shared/boards/to-board";
import { boardSchema, toDefinition } from "shared/model/board";
import { toPlan, toPlanValue } from "shared/seasons/plan";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { runLb } from "testing/services/run-lb";
import { flushAll } from "testing/whole-store";
import { tokenOptions } from "../../../ranker/test/ranker-under-test.ts";
import { startPath } from "../../system/test/path-under-test.ts";

const path = await forFile(startPath({ passwordsRequired: false }));
const env = { GATEWAY_PORT: String(path.ports.gateway), JWT_SECRET: tokenOptions.secret };
const lb = (...args: string[]) => runLb(["season", ...args], env);
const settings = createSettings({ home: path.redis, queueMax: 1_000 });
const season = { schedule: "0 0 1 1 *", zone: "UTC" };
const HOUR = 3_600e6;

beforeEach(async () => {
  await flushAll(path.redis);
  await openFences(path.redis, path.ranker.topology);
  const kept = { created_at: null, state: "open", born: 0, has_seasons: true } as const;
  const value = toValue(toDefinition(boardSchema.parse({ season })), kept);
  const rev = Number(await settings.put("boards", "cup", { value, replaces: undefined }));
  const now = Date.now() * 1000;
  const plan = toPlanValue({ rev, first: 3, at: [now - HOUR, now + HOUR, now + 2 * HOUR], ...season });
  await settings.put("seasons", "cup", { value: plan, replaces: undefined });
});
const ends = async () => toPlan((await settings.read("seasons", "cup"))?.value)?.at.length;

test("end asks first, ends the season that is named, and no other", async () => {
  expect(await lb("end", "cup", "--expect", "3")).toMatchObject({ code: 1, err: expect.stringContaining("add --yes") });
  expect(await lb("end", "cup", "--yes")).toMatchObject({ code: 1, err: expect.stringContaining("--expect") });
  const other = await lb("end", "cup", "--expect", "2", "--yes");
  expect([other.code, other.err]).toEqual([1, expect.stringContaining("Season 3 of board cup runs")]);
  expect(await ends()).toBe(3);
  const { code, out } = await lb("end", "cup", "--expect", "3", "--yes");
  expect([code, out]).toEqual([0, expect.stringMatching(/^cup {2}season 3 ended at 2\S+Z with 0 entries; 4 runs\n$/)]);
  expect(await ends()).toBe(4);
  const json = await lb("end", "cup", "--expect", "4", "--yes", "--json");
  expect(JSON.parse(json.out)).toMatchObject({ board: "cup", season: 4, state: "closing", total: 0 });
});

test.each([
  [["end", "cup", "--expect", "x"], "--expect must be the number of a season"],
  [["end"], "name one board"],
  [["begin"], "name what to do: list, end, recount"],
])("%p names what is wrong", async (args, fault) => {
  expect(await lb(...args)).toMatchObject({ code: 1, err: expect.stringContaining(fault) });
});
