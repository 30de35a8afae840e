import { afterEach, beforeAll, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { createTokens } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { entryKeys } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { scaled } from "./scale.ts";
import { NO_LIMITS, REGIONS, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const site = await forFile(startSite({ rankers: 2, env: NO_LIMITS }));
const { url } = site.gateways[0];
const client = clientOf({ url });
const { shards } = createTopology(REGIONS, 1, ["main"]);
afterEach(() => site.heal());

/** Reads of the archive at once: more than the connections of the rankers to a database. */
const READERS = 24;
/** Of a reader: a refusal at once would otherwise be asked for thousands of times a second. */
const PAUSE_MS = 20;
const AWAY_MS = scaled(2_000, 10_000);
/** A client is promised an answer within a second. The rest is for the machine of the tests. */
const ANSWER_MS = 1_000;

let season = 0;
beforeAll(async () => {
  const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));
  await root.putBoard("cup", { season: { schedule: "*/2 * * * * *" } });
  const submit = () => root.submitScoreFor({ user_id: "ada", name: "Ada", region: "EU", board: "cup", score: 7 });
  const written = await until(
    () => submit().catch(() => undefined),
    (answer) => answer !== undefined,
  );
  season = written?.season ?? 0;
  await until(
    async () => (await root.readSeason("cup", season)).state,
    (state) => state === "final",
  );
  await until(
    async () => Promise.all(shards.map((shard) => site.client.exists(...entryKeys(shard, `cup@${season}`)))),
    (counts) => counts.every((count) => count === 0),
  );
}, 60_000);

interface Seen {
  answers: Map<string, number>;
  slowestMs: number;
}

/** Reads the archive and the present beside each other, as long as `fault` takes. */
async function readDuring(fault: () => Promise<unknown>): Promise<{ archive: Seen; present: Seen }> {
  const ask = async (target: string, seen: Seen) => {
    const startedAt = performance.now();
    const response = await fetch(url + target);
    const { code } = (await response.json()) as { code?: string };
    const name = [response.status, code ?? []].flat().join(" ");
    seen.answers.set(name, (seen.answers.get(name) ?? 0) + 1);
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - startedAt);
  };
  const archive: Seen = { answers: new Map(), slowestMs: 0 };
  const present: Seen = { answers: new Map(), slowestMs: 0 };
  const targets = ["/top", "/rank/ada", "/around/ada"].map((path) => `${path}?board=cup&season=${season}`);
  let turn = 0;
  const askArchive = async () => {
    await ask(targets[turn++ % targets.length] ?? "", archive);
    await delay(PAUSE_MS);
  };
  await using _archive = keepDoing(askArchive, READERS);
  await using _present = keepDoing(() => ask("/top?limit=10", present), 2);
  await fault();
  return { archive, present };
}

const proxies = () => site.rankers.map(({ toPostgres }) => toPostgres);
const stopped = (signal: NodeJS.Signals) => {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(site.postgres.pid)]);
  const backends = stdout.toString().split("\n").map(Number).filter(Boolean);
  for (const pid of [site.postgres.pid, ...backends]) process.kill(pid, signal);
};

test.each([
  ["half-open connections to PostgreSQL", () => proxies().map((each) => each.blackHole()), () => site.heal()],
  ["PostgreSQL paused", () => stopped("SIGSTOP"), () => stopped("SIGCONT")],
  ["PostgreSQL refuses", () => proxies().map((each) => each.refuse()), () => site.heal()],
])(
  "%s: an archive is answered with 503 within a second, the present and writes as before, and the archive again by itself",
  async (name, begin, end) => {
    const question = `${url}/rank/ada?board=cup&season=${season}`;
    const before = await (await fetch(question)).text();
    expect(JSON.parse(before)).toMatchObject({ rank: 1, score: 7, season });
    await expectNothingLost(site, {
      name,
      load: { lanes: 4, pauseMs: 20 },
      async inject() {
        const { archive, present } = await readDuring(async () => {
          begin();
          await delay(AWAY_MS);
          end();
        });
        const ofArchive = [...archive.answers.keys()].toSorted();
        expect(ofArchive.filter((answer) => answer !== "200" && answer !== "503 archives_unavailable")).toEqual([]);
        expect(archive.answers.get("503 archives_unavailable")).toBeGreaterThan(0);
        expect([...present.answers.keys()]).toEqual(["200"]);
        expect([archive.slowestMs < ANSWER_MS, present.slowestMs < ANSWER_MS]).toEqual([true, true]);
      },
    });
    expect(
      await until(
        async () => (await fetch(question)).text(),
        (text) => text === before,
      ),
    ).toBe(before);
  },
  60_000,
);
