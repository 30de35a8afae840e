import type { Incoming } from "shared/http/incoming";
import { readAddress } from "shared/limits/address";
import { type LimitedNetworks, limitedNetworks } from "shared/limits/limited-network";

/**
 * The networks of the client, as the gateway saw its address. A client that calls a ranker directly may claim any; one
 * that claims none shares a network with all others that do.
 */
export const clientNetworks = ({ headers }: Incoming): LimitedNetworks =>
  limitedNetworks(readAddress(headers.get("x-real-ip") ?? "") ?? "unknown");
