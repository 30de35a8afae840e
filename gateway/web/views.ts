import { byId, create } from "./dom.ts";

/** The region and the board that the page shows. */
export interface View {
  region: string;
  board: string;
}

export interface ViewsOptions {
  regions: readonly string[];
  boards: readonly string[];
  /** The number of entries shown. */
  limit: number;
  onChange: () => void;
}

const EVERYWHERE = "GLOBAL";
const titleOf = (region: string) => (region === EVERYWHERE ? "Everywhere" : region);
const whereOf = (region: string) => (region === EVERYWHERE ? "everywhere" : `in ${region}`);

/** The choice of a region and, if there are several, of a board. The page's address holds both. */
export function createViews({ regions, boards, limit, onChange }: ViewsOptions): Readonly<View> {
  const tabs = byId("regions", HTMLElement);
  const select = byId("boards", HTMLSelectElement);
  const views = [EVERYWHERE, ...regions.filter((region) => region !== EVERYWHERE)];
  const address = new URLSearchParams(location.search);
  const view: View = {
    region: views.find((each) => each === address.get("region")?.toUpperCase()) ?? EVERYWHERE,
    board: boards.find((each) => each === address.get("board")) ?? boards[0] ?? "main",
  };

  const buttons = views.map((region) => {
    const button = create("button", "", titleOf(region));
    button.type = "button";
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", "view");
    button.addEventListener("click", () => choose({ ...view, region }));
    return button;
  });
  tabs.append(...buttons);
  // The arrow keys move between tabs; Tab leaves the tab list.
  tabs.addEventListener("keydown", (event) => {
    const now = views.indexOf(view.region);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: views.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + views.length) % views.length;
    choose({ ...view, region: views[index] ?? EVERYWHERE });
    buttons[index]?.focus();
  });

  select.append(...boards.map((board) => create("option", "", board)));
  select.value = view.board;
  select.addEventListener("change", () => choose({ ...view, board: select.value }));
  byId("board-choice", HTMLElement).hidden = boards.length < 2;

  function choose(next: View): void {
    if (next.region === view.region && next.board === view.board) return;
    Object.assign(view, next);
    const query = new URLSearchParams({ region: view.region });
    if (boards.length > 1) query.set("board", view.board);
    history.replaceState(null, "", `?${query}`);
    show();
    onChange();
  }

  function show(): void {
    for (const [index, button] of buttons.entries()) {
      const isChosen = views[index] === view.region;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      if (isChosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    byId("board-title", HTMLElement).textContent = `Top ${limit} ${whereOf(view.region)}`;
    document.title = `${titleOf(view.region)} · Leaderboard`;
  }

  show();
  return view;
}
