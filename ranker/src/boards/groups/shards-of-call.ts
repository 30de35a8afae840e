import type { Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Layout, ScriptPart } from "shared/redis/scripts/define-script";
import { isReadablePart, membersPart } from "shared/redis/scripts/parts";
import type { RankedBoard } from "../../seasons/ranked-board.ts";
import { countAheadPart } from "../rank/standing.ts";
import { readArgs, toReadArgs } from "../shard-entry.ts";
import type { ShardGroup } from "./shard-groups.ts";
import source from "./shards-of-call.lua" with { type: "text" };

/** `shards_of_call`, `find_holders`, `count_on_others`, `ranked_of` */
export const shardsOfCallPart: ScriptPart = { source, uses: [isReadablePart, membersPart, countAheadPart] };

/** The keys of each shard, in the order of `shards_of_call`. */
export const SHARD_KEYS = ["board", "entries", "split", "fence", "boards"] as const;

/** The arguments of every read of a ranking on the shards of a group, for its layout. */
export const groupArgs = { ...readArgs, perRegion: "number" } as const;
export const toGroupArgs = ({ perRegion }: ShardGroup, { partitions }: Topology, board: RankedBoard) => ({
  ...toReadArgs(partitions, board),
  perRegion,
});

type KeysOf<K extends string> = Pick<Layout<K, never, never>, "toKeys">;

export const toGroupKeys = ({ shards }: ShardGroup, { ranking }: RankedBoard, layout: KeysOf<BoardKeyName>): string[] =>
  shards.flatMap((shard) => layout.toKeys(boardKeys(shard, ranking)));

type BoardKeyName = keyof ReturnType<typeof boardKeys>;

const NONE: readonly string[] = [];

/** The regions of the shards at these places in the call. */
export const toAway = ({ shards }: ShardGroup, places: string): readonly string[] =>
  places === "" ? NONE : places.split(" ").flatMap((place) => shards[Number(place)]?.region ?? []);
