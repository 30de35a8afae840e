import { join } from "node:path";
import { toIsoTime } from "shared/base/times";
import type { Row } from "../harness/row.ts";
import { runToSuccess } from "../load/program.ts";
import { createPlayers } from "../stage/players.ts";
import { copyRows } from "../stage/seed-postgres.ts";
import { SERVICE_ENVIRONMENT } from "../stage/services.ts";
import { TOPOLOGY } from "../stage/topology.ts";
import { BEFORE_MS, endSeasons } from "./end-seasons.ts";
import { type SeasonSite, secondsFromNow, toDaily } from "./season-site.ts";

const BOARD = "large";
const LB = join(import.meta.dir, "../../commands/lb.ts");
/** A busy machine seeds and restores as many a second. */
const SEEDED_PER_SECOND = 12_000;
const LEAST_SECONDS = 12;
const FINAL_MAX_SECONDS = 30;

/** Ends a season with so many entries, which are spread over four regions. */
export async function endLargeSeason(site: SeasonSite, entries: number, say: (text: string) => void): Promise<Row[]> {
  const endsAtMs = secondsFromNow(LEAST_SECONDS + Math.ceil(entries / SEEDED_PER_SECOND));
  await site.ask("PUT", `/boards/${BOARD}`, { season: { schedule: toDaily(endsAtMs) } });
  const startUs = Date.now() * 1000;
  const players = createPlayers(entries, startUs);
  const { regions } = TOPOLOGY;
  say(`seeding a season of ${entries} entries`);
  await Promise.all(
    regions.map(async (region, n) => {
      function* rows() {
        for (let index = n; index < entries; index += regions.length) {
          const { userId, name, score } = players.at(index);
          const time = toIsoTime(startUs + index);
          yield [`${BOARD}@1`, userId, name, region, score, time, time];
        }
      }
      const columns = "board, user_id, name, region, score, reached_at, updated_at";
      await copyRows(site.urlOf(region), { table: "leaderboard", columns }, rows());
    }),
  );
  say("restoring it");
  await runToSuccess([process.execPath, LB, "restore"], {
    env: { PATH: process.env.PATH, ...SERVICE_ENVIRONMENT, ...site.env },
  });
  if (Date.now() + BEFORE_MS > endsAtMs)
    throw new Error("this machine is too busy: the season ends before it is seeded");
  say("ending it");
  const what = `a season of ${entries.toLocaleString("en")} entries in ${regions.length} regions`;
  return endSeasons(site, { what, boards: [BOARD], endsAtMs, finalMaxSeconds: FINAL_MAX_SECONDS, say });
}
