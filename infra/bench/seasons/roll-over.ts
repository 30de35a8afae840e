import { boardsKey, settingsKey } from "shared/redis/keys";
import { until } from "testing/until";
import { type Row, toRow } from "../harness/row.ts";
import { REGION, SHARD } from "../stage/topology.ts";
import type { SeasonSite } from "./season-site.ts";

const BOARD = "rolls";
const SEASON_US = 3_600e6;
const MISSED = 31;
const TIMES = 100;

/** What a write costs Redis that ends no season, one that ends one, and one that ends 31. */
export async function timeRollOver({ redis: { admin }, ask, home }: SeasonSite): Promise<Row[]> {
  await ask("PUT", `/boards/${BOARD}`, { operator: "add", season: { schedule: "0 0 1 1 *" } });
  // The drainer tells the shards the plan once more, and then leaves them alone until the end.
  await until(
    () => home`SELECT FROM settings WHERE kind = 'seasons' AND id = ${BOARD} AND seal_at > clock_timestamp()`,
    ({ length }) => length > 0,
  );
  const revision = String(await admin.send("HGET", [settingsKey("boards"), BOARD])).split(" ")[0];
  let season = 1;

  /**
   * Lets the season that runs be over, with so many behind it.
   *
   * @returns µs of Redis for the write
   */
  async function write(over: number): Promise<number> {
    const startsAt = Date.now() * 1000 - (over + 1) * SEASON_US + SEASON_US / 2;
    const times = Array.from({ length: over + 3 }, (_, n) => startsAt + n * SEASON_US);
    await admin.send("HSET", [boardsKey(SHARD), BOARD, `${revision} open ${season} ${season} ${times.join(" ")}`]);
    await admin.send("SLOWLOG", ["RESET"]);
    const body = { board: BOARD, region: REGION, name: "Ada", score: 1 };
    const answer = await ask<{ season: number }>("POST", "/players/ada/score", body);
    const logged = (await admin.send("SLOWLOG", ["GET", "-1"])) as [number, number, number, string[]][];
    if (answer.season !== season + over) throw new Error(`the write is in season ${answer.season}`);
    season = answer.season;
    // A write that meets an end comes again with the keys of the new season.
    const calls = logged.filter(([, , , words]) => words.includes(BOARD) && /^EVALSHA$/i.test(words[0] ?? ""));
    return calls.reduce((sum, [, , us]) => sum + us, 0);
  }

  await admin.send("CONFIG", ["SET", "slowlog-log-slower-than", "0"]);
  const measured = { none: [] as number[], one: [] as number[], missed: [] as number[] };
  for (let n = 0; n < TIMES; n++) {
    measured.one.push(await write(1));
    measured.none.push(await write(0));
    measured.missed.push(await write(MISSED));
  }
  const texts = { row: "seasons", yardstick: "a write that meets none", unit: "µs", aims: [] } as const;
  return [
    toRow(
      { ...texts, what: "Redis for a write that meets the end of a season" },
      { ours: measured.one, theirs: measured.none },
    ),
    toRow(
      { ...texts, what: `the same with ${MISSED} ends that were missed` },
      { ours: measured.missed, theirs: measured.none },
    ),
  ];
}
