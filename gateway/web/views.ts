import { byId, create } from "./dom.ts";
import { formatNumber } from "./format.ts";
import { EVERYWHERE, type Navigation } from "./navigation.ts";

export interface ViewsOptions {
  navigation: Navigation;
  regions: readonly string[];
  /** The title of the present board; undefined where it goes without saying. */
  boardTitle: () => string | undefined;
  /** Entries on a page. */
  pageSize: number;
}

const titleOf = (region: string) => (region === EVERYWHERE ? "Everywhere" : region);
const whereOf = (region: string) => (region === EVERYWHERE ? "everywhere" : `in ${region}`);

/** All views of the deployment, in the order of their tabs. */
export const viewsOf = (regions: readonly string[]) => [
  EVERYWHERE,
  ...regions.filter((region) => region !== EVERYWHERE),
];

/** The choice of a region, and the titles of the page. */
export function createViews({ navigation, regions, boardTitle, pageSize }: ViewsOptions) {
  const tabs = byId("regions", HTMLElement);
  const views = viewsOf(regions);

  const buttons = views.map((region) => {
    const button = create("button", "", titleOf(region));
    button.type = "button";
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", "view");
    button.addEventListener("click", () => choose(region));
    return button;
  });
  tabs.append(...buttons);
  // The arrow keys move between tabs; Tab leaves the tab list.
  tabs.addEventListener("keydown", (event) => {
    const now = views.indexOf(navigation.place.region);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: views.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + views.length) % views.length;
    choose(views[index] ?? EVERYWHERE);
    buttons[index]?.focus();
  });

  function choose(region: string): void {
    if (region !== navigation.place.region) navigation.replace({ region, page: 1 });
  }

  return {
    /** Shows the present place in the tabs and in the titles. */
    show(): void {
      const { region, season, page } = navigation.place;
      for (const [index, button] of buttons.entries()) {
        const isChosen = views[index] === region;
        button.setAttribute("aria-selected", String(isChosen));
        button.tabIndex = isChosen ? 0 : -1;
        if (isChosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
      const range = `${formatNumber((page - 1) * pageSize + 1)}–${formatNumber(page * pageSize)}`;
      const places = `${page === 1 ? `Top ${pageSize}` : `Places ${range}`} ${whereOf(region)}`;
      const title = boardTitle();
      const named = title === undefined ? [] : [create("bdi", "", title), " · "];
      const when =
        season === "" ? undefined : season === "previous" ? "Last season" : `Season ${formatNumber(Number(season))}`;
      if (when !== undefined) named.push(when, " · ");
      byId("board-title", HTMLElement).replaceChildren(...named, places);
      document.title = [titleOf(region), title, when, "Leaderboard"].filter((part) => part !== undefined).join(" · ");
    },
  };
}
