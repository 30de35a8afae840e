import { expect, test } from "bun:test";
import { limitedNetworks } from "shared/limits/limited-network";
import { createFairQueue, type FairQueue } from "./fair-queue.ts";

/** Adds items that are named by their client and number. */
function fill(queue: FairQueue<string>, client: string, count: number): boolean[] {
  const networks = limitedNetworks(client);
  return Array.from({ length: count }, (_, n) => queue.add(networks, `${client}#${n}`).isAdded);
}

const drain = (queue: FairQueue<string>) => Array.from({ length: queue.size }, () => queue.next());

test("networks take turns, and each is served in the order of its items", () => {
  const queue = createFairQueue<string>({ total: 100, perAddress: 100 });
  fill(queue, "1.1.1.1", 3);
  fill(queue, "2.2.2.2", 1);
  fill(queue, "3.3.3.3", 2);
  expect(drain(queue)).toEqual(["1.1.1.1#0", "2.2.2.2#0", "3.3.3.3#0", "1.1.1.1#1", "3.3.3.3#1", "1.1.1.1#2"]);
  expect(queue.next()).toBeUndefined();
});

test("the networks of one IPv6 site have one turn among the sites, and take turns within it", () => {
  const queue = createFairQueue<string>({ total: 100, perAddress: 100 });
  for (const subnet of ["1", "2", "3"]) fill(queue, `2001:db8:1:${subnet}::`, 1);
  fill(queue, "2001:db8:1:100::", 1);
  fill(queue, "9.9.9.9", 2);
  expect(drain(queue)).toEqual([
    "2001:db8:1:1::#0",
    "9.9.9.9#0",
    "2001:db8:1:100::#0",
    "9.9.9.9#1",
    "2001:db8:1:2::#0",
    "2001:db8:1:3::#0",
  ]);
});

test("an address has its bound, a household twice as many items, a site four times as many", () => {
  const queue = createFairQueue<string>({ total: 100, perAddress: 2 });
  expect(fill(queue, "1.1.1.1", 3)).toEqual([true, true, false]);
  const added = (subnets: string[]) =>
    subnets.flatMap((subnet) => fill(queue, `2001:db8:1:${subnet}::`, 3)).filter(Boolean).length;
  expect(added(["1", "2", "3"])).toBe(4);
  expect(added(["101", "102", "103", "201", "301"])).toBe(4);
});

test("where the queue is full, the newest item of the largest network makes room for a smaller network", () => {
  const queue = createFairQueue<string>({ total: 6, perAddress: 10 });
  fill(queue, "1.1.1.1", 4);
  fill(queue, "2.2.2.2", 2);
  expect(queue.add(["3.3.3.3"], "new")).toEqual({ isAdded: true, dropped: "1.1.1.1#3" });
  expect(queue.size).toBe(6);
  expect(queue.add(["1.1.1.1"], "more")).toEqual({ isAdded: false });
  expect(queue.add(["2.2.2.2"], "more")).toEqual({ isAdded: false }); // three and three would be no fairer
  expect(drain(queue)).toEqual(["1.1.1.1#0", "2.2.2.2#0", "new", "1.1.1.1#1", "2.2.2.2#1", "1.1.1.1#2"]);
});

test("an item that was removed or served leaves nothing behind", () => {
  const queue = createFairQueue<string>({ total: 2, perAddress: 1 });
  fill(queue, "2001:db8::", 1);
  queue.remove("2001:db8::#0");
  queue.remove("2001:db8::#0");
  expect(queue.size).toBe(0);
  expect(fill(queue, "2001:db8::", 1)).toEqual([true]);
  expect(drain(queue)).toEqual(["2001:db8::#0"]);
  expect(fill(queue, "2001:db8::", 1)).toEqual([true]);
});
