import { toIsoTime } from "shared/base/times";
import { toValue } from "shared/boards/to-board";
import { boardSchema, toDefinition } from "shared/model/board";
import { settingIdsKey, settingsKey } from "shared/redis/keys";
import type { Command } from "../stage/seed-redis.ts";

/** A board that an operator made. */
export interface MadeBoard {
  id: string;
  /** Its revision, and when it was made: microseconds. */
  version: number;
  /** The definition, as `PUT /boards/:board` takes it. */
  fields: Readonly<Record<string, unknown>>;
}

/** The JSON of the definition, as the ranker keeps it. */
export const toSettingText = ({ version, fields }: MadeBoard): string =>
  JSON.stringify(
    toValue(toDefinition(boardSchema.parse(fields)), {
      created_at: toIsoTime(version),
      state: "open",
      born: 0,
      has_seasons: false,
    }),
  );

/**
 * The commands that write a definition into the home Redis. A shard learns it at the first write.
 */
export const toDefinitionCommands = (board: MadeBoard): Command[] => [
  ["HSET", settingsKey("boards"), board.id, `${board.version} ${toSettingText(board)}`],
  ["ZADD", settingIdsKey("boards"), 0, board.id],
];
