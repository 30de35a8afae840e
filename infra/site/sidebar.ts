import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An entry of the site's sidebar: a link, or a group of them. */
export interface SidebarEntry {
  text: string;
  link?: string;
  items?: SidebarEntry[];
  collapsed?: boolean;
}

/** The pages in the order of the lists on `docs/README.md`, and on that of the decisions. */
export const readSidebar = (docs: string): SidebarEntry[] => [
  ...groupsOf(readFileSync(join(docs, "README.md"), "utf8"), ""),
  {
    text: "Decisions",
    link: "/decisions/",
    collapsed: true,
    items: groupsOf(readFileSync(join(docs, "decisions/README.md"), "utf8"), "decisions/"),
  },
];

/** A group for each heading of the second level, of the links at the beginning of list items. */
export function groupsOf(markdown: string, folder: string): SidebarEntry[] {
  const [, ...parts] = markdown.split(/^## /m);
  return parts.map((part) => {
    const [heading = ""] = part.split("\n");
    const links = [...part.matchAll(/^- \[([^\]]+)\]\((?!\.\.)([\w/-]+)\.md\)/gm)];
    return {
      text: heading,
      collapsed: false,
      items: links.map(([, text = "", page = ""]) => ({ text, link: `/${folder}${page}` })),
    };
  });
}
