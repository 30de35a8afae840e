import { toIsoTime } from "shared/base/times";
import { createPlayers } from "../stage/players.ts";
import { copyRows } from "../stage/seed-postgres.ts";
import { REGION } from "../stage/topology.ts";
import { type MadeBoard, toSettingText } from "./made-boards.ts";
import { entriesOf, type Population, toBoardId } from "./population.ts";

/** Fills a database with the definitions and the entries of all boards. */
export async function seedBoards(url: string, population: Population, versionUs: number): Promise<void> {
  const { boards, perBoard } = population;
  function* settings() {
    for (let board = 0; board < boards; board++) {
      const made: MadeBoard = { id: toBoardId(board), version: versionUs + board, fields: { operator: "add" } };
      yield ["boards", made.id, toSettingText(made), toIsoTime(made.version)];
    }
  }
  function* rows() {
    const all = createPlayers(boards * perBoard, versionUs);
    for (let board = 0; board < boards; board++) {
      for (const { userId, name, score, reachedAtUs } of entriesOf(population, board, all)) {
        const time = toIsoTime(reachedAtUs);
        yield [toBoardId(board), userId, name, REGION, score, time, time];
      }
    }
  }
  await copyRows(url, { table: "settings", columns: "kind, id, value, updated_at" }, settings());
  const columns = "board, user_id, name, region, score, reached_at, updated_at";
  await copyRows(url, { table: "leaderboard", columns }, rows());
}
