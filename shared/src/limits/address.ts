import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { LRUCache } from "lru-cache";

// ipaddr.js takes 5 to 20 µs for an IPv6 address; a whole rank request at the gateway takes 50.
const CANONICAL_MAX = 10_000;
const canonicalIpv6 = new LRUCache<string, string>({
  max: CANONICAL_MAX,
  // A zone (`%eth0`) names an interface of this machine and is not part of the address.
  memoMethod: (text) => ipaddr.process(text.replace(/%.*/, "")).toString(),
});

/**
 * The canonical spelling of an IP address. An IPv4-mapped IPv6 address becomes its IPv4 address,
 * because a dual-stack socket names IPv4 peers that way.
 *
 * @returns `undefined` for a text that is not an IP address
 */
export function readAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 6) return canonicalIpv6.memo(text);
  return version === 4 ? text : undefined;
}

/** An address range such as `10.0.0.0/8`, or one address, whose prefix has all bits. */
export interface AddressRange {
  address: string;
  prefix: number;
  family: "ipv4" | "ipv6";
}

const MAPPED_BITS = 96;

/**
 * @returns the range, as IPv4 if it is IPv4-mapped; `undefined` for a text that is not a range
 */
export function readRange(text: string): AddressRange | undefined {
  const [written = "", length, ...rest] = text.split("/");
  const address = readAddress(written);
  if (address === undefined || rest.length > 0) return undefined;
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const bits = family === "ipv6" ? 128 : 32;
  if (length === undefined) return { address, prefix: bits, family };
  const isMapped = family === "ipv4" && isIP(written) === 6;
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) - (isMapped ? MAPPED_BITS : 0) : -1;
  return prefix >= 0 && prefix <= bits ? { address, prefix, family } : undefined;
}
