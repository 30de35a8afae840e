import { describe, expect, test } from "bun:test";
import { redisUrl } from "../service/environment.ts";
import { parseRedisNodes } from "./nodes.ts";

test("the URL of one server keeps all of its parts", () => {
  expect(parseRedisNodes("rediss://ann:p%40ss@redis-eu")).toEqual({
    addresses: ["redis-eu:6379"],
    username: "ann",
    password: "p@ss",
    isTls: true,
  });
});

test.each([
  ["every node as a URL", "redis://a:7000,redis://b:7001,redis://c"],
  ["the scheme once", "redis://a:7000,b:7001,c"],
  ["with spaces", " redis://a:7000 , b:7001, c:6379/"],
])("several nodes are a cluster: %s", (_, url) => {
  expect(parseRedisNodes(url)).toEqual({
    addresses: ["a:7000", "b:7001", "c:6379"],
    username: undefined,
    password: undefined,
    isTls: false,
  });
});

test("credentials and TLS of the first node hold for all nodes", () => {
  expect(parseRedisNodes("rediss://:secret@a:7000,b:7001,[::1]:7002")).toEqual({
    addresses: ["a:7000", "b:7001", "::1:7002"],
    username: undefined,
    password: "secret",
    isTls: true,
  });
});

test("a node that is named twice is a cluster of which one node is known", () => {
  expect(parseRedisNodes("redis://a:7000,a:7000").addresses).toEqual(["a:7000", "a:7000"]);
});

describe("a URL is refused, and its password not repeated, for", () => {
  test.each([
    ["another scheme", "http://a:7000,b:7001"],
    ["a second scheme", "redis://a:7000,rediss://b:7001"],
    ["credentials of a later node", "redis://a:7000,redis://:hunter2@b:7001"],
    ["a database, which a cluster does not have", "redis://:hunter2@a:7000/3,b:7001"],
    ["an impossible port", "redis://a:7000,b:70000"],
    ["an empty node", "redis://a:7000,,b:7001"],
    ["no host", "redis:///3"],
    ["an empty text", ""],
  ])("%s", (_, url) => {
    const issues = redisUrl.safeParse(url).error?.issues ?? [];
    expect(issues.map(({ message }) => message)).toEqual([expect.stringMatching(/^must (be a URL|name the nodes)/)]);
    expect(issues[0]?.message).not.toContain("hunter2");
  });
});

test.each([
  ["rediss://a?foo=1", "has a parameter foo, and there are ssl_cert_reqs, ssl_ca_certs, db, family"],
  ["rediss://a?ssl_ca_cert=/ca.pem", "has a parameter ssl_ca_cert, and there is none; did you mean ssl_ca_certs?"],
  ["rediss://a?ssl_cert_req=none,b", "has a parameter ssl_cert_req, and there is none; did you mean ssl_cert_reqs?"],
  ["redis://a?famly=0", "has a parameter famly, and there is none; did you mean family?"],
  ["redis://a?family=5", "must have family=0, family=4 or family=6"],
  ["redis://a?db=one", "must have a number as db"],
])("the parameter of %s is refused by its name", (url, message) => {
  expect(redisUrl.safeParse(url).error?.issues[0]?.message).toBe(message);
});

test("the parameters that the client reads by itself are taken", () => {
  expect(parseRedisNodes("redis://a?family=0&db=2").addresses).toEqual(["a:6379"]);
});
