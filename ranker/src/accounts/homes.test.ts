import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Identity } from "shared/auth/tokens";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { homesKey } from "shared/redis/keys";
import { connectRedis, type Redis } from "shared/redis/redis";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow } from "../../test/season-board.ts";
import { createHomes } from "./homes.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build();
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const topology = createTopology(REGIONS, 1, ["main", "weekly"]);
const build = (now?: () => number) =>
  createHomes({ topology, stores: { home: under.redis, of: () => under.redis } }, now);
const external = (region: string): Identity => ({ ...player("grace", region), isExternal: true });
const wrongRegion = { code: "wrong_region", status: 403, message: "The player's home region is EU." };

describe("the home of a player without an account", () => {
  test("is the region of the first entry, at every ranker", async () => {
    const [one, other] = [build(), build()];
    await one.claim(external("EU"));
    await one.claim(external("EU"));
    for (const homes of [one, other]) await expect(homes.claim(external("NA"))).rejects.toMatchObject(wrongRegion);
    await other.claim(external("EU"));
  });

  test("is one region where first entries of several arrive at once", async () => {
    const claims = await Promise.allSettled(REGIONS.map((region) => build().claim(external(region))));
    expect(claims.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test.each(["main", "weekly"])("is that of an entry of an earlier release on the board %s", async (board) => {
    await ranker.submit(player("grace", "EU"), { operation: "set", board, value: 5 });
    expect(await under.redis.exists(homesKey)).toBe(0);
    await expect(build().claim(external("NA"))).rejects.toMatchObject(wrongRegion);
    expect(await under.redis.hget(homesKey, "grace")).toBe("EU");
    await build().claim(external("EU"));
  });

  test.each([
    ["on the board that is written to", "cup", "cup"],
    ["on a configured board", "weekly", "main"],
  ])("is that of an entry in the season that runs, %s", async (_, board, written) => {
    await defineSeasons(under.redis, { id: board, at: [-1, 1, 2].map(hoursFromNow) });
    await ranker.submit(player("grace", "EU"), { operation: "set", board, value: 5 });
    await under.redis.del(homesKey);
    await expect(build().claim(external("NA"), written)).rejects.toMatchObject(wrongRegion);
  });

  test("is that of the newest entry where there are two", async () => {
    for (const region of ["NA", "EU"]) {
      await ranker.submit(player("grace", region), { operation: "set", board: "main", value: 5 });
    }
    await expect(build().claim(external("NA"))).rejects.toMatchObject(wrongRegion);
  });

  test("gives way where its region is not configured any more", async () => {
    await under.redis.hset(homesKey, "grace", "MARS");
    await build().claim(external("EU"));
    expect(await under.redis.hget(homesKey, "grace")).toBe("EU");
  });

  test("is free again after an erasure", async () => {
    let nowMs = 0;
    const homes = build(() => nowMs);
    await homes.claim(external("NA"));
    await ranker.erasePlayer("grace");
    nowMs += 2_000;
    await homes.claim(external("EU"));
    await expect(build().claim(external("NA"))).rejects.toMatchObject(wrongRegion);
  });
});

describe("a registration under the id of a player with entries", () => {
  const registration = { user_id: "grace", name: "Grace" };

  test.each([
    ["that is written down", () => build().claim(external("EU"))],
    ["of an earlier release", () => ranker.submit(external("EU"), { operation: "set", board: "main", value: 1 })],
  ])("takes over a home %s, and another region is refused", async (_, enter) => {
    await enter();
    const refused = await ranker.post("/auth/register", { ...registration, region: "NA" });
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: "wrong_region" }]);
    expect((await ranker.post("/auth/register", { ...registration, region: "EU" })).status).toBe(201);
    expect(await under.redis.exists(homesKey)).toBe(0);
  });
});

test("while the home store is away, players whose home was read go on, and others are told to wait", async () => {
  let nowMs = 0;
  const away = connectRedis({ url: "redis://127.0.0.1:1", name: "away", log: createLog("test", "silent") });
  let home: Redis = under.redis;
  const homes = createHomes(
    {
      topology,
      stores: {
        get home() {
          return home;
        },
        of: () => under.redis,
      },
    },
    () => nowMs,
  );
  try {
    await homes.claim(external("EU"));
    home = away;
    nowMs += 2_000;
    await homes.claim(external("EU"));
    await expect(homes.claim(external("NA"))).rejects.toMatchObject(wrongRegion);
    const unknown = { ...external("EU"), userId: "heidi" };
    await expect(homes.claim(unknown)).rejects.toMatchObject({ code: "unavailable", status: 503 });
  } finally {
    away.disconnect();
  }
});
