import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { toAnchor } from "../site/anchor.ts";
import { FOLDERS, listFiles, ROOT } from "./list-files.ts";

const files = ["*", `{${FOLDERS}}/**/*`].flatMap(listFiles);
const names = new Set(files.map((file) => basename(file)));
const documents = files.filter((file) => file.endsWith(".md"));

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const withoutBlocks = (text: string) => text.replaceAll(/^```[\s\S]*?^```$/gm, "");

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(headings.map(toAnchor));
}

/** Targets of links that lead into the repository. */
function relativeLinks(text: string): string[] {
  const prose = withoutBlocks(text).replaceAll(/`[^`]*`/g, "");
  const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)];
  const references = [...prose.matchAll(/^\[[^\]]+\]: (\S+)$/gm)];
  return [...inline, ...references].map(([, target = ""]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

function isDead(document: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? document : relative(ROOT, join(ROOT, dirname(document), path));
  if (!existsSync(join(ROOT, target))) return true;
  return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
}

test.each(documents)("%s runs Bun as a machine without Bun on its PATH can, too", (file) => {
  const code = [...read(file).matchAll(/^```sh\n([\s\S]*?)^```$|`([^`\n]+)`/gm)].flatMap(([, block, inline]) =>
    (block ?? inline ?? "").split("\n"),
  );
  expect(code.filter((line) => /^(exec )?bunx? (?!--)/.test(line))).toEqual([]);
});

const PATH = new RegExp(`^(?:\\.\\./)*(?:${FOLDERS.join("|")})/[\\w./-]*$|^[\\w.-]+\\.(?:ts|lua|sql|sh|md|yml)$`);
// Quoted paths that are no files of the repository: build output, a caller's file, module names.
const IS_NO_FILE = /^k6\/results\/|^board\.csv$|^shared\/(?:board-changes|client\/errors)$/;

/** Back-quoted paths from the root, and names of files. */
const quotedPaths = (text: string) =>
  [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)]
    .map(([, quoted = ""]) => quoted)
    .filter((quoted) => PATH.test(quoted) && !IS_NO_FILE.test(quoted));

const isMissing = (path: string) => (path.includes("/") ? !existsSync(join(ROOT, path)) : !names.has(path));

describe.each(documents)("%s", (document) => {
  const text = read(document);

  test("every relative link and its anchor exists", () => {
    expect(relativeLinks(text).filter((link) => isDead(document, link))).toEqual([]);
  });

  test("every path that it quotes exists", () => {
    expect(quotedPaths(text).filter(isMissing)).toEqual([]);
  });
});

test.each([
  ["README.md", 9 * 1024],
  ["ARCHITECTURE.md", 12 * 1024],
])("%s has at most %d bytes", (document, bytes) => {
  expect(Buffer.byteLength(read(document))).toBeLessThanOrEqual(bytes);
});

const decisions = documents.filter((document) => /^docs\/decisions\/(?!README)/.test(document));

test("a decision has at most 40 lines", () => {
  expect(decisions.filter((decision) => read(decision).trimEnd().split("\n").length > 40)).toEqual([]);
});

test("the page of decisions lists every decision", () => {
  const listed = relativeLinks(read("docs/decisions/README.md")).filter((link) => !link.startsWith("../"));
  expect(listed.toSorted()).toEqual(decisions.map((decision) => basename(decision)).toSorted());
});
