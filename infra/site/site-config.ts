import { join } from "node:path";
import manifest from "../../package.json";
import { toAnchor } from "./anchor.ts";
import { fitLinks, type Markdown, showDiagrams } from "./markdown.ts";
import { readSidebar } from "./sidebar.ts";

const ROOT = join(import.meta.dirname, "../..");
const TOOLS = join(ROOT, ".data/tools/site/node_modules");

/**
 * What VitePress builds the site from.
 *
 * @param env `GITHUB_SERVER_URL` and `GITHUB_REPOSITORY`, or else `homepage` of `package.json`, say
 *   where files outside of `docs/` are shown; `SITE_BASE` is the path below which the site is
 *   served, `/` by default
 */
export function siteConfig(env: Record<string, string | undefined>) {
  const repository = repositoryOf(env);
  return {
    title: "Leaderboard",
    description: "A real-time leaderboard that you host yourself",
    lang: "en",
    base: env.SITE_BASE ?? "/",
    outDir: join(ROOT, ".data/site"),
    cacheDir: join(ROOT, ".data/site-cache"),
    // Code hosts show the README of a folder.
    rewrites: { "README.md": "index.md", "decisions/README.md": "decisions/index.md" },
    markdown: {
      anchor: { slugify: toAnchor },
      config(markdown: Markdown) {
        fitLinks(markdown, repository);
        showDiagrams(markdown);
      },
    },
    themeConfig: {
      sidebar: readSidebar(join(ROOT, "docs")),
      outline: "deep",
      search: { provider: "local" },
      socialLinks: repository === undefined ? [] : [{ icon: "github", link: repository }],
    },
    vite: {
      resolve: { alias: { "@mermaid-js/tiny": join(TOOLS, "@mermaid-js/tiny") } },
      // For docs:dev. Mermaid's script is served as it is.
      optimizeDeps: { exclude: ["@mermaid-js/tiny"] },
      server: { fs: { allow: [ROOT] } },
      // VitePress links its Vue into the project's node_modules, and Bun does not find there what
      // Vue itself imports.
      ssr: { noExternal: true },
    },
  };
}

/** The address of the repository; undefined while `package.json` has none of an owner. */
function repositoryOf({
  GITHUB_SERVER_URL,
  GITHUB_REPOSITORY,
}: Record<string, string | undefined>): string | undefined {
  if (GITHUB_REPOSITORY !== undefined) return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
  return manifest.homepage.includes("/OWNER/") ? undefined : manifest.homepage;
}
