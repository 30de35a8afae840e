import { finished } from "node:stream/promises";
import postgres from "postgres";
import { toIsoTime } from "shared/base/times";
import { MAIN_BOARD } from "shared/redis/keys";
import { REGION } from "./board-under-load.ts";
import { inBatches, type Players } from "./players.ts";

const BATCH = 5_000;

/** Fills the table of a database with the entries of these players, the quickest way that PostgreSQL has. */
export async function copyEntries(url: string, players: Players): Promise<void> {
  const sql = postgres(url, { max: 1 });
  try {
    const copy = await sql`
      COPY leaderboard (board, user_id, name, region, score, reached_at, updated_at) FROM STDIN`.writable();
    for (const batch of inBatches(players, BATCH)) {
      const lines = batch.map(({ userId, name, score, reachedAtUs }) => {
        const time = toIsoTime(reachedAtUs);
        return [MAIN_BOARD, userId, name, REGION, score, time, time].join("\t");
      });
      const hasRoom = copy.write(`${lines.join("\n")}\n`);
      if (!hasRoom) await new Promise((resolve) => copy.once("drain", resolve));
    }
    copy.end();
    await finished(copy);
    await sql`VACUUM (ANALYZE) leaderboard`;
  } finally {
    await sql.end();
  }
}
