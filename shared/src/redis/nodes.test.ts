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
