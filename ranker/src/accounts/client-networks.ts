import type { Incoming } from "shared/http/incoming";
import { readAddress } from "shared/limits/address";
import { type LimitedNetworks, limitedNetworks } from "shared/limits/limited-network";

/**
 * The networks of the client, by the address that the gateway saw. A client that calls a ranker
 * directly may claim any address. All that claim none share one network.
 */
export const clientNetworks = ({ headers }: Incoming): LimitedNetworks =>
  limitedNetworks(readAddress(headers.get("x-real-ip") ?? "") ?? "unknown");
