using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>A page of seasons, the newest first.</summary>
    public sealed class SeasonsView
    {
        internal SeasonsView(JsonObject json)
        {
            Board = json.String("board");
            Seasons = json.List("seasons", each => new SeasonFacts(each));
            Next = json.StringOrNull("next");
        }

        /// <summary>The id of the board.</summary>
        public string Board { get; }

        /// <summary>The newest first.</summary>
        public IReadOnlyList<SeasonFacts> Seasons { get; }

        /// <summary>The cursor of the next page; null behind the last one.</summary>
        public string Next { get; }
    }

    /// <summary>One season, and what has become of it.</summary>
    public class SeasonFacts
    {
        internal SeasonFacts(JsonObject json)
        {
            Season = json.Integer("season");
            State = json.String("state");
            StartsAt = json.TimeOrNull("starts_at");
            EndsAt = json.TimeOrNull("ends_at");
            Total = json.IntegerOrNull("total");
        }

        /// <summary>Seasons count from 1; 0 is what was there before the first.</summary>
        public long Season { get; }

        /// <summary>
        /// running, scheduled, closing until it is archived, final from then on, incomplete with
        /// entries that PostgreSQL lacks, or purged.
        /// </summary>
        public string State { get; }

        /// <summary>Null for season 0.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>Null for a season that goes on.</summary>
        public DateTimeOffset? EndsAt { get; }

        /// <summary>
        /// Ranked entries of all regions, at the end for one that is final; null for a scheduled or
        /// purged one, and while a region does not answer.
        /// </summary>
        public long? Total { get; }
    }

    /// <summary>A season of a board.</summary>
    public sealed class SeasonView : SeasonFacts
    {
        internal SeasonView(JsonObject json) : base(json)
        {
            Board = json.String("board");
        }

        /// <summary>The id of the board.</summary>
        public string Board { get; }
    }
}
