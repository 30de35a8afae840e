import { describe, expect, test } from "bun:test";
import { clientAddress, forwardedChain } from "./client-address.ts";
import { toBlockList } from "./config.ts";

const trusted = toBlockList(["10.0.0.0/8", "fd00::/8"]);

describe("clientAddress", () => {
  test.each([
    ["nobody is trusted by default to speak for others", "203.0.113.9", "1.2.3.4", "203.0.113.9"],
    ["a trusted proxy is believed", "10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["what the client wrote itself is not", "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"],
    ["a chain of trusted proxies is followed", "10.0.0.1", "1.2.3.4, 10.9.9.9", "1.2.3.4"],
    ["a peer of a dual-stack socket is its IPv4 address", "::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["IPv6 proxies are trusted by network, too", "fd00::1", "2001:db8::7", "2001:db8::7"],
    ["what is no address ends the chain", "10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"],
    ["a header without anything changes nothing", "10.0.0.1", "", "10.0.0.1"],
  ])("%s", (_, peer, header, client) => {
    expect(clientAddress(peer, header, trusted)).toBe(client);
  });
});

test("the chain goes on after a trusted proxy, and begins anew after anybody else", () => {
  expect(forwardedChain("10.0.0.1", "1.2.3.4", trusted)).toBe("1.2.3.4, 10.0.0.1");
  expect(forwardedChain("203.0.113.9", "1.2.3.4", trusted)).toBe("203.0.113.9");
  expect(forwardedChain("203.0.113.9", undefined, trusted)).toBe("203.0.113.9");
});
