import { expect, test } from "bun:test";
import connect from "postgres";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ rankers: 2, env: NO_LIMITS }));
const client = clientOf(site.gateways[0]);
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));

const PLAYERS = 12;
const SEASONS = 4;
/** Longer than any write takes, shorter than the test. */
const EVERY_TWO_SECONDS = "*/2 * * * * *";

interface Archived {
  season: number;
  user_id: string;
  score: string;
  is_within: boolean;
}

async function readArchived(region: string): Promise<Archived[]> {
  const sql = connect(site.postgresUrl(region), { max: 1 });
  try {
    return await sql<Archived[]>`
      SELECT season, user_id, score::text, updated_at >= starts_at AND updated_at < ends_at AS is_within
      FROM archived JOIN ended_seasons USING (board, season, region) WHERE board = 'sprint'`;
  } finally {
    await sql.end();
  }
}

test("what players add while seasons end is archived in the season that each answer named", async () => {
  await root.putBoard("sprint", { operator: "add", season: { schedule: EVERY_TWO_SECONDS } });
  const acknowledged = new Map<string, number>();
  let newest = 0;
  const play = async (n: number) => {
    const region = n % 2 === 0 ? "EU" : "NA";
    while (newest <= SEASONS) {
      const { season = 0 } = await root.submitScoreFor({ user_id: `p-${n}`, board: "sprint", score: 1, region });
      const name = `${season} p-${n}`;
      acknowledged.set(name, (acknowledged.get(name) ?? 0) + 1);
      newest = Math.max(newest, season);
      const top = await client.top({ board: "sprint", limit: PLAYERS });
      expect(top.season).toBeGreaterThanOrEqual(season);
    }
  };
  await Promise.all(Array.from({ length: PLAYERS }, (_, n) => play(n)));
  const meant = [...acknowledged].filter(([name]) => Number(name.split(" ")[0]) <= SEASONS).toSorted();
  const archived = await until(
    async () => (await Promise.all([readArchived("EU"), readArchived("NA")])).flat(),
    (rows) => rows.filter(({ season }) => season <= SEASONS).length >= meant.length,
  );
  const found = archived.filter(({ season }) => season <= SEASONS);
  expect(found.map(({ season, user_id, score }) => [`${season} ${user_id}`, Number(score)]).toSorted()).toEqual(meant);
  expect(found.every(({ is_within }) => is_within)).toBe(true);
  // The first one may be over before the first write.
  expect(new Set(found.map(({ season }) => season)).size).toBeGreaterThanOrEqual(SEASONS - 1);
}, 60_000);
