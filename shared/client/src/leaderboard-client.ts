// biome-ignore-all lint/performance/noBarrelFile: the one file that apps import.
export type { Credentials, GuestCall, OwnName, PasswordChange, Registration, Session } from "./api/accounts.ts";
export type { BoardChange, BoardsQuery, BoardsView, BoardView, DeletedBoard, GivenBoard } from "./api/boards.ts";
export type { Entry, WrittenEntry } from "./api/entries.ts";
export type {
  BoardChanges,
  BoardEvent,
  BoardState,
  EntryName,
  FreshnessEvent,
  LiveQuery,
  LiveRankQuery,
  RankEvent,
} from "./api/live.ts";
export type {
  ChangedEntry,
  EntryChange,
  EntryRemoval,
  ErasedPlayer,
  GivenPassword,
  OperatorName,
  OperatorReason,
  OperatorScore,
  PlayerRecord,
  PlayerRecordQuery,
  PlayerVisibility,
  RemovedEntry,
  RenamedPlayer,
} from "./api/players.ts";
export type { FieldError, ItemProblem, ProblemCode } from "./api/problems.ts";
export type {
  BoardPlace,
  PlacedEntry,
  PlayerBoardsQuery,
  PlayerBoardsView,
  RanksQuestion,
  RanksView,
} from "./api/ranks.ts";
export type {
  AroundQuery,
  AroundScoreQuery,
  AroundScoreView,
  AroundView,
  RankQuery,
  RankView,
  Ties,
  TopQuery,
  TopView,
  ViewFacts,
} from "./api/reads.ts";
export type {
  AddScore,
  CreateScore,
  OperatorScoreFields,
  RefusedItem,
  ScoreFields,
  ScoreFor,
  ScoreOrOperation,
  ScoresItem,
  SetScore,
  WrittenItem,
  WrittenScores,
} from "./api/scores.ts";
export type { SeasonsQuery, SeasonsView, SeasonView } from "./api/seasons.ts";
export type { Health, Readiness } from "./api/status.ts";
export { applyChanges } from "./apply-changes.ts";
export {
  type CallOptions,
  type ChangeOptions,
  type Client,
  type ClientOptions,
  createClient,
  type WriteOptions,
} from "./client.ts";
export { type ErrorCode, type ErrorDetails, LeaderboardError } from "./errors.ts";
export type { Live, LiveOptions } from "./live.ts";
export type { RetryOptions } from "./retry.ts";
export type { TransportOptions } from "./transport.ts";
