import type { Ties } from "shared/api/fields";
import { ANYONE, type Reader } from "shared/auth/reader";
import type { Board } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import type { Archives } from "../archive/archives.ts";
import type { ArchiveQuestion } from "../archive/ask-regions.ts";
import type { FinalSeasons } from "../archive/final-seasons.ts";
import { admitReader } from "../definitions/admit-reader.ts";
import type { Definitions } from "../definitions/definitions.ts";
import type { ReadAs } from "../definitions/read-as.ts";
import { createInSeason, type SeasonName } from "../seasons/in-season.ts";
import type { RankedBoard } from "../seasons/ranked-board.ts";
import type { RunningSeasons } from "../seasons/running-seasons.ts";
import type { ShardGroups } from "./groups/shard-groups.ts";
import { createHomes, type GroupsOfView, type LiveRead } from "./locate-player.ts";
import type { Cursor } from "./pages/cursors.ts";
import { seasonOfCursor } from "./pages/open-cursor.ts";
import { archivesUnavailable, StaleBoard } from "./shard-entry.ts";

export interface ReadOptions {
  /** Who reads; a caller without a token unless given. */
  reader?: Reader;
  /** Whether the answer may leave out regions that do not answer. */
  allowsPartial?: boolean;
  /** Whether entries come with their metadata. */
  withDetails?: boolean;
  /** Of a board with seasons; the one that runs unless given. */
  season?: SeasonName;
  /** How equal entries rank; `arrival` unless given. */
  ties?: Ties;
}

/** Where final seasons are read. */
export interface Archive {
  finals: FinalSeasons;
  archives: Archives;
}

/** How a season is read, by where it is. */
export interface SeasonRead<T> {
  live: (over: GroupsOfView, question: LiveRead) => Promise<T>;
  archived: (archives: Archives, question: ArchiveQuestion) => Promise<T>;
}

/** Which season of which board is read, and how. */
export interface SeasonQuestion {
  view: string;
  /** Of the board. */
  id: string;
  options: ReadOptions;
  /** A cursor comes with its season. */
  cursor?: Cursor | undefined;
}

export interface ReadSeasonDeps {
  topology: Topology;
  shardGroups: ShardGroups;
  definitions: Definitions;
  readAs: ReadAs;
  seasons: RunningSeasons;
  archive: Archive | undefined;
}

/** Reads a season of a board from its shards, or from its archive where it is final. */
export type ReadSeason = <T>(question: SeasonQuestion, read: SeasonRead<T>) => Promise<T>;

export function createReadSeason(deps: ReadSeasonDeps): ReadSeason {
  const { topology, shardGroups, definitions, readAs, seasons, archive } = deps;
  const homes = createHomes();
  const inSeason = createInSeason(topology, seasons, archive?.finals);

  /**
   * Reads an archive. No shard tells there that the board was changed or deleted, so that the
   * definition is read once more, behind what was read.
   */
  async function fromArchive<T>(board: RankedBoard, read: (archives: Archives) => Promise<T>): Promise<T> {
    if (archive === undefined) throw archivesUnavailable();
    const found = await read(archive.archives);
    const { rev } = await definitions.reload(board.id);
    if (rev !== board.rev) throw new StaleBoard();
    return found;
  }

  return <T>({ view, id, options, cursor }: SeasonQuestion, { live, archived }: SeasonRead<T>): Promise<T> => {
    const { reader = ANYONE, allowsPartial = false, withDetails = false, season: asked, ties = "arrival" } = options;
    const readIn = (definition: Board, season: SeasonName | undefined) =>
      inSeason<T>(
        { board: definition, view, season },
        {
          live: (board, running) =>
            shardGroups.over(view, (groups) =>
              live({ topology, groups, homes }, { view, board, running, withDetails, allowsPartial, ties }),
            ),
          archived: (board, final) =>
            fromArchive(board, (archives) =>
              archived(archives, { view, board, season: final, withDetails, allowsPartial, ties }),
            ),
        },
      );
    const readBy = (definition: Board) =>
      cursor === undefined
        ? readIn(definition, asked)
        : seasonOfCursor(definitions, definition, { cursor, asked }).then((season) => readIn(definition, season));
    // A definition that was reloaded may have other readers: each one is asked whether the caller
    // may.
    return readAs(id, (board) =>
      board.readers === "anyone" ? readBy(board) : admitReader(definitions, board, reader).then(readBy),
    );
  };
}
