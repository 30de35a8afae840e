import { defineCommand, flag, value } from "shared/command/define-command";
import { GLOBAL } from "shared/model/regions";
import { viewSchema } from "shared/model/scores";
import { wholeNumber } from "shared/service/environment";
import { createSettings } from "shared/settings/settings";
import { readFence } from "shared/stores/fenced-store";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { createDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { boardOption, regionOption, requireBoard } from "./common-options.ts";
import { table } from "./demo/display.ts";
import { type OpenRedis, openRedis, topologyOf } from "./open-stores.ts";

const LIMIT_MAX = 10_000;

export const topCommand = defineCommand({
  name: "top",
  about: "Prints the best of a board, as Redis ranks them.",
  usage: "./lb top [options]",
  options: {
    region: regionOption,
    board: boardOption,
    limit: value("N", "how many", wholeNumber(1, LIMIT_MAX).default(10)),
    json: flag("one JSON object: region, total, entries"),
  },
  notes: "Ends with 0; with 1 where it failed.",
  check(options, env) {
    const topology = topologyOf(env);
    const view = viewSchema(topology).safeParse(options.region);
    return view.success ? [] : [`--region ${view.error.issues[0]?.message}`];
  },
  async run({ options: { region = GLOBAL, board, limit, json }, env }) {
    using opened = await openRedis("top", env);
    const { topology, stores } = opened;
    await refuseUnused(opened);
    await requireBoard(opened, board);
    const definitions = createDefinitions(
      createSettings({ home: stores.home, queueMax: 0 }),
      topology.configuredBoards,
    );
    const top = await createBoards(topology, stores.of, definitions).top(region, board, limit);
    const text = `${table(top.entries)}\n\n${top.total.toLocaleString("en")} on board ${board} of ${region}`;
    process.stdout.write(`${json ? JSON.stringify(top) : text}\n`);
    return 0;
  },
});

/** A Redis that no drainer has opened yet is refused by every read, which cannot tell why. */
async function refuseUnused({ topology, stores }: OpenRedis): Promise<void> {
  const fences = await Promise.all(topology.shards.map(({ tag, region }) => readFence(stores.of(region), tag)));
  if (fences.some(({ text, clock }) => text !== "" || clock !== undefined)) return;
  throw new Error("there is nothing in this Redis yet: a drainer opens it when it starts");
}
