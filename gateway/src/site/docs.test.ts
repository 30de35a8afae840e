import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Redis } from "shared/redis/redis";
import { startGatewayUnderTest } from "../../test/gateway-under-test.ts";

let gateway: ReturnType<typeof startGatewayUnderTest>;
beforeAll(() => {
  // No test here calls a store.
  gateway = startGatewayUnderTest({ redis: {} as Redis });
});
afterAll(() => gateway.close());

const get = async (path: string) => {
  const response = await gateway.app.request(path, {}, { peer: "203.0.113.9" });
  expect([path, response.status]).toEqual([path, 200]);
  return { headers: response.headers, text: await response.text() };
};

test("the page of the docs loads its parts from the gateway only", async () => {
  const page = await get("/docs");
  expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target ?? "");
  const fetched = named.filter((target) => !target.startsWith("data:"));
  expect(fetched.toSorted()).toEqual([
    "docs/start.js",
    "docs/swagger-ui-bundle.js",
    "docs/swagger-ui.css",
    "openapi.json",
  ]);
  for (const target of fetched) {
    const { pathname, host } = new URL(target, "http://here/docs");
    expect([target, host]).toEqual([target, "here"]);
    await get(pathname);
  }
  // The policy lets no script call another host.
  const policy = page.headers.get("Content-Security-Policy")?.split("; ") ?? [];
  expect(policy).toContain("default-src 'none'");
  expect(policy.flatMap((rule) => rule.split(" ").slice(1)).toSorted()).toEqual([
    "'none'",
    "'none'",
    "'none'",
    "'none'",
    "'self'",
    "'self'",
    "'self'",
    "'self'",
    "'unsafe-inline'",
    "data:",
  ]);
});

test("the docs with a slash at the end lead to the docs, also below a proxy's prefix", async () => {
  for (const method of ["GET", "HEAD"]) {
    const { status, headers } = await gateway.app.request("/docs/", { method }, { peer: "203.0.113.9" });
    expect([method, status]).toEqual([method, 308]);
    const target = headers.get("Location") ?? "";
    expect(new URL(target, "http://here/docs/").pathname).toBe("/docs");
    expect(new URL(target, "http://here/lb/docs/").pathname).toBe("/lb/docs");
  }
  expect((await gateway.app.request("/docs/none", {}, { peer: "203.0.113.9" })).status).toBe(404);
});

test("our own parts of the page name no host", async () => {
  for (const path of ["/docs", "/docs/start.js"]) expect((await get(path)).text).not.toMatch(/https?:|["'(]\/\//);
  const styles = (await get("/docs/swagger-ui.css")).text;
  expect(styles.match(/@import|url\(["']?(?!data:|["'])/g)).toBeNull();
});

test("the document is OpenAPI 3.1, of this deployment's regions", async () => {
  const { headers, text } = await get("/openapi.json");
  expect(headers.get("Content-Type")).toBe("application/json");
  const document = JSON.parse(text);
  expect(document.openapi).toStartWith("3.1.");
  expect(document.paths["/top"].get.parameters[0]).toMatchObject({
    name: "region",
    in: "query",
    required: false,
    description: "Whose ranking, in any case: `GLOBAL`, `EU`, `NA`. `GLOBAL` unites all regions.",
    schema: { type: "string", default: "GLOBAL" },
  });
  expect(document.servers[0].url).toBe(".");
});

test("the document says how a board's id is spelled, and lists no boards: they come and go while it is served", async () => {
  const document = JSON.parse((await get("/openapi.json")).text);
  const { parameters } = document.paths["/live/rank/{userId}"].get;
  const inQuery = parameters.find(({ name }: { name?: string }) => name === "board").schema;
  const spelled = { type: "string", pattern: "^[a-z0-9][a-z0-9_-]{0,31}$" };
  expect(inQuery).toEqual({ ...spelled, default: "main" });
  for (const body of ["AddScoreBody", "WriteScoreBody"]) {
    const { description, ...inBody } = document.components.schemas[body].properties.board;
    expect(inBody).toEqual(spelled);
    expect(description).toContain('Left out, it is `"main"`.');
  }
});
