import type { Topology } from "shared/model/regions";
import type { Stores } from "shared/stores/stores";
import type { Databases } from "../postgres/databases.ts";

/** Redis and PostgreSQL of a deployment. */
export interface Sides {
  topology: Topology;
  stores: Stores;
  databases: Databases;
}
