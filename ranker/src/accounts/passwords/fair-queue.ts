import { type LimitedNetworks, NETWORK_FACTORS } from "shared/limits/limited-network";

export interface FairQueueLimits {
  /** Items of all networks. */
  total: number;
  /** Items of one address; wider networks have a multiple of it. */
  perAddress: number;
}

/**
 * A bounded queue that serves networks round robin: /48 after /48, in each /56 after /56, and so
 * on. Many items of one network delay its own, not those of others. Where the queue is full, the
 * newest item of the network with the most items makes room for a network with fewer.
 */
export interface FairQueue<T> {
  readonly size: number;
  /** @returns whether the item is in the queue, and the item that made room for it */
  add(networks: LimitedNetworks, item: T): { isAdded: boolean; dropped?: T };
  /** Removes an item; nothing happens where it has left the queue already. */
  remove(item: T): void;
  /** Takes the next item out of the queue. */
  next(): T | undefined;
}

/** A network: narrower networks in the order of their turns, or items in order of arrival. */
interface Lane<T> {
  size: number;
  lanes: Map<string, Lane<T>>;
  items: Set<T>;
}

const createLane = <T>(): Lane<T> => ({ size: 0, lanes: new Map(), items: new Set() });

export function createFairQueue<T>({ total, perAddress }: FairQueueLimits): FairQueue<T> {
  const root = createLane<T>();
  /** The networks of each item, the widest first. */
  const paths = new Map<T, readonly string[]>();

  function isOverBound(path: readonly string[]): boolean {
    let lane: Lane<T> | undefined = root;
    for (const [depth, network] of path.entries()) {
      lane = lane.lanes.get(network);
      if (lane === undefined) return false;
      if (lane.size >= perAddress * (NETWORK_FACTORS[path.length - 1 - depth] ?? 1)) return true;
    }
    return false;
  }

  /** The newest item of the largest network, if the new item's network stays smaller. */
  function findVictim(path: readonly string[]): T | undefined {
    let lane = root;
    for (const network of path) {
      const own = lane.lanes.get(network);
      const largest = largestOf(lane);
      if (largest !== own) return (largest?.size ?? 0) > (own?.size ?? 0) + 1 ? newestOf(largest) : undefined;
      if (own === undefined) return undefined;
      lane = own;
    }
    return undefined;
  }

  function insert(path: readonly string[], item: T): void {
    paths.set(item, path);
    let lane = root;
    lane.size++;
    for (const network of path) {
      const narrower = lane.lanes.get(network) ?? createLane<T>();
      lane.lanes.set(network, narrower);
      lane = narrower;
      lane.size++;
    }
    lane.items.add(item);
  }

  function remove(item: T): void {
    const path = paths.get(item);
    if (path === undefined) return;
    paths.delete(item);
    let lane = root;
    lane.size--;
    for (const network of path) {
      const narrower = lane.lanes.get(network);
      if (narrower === undefined) return;
      narrower.size--;
      if (narrower.size === 0) lane.lanes.delete(network);
      lane = narrower;
    }
    lane.items.delete(item);
  }

  return {
    get size() {
      return root.size;
    },

    add(networks, item) {
      const path = [...networks].reverse();
      if (isOverBound(path)) return { isAdded: false };
      if (root.size < total) {
        insert(path, item);
        return { isAdded: true };
      }
      const dropped = findVictim(path);
      if (dropped === undefined) return { isAdded: false };
      remove(dropped);
      insert(path, item);
      return { isAdded: true, dropped };
    },

    remove,

    next() {
      let lane = root;
      for (;;) {
        const [turn] = lane.lanes;
        if (turn === undefined) break;
        const [network, narrower] = turn;
        lane.lanes.delete(network);
        lane.lanes.set(network, narrower);
        lane = narrower;
      }
      const [item] = lane.items;
      if (item !== undefined) remove(item);
      return item;
    },
  };
}

function largestOf<T>({ lanes }: Lane<T>): Lane<T> | undefined {
  let largest: Lane<T> | undefined;
  for (const lane of lanes.values()) if (largest === undefined || lane.size > largest.size) largest = lane;
  return largest;
}

function newestOf<T>(lane: Lane<T> | undefined): T | undefined {
  let narrowest = lane;
  while (narrowest !== undefined && narrowest.lanes.size > 0) narrowest = largestOf(narrowest);
  return [...(narrowest?.items ?? [])].at(-1);
}
