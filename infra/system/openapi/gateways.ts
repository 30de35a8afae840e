import { createServer } from "node:net";
import { Problem } from "shared/api/problems";
import type { Revocations } from "shared/auth/tokens";
import { putBoards } from "shared/boards/put-boards";
import { toValue } from "shared/boards/to-board";
import type { App } from "shared/http/serve";
import type { Limit } from "shared/limits/policies";
import { boardSchema, toDefinition } from "shared/model/board";
import { type SeasonPlan, toPlanValue } from "shared/seasons/plan";
import { createSettings } from "shared/settings/settings";
import { startIdentityProvider } from "testing/identity-provider";
import { buildGatewayUnderTest, type GatewayOptions } from "../../../gateway/test/gateway-under-test.ts";
import { type Built, startUnderTest } from "../../../ranker/test/ranker-under-test.ts";

type Gateway = App;

/**
 * Gateways over one real Redis, each with a ranker in another state. Together they can answer with
 * every problem code.
 */
export interface Gateways {
  ranker: Built;
  /** Its ranker works. */
  sound: Gateway;
  /** Its token buckets hold one permit, and do not refill in time. */
  narrow: Gateway;
  /** Only its buckets of reads hold one permit. */
  unread: Gateway;
  /** Its ranker has no room in its queues. */
  full: Gateway;
  /** Its ranker cannot reach the Redis of NA. */
  apart: Gateway;
  /** Players come from an identity provider. */
  provided: Gateway;
  /** Its ranker refuses connections. */
  refused: Gateway;
  /** Its ranker closes the connection at every request. */
  broken: Gateway;
  /** It has no ranker that is up. */
  alone: Gateway;
  plantWrongType(key: string): Promise<void>;
  /** Puts a board where its entries are being removed. */
  plantDeletedBoard(id: string): Promise<void>;
  /** Makes a board that has ended. */
  plantEndedBoard(id: string): Promise<void>;
  /** Makes a board with seasons, and their plan; without one no planner has come to it. */
  plantSeasons(id: string, plan?: Pick<SeasonPlan, "first" | "at">): Promise<void>;
  /** Tells the shard of EU a revision of a board that no ranker can read. */
  plantRevision(id: string): Promise<void>;
  close(): Promise<void>;
}

const NONE_REVOKED: Revocations = new Set<string>();
const ONE: Limit = { perSecond: 1e-3, burst: 1 };

export async function startGateways(): Promise<Gateways> {
  const under = await startUnderTest();
  const provider = startIdentityProvider();
  const ranker = await under.build({ revocations: NONE_REVOKED });
  const full = await under.build({ queueMax: 0 });
  const provided = await under.build({ provider: provider.options });
  const apart = await under.build({
    redisOf(region) {
      if (region === "NA") throw new Problem("unavailable", "The store of NA is away.");
      return under.redis;
    },
  });
  const servers = [ranker, full, provided, apart].map(({ app }) =>
    Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => app.fetch(request) }),
  );
  const dying = createServer((socket) => socket.once("data", () => socket.destroy()));
  await new Promise<void>((listening) => dying.listen(0, "127.0.0.1", listening));
  const address = dying.address();

  const gatewayBefore = (port: number | undefined, rest: Partial<GatewayOptions> = {}): Gateway =>
    buildGatewayUnderTest({
      urls: [`http://127.0.0.1:${port}`],
      redis: under.redis,
      topology: ranker.topology,
      revocations: NONE_REVOKED,
      ...rest,
    }).app;

  const [soundPort, fullPort, providedPort, apartPort] = servers.map(({ port }) => port);
  return {
    ranker,
    sound: gatewayBefore(soundPort),
    narrow: gatewayBefore(soundPort, {
      limits: { user: ONE, region: ONE, address: ONE, operator: ONE },
      streamsPerAddress: 0,
    }),
    unread: gatewayBefore(soundPort, { limits: { read: ONE } }),
    full: gatewayBefore(fullPort),
    provided: gatewayBefore(providedPort),
    apart: gatewayBefore(apartPort),
    // A new one each time: a gateway stops sending to a ranker that refused once.
    get refused() {
      return gatewayBefore(1);
    },
    broken: gatewayBefore(typeof address === "object" ? address?.port : 0),
    alone: gatewayBefore(soundPort, { isUp: false }),
    async plantWrongType(key) {
      await under.redis.set(key, "not what belongs here");
    },
    async plantDeletedBoard(id) {
      const kept = { created_at: null, state: "deleting", born: 0, has_seasons: false } as const;
      const value = toValue(toDefinition(boardSchema.parse({})), kept);
      await createSettings({ home: under.redis, queueMax: 1_000 }).put("boards", id, { value, replaces: undefined });
    },
    async plantEndedBoard(id) {
      const definition = boardSchema.parse({ season: { ends_at: "2020-01-01T00:00:00Z" } });
      const value = toValue(toDefinition({ ...definition, operators: ["set", "add", "create"] }), {
        created_at: null,
        state: "open",
        born: 0,
        has_seasons: false,
      });
      await createSettings({ home: under.redis, queueMax: 1_000 }).put("boards", id, { value, replaces: undefined });
    },
    async plantSeasons(id, plan) {
      const settings = createSettings({ home: under.redis, queueMax: 1_000 });
      const season = { schedule: "0 0 1 1 *", zone: "UTC" };
      const definition = boardSchema.parse({ season, operators: ["set", "add", "create"] });
      const value = toValue(toDefinition(definition), { created_at: null, state: "open", born: 0, has_seasons: true });
      await settings.put("boards", id, { value, replaces: undefined });
      if (plan === undefined) return;
      const planned = toPlanValue(Object.assign({ rev: 1 }, season, plan));
      await settings.put("seasons", id, { value: planned, replaces: undefined });
    },
    async plantRevision(id) {
      const shard = { region: "EU", partition: 0, tag: "EU" };
      await putBoards(under.redis, shard, [{ id, rev: Number.MAX_SAFE_INTEGER, state: "open", born: 0 }]);
    },
    async close() {
      await Promise.all([...servers.map((server) => server.stop(true)), provider.stop()]);
      await new Promise((closed) => dying.close(closed));
      await under.close();
    },
  };
}
