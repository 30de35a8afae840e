import { isIP } from "node:net";

const IPV6_NETWORK_GROUPS = 4;

/** What a limit counts: an IPv4 address, or the /64 of an IPv6 one, since one host may use all of it. */
export function limitedNetwork(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.slice(0, IPV6_NETWORK_GROUPS).join(":")}::/64`;
}
