import type { BoardView } from "shared/api/definitions";
import { until } from "testing/until";
import type { Row } from "../harness/row.ts";
import { TOPOLOGY } from "../stage/topology.ts";
import { BEFORE_MS, endSeasons } from "./end-seasons.ts";
import { type SeasonSite, secondsFromNow, toDaily } from "./season-site.ts";

const AT_ONCE = 32;
/** A busy machine makes and fills as many boards a second. */
const BOARDS_PER_SECOND = 20;
const LEAST_SECONDS = 8;
const PLAYERS_A_REGION = 2;
const FINAL_MAX_SECONDS = 30;

/** Ends the seasons of many boards in the same second; each has some entries in every region. */
export async function endManySeasons(site: SeasonSite, boards: number, say: (text: string) => void): Promise<Row[]> {
  const endsAtMs = secondsFromNow(LEAST_SECONDS + Math.ceil(boards / BOARDS_PER_SECOND));
  const season = { schedule: toDaily(endsAtMs) };
  const ids = Array.from({ length: boards }, (_, n) => `many-${n}`);
  say(`making ${boards} boards with seasons`);
  const left = ids.values();
  const lane = async () => {
    for (const board of left) {
      await site.ask("PUT", `/boards/${board}`, { season });
      // The first write waits for the plan of the board.
      await until(async () => (await site.ask<BoardView>("GET", `/boards/${board}`)).running !== null);
      for (const region of TOPOLOGY.regions) {
        for (let n = 0; n < PLAYERS_A_REGION; n++) {
          const body = { board, region, name: "Player", score: n };
          await site.ask("POST", `/players/of-${region}-${n}/score`, body);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  if (Date.now() + BEFORE_MS > endsAtMs)
    throw new Error("this machine is too busy: the seasons end before they are filled");
  say("ending them");
  const what = `${boards.toLocaleString("en")} seasons that end in the same second`;
  return endSeasons(site, { what, boards: ids, endsAtMs, finalMaxSeconds: FINAL_MAX_SECONDS, say });
}
