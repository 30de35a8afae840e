import { type BlockList, isIP } from "node:net";
import type { Client } from "shared/http/incoming";
import { readAddress } from "shared/limits/address";

/** `10.0.0.1:4711`, `[2001:db8::1]:4711` and `[2001:db8::1]`, as some proxies name a client. */
const WITH_PORT = /^(?:([\d.]+):\d{1,5}|\[([^\]]+)\](?::\d{1,5})?)$/;

/** The address of a hop, without its port. */
function readHop(text: string): string | undefined {
  const [, ipv4, ipv6] = WITH_PORT.exec(text) ?? [];
  return readAddress(ipv4 ?? ipv6 ?? text);
}

const isTrusted = (trusted: BlockList, address: string) =>
  isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

/**
 * Finds the client's address, and the `X-Forwarded-For` to pass on. Proxies append to that header,
 * and any client can begin one: it is read from the right, for as long as its writer is a trusted
 * proxy. Where the peer is none, the chain that goes on begins with the peer.
 *
 * @param peer the address of the connection's other end
 */
export function seeThroughProxies(peer: string, forwardedFor: string | null, trusted: BlockList): Client {
  const address = readAddress(peer) ?? peer;
  if (forwardedFor === null || !isTrusted(trusted, address)) return { address, forwardedFor: address };
  let seen = address;
  for (const hop of forwardedFor.split(",").reverse()) {
    const claimed = readHop(hop.trim());
    if (!isTrusted(trusted, seen) || claimed === undefined) break;
    seen = claimed;
  }
  return { address: seen, forwardedFor: `${forwardedFor}, ${address}` };
}
