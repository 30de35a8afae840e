import type { Topology } from "shared/model/regions";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import type { OfRegions } from "../groups/ask-groups.ts";
import { callGroup, type RankingOnGroup } from "../groups/shard-groups.ts";
import { groupArgs, SHARD_KEYS, shardsOfCallPart, toAway, toGroupArgs, toGroupKeys } from "../groups/shards-of-call.ts";
import { checkRead, type Position, type RefusedRead } from "../shard-entry.ts";
import type { Sample, Sampled } from "./narrow.ts";
import source from "./samples.lua" with { type: "text" };

/** Entries of a group's shards between two places, spread evenly. */
export interface GroupSamples extends OfRegions {
  total: number;
  shards: readonly Sampled[];
}

/** @throws Problem `unavailable`; StaleBoard, SeasonOver, SeasonGone, SlotsApart */
export type ReadSamples = (on: RankingOnGroup, from: Position, to: Position) => Promise<GroupSamples>;

const SAMPLES_OF_SHARD_MAX = 128;
// About 1 µs each, in which Redis serves no other call.
const SAMPLES_OF_CALL_MAX = 2048;

const layout = defineLayout({
  keys: SHARD_KEYS,
  args: {
    ...groupArgs,
    samples: "number",
    fromScore: "text",
    fromMember: "text",
    toScore: "text",
    toMember: "text",
  },
});
const samplesScript = defineScript({
  name: "samples",
  source,
  parts: [shardsOfCallPart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as [away: string, ...shards: string[]] | RefusedRead,
});

export const createReadSamples =
  (topology: Topology): ReadSamples =>
  async ({ group, board }, from, to) => {
    const args = layout.toArgs({
      ...toGroupArgs(group, topology, board),
      samples: Math.min(SAMPLES_OF_SHARD_MAX, Math.ceil(SAMPLES_OF_CALL_MAX / group.shards.length)),
      fromScore: from.score,
      fromMember: from.member,
      toScore: to.score,
      toMember: to.member,
    });
    const keys = toGroupKeys(group, board, layout);
    const [places, ...texts] = checkRead(await callGroup(group, (redis) => samplesScript(redis, keys, args)));
    const found = texts.map(toSampled);
    const total = found.reduce((sum, shard) => sum + shard.total, 0);
    return { total, away: toAway(group, places), shards: found };
  };

function toSampled(text: string): Sampled & { total: number } {
  const [total, low, high, ...fields] = text.split(" ");
  const samples: Sample[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const index = Number(fields[at]);
    samples.push({ index, passed: index + 1, score: Number(fields[at + 1]), member: fields[at + 2] ?? "" });
  }
  return { total: Number(total), low: Number(low), high: Number(high), samples };
}
