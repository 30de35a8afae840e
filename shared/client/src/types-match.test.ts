import { expect, test } from "bun:test";
import { join } from "node:path";
import type * as accounts from "shared/api/accounts";
import type * as reads from "shared/api/boards";
import type * as boards from "shared/api/definitions";
import type * as entries from "shared/api/entries";
import type { ItemProblem, Ties } from "shared/api/fields";
import type * as live from "shared/api/live";
import type * as players from "shared/api/players";
import type * as problems from "shared/api/problems";
import type * as ranks from "shared/api/reads/ranks";
import type * as scores from "shared/api/scores";
import type * as seasons from "shared/api/seasons";
import type * as status from "shared/api/status";
import type * as changes from "shared/model/board-changes";
import type * as client from "./leaderboard-client.ts";

/** True where two types allow the same values, also where they are composed differently. */
type Same<A, B> = (<T>() => T extends Flat<A> ? 1 : 2) extends <T>() => T extends Flat<B> ? 1 : 2 ? true : false;
type Flat<T> = T extends (infer E)[] ? Flat<E>[] : T extends object ? { [K in keyof T]: Flat<T[K]> } : T;
/** Queries of the package also take undefined, which is left out of the URL. */
type Given<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
type Checked<T extends Record<string, true>> = T;

/** `tsc` compares: it names the type that is not the server's. */
export type Pairs = Checked<{
  Session: Same<accounts.Session, client.Session>;
  Registration: Same<accounts.Registration, client.Registration>;
  Credentials: Same<accounts.Credentials, client.Credentials>;
  GuestCall: Same<accounts.GuestCall, client.GuestCall>;
  PasswordChange: Same<accounts.PasswordChange, client.PasswordChange>;
  OwnName: Same<accounts.OwnName, client.OwnName>;
  GivenPassword: Same<players.GivenPassword, client.GivenPassword>;
  TopQuery: Same<Given<reads.TopQuery>, Given<client.TopQuery>>;
  RankQuery: Same<Given<reads.RankQuery>, Given<client.RankQuery>>;
  AroundQuery: Same<Given<reads.AroundQuery>, Given<client.AroundQuery>>;
  AroundScoreQuery: Same<Given<reads.AroundScoreQuery>, Given<client.AroundScoreQuery>>;
  TopView: Same<reads.TopView, client.TopView>;
  RankView: Same<reads.RankView, client.RankView>;
  AroundView: Same<reads.AroundView, client.AroundView>;
  AroundScoreView: Same<reads.AroundScoreView, client.AroundScoreView>;
  Ties: Same<Ties, client.Ties>;
  BoardsQuery: Same<Given<boards.BoardsQuery>, Given<client.BoardsQuery>>;
  BoardsView: Same<boards.BoardsView, client.BoardsView>;
  BoardView: Same<boards.BoardView, client.BoardView>;
  DeletedBoard: Same<boards.DeletedBoard, client.DeletedBoard>;
  GivenBoard: Same<boards.GivenBoard, client.GivenBoard>;
  Entry: Same<entries.Entry, client.Entry>;
  WrittenEntry: Same<entries.WrittenEntry, client.WrittenEntry>;
  BoardState: Same<changes.BoardState, client.BoardState>;
  EntryName: Same<changes.EntryName, client.EntryName>;
  BoardChanges: Same<changes.BoardChanges, client.BoardChanges>;
  LiveQuery: Same<Given<live.LiveQuery>, Given<client.LiveQuery>>;
  LiveRankQuery: Same<Given<live.LiveRankQuery>, Given<client.LiveRankQuery>>;
  BoardEvent: Same<live.BoardEvent, client.BoardEvent>;
  RankEvent: Same<live.RankEvent, client.RankEvent>;
  ChangedEntry: Same<players.ChangedEntry, client.ChangedEntry>;
  EntryChange: Same<players.EntryChange, client.EntryChange>;
  EntryRemoval: Same<players.EntryRemoval, client.EntryRemoval>;
  ErasedPlayer: Same<players.ErasedPlayer, client.ErasedPlayer>;
  OperatorName: Same<players.OperatorName, client.OperatorName>;
  OperatorReason: Same<players.OperatorReason, client.OperatorReason>;
  OperatorScore: Same<players.OperatorScore, client.OperatorScore>;
  PlayerRecord: Same<players.PlayerRecord, client.PlayerRecord>;
  PlayerRecordQuery: Same<Given<players.PlayerRecordQuery>, Given<client.PlayerRecordQuery>>;
  PlayerVisibility: Same<players.PlayerVisibility, client.PlayerVisibility>;
  RemovedEntry: Same<players.RemovedEntry, client.RemovedEntry>;
  RenamedPlayer: Same<players.RenamedPlayer, client.RenamedPlayer>;
  ProblemCode: Same<problems.ProblemCode, client.ProblemCode>;
  FieldError: Same<problems.FieldError, client.FieldError>;
  ItemProblem: Same<ItemProblem, client.ItemProblem>;
  PlayerBoardsQuery: Same<Given<ranks.PlayerBoardsQuery>, Given<client.PlayerBoardsQuery>>;
  BoardPlace: Same<ranks.BoardPlace, client.BoardPlace>;
  PlayerBoardsView: Same<ranks.PlayerBoardsView, client.PlayerBoardsView>;
  RanksQuestion: Same<ranks.RanksQuestion, client.RanksQuestion>;
  RanksView: Same<ranks.RanksView, client.RanksView>;
  AddScore: Same<scores.AddScore, client.AddScore>;
  CreateScore: Same<scores.CreateScore, client.CreateScore>;
  SetScore: Same<scores.SetScore, client.SetScore>;
  ScoreFor: Same<scores.ScoreFor, client.ScoreFor>;
  ScoresItem: Same<scores.ScoresItem, client.ScoresItem>;
  WrittenScores: Same<scores.WrittenScores, client.WrittenScores>;
  SeasonsQuery: Same<Given<seasons.SeasonsQuery>, Given<client.SeasonsQuery>>;
  SeasonsView: Same<seasons.SeasonsView, client.SeasonsView>;
  SeasonView: Same<seasons.SeasonView, client.SeasonView>;
  Health: Same<status.Health, client.Health>;
  Readiness: Same<status.Readiness, client.Readiness>;
  // The server's says no more than the names, because it looks at the values later.
  BoardChange: Same<keyof boards.BoardChange, keyof client.BoardChange>;
  FreshnessEvent: Same<live.FreshnessEvent, client.FreshnessEvent>;
}>;

/** What others are composed of. */
const PARTS = [
  "OperatorScoreFields",
  "PlacedEntry",
  "RefusedItem",
  "ScoreFields",
  "ScoreOrOperation",
  "ViewFacts",
  "WrittenItem",
];

test("each type of the API that the package exports is compared with the server's", async () => {
  const [entry, pairs] = await Promise.all(
    ["leaderboard-client.ts", "types-match.test.ts"].map((file) => Bun.file(join(import.meta.dir, file)).text()),
  );
  const lists = [...(entry ?? "").matchAll(/export type \{([^}]*)\} from "\.\/api\//g)];
  const names = lists.flatMap(([, list = ""]) => list.match(/\w+/g) ?? []);
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => !PARTS.includes(name) && !pairs?.includes(`client.${name}>`))).toEqual([]);
});
