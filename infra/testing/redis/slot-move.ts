/** Resharding of a Redis Cluster, step by step. */

import slotOf from "cluster-key-slot";
import type { Connection } from "shared/redis/connection";
import { primariesOf, type Redis } from "shared/redis/redis";

/** A slot that moves from one primary to another while both serve. */
export interface SlotMove {
  from: Connection;
  to: Connection;
  /** Moves up to `count` keys. @returns how many it moved */
  moveKeys(count: number): Promise<number>;
  /** Hands the slot over, once all its keys have moved. */
  finish(): Promise<void>;
}

const MIGRATE_TIMEOUT_MS = 5_000;

/** Begins to move the slot of a key to another primary, as `redis-cli --cluster reshard` would. */
export async function openSlotMove(cluster: Redis, key: string): Promise<SlotMove> {
  const slot = slotOf(key);
  const primaries = primariesOf(cluster);
  const ids = new Map<Connection, string>();
  for (const server of primaries) ids.set(server, String(await server.cluster("MYID")));
  const owners = await Promise.all(primaries.map(async (server) => String(await server.cluster("NODES"))));
  const isOwner = (nodes: string) => nodes.split("\n").some((line) => line.includes("myself") && owns(line, slot));
  const from = primaries[owners.findIndex(isOwner)];
  const to = primaries.find((server) => server !== from);
  if (from === undefined || to === undefined) throw new Error(`no primary owns slot ${slot}`);
  const idOf = (server: Connection) => ids.get(server) ?? "";
  await to.cluster("SETSLOT", slot, "IMPORTING", idOf(from));
  await from.cluster("SETSLOT", slot, "MIGRATING", idOf(to));
  return {
    from,
    to,
    async moveKeys(count) {
      const keys = await from.cluster("GETKEYSINSLOT", slot, count);
      const { host = "", port = 0 } = to.options;
      if (keys.length > 0) await from.migrate(host, port, "", 0, MIGRATE_TIMEOUT_MS, "KEYS", ...keys.map(String));
      return keys.length;
    },
    async finish() {
      // The new owner first, so that the slot has an owner at any time.
      for (const server of [to, from, ...primaries]) await server.cluster("SETSLOT", slot, "NODE", idOf(to));
    },
  };
}

/** Whether a line of `CLUSTER NODES` names the slot among its ranges. */
function owns(line: string, slot: number): boolean {
  const ranges = line
    .split(" ")
    .slice(8)
    .filter((word) => !word.startsWith("["));
  return ranges.some((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return first <= slot && slot <= last;
  });
}
