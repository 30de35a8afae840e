import { INVALID_OPTIONS } from "shared/base/arguments";
import type { Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { ConfigError } from "shared/service/config";
import { FORMATS, type Format } from "../../drainer/src/transfer/board-file.ts";

/** The format that is named, or that a file's name ends with, or CSV; nothing for one that is not known. */
export function formatOf(named: string | undefined, file: string | undefined): Format | undefined {
  const ending = /\.(ndjson|jsonl)$/i.test(file ?? "") ? "ndjson" : "csv";
  return FORMATS.find((format) => format === (named?.toLowerCase() ?? ending));
}

/** A configured board, and configured regions. @throws ConfigError */
export function readPlace(topology: Topology, values: { board?: string | undefined; region?: string | undefined }) {
  const { board = MAIN_BOARD, region } = values;
  const regions = region === undefined ? topology.regions : [region.toUpperCase()];
  const faults = [
    ...(topology.boards.includes(board) ? [] : [`--board must be one of ${topology.boards.join(", ")}`]),
    ...(regions.every((each) => topology.regions.includes(each))
      ? []
      : [`--region must be one of ${topology.regions.join(", ")}`]),
  ];
  if (faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  return { board, regions };
}
