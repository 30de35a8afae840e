import { afterAll, expect, test } from "bun:test";
import { createTopology } from "shared/model/regions";
import { openFencesAt } from "testing/open-fences";
import { scratchRedis } from "testing/scratch";
import { runLb } from "testing/services/run-lb";
import { JWT_SECRET, type ServiceUnderTest, startService } from "testing/services/service-under-test";
import { until } from "testing/until";

const KNOWN_WITHIN_MS = 1_000;

const redis = await scratchRedis();
await openFencesAt(redis.url, createTopology(["EU"], 1, ["main"]));
const env = { REDIS_URL: redis.url, REGIONS: "EU" };
const rankers = await Promise.all([startService("ranker", env), startService("ranker", env)]);
const behind = { ...env, LEADERBOARD_SERVICE_URLS: rankers.map(({ url }) => url).join(",") };
const gateways = await Promise.all([startService("gateway", behind), startService("gateway", behind)]);
const services = [...gateways, ...rankers];
afterAll(async () => {
  for (const service of services) await service.stop();
  await redis.dispose();
});

const lb = (...args: string[]) => runLb(["token", ...args], { ...env, JWT_SECRET });
interface Made {
  token: string;
  id: string;
}
const make = async (role: string) => JSON.parse((await lb("make", "root", "--role", role, "--json")).out) as Made;

async function ask({ url }: ServiceUnderTest, token: string) {
  const answer = await fetch(`${url}/players/nobody`, { headers: { Authorization: `Bearer ${token}` } });
  return (await answer.json()) as { code: string; detail: string };
}
const codesOf = (token: string) => Promise.all(services.map(async (service) => (await ask(service, token)).code));

test("two gateways and two rankers refuse a revoked token within a second, although they had verified it", async () => {
  const [revoked, other] = [await make("reader"), await make("reader")];
  for (let time = 1; time <= 2; time++) expect(new Set(await codesOf(revoked.token))).toEqual(new Set(["not_found"]));
  expect((await lb("revoke", revoked.id)).code).toBe(0);
  const revokedAt = performance.now();
  await until(
    () => codesOf(revoked.token),
    (codes) => codes.every((code) => code === "invalid_token"),
  );
  expect(performance.now() - revokedAt).toBeLessThan(KNOWN_WITHIN_MS);
  expect(new Set(await codesOf(other.token))).toEqual(new Set(["not_found"]));

  // Without the home Redis the last known list counts, and a gateway that never read it takes none.
  await redis.stop();
  expect(new Set(await codesOf(revoked.token))).toEqual(new Set(["invalid_token"]));
  expect(await codesOf(other.token)).not.toContain("invalid_token");
  const late = await startService("gateway", behind);
  services.push(late);
  const known = await ask(late, other.token);
  expect([known.code, known.detail]).toEqual(["unavailable", expect.stringContaining("list of revoked tokens")]);
  const unlisted = await ask(late, (await lb("root")).out.trim());
  expect(unlisted.detail).not.toContain("list of revoked tokens");
});
