import { expect, test } from "bun:test";
import { relative } from "node:path";
import { documents } from "./configuration.ts";
import { sections } from "./variables.ts";

test.each(documents.map(({ path, print }) => [relative(process.cwd(), path), path, print] as const))(
  "%s is what npm run configuration writes from the schemas",
  async (_, path, print) => {
    expect(await Bun.file(path).text()).toBe(print());
  },
);

test.each(sections.flatMap(({ variables }) => variables))("the example of $name is valid", ({ example, field }) => {
  if (example !== "") expect(field.safeParse(example)).toMatchObject({ success: true });
});
