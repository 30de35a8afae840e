import { presentBoard } from "shared/boards/to-board";
import { suggest } from "shared/command/suggest";
import type { Board } from "shared/model/board";
import { createSettings, PAGE_MAX, type Settings } from "shared/settings/settings";
import type { Sides } from "../subjects/sides.ts";

type Places = Pick<Sides, "topology" | "stores">;

/** There is no such board, or it is being deleted. */
export class NoBoard extends Error {
  constructor(id: string, others: readonly string[]) {
    super(`there is no board ${id}${suggest(id, others)}`);
    this.name = "NoBoard";
  }
}

/**
 * Finds a board that is configured or that operators made, with its present definition.
 *
 * @throws NoBoard, which names the board that may be meant; Problem `unavailable` while the home
 *   Redis is closed
 */
export async function findBoard({ topology, stores }: Places, id: string): Promise<Board> {
  const settings = readSettings(stores);
  const setting = await settings.read("boards", id);
  const found = presentBoard(setting, id, topology.configuredBoards.includes(id));
  if (found?.state === "open") return found;
  throw new NoBoard(id, [...topology.configuredBoards, ...(await readIds(settings))]);
}

/** Settings that are read only, so that no queue has to be watched. */
const readSettings = ({ home }: Places["stores"]): Settings => createSettings({ home, queueMax: 0 });

async function readIds(settings: Settings): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await settings.readPage("boards", { after: ids.at(-1) ?? "", limit: PAGE_MAX });
    ids.push(...page.map(({ id }) => id));
    if (page.length < PAGE_MAX) return ids;
  }
}
