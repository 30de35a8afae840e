import { Problem } from "shared/api/problems";
import { limitedNetworks } from "shared/limits/limited-network";
import { createNetworkSlots, type NetworkSlotLimits } from "shared/limits/network-slots";

/** Counts the open streams of this gateway, by client network. */
export interface LiveSlots {
  /**
   * Takes a slot for a stream.
   *
   * @returns a function that gives the slot back; a second call changes nothing
   * @throws Problem `too_many_streams`, or `unavailable` where all slots are taken
   */
  take(client: string): () => void;
}

const RETRY_AFTER_SECONDS = 5;

export function createLiveSlots(limits: NetworkSlotLimits): LiveSlots {
  const slots = createNetworkSlots(limits);
  const later = { retryAfterSeconds: RETRY_AFTER_SECONDS };
  return {
    take(client) {
      const taken = slots.take(limitedNetworks(client));
      if (taken === "network_full") {
        throw new Problem("too_many_streams", `One address may have ${limits.perAddress} live streams open.`, later);
      }
      if (taken === "all_taken") {
        throw new Problem("unavailable", "Too many live streams are open here. Try again.", later);
      }
      return taken;
    },
  };
}
