import { expect, test } from "bun:test";
import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { player, startUnderTest } from "../../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const ranker = await under.build({ topology: createTopology(["EU"], 1, ["main", "duels"]) });

const write = (board: string) => ranker.submit(player("ada"), { operation: "set", board, value: 7 });
async function request(path: string, init?: RequestInit): Promise<number> {
  const { status, body } = await ranker.app.request(path, init);
  await body?.cancel();
  return status;
}

/** The series of a metric, without the label that all have. */
async function scrape(name: string): Promise<string[]> {
  const lines = (await ranker.metrics.metrics()).split("\n").filter((line) => line.startsWith(name));
  return lines.map((line) => line.slice(name.length).replace(',component="ranker"', ""));
}

test("writes and reads are counted by board, once for each board that an answer is of", async () => {
  await write("main");
  await write("duels");
  expect(await scrape("leaderboard_ranker_board_writes_total")).toEqual([
    '{board="main"} 0',
    '{board="duels"} 0',
    '{board="other"} 2',
  ]);

  await write("duels");
  const ids = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"board":"duels","ids":["ada"]}',
  };
  const reads = [
    "/top",
    "/rank/ada",
    "/around/ada",
    "/around?score=5&board=duels",
    "/players/ada/boards?boards=main,duels",
  ];
  for (const path of reads) expect([path, await request(path)]).toEqual([path, 200]);
  expect(await request("/ranks", ids)).toBe(200);
  // Nothing is counted of a board that is not there, nor of a player who is not on it.
  expect(await request("/top?board=typo")).toBe(404);
  expect(await request("/players/bob/boards?boards=main,typo")).toBe(200);
  await expect(write("typo")).rejects.toThrow();

  expect(await scrape("leaderboard_ranker_board_writes_total")).toEqual([
    '{board="main"} 0',
    '{board="duels"} 1',
    '{board="other"} 2',
  ]);
  expect(await scrape("leaderboard_ranker_board_reads_total")).toEqual([
    '{board="main"} 4',
    '{board="duels"} 3',
    '{board="other"} 0',
  ]);
});
