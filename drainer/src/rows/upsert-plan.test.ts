import { expect, test } from "bun:test";
import connect from "postgres";
import { forFile } from "testing/for-file";
import { scratchPostgres } from "testing/scratch";
import { migrate } from "../postgres/migrate.ts";
import type { EntryRow } from "./read-entries.ts";
import { upsertScores } from "./upsert-scores.ts";

const server = await scratchPostgres(["board"]);
await migrate(server.url("board"));
// The plan that a connection keeps after some batches.
const sql = connect(server.url("board"), { max: 1, connection: { plan_cache_mode: "force_generic_plan" } });
await forFile({
  async close() {
    await sql.end();
    await server.dispose();
  },
});

const rows = Array.from({ length: 1_000 }, (_, n): EntryRow => {
  const time = String(Date.now() * 1000 + n);
  const none = { sort_key: null, sub: null, sub_key: null, attempts: null, metadata: null };
  const of = { board: "main", region: "EU", user_id: `p${n}`, name: "P" };
  return { ...of, ...none, score: "1", reached_at: time, updated_at: time };
});

async function scansOfErasures(): Promise<number> {
  await sql`SELECT pg_stat_force_next_flush()`;
  const [row] = await sql`SELECT seq_scan::text AS scans FROM pg_stat_user_tables WHERE relname = 'erasures'`;
  return Number(row?.scans);
}

test("an upsert scans no erasures, however many players were erased, and whether an entry was removed or not", async () => {
  await sql`
    INSERT INTO erasures (scope, user_id, erased_at)
    SELECT 'EU', 'p' || n, 'epoch' FROM generate_series(1, 200000) AS n`;
  await sql`ANALYZE erasures`;
  const before = await scansOfErasures();
  expect(await upsertScores(sql, rows)).toBe(1_000);
  await sql`INSERT INTO erasures (scope, user_id, erased_at) VALUES ('EU/main', 'p7', now() + interval '1 day')`;
  await sql`TRUNCATE leaderboard`;
  expect(await upsertScores(sql, rows)).toBe(999);
  expect(await scansOfErasures()).toBe(before);
}, 30_000);
