import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { clientOf } from "testing/client";
import { scratchRedis } from "testing/scratch";
import { startService } from "testing/service-under-test";

/**
 * How one ranker bears many who look: `bun infra/bench/live-viewers.ts --viewers 5000 --seconds 10`, with `--gateway` through one.
 * Real connections on loopback; a score, and the next one when every viewer has seen it.
 */
const { values } = parseArgs({
  options: {
    viewers: { type: "string", default: "5000" },
    seconds: { type: "string", default: "10" },
    gateway: { type: "boolean", default: false },
  },
});
const viewerCount = Math.min(10_000, Number(values.viewers));
const seconds = Math.min(60, Number(values.seconds));
const print = (line: string) => void process.stdout.write(`${line}\n`);

const redis = await scratchRedis();
const ranker = await startService("ranker", { REDIS_URL: redis.url, PASSWORDS: "optional" });
const gateway = values.gateway
  ? await startService("gateway", {
      REDIS_URL: redis.url,
      LEADERBOARD_SERVICE_URLS: ranker.url,
      RATE_READ_PER_SECOND: "1000000",
      RATE_READ_BURST: "1000000",
      LIVE_STREAMS_PER_ADDRESS: "10000",
      BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
    })
  : undefined;
const client = clientOf(ranker);
const token = await client.register({ user_id: "ada", name: "Ada", region: "EU" });
const submit = (score: number) => client.post("/score/update", { score }, token);
await submit(1);

interface Seen {
  socket: Socket;
  /** The last score that it was shown. */
  score: number;
  atMs: number;
  tail: string;
}
const seen: Seen[] = [];
const openedAt = performance.now();
for (let n = 0; n < viewerCount; n++) {
  const viewer: Seen = { socket: connect((gateway ?? ranker).port, "127.0.0.1"), score: 0, atMs: 0, tail: "" };
  viewer.socket.on("error", () => {});
  viewer.socket.on("data", (chunk) => {
    viewer.tail = (viewer.tail + chunk.toString("latin1")).slice(-2_000);
    const score = Number(/.*"score":(\d+)/s.exec(viewer.tail)?.[1] ?? 0);
    if (score === viewer.score) return;
    viewer.score = score;
    viewer.atMs = performance.now();
  });
  viewer.socket.write("GET /live?region=EU HTTP/1.1\r\nHost: x\r\n\r\n");
  seen.push(viewer);
  // As fast as they are accepted, no faster: the backlog of a listening socket is short.
  if (n % 100 === 99) while (seen[n - 99]?.score === 0) await Bun.sleep(5);
}
while (seen.some(({ score }) => score !== 1)) await Bun.sleep(20);
print(`${viewerCount} viewers have the snapshot after ${Math.round(performance.now() - openedAt)} ms`);

const callsOf = async () => {
  const probe = Bun.spawn(["redis-cli", "-p", String(redis.port), "info", "commandstats"]);
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await new Response(probe.stdout).text())?.[1] ?? 0);
};
const cpuOf = async ({ metricsUrl } = ranker) => {
  const text = await (await fetch(metricsUrl)).text();
  return {
    seconds: Number(/process_cpu_seconds_total\{[^}]*\} (\S+)/.exec(text)?.[1]),
    megabytes: Number(/process_resident_memory_bytes\{[^}]*\} (\S+)/.exec(text)?.[1]) / 2 ** 20,
    skips: Number(/ranker_live_skips_total\{[^}]*\} (\S+)/.exec(text)?.[1]),
  };
};
const [callsBefore, cpuBefore, beganAt] = [await callsOf(), await cpuOf(), performance.now()];
const lags: number[] = [];
const answers: number[] = [];
let score = 1;
while (performance.now() - beganAt < seconds * 1_000) {
  const sentAt = performance.now();
  await submit(++score);
  answers.push(performance.now() - sentAt);
  while (seen.some((viewer) => viewer.score !== score)) await Bun.sleep(5);
  lags.push(...seen.map(({ atMs }) => atMs - sentAt));
}
const took = (performance.now() - beganAt) / 1_000;
const [callsAfter, cpuAfter] = [await callsOf(), await cpuOf()];
const at = (list: number[], share: number) =>
  Math.round(list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] ?? 0);
print(`${score - 1} scores in ${took.toFixed(1)} s, each seen by all ${viewerCount}: ${lags.length} events`);
print(`from submit to sight: p50 ${at(lags, 0.5)} ms, p99 ${at(lags, 0.99)} ms, last ${at(lags, 0.99999)} ms`);
print(`submit answered: p50 ${at(answers, 0.5)} ms, p99 ${at(answers, 0.99)} ms`);
print(`Redis: ${((callsAfter - callsBefore) / took).toFixed(1)} scripts a second, writes included`);
print(
  `ranker: ${Math.round((100 * (cpuAfter.seconds - cpuBefore.seconds)) / took)} % of a core, ${Math.round(cpuAfter.megabytes)} MiB, ${cpuAfter.skips} skipped ahead`,
);
if (gateway !== undefined) print(`gateway: ${Math.round((await cpuOf(gateway)).megabytes)} MiB`);
for (const { socket } of seen) socket.destroy();
await gateway?.stop();
await ranker.stop();
await redis.dispose();
