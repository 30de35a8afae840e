import type { RankView } from "shared/api/boards";
import { client } from "./client.ts";
import { byId, create, fieldOf } from "./dom.ts";
import { formatNumber, formatPercentile } from "./format.ts";
import { toRefusal } from "./refusal.ts";
import type { View } from "./views.ts";
import { watch } from "./watch.ts";

const NEIGHBOURS = 3;

/** The search for a player: shows rank, percentile and neighbours, and keeps them up to date. */
export function createPlayerSearch(viewNow: () => View) {
  const form = byId("find", HTMLFormElement);
  const field = fieldOf(form, "user_id");
  const found = byId("found", HTMLElement);
  const message = byId("find-message", HTMLElement);
  let userId: string | undefined;
  let finding = new AbortController();

  function close(): void {
    finding.abort();
    userId = undefined;
    found.hidden = true;
    showMessage("");
  }

  function showMessage(text: string): void {
    message.textContent = text;
    if (text === "") field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  }

  async function find(id: string): Promise<void> {
    close();
    userId = id;
    finding = new AbortController();
    const { signal } = finding;
    const view = viewNow();
    let ranked: RankView;
    try {
      ranked = await client.rank(id, view, { signal });
    } catch (error) {
      if (!signal.aborted) showMessage(toRefusal(error).detail);
      return;
    }
    if (signal.aborted) return;
    showRank(ranked);
    found.hidden = false;
    void showNeighbours(id, view, signal);
    const stop = watch((options) => client.liveRank(id, view, options), {
      onEvent({ event, data }) {
        if (event === "not_ranked") close();
        if (event !== "rank") return;
        showRank(data);
        void showNeighbours(id, view, signal);
      },
    });
    signal.addEventListener("abort", stop);
  }

  function showRank({ name, rank, total, percentile, score }: RankView): void {
    byId("found-name", HTMLElement).replaceChildren(create("bdi", "", name));
    byId("found-rank", HTMLElement).textContent = `${formatNumber(Number(rank))} of ${formatNumber(total)}`;
    byId("found-percentile", HTMLElement).textContent = formatPercentile(percentile);
    byId("found-score", HTMLElement).textContent = formatNumber(score);
  }

  async function showNeighbours(id: string, view: View, signal: AbortSignal): Promise<void> {
    // After a failure the old neighbours stay; the next rank event asks again.
    const answer = await client.around(id, { ...view, range: NEIGHBOURS }, { signal }).catch(() => undefined);
    if (answer === undefined || signal.aborted) return;
    const { self, around } = answer;
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
    if (id === "") showMessage("Say which player.");
    else void find(id);
  });
  byId("found-close", HTMLElement).addEventListener("click", () => {
    close();
    field.focus();
  });

  return {
    /** Searches for the same player in the present view. */
    refresh(): void {
      if (userId !== undefined) void find(userId);
    },
  };
}
