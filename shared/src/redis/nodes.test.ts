import { describe, expect, test } from "bun:test";
import { redisUrl } from "../service/config.ts";
import { parseRedisNodes } from "./nodes.ts";

test("one server keeps its URL's parts", () => {
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

test("credentials and TLS of the first node hold for all", () => {
  expect(parseRedisNodes("rediss://:secret@a:7000,b:7001,[::1]:7002")).toEqual({
    addresses: ["a:7000", "b:7001", "::1:7002"],
    username: undefined,
    password: "secret",
    isTls: true,
  });
});

test("one node named twice is a cluster of which one node is known", () => {
  expect(parseRedisNodes("redis://a:7000,a:7000").addresses).toEqual(["a:7000", "a:7000"]);
});

describe("is refused, without repeating a password:", () => {
  test.each([
    ["another scheme", "http://a:7000,b:7001"],
    ["a second scheme", "redis://a:7000,rediss://b:7001"],
    ["credentials that are not the first node's", "redis://a:7000,redis://:hunter2@b:7001"],
    ["a database, which a cluster has not", "redis://:hunter2@a:7000/3,b:7001"],
    ["a port that is none", "redis://a:7000,b:70000"],
    ["an empty node", "redis://a:7000,,b:7001"],
    ["no host", "redis:///3"],
    ["nothing", ""],
  ])("%s", (_, url) => {
    const issues = redisUrl.safeParse(url).error?.issues ?? [];
    expect(issues.map(({ message }) => message)).toEqual([expect.stringMatching(/^must (be a URL|name the nodes)/)]);
    expect(issues[0]?.message).not.toContain("hunter2");
  });
});
