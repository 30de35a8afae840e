import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { createTopology } from "shared/model/regions";
import { createDocument } from "../../gateway/src/openapi/document.ts";
import { ROOT } from "./list-files.ts";

const topology = createTopology(["EU"], 1, ["main"]);

const routes = Object.values<Operation>(gatewayOperations(topology)).flatMap(({ method, path, access }) =>
  typeof access === "object" ? [{ method, path, ...access }] : [],
);

test("the table in SECURITY.md has the role of every operators' route, and no other route", () => {
  const rows = readFileSync(join(ROOT, "SECURITY.md"), "utf8").matchAll(
    /^\| `([A-Z]+ \/\S*)` \| `(\w+)` \| (.+) \|$/gm,
  );
  const told = [...rows].map(([, route, role, boards]) => `${route}: ${role}, ${boards}`);
  const known = routes.map(
    ({ method, path, role, boards, players }) =>
      `${method} ${path}: ${role}, ${boards === "all" ? "is refused" : "writes on these boards"} | ${players ? "writes the player's own score" : "is refused"}`,
  );
  expect(told.toSorted()).toEqual(known.toSorted());
});

const reads = Object.values<Operation>(gatewayOperations(topology)).filter(({ access }) => access === "readers");

test("the table of reads in SECURITY.md has every read that a board may keep for operators, and no other", () => {
  const rows = readFileSync(join(ROOT, "SECURITY.md"), "utf8").matchAll(/^\| `([A-Z]+ \/\S*)` \| no token /gm);
  const told = [...rows].map(([, route]) => route);
  expect(told.toSorted()).toEqual(reads.map(({ method, path }) => `${method} ${path}`).toSorted());
});

test("the OpenAPI document says that a token is optional there, and what it answers without one", () => {
  const { paths } = createDocument(topology);
  for (const { method, path } of reads) {
    const shown = paths[path.replaceAll(/:([A-Za-z]+)/g, "{$1}")]?.[method.toLowerCase()];
    expect(shown?.security).toEqual([{}, { bearer: [] }]);
    expect(Object.keys(shown?.responses as object)).toEqual(expect.arrayContaining(["401", "403"]));
    expect(String(shown?.description)).toContain("an operator's token alone");
  }
});

test("the OpenAPI document names the least role of every operators' route, for programs and for people", () => {
  const { paths } = createDocument(topology);
  for (const { method, path, role, players } of routes) {
    const shown = paths[path.replaceAll(/:([A-Za-z]+)/g, "{$1}")]?.[method.toLowerCase()];
    expect([shown?.security, shown?.["x-role"]]).toEqual([[{ bearer: [] }], role]);
    expect(String(shown?.description)).toContain(`of the role \`${role}\``);
    expect(String(shown?.description).includes("or the player's own token")).toBe(players === true);
  }
});
