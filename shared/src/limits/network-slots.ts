import { type LimitedNetworks, NETWORK_FACTORS } from "./limited-network.ts";

export interface NetworkSlotLimits {
  /** Slots that one address may hold. A wider network may hold more, up to half of all slots. */
  perAddress: number;
  /** Slots of all clients together. */
  total: number;
}

/** A bounded number of slots, counted by network. */
export interface NetworkSlots {
  /**
   * @returns a function that gives the slot back (a second call changes nothing), or the bound that
   *   refused it
   */
  take(networks: LimitedNetworks): (() => void) | "network_full" | "all_taken";
}

// A household or a site leaves at least this share to other clients.
const SHARE_LEFT = 0.5;

export function createNetworkSlots({ perAddress, total }: NetworkSlotLimits): NetworkSlots {
  const heldBy = new Map<string, number>();
  let taken = 0;
  const share = Math.floor(total * (1 - SHARE_LEFT));
  const boundOf = (index: number) => Math.max(perAddress, Math.min(perAddress * (NETWORK_FACTORS[index] ?? 1), share));

  function add(networks: LimitedNetworks, change: 1 | -1): void {
    taken += change;
    for (const network of networks) {
      const held = (heldBy.get(network) ?? 0) + change;
      if (held === 0) heldBy.delete(network);
      else heldBy.set(network, held);
    }
  }

  return {
    take(networks) {
      if (networks.some((network, index) => (heldBy.get(network) ?? 0) >= boundOf(index))) return "network_full";
      if (taken >= total) return "all_taken";
      add(networks, 1);
      let isHeld = true;
      return () => {
        if (isHeld) add(networks, -1);
        isHeld = false;
      };
    },
  };
}
