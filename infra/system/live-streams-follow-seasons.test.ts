import { expect, test } from "bun:test";
import { applyChanges, type BoardState } from "leaderboard-client";
import type { BoardEvent } from "shared/api/live";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { clientOf } from "testing/services/client";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ rankers: 2, env: { ...NO_LIMITS, PARTITIONS: "2" } }));
const client = clientOf(site.gateways[0]);
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));

const EVERY_TWO_SECONDS = "*/2 * * * * *";
const SEASONS = 4;
const REGIONS = ["EU", "NA"];

/** What a viewer has seen, in order. */
interface Seen {
  /** The number of each season, from its snapshot. */
  seasons: number[];
  state: BoardState | undefined;
  kinds: string[];
  /** Why connections were lost. */
  lost: string[];
}

/** Goes on as a client that knows of `season` only that a snapshot follows. */
function see(seen: Seen, { event, data }: BoardEvent): void {
  seen.kinds.push(event);
  if (event === "snapshot") {
    seen.state = data;
    if (data.season !== seen.seasons.at(-1)) seen.seasons.push(data.season ?? 0);
  } else if (event === "change" && seen.state !== undefined) seen.state = applyChanges(seen.state, data);
}

test("viewers go from season to season, also over the loss of a ranker, and end with what stands", async () => {
  await root.putBoard("sprint", { operator: "add", season: { schedule: EVERY_TWO_SECONDS } });
  const ended = new AbortController();
  const viewers: Seen[] = [];
  async function view(region: string): Promise<void> {
    const seen: Seen = { seasons: [], state: undefined, kinds: [], lost: [] };
    viewers.push(seen);
    const onLost = ({ code }: { code: string }) => void seen.lost.push(code);
    for await (const event of client.live({ region, board: "sprint" }, { signal: ended.signal, onLost })) {
      see(seen, event);
    }
  }
  const watching = Promise.allSettled(["GLOBAL", ...REGIONS, "GLOBAL"].map(view));
  let newest = 0;
  let first = 0;
  async function play(n: number): Promise<void> {
    while (first === 0 || newest < first + SEASONS) {
      const region = REGIONS[n % 2] ?? "EU";
      const { season = 0 } = await root.submitScoreFor({ user_id: `p-${n}`, board: "sprint", score: 1, region });
      if (first === 0) first = season;
      newest = Math.max(newest, season);
    }
  }
  const playing = Promise.all(Array.from({ length: 6 }, (_, n) => play(n)));
  while (newest < first + 1 || first === 0) await client.health();
  const [victim] = site.rankers;
  await victim.kill();
  await victim.start();
  await playing;
  // A season may end between the two, and then the next comparison is of the next one.
  for (const seen of viewers) {
    const region = seen.state?.region ?? "";
    const isSame = async () => {
      const { season, entries } = await client.top({ region, board: "sprint", limit: 20 });
      return season === seen.state?.season && Bun.deepEquals(entries, seen.state?.entries);
    };
    while (!(await isSame()));
  }
  ended.abort();
  await watching;
  expect(viewers.flatMap(({ lost }) => lost).length).toBeGreaterThan(0);
  for (const { seasons, kinds, lost } of viewers) {
    // A viewer who was away over two ends sees the season that runs by then.
    const [from = 0] = seasons;
    expect(seasons).toEqual(
      lost.length === 0 ? seasons.map((_, n) => from + n) : [...new Set(seasons)].toSorted((a, b) => a - b),
    );
    expect(seasons.length).toBeGreaterThanOrEqual(SEASONS - 1);
    for (const [index, kind] of kinds.entries()) if (kind === "season") expect(kinds[index + 1]).toBe("snapshot");
  }
}, 60_000);
