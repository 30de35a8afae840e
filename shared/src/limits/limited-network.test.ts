import { expect, test } from "bun:test";
import { limitedNetworks, toNetworkPolicies } from "./limited-network.ts";

test.each([
  ["1.2.3.4", ["1.2.3.4"]],
  ["::ffff:1.2.3.4", ["1.2.3.4"]],
  ["::ffff:102:304", ["1.2.3.4"]],
  ["2001:db8:1:2fe:3:4:5:6", ["2001:db8:1:2fe::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"]],
  ["2001:DB8:1:2::9", ["2001:db8:1:2::/64", "2001:db8:1:0::/56", "2001:db8:1::/48"]],
  ["2001:db8::9", ["2001:db8:0:0::/64", "2001:db8:0:0::/56", "2001:db8:0::/48"]],
  ["::1", ["0:0:0:0::/64", "0:0:0:0::/56", "0:0:0::/48"]],
  ["fe80::1%eth0", ["fe80:0:0:0::/64", "fe80:0:0:0::/56", "fe80:0:0::/48"]],
  ["not an address", ["not an address"]],
])("a client at %s counts in the networks %j", (client, networks) => {
  expect([...limitedNetworks(client)]).toEqual(networks);
});

test("a wider network has a multiple of the limit of one address", () => {
  const policies = toNetworkPolicies("address", { perSecond: 1, burst: 10 });
  expect(policies.map(({ name, perSecond, burst }) => [name, perSecond, burst])).toEqual([
    ["address", 1, 10],
    ["address-56", 2, 20],
    ["address-48", 4, 40],
  ]);
});
