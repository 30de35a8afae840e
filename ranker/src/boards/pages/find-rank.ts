import type { ScriptPart } from "shared/redis/scripts/define-script";
import { countAheadPart } from "../rank/standing.ts";
import source from "./find-rank.lua" with { type: "text" };

/** Finds the place behind a number of entries of several shards on one server. */
export const findRankPart: ScriptPart = { source, uses: [countAheadPart] };
