import { join } from "node:path";
import { freePort } from "stack/free-port";
import { startPostgres } from "stack/postgres";

/** A PostgreSQL as it comes, syncing with each commit, with its data in a folder of this name below `dir`. */
export const startBenchPostgres = async (dir: string, name: string, databases: string[]) =>
  startPostgres({ port: await freePort(), dir: join(dir, name), databases, password: "scratch" });
