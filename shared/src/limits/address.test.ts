import { expect, test } from "bun:test";
import { readAddress, readRange } from "./address.ts";

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["::FFFF:102:304", "1.2.3.4"],
  ["0:0:0:0:0:ffff:102:304", "1.2.3.4"],
  ["::1", "::1"],
  ["2001:DB8:0:0::9", "2001:db8::9"],
  ["fe80::1%eth0", "fe80::1"],
  ["fe80::1%my-if.0", "fe80::1"],
])("the canonical spelling of %s is %s", (text, address) => {
  expect(readAddress(text)).toBe(address);
});

test.each(["", "1.2.3", "127.1", "0x7f.0.0.1", "010.0.0.1", "256.1.1.1", "1.2.3.4/8", "::g", "[::1]", "host"])(
  "%p is not an address",
  (text) => {
    expect(readAddress(text)).toBeUndefined();
  },
);

test.each([
  ["10.0.0.0/8", "10.0.0.0", 8, "ipv4"],
  ["10.1.2.3", "10.1.2.3", 32, "ipv4"],
  ["fd00::/8", "fd00::", 8, "ipv6"],
  ["::ffff:10.0.0.0/104", "10.0.0.0", 8, "ipv4"],
  ["::ffff:a00:1", "10.0.0.1", 32, "ipv4"],
] as const)("the range %s is %s with %d bits", (text, address, prefix, family) => {
  expect(readRange(text)).toEqual({ address, prefix, family });
});

test.each(["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "::ffff:10.0.0.0/8", "x/8"])(
  "%p is not a range",
  (text) => {
    expect(readRange(text)).toBeUndefined();
  },
);
