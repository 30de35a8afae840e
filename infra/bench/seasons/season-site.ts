import postgres, { type Sql } from "postgres";
import { createTokens } from "shared/auth/tokens";
import { JWT_SECRET } from "testing/services/service-under-test";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { type BenchService, startBenchDrainer, startBenchService } from "../stage/services.ts";
import { type BenchRedis, startBenchPostgres, startBenchRedis } from "../stage/stores.ts";
import { TOPOLOGY } from "../stage/topology.ts";

/** A ranker and a drainer over four regions, each with a database of its own, and one Redis. */
export interface SeasonSite {
  readonly redis: BenchRedis;
  readonly ranker: BenchService;
  /** The addresses of the stores, as services and commands read them. */
  readonly env: Readonly<Record<string, string>>;
  readonly home: Sql;
  urlOf(region: string): string;
  /** Sends a request as an admin. @throws RefusedRequest */
  ask<T>(method: string, path: string, body?: object): Promise<T>;
}

/** An answer that is a problem. */
export class RefusedRequest extends Error {
  readonly code: string;
  constructor(what: string, problem: string) {
    super(`${what}: ${problem}`);
    this.code = /"code":"(\w+)"/.exec(problem)?.[1] ?? problem;
  }
}

const LIFETIME_SECONDS = 24 * 3600;
const databaseOf = (region: string) => `seasons_${region.toLowerCase()}`;

export async function startSeasonSite(stack: AsyncDisposableStack, dir: string): Promise<SeasonSite> {
  const { regions } = TOPOLOGY;
  const server = stack.use(await startBenchPostgres(dir, regions.map(databaseOf)));
  const urlOf = (region: string) => server.url(databaseOf(region));
  await Promise.all(regions.map((region) => migrate(urlOf(region))));
  const redis = stack.use(await startBenchRedis(dir));
  const [homeRegion = ""] = regions;
  const stores = { REDIS_URL: redis.url, POSTGRES_URL: urlOf(homeRegion) };
  const env = { ...stores, ...Object.fromEntries(regions.map((region) => [`POSTGRES_URL_${region}`, urlOf(region)])) };
  stack.use(await startBenchDrainer(dir, env));
  const ranker = stack.use(await startBenchService("ranker", dir, env));
  const named = { issuer: "leaderboard", audience: "leaderboard", lifetimeSeconds: LIFETIME_SECONDS };
  const { issueOperator } = createTokens({ secret: JWT_SECRET, ...named });
  const token = await issueOperator({ name: "bench" }, LIFETIME_SECONDS);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const home = stack.adopt(postgres(env.POSTGRES_URL, { max: 1 }), (pool) => pool.end());
  return {
    redis,
    ranker,
    env,
    home,
    urlOf,
    async ask(method, path, body) {
      const init = { method, headers, body: body ? JSON.stringify(body) : null };
      const answer = await fetch(ranker.url + path, init);
      if (!answer.ok) throw new RefusedRequest(`${method} ${path}`, await answer.text());
      return (await answer.json()) as never;
    },
  };
}

/** A cron schedule that ends a season once a day, at a time (ms) that is a whole second. */
export function toDaily(endsAtMs: number): string {
  const at = new Date(endsAtMs);
  return `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
}

/** The first whole second that is so far away. */
export const secondsFromNow = (seconds: number): number => (Math.ceil(Date.now() / 1000) + seconds) * 1000;
