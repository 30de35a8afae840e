import { describe, expect, test } from "bun:test";
import { toBlockList } from "../config.ts";
import { seeThroughProxies } from "./client-address.ts";

const trusted = toBlockList(["10.0.0.0/8", "fd00::/8"]);

const seen = (peer: string, header: string | null) => seeThroughProxies(peer, header, trusted);
const clientOf = (peer: string, header: string | null) => seen(peer, header).address;
const chainOf = (peer: string, header: string | null) => seen(peer, header).forwardedFor;

describe("who asks", () => {
  test.each([
    ["a trusted proxy is believed", "10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["a chain of trusted proxies is followed", "10.0.0.1", "1.2.3.4, 10.9.9.9", "1.2.3.4"],
    ["a peer of a dual-stack socket is its IPv4 address", "::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"],
    ["so is one that is written in hexadecimal", "::ffff:a00:1", "1.2.3.4", "1.2.3.4"],
    ["a client's IPv4-mapped address is its IPv4 address", "10.0.0.1", "::ffff:102:304", "1.2.3.4"],
    ["an IPv6 address has one spelling", "10.0.0.1", "2001:DB8:0:0::7", "2001:db8::7"],
    ["a hop may be written as one, too", "10.0.0.1", "1.2.3.4, ::FFFF:10.0.0.2", "1.2.3.4"],
    ["IPv6 proxies are trusted by network", "fd00::1", "2001:db8::7", "2001:db8::7"],
    ["IPv6 and IPv4 may follow one another", "fd00::1", "2001:db8::7, 10.0.0.2", "2001:db8::7"],
    ["spaces and tabs mean nothing", "10.0.0.1", "  1.2.3.4\t,  10.0.0.2 ", "1.2.3.4"],
    ["a port is no part of an address", "10.0.0.1", "1.2.3.4:5678, 10.0.0.2:443", "1.2.3.4"],
    ["nor is that of an IPv6 address", "10.0.0.1", "[2001:db8::7]:5678", "2001:db8::7"],
    ["brackets alone are none", "10.0.0.1", "[2001:db8::7]", "2001:db8::7"],
    ["a header without anything changes nothing", "10.0.0.1", "", "10.0.0.1"],
    ["no header changes nothing", "10.0.0.1", null, "10.0.0.1"],
    ["a chain of trusted proxies alone begins with one", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ])("%s", (_, peer, header, client) => {
    expect(clientOf(peer, header)).toBe(client);
  });
});

describe("a forged X-Forwarded-For buys nothing:", () => {
  const peer = "203.0.113.9";
  const forged = [
    "1.2.3.4",
    "1.2.3.4, 10.0.0.1",
    "10.0.0.1",
    "2001:db8::1",
    "[2001:db8::1]:1",
    "unknown",
    ", ,",
    "127.0.0.1",
  ];

  test.each(forged)("%p of one who is not trusted", (header) => {
    expect(clientOf(peer, header)).toBe(peer);
    expect(clientOf("2001:db8::9", header)).toBe("2001:db8::9");
    expect(chainOf(peer, header)).toBe(peer);
  });

  test.each(forged)("%p left of what a trusted proxy wrote", (header) => {
    expect(clientOf("10.0.0.1", `${header}, ${peer}`)).toBe(peer);
    expect(clientOf("10.0.0.1", `${header}, ${peer}, 10.0.0.2`)).toBe(peer);
    expect(clientOf("10.0.0.1", `${header},${peer}:4711`)).toBe(peer);
  });

  test.each([
    "unknown",
    "",
    "_hidden",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.4/8",
    "::g",
    '"1.2.3.4"',
    "for=1.2.3.4",
    "1.2.3.4:x",
  ])("what is left of %p, which is no address: the proxy that wrote it is counted", (hop) => {
    expect(clientOf("10.0.0.1", `6.6.6.6, ${hop}`)).toBe("10.0.0.1");
    expect(clientOf("10.0.0.1", `6.6.6.6, ${hop}, 10.0.0.2`)).toBe("10.0.0.2");
  });

  test("several headers are one list, in the order that they were sent in", () => {
    const headers = new Headers([
      ["X-Forwarded-For", "6.6.6.6"],
      ["X-Forwarded-For", `7.7.7.7, ${peer}`],
      ["x-forwarded-for", "10.0.0.2"],
    ]);
    expect(clientOf("10.0.0.1", headers.get("X-Forwarded-For"))).toBe(peer);
  });

  test("a thousand hops are read to their end and no further", () => {
    const header = Array.from({ length: 1000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`).join(", ");
    expect(clientOf("10.0.0.1", `${peer}, ${header}`)).toBe(peer);
  });
});

test("a network of trusted proxies that is written as IPv4-mapped is the IPv4 network", () => {
  const mapped = toBlockList(["::ffff:10.0.0.0/104"]);
  expect(seeThroughProxies("10.0.0.1", "1.2.3.4", mapped).address).toBe("1.2.3.4");
  expect(seeThroughProxies("11.0.0.1", "1.2.3.4", mapped).address).toBe("11.0.0.1");
});

test("the chain goes on behind a trusted proxy, and begins again behind any other peer", () => {
  expect(chainOf("10.0.0.1", "1.2.3.4")).toBe("1.2.3.4, 10.0.0.1");
  expect(chainOf("203.0.113.9", "1.2.3.4")).toBe("203.0.113.9");
  expect(chainOf("203.0.113.9", null)).toBe("203.0.113.9");
});
