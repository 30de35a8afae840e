import { Counter, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import { type BoardFigures, createBoardFigures, type Figures } from "./board-figures.ts";

/** Metrics of requests by board. */
export function measureBoards(
  registry: Registry,
  now: () => number = () => performance.now(),
): Pick<BoardFigures, "onWrite" | "onRead"> {
  const figures = createBoardFigures();

  function counter(kind: keyof Figures, help: string): void {
    new Counter({
      name: metricName(`ranker_board_${kind}_total`),
      help: `${help} The busiest boards have their names, all others are "other".`,
      labelNames: ["board"] as const,
      registers: [registry],
      collect() {
        this.reset();
        for (const [board, { [kind]: count }] of figures.scrape(now())) this.inc({ board }, count);
      },
    });
  }

  counter("writes", "Writes answered with an entry, also those that changed nothing.");
  counter("reads", "Answers of tops, ranks and neighbours, by the board that they are of.");
  return figures;
}
