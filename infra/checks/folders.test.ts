import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { listFiles } from "./list-files.ts";

const FILES_MAX = 14;

test(`no folder of a service's src or of infra has more than ${FILES_MAX} files beside its tests`, () => {
  const files = listFiles("{shared,gateway,ranker,drainer}/src/**/*").concat(listFiles("infra/**/*.ts"));
  const sources = files.filter((file) => !file.endsWith(".test.ts"));
  expect(sources).not.toBeEmpty();
  const folders = Map.groupBy(sources, (file) => dirname(file));
  const tooLarge = [...folders].filter(([, inside]) => inside.length > FILES_MAX);
  expect(tooLarge.map(([folder, inside]) => `${folder}: ${inside.length}`)).toEqual([]);
});
