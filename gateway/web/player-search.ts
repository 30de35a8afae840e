import type { AroundView, RankView } from "shared/answers";
import { ask } from "./api.ts";
import { byId, create, fieldOf } from "./dom.ts";
import { formatNumber, formatPercentile } from "./format.ts";
import { watch } from "./live.ts";

const NEIGHBOURS = 3;

/** The search for a player: rank, percentile and neighbours, kept up to date for as long as they are shown. */
export function createPlayerSearch(viewQuery: () => string) {
  const form = byId("find", HTMLFormElement);
  const field = fieldOf(form, "user_id");
  const found = byId("found", HTMLElement);
  const message = byId("find-message", HTMLElement);
  let stop = () => {};
  let userId: string | undefined;
  let asked = 0;

  function close(): void {
    stop();
    stop = () => {};
    userId = undefined;
    asked++;
    found.hidden = true;
    tell("");
  }

  function tell(text: string): void {
    message.textContent = text;
    if (text === "") field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  }

  async function find(id: string): Promise<void> {
    close();
    const turn = asked;
    userId = id;
    const answer = await ask<RankView>(`/rank/${encodeURIComponent(id)}?${viewQuery()}`);
    if (turn !== asked) return;
    if (!answer.ok) return tell(answer.refusal.detail);
    showRank(answer.value);
    found.hidden = false;
    await showNeighbours(id, turn);
    if (turn !== asked) return;
    stop = watch(`/live/rank/${encodeURIComponent(id)}?${viewQuery()}`, {
      on: {
        rank(data) {
          showRank(data as RankView);
          void showNeighbours(id, turn);
        },
        not_ranked: close,
      },
    });
  }

  function showRank({ name, rank, total, percentile, score }: RankView): void {
    byId("found-name", HTMLElement).replaceChildren(create("bdi", "", name));
    byId("found-rank", HTMLElement).textContent = `${formatNumber(Number(rank))} of ${formatNumber(total)}`;
    byId("found-percentile", HTMLElement).textContent = formatPercentile(percentile);
    byId("found-score", HTMLElement).textContent = formatNumber(score);
  }

  async function showNeighbours(id: string, turn: number): Promise<void> {
    const answer = await ask<AroundView>(`/around/${encodeURIComponent(id)}?range=${NEIGHBOURS}&${viewQuery()}`);
    if (turn !== asked || !answer.ok) return;
    const { self, around } = answer.value;
    const entries = [...around, self].sort((a, b) => Number(a.rank) - Number(b.rank));
    byId("neighbours", HTMLElement).replaceChildren(
      ...entries.map((entry) => {
        const item = create("li", entry.rank === self.rank ? "is-marked" : "");
        if (entry.rank === self.rank) item.setAttribute("aria-current", "true");
        item.append(
          create("span", "", formatNumber(Number(entry.rank))),
          create("bdi", "", entry.name),
          create("span", "", formatNumber(entry.score)),
        );
        return item;
      }),
    );
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = field.value.trim();
    if (id === "") tell("Say which player.");
    else void find(id);
  });
  byId("found-close", HTMLElement).addEventListener("click", () => {
    close();
    field.focus();
  });

  return {
    /** Looks at the same player in another view. */
    refresh(): void {
      if (userId !== undefined) void find(userId);
    },
  };
}
