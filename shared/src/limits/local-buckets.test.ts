import { expect, test } from "bun:test";
import { createLocalBuckets } from "./local-buckets.ts";
import { type Bucket, toPolicy } from "./policies.ts";

const user: Bucket = { policy: toPolicy("user", { perSecond: 1, burst: 3 }), key: "bucket:{EU}:user:ada" };

test("a bucket refills by the clock, up to its burst", () => {
  const local = createLocalBuckets();
  for (const left of [2, 1, 0]) expect(local.take([user], 0)).toEqual({ remaining: [left] });
  expect(local.take([user], 400)).toMatchObject({ denied: user, waitSeconds: 0.6 });
  expect(local.take([user], 1_000)).toEqual({ remaining: [0] });
  expect(local.take([user], 1_000_000)).toEqual({ remaining: [2] });
});

test("a bucket loses nothing when the clock goes back", () => {
  const local = createLocalBuckets();
  for (let n = 0; n < 2; n++) local.take([user], 3_600_000);
  expect(local.take([user], 0)).toEqual({ remaining: [0] });
  expect(local.take([user], 1_000)).toEqual({ remaining: [0] });
});

test("a permit that is given back can be taken again, up to the burst", () => {
  const local = createLocalBuckets();
  for (let n = 0; n < 3; n++) local.take([user], 0);
  local.giveBack([user]);
  expect(local.take([user], 0).denied).toBeUndefined();
  expect(local.take([user], 0).denied).toEqual(user);
  for (let n = 0; n < 9; n++) local.giveBack([user]);
  expect(local.take([user], 0)).toEqual({ remaining: [2] });
});

test("the number of buckets is bounded: the least recently used one is evicted and starts full", () => {
  const local = createLocalBuckets(2);
  const bucket = (key: string): Bucket => ({ ...user, key });
  local.take([bucket("a")], 0);
  local.take([bucket("b")], 0);
  local.take([bucket("a")], 0);
  local.take([bucket("c")], 0); // evicts b
  expect(local.take([bucket("a")], 0)).toEqual({ remaining: [0] });
  expect(local.take([bucket("b")], 0)).toEqual({ remaining: [2] });
});
