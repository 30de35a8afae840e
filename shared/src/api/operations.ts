import type { Topology } from "../model/regions.ts";
import { accountOperations } from "./accounts.ts";
import { boardOperations } from "./boards.ts";
import { definitionOperations } from "./definitions.ts";
import { liveOperations } from "./live.ts";
import { playerOperations } from "./players.ts";
import { manyOperations } from "./reads/ranks.ts";
import { scoreOperations } from "./scores.ts";
import { seasonOperations } from "./seasons.ts";
import { documentOperations, statusOperations } from "./status.ts";

export interface OperationsOptions {
  topology: Topology;
  /** Whether a password must be given. The gateway says no and lets the ranker decide. */
  passwordsRequired: boolean;
}

/** The routes of a ranker, by id. */
export const rankerOperations = ({ topology, passwordsRequired }: OperationsOptions) => ({
  ...accountOperations(topology, passwordsRequired),
  ...scoreOperations(topology),
  ...boardOperations(topology),
  ...manyOperations(topology),
  ...definitionOperations,
  ...seasonOperations,
  ...liveOperations(topology),
  ...playerOperations(topology),
});
export type RankerOperations = ReturnType<typeof rankerOperations>;

/** All routes of the API, by id. */
export const gatewayOperations = (topology: Topology) => ({
  ...rankerOperations({ topology, passwordsRequired: false }),
  ...statusOperations,
  ...documentOperations,
});
