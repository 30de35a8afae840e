import type { RanksView } from "shared/api/reads/ranks";
import { inParts } from "shared/base/in-parts";
import type { Topology } from "shared/model/regions";
import { NO_NEIGHBOURS, type ReadWindow, toStanding } from "../around/read-window.ts";
import { toEntry } from "../entry-views.ts";
import { askGroups, type GroupAnswers, refuseMissing } from "../groups/ask-groups.ts";
import { partOf, type ShardGroup } from "../groups/shard-groups.ts";
import { type GroupsOfView, type LiveRead, versionOf } from "../locate-player.ts";
import { countRanks, findRanks } from "../rank/read-rank.ts";
import { type Standings, sumStandings } from "../rank/standing.ts";
import { inOrder, type ShardEntry } from "../shard-entry.ts";
import { toRanksView } from "./ranks-view.ts";

export interface RanksQuestion extends LiveRead {
  /** Each of them once. */
  userIds: readonly string[];
}

/**
 * Reads where many players stand in a view: by one call a server, and by a second one where the
 * view is on several servers. Players of regions that do not answer are `unknown`.
 *
 * @throws Problem `region_unavailable`
 */
export type ReadRanks = (over: GroupsOfView, question: RanksQuestion) => Promise<RanksView>;

// Redis serves no other call meanwhile: 3 µs for each player and shard. 200 players on 16 shards
// take four calls.
const PLAYERS_AND_SHARDS_MAX = 1_024;

interface Holder {
  group: ShardGroup;
  self: ShardEntry;
  /** Entries ahead on the groups that were asked. */
  before: number;
}

/** By user_id. */
type Holders = Map<string, Holder>;

export function createReadRanks(topology: Topology, readWindow: ReadWindow): ReadRanks {
  /** Looks for the players on a group that may hold them. */
  const findOn = ({ board, withDetails, ties }: LiveRead, userIds: readonly string[]) => {
    async function withMetadata(group: ShardGroup, ids: readonly string[]): Promise<Standings> {
      const place = { group, board, withDetails, size: NO_NEIGHBOURS, ties };
      const windows = await Promise.all(ids.map((userId) => readWindow(place, { userId })));
      const [first] = windows;
      if (first === undefined) return findRanks(topology, place, ids);
      const { total, away } = first;
      return { total, away, standings: windows.map((window) => toStanding(window, ties)) };
    }
    const find = (group: ShardGroup, ids: readonly string[]) =>
      withDetails ? withMetadata(group, ids) : findRanks(topology, { group, board, ties }, ids);
    return (group: ShardGroup) => {
      const mayHold = userIds.filter((userId) => partOf(group, topology, userId) !== undefined);
      return inCalls(group, mayHold, (few) => find(group, few));
    };
  };

  /** How many entries of the other groups are ahead of each player. */
  async function countOnOthers({ board, ties }: LiveRead, groups: readonly ShardGroup[], holders: Holders) {
    const others = new Map(
      groups.map((group) => [group, [...holders.values()].filter((holder) => holder.group !== group)]),
    );
    const othersOf = (group: ShardGroup) => others.get(group) ?? [];
    const asked = groups.filter((group) => othersOf(group).length > 0);
    const counted = await askGroups(asked, (group) =>
      inCalls(group, othersOf(group), (few) => {
        const positions = few.map(({ self }) => self);
        return countRanks(topology, { group, board, ties }, positions);
      }),
    );
    for (const { group, answer } of counted.found) {
      for (const [index, holder] of othersOf(group).entries()) holder.before += answer.standings[index]?.before ?? 0;
    }
    return counted.missing;
  }

  return async ({ groups }, question) => {
    const { board, userIds, allowsPartial } = question;
    const { found, missing } = await askGroups(groups, findOn(question, userIds));
    if (!allowsPartial || found.length === 0) refuseMissing(missing);
    const holders = holdersOf(found);
    const others = await countOnOthers(
      question,
      found.map(({ group }) => group),
      holders,
    );
    // Without a region that has gone meanwhile, the total is another, too.
    refuseMissing(new Map([...others].filter(([region]) => !missing.has(region))));
    const { total } = sumStandings(found);
    const ranked = [...holders.values()].sort((a, b) => inOrder(a.self, b.self));
    const players = ranked.map(({ self, before }) => {
      const rank = 1 + before;
      return { at: self, entry: toEntry(board, self, rank, total), rank };
    });
    return toRanksView(question, { players, total, missing });
  };
}

/** @param ask about a few of the items by one call */
async function inCalls<T>(
  { shards }: ShardGroup,
  items: readonly T[],
  ask: (few: readonly T[]) => Promise<Standings>,
): Promise<Standings> {
  // A group that may hold none of the players still tells its total.
  const answers = await inParts(items, Math.floor(PLAYERS_AND_SHARDS_MAX / shards.length), ask);
  const [first] = answers;
  const away = [...new Set(answers.flatMap((answer) => answer.away))];
  return { away, total: first?.total ?? 0, standings: answers.flatMap(({ standings }) => standings) };
}

/** A player has one home. Should two groups hold an entry, the newer one counts. */
function holdersOf(found: GroupAnswers<Standings>): Holders {
  const holders: Holders = new Map();
  for (const { group, answer } of found) {
    for (const { self, before = 0 } of answer.standings) {
      if (self === undefined) continue;
      const other = holders.get(self.userId);
      if (other === undefined || versionOf(other.self) < versionOf(self)) {
        holders.set(self.userId, { group, self, before });
      }
    }
  }
  return holders;
}
