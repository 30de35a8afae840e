import type { NamedBoard } from "../boards/read-boards.ts";
import { byId, create } from "../dom.ts";
import { formatInstant } from "../format.ts";

// A longer time-out would end at once.
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The line that says what is not as on most boards: the order, and the end. */
export function createFacts() {
  const line = byId("board-facts", HTMLElement);
  let timer: ReturnType<typeof setTimeout> | undefined;

  return function show(board: NamedBoard): void {
    const { isLowestFirst, endsAtMs } = board;
    clearTimeout(timer);
    const parts: Node[] = [];
    if (endsAtMs !== undefined) {
      const leftMs = endsAtMs - Date.now();
      parts.push(
        leftMs <= 0
          ? create("strong", "tag is-ended", `Ended ${formatInstant(endsAtMs)}`)
          : create("span", "", `Ends ${formatInstant(endsAtMs)}`),
      );
      if (leftMs > 0 && leftMs < TIMEOUT_MS_MAX) timer = setTimeout(() => show(board), leftMs);
    }
    if (isLowestFirst) parts.push(create("span", "", "The lowest score is first."));
    line.hidden = parts.length === 0;
    line.replaceChildren(...parts.flatMap((part, index) => (index === 0 ? [part] : [" ", part])));
  };
}
