import type { Entry } from "shared/api/entries";
import { create } from "../dom.ts";
import { formatNumber, formatScore, type ScoreFormat } from "../format.ts";

const MARK_MS = 4_000;

export interface Shown {
  entry: Entry;
  /** The address of the player. */
  href: string;
  isYou: boolean;
  format: ScoreFormat;
  withRegion: boolean;
}

export interface Row {
  element: HTMLTableRowElement;
  show(shown: Shown): void;
}

/** A row of the table. @param isNew marks the entry as one that has just come */
export function createRow(isNew: boolean): Row {
  const element = create("tr");
  // The style sheet may stack the cells; without roles they would no longer be a table then.
  element.setAttribute("role", "row");
  const place = create("span", "place");
  const rank = create("span");
  const step = create("span", "step");
  step.setAttribute("aria-hidden", "true");
  const player = create("a", "player");
  const name = create("bdi");
  const you = create("span", "tag is-you", "you");
  const tier = create("span", "tag is-tier");
  const about = create("span", "about");
  const score = create("td", "score");
  const points = create("span");
  const sub = create("small", "sub");
  place.append(rank, step);
  player.append(name, " ", you, " ", tier, " ", about);
  score.append(points, sub);
  const [placeCell, playerCell] = [create("td"), create("td")];
  placeCell.append(place);
  playerCell.append(player);
  for (const cell of [placeCell, playerCell, score]) cell.setAttribute("role", "cell");
  element.append(placeCell, playerCell, score);
  let was: Entry | undefined;
  let stepTimer: ReturnType<typeof setTimeout> | undefined;
  let scoreTimer: ReturnType<typeof setTimeout> | undefined;

  function showStep(by: number | "new"): void {
    clearTimeout(stepTimer);
    step.classList.toggle("is-up", by === "new" || by > 0);
    step.textContent = by === "new" ? "new" : by > 0 ? `▲${by}` : `▼${-by}`;
    stepTimer = setTimeout(() => step.replaceChildren(), MARK_MS);
  }

  return {
    element,
    show({ entry, href, isYou, format, withRegion }) {
      element.classList.toggle("is-first", entry.rank === 1);
      element.classList.toggle("is-marked", isYou);
      rank.textContent = formatNumber(Number(entry.rank));
      name.textContent = entry.name;
      player.title = `${entry.name} (${entry.user_id})`;
      player.setAttribute("href", href);
      about.textContent = withRegion ? `${entry.user_id} · ${entry.region}` : entry.user_id;
      you.hidden = !isYou;
      tier.textContent = entry.tier ?? "";
      points.textContent = formatScore(entry.score, format);
      sub.textContent = entry.sub === undefined ? "" : ` then ${formatNumber(entry.sub)}`;
      if (was === undefined && isNew) showStep("new");
      if (was !== undefined && was.rank !== entry.rank) showStep(Number(was.rank) - Number(entry.rank));
      if (was !== undefined && (was.score !== entry.score || was.sub !== entry.sub)) {
        clearTimeout(scoreTimer);
        score.classList.add("is-new");
        scoreTimer = setTimeout(() => score.classList.remove("is-new"), MARK_MS);
      }
      was = entry;
    },
  };
}
