import { afterAll, afterEach, expect, test } from "bun:test";
import { createTopology, shardOf } from "shared/model/regions";
import { queueKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { connectTo } from "testing/redis/connect";
import { scratchStores } from "testing/scratch";
import { clientOf } from "testing/services/client";
import { type ServiceName, startService } from "testing/services/service-under-test";

interface Span {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  links?: { spanId: string; traceId: string }[];
}

interface Export {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: Omit<Span, "service">[] }[];
  }[];
}

/** The spans that the collector has received. */
const spans: Span[] = [];
const collector = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const { resourceSpans } = (await request.json()) as Export;
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
      spans.push(...scopeSpans.flatMap((scope) => scope.spans).map((span) => ({ ...span, service })));
    }
    return Response.json({});
  },
});

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

const { redis, env } = await forFile(scratchStores());
const running: (() => Promise<unknown>)[] = [];
const stopAll = async () => {
  for (const stop of running.splice(0).reverse()) await stop();
};
afterEach(stopAll);
afterAll(() => collector.stop(true));

async function start(name: ServiceName, more: Record<string, string>): Promise<string> {
  const service = await startService(name, { ...env, PASSWORDS: "optional", ...more });
  running.push(service.stop);
  return service.url;
}

async function addOnce(gatewayUrl: string, userId: string): Promise<void> {
  const client = clientOf({ url: gatewayUrl });
  const token = await client.register({ user_id: userId, name: "Ada", region: "EU" });
  const written = await client.post("/score/add", { delta: 1 }, token, { traceparent: CALLER });
  expect(written.status).toBe(200);
}

/** The spans of the caller's trace, as `service name`, each with its parent. */
function tree(): Record<string, string> {
  const traced = spans.filter(({ traceId }) => traceId === TRACE_ID);
  const label = ({ service, name }: Span) => `${service} ${name.replace(/127\.0\.0\.1:\d+/, "ranker")}`;
  return Object.fromEntries(
    traced.map((span) => {
      const parent = traced.find(({ spanId }) => spanId === span.parentSpanId);
      return [label(span), parent === undefined ? (span.parentSpanId ?? "") : label(parent)];
    }),
  );
}

test("one trace leads from the caller through gateway and ranker to the drainer's commit", async () => {
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` };
  const rankerUrl = await start("ranker", on);
  await start("drainer", on);
  const gatewayUrl = await start("gateway", { ...on, LEADERBOARD_SERVICE_URLS: rankerUrl });
  await addOnce(gatewayUrl, "ada");
  // A service sends its last spans when it stops, and the drainer empties its queues first.
  await stopAll();
  expect(tree()).toEqual({
    "gateway POST /score/add": "00f067aa0ba902b7",
    "gateway script token-bucket": "gateway POST /score/add",
    "gateway attempt ranker": "gateway POST /score/add",
    "ranker POST /score/add": "gateway attempt ranker",
    // The first write on a shard tells it the board.
    "ranker script put-boards": "ranker POST /score/add",
    "ranker script read-account": "ranker POST /score/add",
    "ranker script submit": "ranker POST /score/add",
    "drainer commit": "ranker POST /score/add",
  });
  const commit = spans.find(({ traceId, name }) => traceId === TRACE_ID && name === "commit");
  const batch = spans.find(({ spanId }) => spanId === commit?.links?.[0]?.spanId);
  expect(batch).toMatchObject({ name: "drain batch" });
  expect(batch?.traceId).not.toBe(TRACE_ID);
  expect(batch?.links?.some(({ traceId }) => traceId === TRACE_ID)).toBe(true);
}, 60_000);

test("without a collector the caller's header is passed on, and no event has one", async () => {
  const arrived: (string | null)[] = [];
  const rankerUrl = await start("ranker", {});
  const between = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      if (request.url.endsWith("/score/add")) arrived.push(request.headers.get("traceparent"));
      return fetch(request.url.replace(/^http:\/\/[^/]+/, rankerUrl), request);
    },
  });
  running.push(() => between.stop(true));
  const gatewayUrl = await start("gateway", { LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${between.port}` });
  await addOnce(gatewayUrl, "bob");
  expect(arrived).toEqual([CALLER]);
  const client = await connectTo(redis.url);
  const queue = queueKey(shardOf(createTopology(["GLOBAL", "ASIA", "EU", "NA"], 1, ["main"]), "EU", "bob"));
  const [event = ""] = await client.lrange(queue, 0, 0);
  client.disconnect();
  expect(JSON.parse(event)).toMatchObject({ user_id: "bob" });
  expect(event).not.toContain("traceparent");
}, 60_000);
