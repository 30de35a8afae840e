import type { Context } from "hono";
import { readAddress } from "shared/limits/address";
import { type LimitedNetworks, limitedNetworks } from "shared/limits/limited-network";

/**
 * The networks of the client, as the gateway saw its address. A client that calls a ranker directly may claim any; one
 * that claims none shares a network with all others that do.
 */
export const clientNetworks = (c: Context): LimitedNetworks =>
  limitedNetworks(readAddress(c.req.header("X-Real-IP") ?? "") ?? "unknown");
