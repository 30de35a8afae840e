import { limitedNetwork } from "shared/limited-network";
import { Problem } from "shared/problems";

export interface SlotLimits {
  /** Streams that one client's network may have open here. */
  perAddress: number;
  /** Streams of all clients. */
  total: number;
}

/** Who has how many streams open, on this gateway. */
export interface LiveSlots {
  /**
   * Takes a place for a stream.
   *
   * @returns how to give it back; a second call changes nothing
   * @throws Problem `too_many_streams`, or `unavailable` where all places are taken
   */
  take(client: string): () => void;
}

const RETRY_AFTER_SECONDS = 5;

export function createLiveSlots({ perAddress, total }: SlotLimits): LiveSlots {
  const byNetwork = new Map<string, number>();
  let taken = 0;
  return {
    take(client) {
      const network = limitedNetwork(client);
      const own = byNetwork.get(network) ?? 0;
      const later = { retryAfterSeconds: RETRY_AFTER_SECONDS };
      if (own >= perAddress) {
        throw new Problem("too_many_streams", `One address may have ${perAddress} live streams open.`, later);
      }
      if (taken >= total) throw new Problem("unavailable", "Too many live streams are open here. Try again.", later);
      byNetwork.set(network, own + 1);
      taken++;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        taken--;
        const left = (byNetwork.get(network) ?? 1) - 1;
        if (left === 0) byNetwork.delete(network);
        else byNetwork.set(network, left);
      };
    },
  };
}
