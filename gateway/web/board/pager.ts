import { byId } from "../dom.ts";
import { formatCount, formatNumber } from "../format.ts";
import type { Navigation } from "../navigation.ts";

export interface PagerOptions {
  navigation: Navigation;
  /** Entries on a page. */
  pageSize: number;
  pagesMax: number;
}

/** Links to the previous and to the next page of a board. */
export function createPager({ navigation, pageSize, pagesMax }: PagerOptions) {
  const pager = byId("pager", HTMLElement);
  const previous = byId("previous", HTMLAnchorElement);
  const next = byId("next", HTMLAnchorElement);
  const beyond = byId("beyond", HTMLElement);

  return {
    /** Shows the links of the present page of a board with `total` entries. */
    show(total: number): void {
      const { page } = navigation.place;
      const pages = Math.min(pagesMax, Math.ceil(total / pageSize));
      pager.hidden = pages < 2;
      previous.hidden = page <= 1;
      next.hidden = page >= pages;
      previous.setAttribute("href", navigation.hrefOf({ page: page - 1 }));
      next.setAttribute("href", navigation.hrefOf({ page: page + 1 }));
      byId("page", HTMLElement).textContent = `Page ${formatNumber(page)} of ${formatNumber(pages)}`;
      const reached = pagesMax * pageSize;
      beyond.hidden = total <= reached;
      beyond.textContent = `The pages show the first ${formatNumber(reached)} of ${formatCount(total)}. The search finds the others by their ID.`;
    },
    hide(): void {
      pager.hidden = true;
    },
  };
}
