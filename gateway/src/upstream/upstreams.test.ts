import { describe, expect, test } from "bun:test";
import { applyProbe, createPool, markDown, type Pool, pick, type Upstream } from "./upstreams.ts";

const urls = ["http://10.0.0.1:5000", "http://10.0.0.2:5000", "http://10.0.0.3:5000"];

function poolWith(...ups: boolean[]): Pool {
  const pool = createPool(urls.slice(0, ups.length));
  for (const [index, upstream] of pool.upstreams.entries()) upstream.isUp = ups[index] ?? false;
  return pool;
}
const picks = (pool: Pool, times: number) => Array.from({ length: times }, () => pick(pool)?.address.at(7));
const first = (pool: Pool): Upstream => {
  const upstream = pool.upstreams[0];
  if (upstream === undefined) throw new Error("the pool is empty");
  return upstream;
};

describe("pick", () => {
  test("goes round in order", () => {
    expect(picks(poolWith(true, true, true), 6)).toEqual(["1", "2", "3", "1", "2", "3"]);
  });

  test("skips those that are down", () => {
    expect(picks(poolWith(true, false, true), 4)).toEqual(["1", "3", "1", "3"]);
  });

  test("finds no upstream where all are down, as all are at the start", () => {
    expect(pick(poolWith(false, false))).toBeUndefined();
    expect(pick(createPool(urls))).toBeUndefined();
  });

  test("leaves out the one that has just failed, even when it is the last", () => {
    const pool = poolWith(true, true);
    const failed = first(pool);
    expect(picks(pool, 1)).toEqual(["1"]);
    expect([pick(pool, failed)?.address, pick(pool, failed)?.address]).toEqual(["10.0.0.2:5000", "10.0.0.2:5000"]);
    expect(pick(poolWith(true), undefined)?.address).toBe("10.0.0.1:5000");
    const alone = poolWith(true);
    expect(pick(alone, first(alone))).toBeUndefined();
  });
});

describe("probes", () => {
  test("one success brings an upstream up", () => {
    const upstream = first(poolWith(false));
    applyProbe(upstream, "ready", upstream.downs);
    expect(upstream.isUp).toBe(true);
  });

  test("one missing answer is no outage, two in a row are", () => {
    const upstream = first(poolWith(true));
    applyProbe(upstream, "no_answer", 0);
    expect(upstream.isUp).toBe(true);
    applyProbe(upstream, "ready", 0);
    applyProbe(upstream, "no_answer", 0);
    expect(upstream.isUp).toBe(true);
    applyProbe(upstream, "no_answer", 0);
    expect(upstream.isUp).toBe(false);
  });

  test("an upstream that says it is not ready is out at once", () => {
    const upstream = first(poolWith(true));
    applyProbe(upstream, "not_ready", 0);
    expect(upstream.isUp).toBe(false);
  });

  test("a probe that began before the upstream was found down proves nothing", () => {
    const upstream = first(poolWith(true));
    const downsAtStart = upstream.downs;
    markDown(upstream);
    applyProbe(upstream, "ready", downsAtStart);
    expect(upstream.isUp).toBe(false);
    applyProbe(upstream, "ready", upstream.downs);
    expect(upstream.isUp).toBe(true);
  });
});
