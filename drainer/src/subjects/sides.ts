import type { Topology } from "shared/model/regions";
import type { Databases } from "shared/postgres/databases";
import type { Stores } from "shared/stores/stores";

/** Redis and PostgreSQL of a deployment. */
export interface Sides {
  topology: Topology;
  stores: Stores;
  databases: Databases;
}
