import { expect, test } from "bun:test";
import { gatewayUrl } from "./gateway-url.ts";

test("commands play through the gateway of the stack, else of the port in the environment, else of the default", () => {
  const stack = { LEADERBOARD_STACK_URL: "http://127.0.0.1:4100" };
  expect(gatewayUrl({})).toBe("http://127.0.0.1:4000");
  expect(gatewayUrl(stack)).toBe("http://127.0.0.1:4100");
  expect(gatewayUrl({ ...stack, GATEWAY_PORT: "4200" })).toBe("http://127.0.0.1:4100");
  expect(gatewayUrl({ GATEWAY_PORT: "4200" })).toBe("http://127.0.0.1:4200");
});
