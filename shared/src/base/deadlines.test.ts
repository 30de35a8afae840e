import { expect, test } from "bun:test";
import * as deadlines from "./deadlines.ts";

test("the longest write and the longest read end before the gateway has to answer", () => {
  const { LIMIT_COMMAND_MS, ACCOUNT_CHECK_MS, REDIS_COMMAND_MS, GATEWAY_ANSWER_MS } = deadlines;
  expect(LIMIT_COMMAND_MS + ACCOUNT_CHECK_MS + REDIS_COMMAND_MS).toBeLessThan(GATEWAY_ANSWER_MS);
  expect(2 * REDIS_COMMAND_MS).toBeLessThan(GATEWAY_ANSWER_MS);
});

test("two waits for a replica end before the command that they are part of", () => {
  expect(2 * deadlines.REPLICA_WAIT_MS).toBeLessThan(deadlines.REDIS_COMMAND_MS);
});
