import { expect, test } from "bun:test";
import connect from "postgres";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, REGIONS, startSite } from "../faults/site.ts";

/** Of each of the four regions. */
const PARTITIONS = 8;
const PLAYERS = 40;
/** From its end until a season is final, on a busy machine. */
const FINAL_MS = 8_000;

const site = await forFile(startSite({ env: { ...NO_LIMITS, PARTITIONS: String(PARTITIONS) } }));
const root = clientOf(site.gateways[0]).as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));
const sql = connect(site.postgresUrl("GLOBAL"), { max: 1 });
await forFile({ close: () => sql.end({ timeout: 1 }) });

interface Ended {
  season: number;
  total: string;
  late_ms: string;
}

test("32 shards without writes and reads make a season final within seconds of its end", async () => {
  await root.putBoard("idle", { season: { schedule: "*/5 * * * * *" } });
  const seasons = new Set<number | undefined>();
  for (let n = 0; n < PLAYERS; n++) {
    const entry = { user_id: `p-${n}`, board: "idle", score: n, region: REGIONS[n % REGIONS.length] ?? "" };
    seasons.add((await root.submitScoreFor(entry)).season);
  }
  const last = Math.max(...[...seasons].map((season) => season ?? 0));
  // The season behind it has no entry at all.
  const [ended, empty] = await until(
    () => sql<Ended[]>`
      SELECT season, total::text, (extract(epoch FROM clock_timestamp() - ends_at) * 1000)::text AS late_ms
      FROM seasons WHERE board = 'idle' AND state = 'final' AND season >= ${last} ORDER BY season`,
    ({ length }) => length >= 2,
  );
  expect([ended?.season, empty?.season, empty?.total]).toEqual([last, last + 1, "0"]);
  expect(Number(empty?.late_ms)).toBeLessThan(FINAL_MS);
  const [row] = await sql`SELECT sum(total)::text AS total FROM seasons WHERE board = 'idle' AND state = 'final'`;
  expect(row?.total).toBe(String(PLAYERS));
}, 60_000);
