import ipaddr from "ipaddr.js";
import { LRUCache } from "lru-cache";
import { readAddress } from "./address.ts";
import { type Limit, type Policy, toPolicy } from "./policies.ts";

/**
 * The networks of one client that limits count, narrowest first; {@link NETWORK_FACTORS} has the
 * same order.
 */
export type LimitedNetworks = readonly [narrowest: string, ...wider: string[]];

/**
 * The limit of a /64, a /56 and a /48 as a multiple of the limit of one address. One host may use a
 * whole /64, one household a /56 and one site a /48: counted by /64 alone, a household would have
 * the limits of 256 clients. IPv4 is counted by address alone, because neighbours in a /24 are
 * strangers.
 */
export const NETWORK_FACTORS = [1, 2, 4] as const;

const NAME_SUFFIXES = ["", "-56", "-48"] as const;
const CLIENTS_MAX = 10_000;
const networksByClient = new LRUCache<string, LimitedNetworks>({ max: CLIENTS_MAX, memoMethod: toNetworks });

/**
 * @param client an IP address; any other text is a network of its own.
 *
 * @returns the same array for the same client
 */
export const limitedNetworks = (client: string): LimitedNetworks => networksByClient.memo(client);

function toNetworks(client: string): LimitedNetworks {
  const address = readAddress(client);
  if (address === undefined || !ipaddr.IPv6.isValid(address)) return [address ?? client];
  const { parts } = ipaddr.IPv6.parse(address);
  const [site, subnet = 0] = [parts.slice(0, 3).map(toHex).join(":"), parts[3]];
  return [`${site}:${toHex(subnet)}::/64`, `${site}:${toHex(subnet & 0xff00)}::/56`, `${site}::/48`];
}

const toHex = (group: number) => group.toString(16);

/** One policy for each network of a client: address or /64, then /56, then /48. */
export type NetworkPolicies = readonly [narrowest: Policy, ...wider: Policy[]];

/** @param limit of one address */
export function toNetworkPolicies(name: string, { perSecond, burst }: Limit): NetworkPolicies {
  const ofWidth = (index: 0 | 1 | 2) => {
    const factor = NETWORK_FACTORS[index];
    return toPolicy(name + NAME_SUFFIXES[index], { perSecond: perSecond * factor, burst: burst * factor });
  };
  return [ofWidth(0), ofWidth(1), ofWidth(2)];
}
