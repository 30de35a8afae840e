using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>Which page of a list of boards or seasons.</summary>
    public sealed class ListQuery
    {
        /// <summary>How many: 1–100, 100 unless given.</summary>
        public long? Limit { get; set; }

        /// <summary>Next of the page before.</summary>
        public string Cursor { get; set; }

        internal void Write(QueryWriter query)
        {
            query.Field("limit", Limit);
            query.Field("cursor", Cursor);
        }
    }

    /// <summary>A page of boards.</summary>
    public sealed class BoardsView
    {
        internal BoardsView(JsonObject json)
        {
            Boards = json.List("boards", each => new BoardView(each));
            Next = json.StringOrNull("next");
        }

        /// <summary>Those that the caller may read.</summary>
        public IReadOnlyList<BoardView> Boards { get; }

        /// <summary>The cursor of the next page; null behind the last one.</summary>
        public string Next { get; }
    }

    /// <summary>A board as it is.</summary>
    public sealed class BoardView
    {
        internal BoardView(JsonObject json)
        {
            Id = json.String("id");
            Title = json.String("title");
            Order = json.String("order");
            Operator = json.String("operator");
            Operators = json.Strings("operators");
            Decimals = json.Integer("decimals");
            Unit = json.String("unit");
            Sub = json.StringOrNull("sub");
            Bounds = json.ObjectOrNull("bounds", each => new ScoreBounds(each));
            Writers = json.String("writers");
            Readers = json.String("readers");
            MetadataBytesMax = json.Integer("metadata_bytes_max");
            AttemptsMax = json.IntegerOrNull("attempts_max");
            Season = json.ObjectOrNull("season", each => new BoardSchedule(each));
            Tiers = json.ObjectOrNull("tiers", each => new BoardTiers(each));
            Rev = json.Integer("rev");
            CreatedAt = json.TimeOrNull("created_at");
            State = json.String("state");
            Running = json.ObjectOrNull("running", each => new RunningSeason(each));
            Next = json.Times("next");
        }

        /// <summary>The board's name in every URL.</summary>
        public string Id { get; }

        /// <summary>For people.</summary>
        public string Title { get; }

        /// <summary>Which score is the best: desc for the highest, asc for the lowest.</summary>
        public string Order { get; }

        /// <summary>What a submitted score does: set, best or add.</summary>
        public string Operator { get; }

        /// <summary>What writes may ask for.</summary>
        public IReadOnlyList<string> Operators { get; }

        /// <summary>Digits behind the point of a score.</summary>
        public long Decimals { get; }

        /// <summary>What scores count, such as s or points.</summary>
        public string Unit { get; }

        /// <summary>The order of sub-scores, desc or asc; null where there are none.</summary>
        public string Sub { get; }

        /// <summary>Of the resulting score; null where there are none.</summary>
        public ScoreBounds Bounds { get; }

        /// <summary>Who may write: players or operators.</summary>
        public string Writers { get; }

        /// <summary>Who may read: anyone or operators.</summary>
        public string Readers { get; }

        /// <summary>Bytes of the metadata of an entry; with 0 it has none.</summary>
        public long MetadataBytesMax { get; }

        /// <summary>How often a player may write; null for any number.</summary>
        public long? AttemptsMax { get; }

        /// <summary>
        /// When the board ends, or the schedule of its seasons; null without either.
        /// </summary>
        public BoardSchedule Season { get; }

        /// <summary>Null for a board without tiers.</summary>
        public BoardTiers Tiers { get; }

        /// <summary>Grows with each change.</summary>
        public long Rev { get; }

        /// <summary>Null for a configured board that was never changed.</summary>
        public DateTimeOffset? CreatedAt { get; }

        /// <summary>An ended board is read, and written no more: open or ended.</summary>
        public string State { get; }

        /// <summary>
        /// The season that runs; null before the first one, and for a board without seasons.
        /// </summary>
        public RunningSeason Running { get; }

        /// <summary>The next instants at which a season ends, or the first begins.</summary>
        public IReadOnlyList<DateTimeOffset> Next { get; }
    }

    /// <summary>The bounds of scores.</summary>
    public sealed class ScoreBounds
    {
        internal ScoreBounds(JsonObject json)
        {
            Min = json.DecimalOrNull("min");
            Max = json.DecimalOrNull("max");
        }

        /// <summary>Null for none.</summary>
        public decimal? Min { get; }

        /// <summary>Null for none.</summary>
        public decimal? Max { get; }
    }

    /// <summary>Either the end of a board, or the schedule of its seasons.</summary>
    public sealed class BoardSchedule
    {
        internal BoardSchedule(JsonObject json)
        {
            EndsAt = json.TimeOrNull("ends_at");
            Schedule = json.StringOrNull("schedule");
            Zone = json.StringOrNull("zone");
            StartsAt = json.TimeOrNull("starts_at");
            Keep = json.IntegerOrNull("keep");
        }

        /// <summary>From then on writes are refused; null for a board with seasons.</summary>
        public DateTimeOffset? EndsAt { get; }

        /// <summary>
        /// When a season ends and the next begins: cron; null for a board that ends.
        /// </summary>
        public string Schedule { get; }

        /// <summary>The time zone of the schedule, by its IANA name.</summary>
        public string Zone { get; }

        /// <summary>When the first season begins; null for when the board was made.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>How many of the last seasons stay after their end; null for all.</summary>
        public long? Keep { get; }
    }

    /// <summary>The tiers of a board.</summary>
    public sealed class BoardTiers
    {
        internal BoardTiers(JsonObject json)
        {
            By = json.String("by");
            Steps = json.List("steps", each => new TierStep(each));
        }

        /// <summary>What decides: rank, percentile or score.</summary>
        public string By { get; }

        /// <summary>The best tier first.</summary>
        public IReadOnlyList<TierStep> Steps { get; }
    }

    /// <summary>One tier of a board.</summary>
    public sealed class TierStep
    {
        internal TierStep(JsonObject json)
        {
            Id = json.String("id");
            Upto = json.DecimalOrNull("upto");
        }

        /// <summary>The name of the tier.</summary>
        public string Id { get; }

        /// <summary>
        /// The last rank, percent of the entries from the top, or score of the tier; null for a
        /// last tier that takes all others.
        /// </summary>
        public decimal? Upto { get; }
    }

    /// <summary>The season that runs.</summary>
    public sealed class RunningSeason
    {
        internal RunningSeason(JsonObject json)
        {
            Season = json.Integer("season");
            StartsAt = json.TimeOrNull("starts_at");
            EndsAt = json.TimeOrNull("ends_at");
        }

        /// <summary>Seasons count from 1; 0 is what was there before the first.</summary>
        public long Season { get; }

        /// <summary>Null for season 0.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>Null for a season that goes on.</summary>
        public DateTimeOffset? EndsAt { get; }
    }
}
