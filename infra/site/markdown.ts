import { posix } from "node:path";

/** What is used here of markdown-it. */
export interface Markdown {
  core: { ruler: { push(name: string, rule: (state: { tokens: Token[]; env: Page }) => void): void } };
  renderer: { rules: Record<string, Render | undefined> };
}

interface Token {
  type: string;
  tag: string;
  info: string;
  content: string;
  children: Token[] | null;
  attrs: [string, string][] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

interface Page {
  /** The path of the file. */
  realPath?: string;
  path: string;
}

type Render = (tokens: Token[], index: number, ...rest: unknown[]) => string;

/**
 * Fits the links between files to the site: a README is the first page of its folder, and a file
 * outside of `docs/` is shown by the repository. Without the repository's address such a link
 * becomes plain text.
 */
export function fitLinks(markdown: Markdown, repository: string | undefined): void {
  markdown.core.ruler.push("fit-links", ({ tokens, env }) => {
    const file = env.realPath ?? env.path;
    const folder = posix.dirname(file.slice(file.lastIndexOf("/docs/") + 1));
    for (const { children } of tokens) {
      let isPlain = false;
      for (const token of children ?? []) {
        if (token.type === "link_close" && isPlain) toPlain(token);
        if (token.type !== "link_open") continue;
        const href = toSiteLink(token.attrGet("href") ?? "", folder, repository);
        isPlain = href === undefined;
        if (href === undefined) toPlain(token);
        else token.attrSet("href", href);
      }
    }
  });
}

/**
 * A link as the site has it; undefined where the file is nowhere shown.
 *
 * @param folder of the page, from the root: `docs/decisions`
 */
export function toSiteLink(href: string, folder: string, repository: string | undefined): string | undefined {
  if (/^([a-z]+:|#|\/)/.test(href)) return href;
  const target = posix.normalize(posix.join(folder, href));
  if (target.startsWith("docs/")) return href.replace(/(?<=^|\/)README\.md/, "index.md");
  return repository === undefined ? undefined : `${repository}/blob/HEAD/${target}`;
}

function toPlain(token: Token): void {
  token.type = token.type.replace("link", "span");
  token.tag = "span";
  token.attrs = null;
}

/** Makes a diagram of each block in `mermaid`. */
export function showDiagrams({ renderer: { rules } }: Markdown): void {
  const { fence } = rules;
  rules.fence = (tokens, index, ...rest) => {
    const { info = "", content = "" } = tokens[index] ?? {};
    if (info.trim() !== "mermaid") return fence?.(tokens, index, ...rest) ?? "";
    return `<Diagram source="${encodeURIComponent(content)}" />`;
  };
}
