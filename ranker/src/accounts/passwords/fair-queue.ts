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

/**
 * A node of the network tree: /48s hold /56s, these hold /64s, and /64s and IPv4 addresses hold
 * items. Children are served round robin, items in order of arrival.
 */
interface NetworkNode<T> {
  size: number;
  children: Map<string, NetworkNode<T>>;
  items: Set<T>;
}

const createNode = <T>(): NetworkNode<T> => ({ size: 0, children: new Map(), items: new Set() });

export function createFairQueue<T>({ total, perAddress }: FairQueueLimits): FairQueue<T> {
  const root = createNode<T>();
  /** The networks of each item, the widest first. */
  const paths = new Map<T, readonly string[]>();

  function isOverBound(path: readonly string[]): boolean {
    let node: NetworkNode<T> | undefined = root;
    for (const [depth, network] of path.entries()) {
      node = node.children.get(network);
      if (node === undefined) return false;
      if (node.size >= perAddress * (NETWORK_FACTORS[path.length - 1 - depth] ?? 1)) return true;
    }
    return false;
  }

  /** The newest item of the largest network, if the new item's network stays smaller. */
  function findVictim(path: readonly string[]): T | undefined {
    let node = root;
    for (const network of path) {
      const own = node.children.get(network);
      const largest = largestOf(node);
      if (largest !== own) return (largest?.size ?? 0) > (own?.size ?? 0) + 1 ? newestOf(largest) : undefined;
      if (own === undefined) return undefined;
      node = own;
    }
    return undefined;
  }

  function insert(path: readonly string[], item: T): void {
    paths.set(item, path);
    let node = root;
    node.size++;
    for (const network of path) {
      const child = node.children.get(network) ?? createNode<T>();
      node.children.set(network, child);
      node = child;
      node.size++;
    }
    node.items.add(item);
  }

  function remove(item: T): void {
    const path = paths.get(item);
    if (path === undefined) return;
    paths.delete(item);
    let node = root;
    node.size--;
    for (const network of path) {
      const child = node.children.get(network);
      if (child === undefined) return;
      child.size--;
      if (child.size === 0) node.children.delete(network);
      node = child;
    }
    node.items.delete(item);
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
      let node = root;
      for (;;) {
        const [turn] = node.children;
        if (turn === undefined) break;
        const [network, child] = turn;
        node.children.delete(network);
        node.children.set(network, child);
        node = child;
      }
      const [item] = node.items;
      if (item !== undefined) remove(item);
      return item;
    },
  };
}

function largestOf<T>({ children }: NetworkNode<T>): NetworkNode<T> | undefined {
  let largest: NetworkNode<T> | undefined;
  for (const node of children.values()) if (largest === undefined || node.size > largest.size) largest = node;
  return largest;
}

function newestOf<T>(node: NetworkNode<T> | undefined): T | undefined {
  let narrowest = node;
  while (narrowest !== undefined && narrowest.children.size > 0) narrowest = largestOf(narrowest);
  return [...(narrowest?.items ?? [])].at(-1);
}
