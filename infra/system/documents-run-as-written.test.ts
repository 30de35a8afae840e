import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePort } from "stack/free-port";
import { dirForFile, forFile } from "testing/for-file";
import { makePlace } from "testing/services/stack-under-test";
import { FOLDERS, listFiles, ROOT } from "../checks/list-files.ts";
import { findK6 } from "../commands/load.ts";
import { readBlocks, SHOWN, toScript } from "./test/document-blocks.ts";

const DOCUMENTS = ["README.md", ...listFiles("docs/*.md").sort(), "CONTRIBUTING.md", "k6/README.md"];
DOCUMENTS.push(...listFiles("infra/**/*.md").sort());
const NEEDED = ["npm", "curl", "timeout"];
const missing = NEEDED.filter((tool) => Bun.which(tool) === null);

const place = await forFile(makePlace());
const clone = await makeClone(join(await dirForFile(), "clone"));
const otherPort = String(await freePort());

/** The project as a fresh clone has it, with the packages that `npm start` would install first. */
async function makeClone(folder: string): Promise<string> {
  await mkdir(folder);
  const files = FOLDERS.flatMap((each) => listFiles(`${each}/**/*`));
  files.push(...readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])));
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(ROOT, file), join(folder, file));
  }
  await Bun.$`cp -al ${join(ROOT, "node_modules")} ${folder}/`.quiet();
  await cp(join(ROOT, "bun.lock"), join(folder, "node_modules/.bun.lock.installed"), { force: true });
  await mkdir(join(folder, ".data/tools/node_modules/.bin"), { recursive: true });
  await symlink(process.execPath, join(folder, ".data/tools/node_modules/.bin/bun"));
  return folder;
}

/** The PATH of a newcomer, who has npm and no Bun. */
const pathWithoutBun = () =>
  (process.env.PATH ?? "")
    .split(":")
    .filter((folder) => !existsSync(join(folder, "bun")))
    .join(":");

const toFreePorts = (text: string) =>
  text.replaceAll("127.0.0.1:4000", `127.0.0.1:${place.env.GATEWAY_PORT}`).replaceAll("4100", otherPort);

test("every example of an answer is JSON", () => {
  for (const document of DOCUMENTS) {
    const blocks = readBlocks(readFileSync(join(ROOT, document), "utf8"));
    for (const { language, text } of blocks) if (language === "json") JSON.parse(text);
  }
});

describe.skipIf(missing.length > 0)(`on a fresh clone, in their order (needs ${NEEDED.join(", ")})`, () => {
  const withBlocks = DOCUMENTS.filter((document) =>
    readBlocks(readFileSync(join(ROOT, document), "utf8")).some(
      ({ language, notRun }) => notRun === undefined && !SHOWN.has(language),
    ),
  );

  const canRun = (document: string) => !document.startsWith("k6/") || findK6() !== undefined;
  test.each(withBlocks.filter(canRun))(
    "every block of %s runs as it is written",
    async (document) => {
      const { DATA_DIR: _, ...ports } = place.env;
      const script = toFreePorts(toScript(document, readBlocks(readFileSync(join(clone, document), "utf8"))));
      const child = Bun.spawn(["bash"], {
        cwd: clone,
        env: { ...ports, PATH: pathWithoutBun(), HOME: clone },
        stdin: Buffer.from(script),
        stderr: "pipe",
      });
      const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      expect({ code: await child.exited, end: `${out.slice(-1_500)}${err.slice(-1_500)}` }).toEqual({
        code: 0,
        end: expect.any(String),
      });
    },
    180_000,
  );
});
