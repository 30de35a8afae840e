import { expect, test } from "bun:test";
import { dirname, join } from "node:path";

const FILES_MAX = 14;
const root = join(import.meta.dir, "../..");

test(`no folder of a service's src has more than ${FILES_MAX} files beside its tests`, () => {
  const files = [...new Bun.Glob("{shared,gateway,ranker,drainer}/src/**/*").scanSync(root)];
  const sources = files.filter((file) => !file.endsWith(".test.ts"));
  expect(sources).not.toBeEmpty();
  const folders = Map.groupBy(sources, (file) => dirname(file));
  const tooLarge = [...folders].filter(([, inside]) => inside.length > FILES_MAX);
  expect(tooLarge.map(([folder, inside]) => `${folder}: ${inside.length}`)).toEqual([]);
});
