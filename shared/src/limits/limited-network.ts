import ipaddr from "ipaddr.js";
import { makeRoom } from "../base/make-room.ts";
import { readAddress } from "./address.ts";
import { type Limit, type Policy, toPolicy } from "./policies.ts";

/**
 * The networks of one client that limits count, from the narrowest to the widest. Never empty. The index of a network is
 * its width: see {@link NETWORK_FACTORS}.
 */
export type LimitedNetworks = readonly [narrowest: string, ...wider: string[]];

/**
 * How many times the limit of one address a network has, by its index. One host may use a whole /64, one household a
 * whole /56 and one site a whole /48: counted by /64 alone, a household would have the limits of 256 clients. Of IPv4
 * there is the address alone, because neighbours in a /24 are strangers.
 */
export const NETWORK_FACTORS = [1, 2, 4] as const;

const NAMES = ["", "-56", "-48"] as const;
const KNOWN_MAX = 10_000;
const known = new Map<string, LimitedNetworks>();

/** @param client an address; any other text is a network of its own */
export function limitedNetworks(client: string): LimitedNetworks {
  const before = known.get(client);
  if (before !== undefined) return before;
  const networks = toNetworks(client);
  makeRoom(known, KNOWN_MAX);
  known.set(client, networks);
  return networks;
}

function toNetworks(client: string): LimitedNetworks {
  const address = readAddress(client);
  if (address === undefined || !ipaddr.IPv6.isValid(address)) return [address ?? client];
  const { parts } = ipaddr.IPv6.parse(address);
  const [site, subnet = 0] = [parts.slice(0, 3).map(toHex).join(":"), parts[3]];
  return [`${site}:${toHex(subnet)}::/64`, `${site}:${toHex(subnet & 0xff00)}::/56`, `${site}::/48`];
}

const toHex = (group: number) => group.toString(16);

/** The policies of a limit by network, one for each width. */
export type NetworkPolicies = readonly [narrowest: Policy, ...wider: Policy[]];

/** @param limit of one address */
export function toNetworkPolicies(name: string, { perSecond, burst }: Limit): NetworkPolicies {
  const ofWidth = (index: 0 | 1 | 2) => {
    const factor = NETWORK_FACTORS[index];
    return toPolicy(name + NAMES[index], { perSecond: perSecond * factor, burst: burst * factor });
  };
  return [ofWidth(0), ofWidth(1), ofWidth(2)];
}
