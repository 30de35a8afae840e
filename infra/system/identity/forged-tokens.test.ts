import { beforeEach, describe, expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { flushAll, sizeOf } from "testing/whole-store";
import { startGatewayUnderTest } from "../../../gateway/test/gateway-under-test.ts";
import { startUnderTest } from "../../../ranker/test/ranker-under-test.ts";
import { forgedTokens, noTokens, SECRET, VALID } from "./forged-tokens.ts";

type Send = (route: string, headers: Record<string, string>) => Promise<Response>;

const under = await forFile(startUnderTest());
const ranker = await under.build();
const gateway = await forFile(startGatewayUnderTest({ redis: under.redis, tokens: { secret: SECRET } }));
beforeEach(async () => {
  await flushAll(under.redis);
  gateway.arrived.length = 0;
});

const body = '{"score":1}';
const services: [name: string, send: Send][] = [
  [
    "the gateway",
    async (route, headers) => gateway.app.request(route, { method: "POST", headers, body }, { peer: "203.0.113.9" }),
  ],
  ["a ranker", async (route, headers) => ranker.post(route, body, undefined, headers)],
];

describe.each(services)("%s", (_, send) => {
  async function refusal(authorization: string | undefined): Promise<unknown[]> {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const response = await send("/score/update", { "Content-Type": "application/json", ...headers });
    const problem = (await response.json()) as { code?: string };
    return [response.status, problem.code, await sizeOf(under.redis), gateway.arrived.length];
  }

  test("accepts the token that the forgeries are made from", async () => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${VALID}` };
    expect((await send("/score/update", headers)).status).toBe(200);
  });

  test.each(Object.keys(forgedTokens))("a token %s is 401 invalid_token, and nothing is written", async (forgery) => {
    expect(await refusal(`Bearer ${forgedTokens[forgery]}`)).toEqual([401, "invalid_token", 0, 0]);
  });

  test.each(Object.keys(noTokens))("%s is 401 missing_token, and nothing is written", async (kind) => {
    expect(await refusal(noTokens[kind])).toEqual([401, "missing_token", 0, 0]);
  });

  test("a token that was refused is refused again", async () => {
    const expired = `Bearer ${forgedTokens["that has expired"]}`;
    for (let n = 0; n < 3; n++) expect(await refusal(expired)).toEqual([401, "invalid_token", 0, 0]);
  });
});
