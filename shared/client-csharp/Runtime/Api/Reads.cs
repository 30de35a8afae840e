using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>What every read of a board takes: main of GLOBAL unless given.</summary>
    public class RankQuery
    {
        /// <summary>How equal scores rank.</summary>
        public Ties? Ties { get; set; }

        /// <summary>A region, or GLOBAL.</summary>
        public string Region { get; set; }

        /// <summary>The id of the board.</summary>
        public string Board { get; set; }

        /// <summary>
        /// True for rather a part of the view than nothing, while a region of it does not answer.
        /// </summary>
        public bool AllowPartial { get; set; }

        /// <summary>
        /// On a board with seasons: current, which is the default, previous, or the digits of a
        /// number.
        /// </summary>
        public string Season { get; set; }

        /// <summary>True for entries with their metadata.</summary>
        public bool WithMetadata { get; set; }

        internal virtual void Write(QueryWriter query)
        {
            query.Field("ties", Words.Of(Ties));
            query.Field("region", Region);
            query.Field("board", Board);
            query.Field("partial", AllowPartial ? "allow" : null);
            query.Field("season", Season);
            query.Field("with", WithMetadata ? "metadata" : null);
        }
    }

    /// <summary>Which page of a board.</summary>
    public sealed class TopQuery : RankQuery
    {
        /// <summary>How many entries: 1–1,000, 100 unless given.</summary>
        public long? Limit { get; set; }

        /// <summary>The rank that the page begins with, 1 unless given.</summary>
        public long? From { get; set; }

        /// <summary>
        /// The Next or Prev of an answer for this board and region. The page goes on at that place,
        /// in the season of that answer, with ranks as the board is now. Not beside From.
        /// </summary>
        public string Cursor { get; set; }

        internal override void Write(QueryWriter query)
        {
            base.Write(query);
            query.Field("limit", Limit);
            query.Field("from", From);
            query.Field("cursor", Cursor);
        }

        internal TopQuery At(string cursor)
        {
            var next = (TopQuery)MemberwiseClone();
            next.From = null;
            next.Cursor = cursor;
            return next;
        }
    }

    /// <summary>Which neighbours of a player.</summary>
    public class AroundQuery : RankQuery
    {
        /// <summary>How many neighbours above, and below: 1–100, 10 unless given.</summary>
        public long? Range { get; set; }

        internal override void Write(QueryWriter query)
        {
            base.Write(query);
            query.Field("range", Range);
        }
    }

    /// <summary>Which neighbours of a score.</summary>
    public sealed class AroundScoreQuery : AroundQuery
    {
        /// <summary>On a board with sub-scores.</summary>
        public long? Sub { get; set; }

        internal override void Write(QueryWriter query)
        {
            base.Write(query);
            query.Field("sub", Sub);
        }
    }

    /// <summary>What every answer of a read says about its view.</summary>
    public abstract class ViewFacts
    {
        internal ViewFacts(JsonObject json)
        {
            MissingRegions = json.StringsOrNull("missing_regions");
            Season = json.IntegerOrNull("season");
            StartsAt = json.TimeOrNull("starts_at");
            EndsAt = json.TimeOrNull("ends_at");
        }

        /// <summary>
        /// Regions whose entries are not counted; null unless the query allows a part of the view.
        /// </summary>
        public IReadOnlyList<string> MissingRegions { get; }

        /// <summary>The season's number, on a board that has seasons.</summary>
        public long? Season { get; }

        /// <summary>When that season begins; null for season 0.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>When it ends, as far as is planned.</summary>
        public DateTimeOffset? EndsAt { get; }
    }

    /// <summary>A page of a board.</summary>
    public sealed class TopView : ViewFacts
    {
        internal TopView(JsonObject json) : base(json)
        {
            Region = json.String("region");
            Total = json.Integer("total");
            Entries = json.List("entries", each => new Entry(each));
            Next = json.StringOrNull("next");
            Prev = json.StringOrNull("prev");
        }

        /// <summary>The region that was asked for, or GLOBAL.</summary>
        public string Region { get; }

        /// <summary>Entries of the whole view.</summary>
        public long Total { get; }

        /// <summary>The best first.</summary>
        public IReadOnlyList<Entry> Entries { get; }

        /// <summary>
        /// The cursor of the page behind this one; null where there are no entries.
        /// </summary>
        public string Next { get; }

        /// <summary>
        /// The cursor of the page ahead of this one; null where there are no entries.
        /// </summary>
        public string Prev { get; }
    }

    /// <summary>A player's rank.</summary>
    public sealed class RankView : ViewFacts
    {
        internal RankView(JsonObject json) : base(json)
        {
            Total = json.Integer("total");
            Percentile = json.Decimal("percentile");
            UserId = json.String("user_id");
            Name = json.String("name");
            Region = json.String("region");
            Score = json.Decimal("score");
            UpdatedAt = json.Time("updated_at");
            Rank = json.Integer("rank");
            Sub = json.IntegerOrNull("sub");
            Tier = json.StringOrNull("tier");
            Metadata = json.JsonOrNull("metadata");
        }

        /// <summary>Entries of the view.</summary>
        public long Total { get; }

        /// <summary>
        /// Percent of the entries at this rank or below, in two decimals: 100 for the first alone,
        /// and never 0.
        /// </summary>
        public decimal Percentile { get; }

        /// <summary>The player's public name in every URL.</summary>
        public string UserId { get; }

        /// <summary>The player's name.</summary>
        public string Name { get; }

        /// <summary>The player's home region.</summary>
        public string Region { get; }

        /// <summary>With as many decimals as the board has.</summary>
        public decimal Score { get; }

        /// <summary>When the score was last written, to the µs.</summary>
        public DateTimeOffset UpdatedAt { get; }

        /// <summary>1 is the best.</summary>
        public long Rank { get; }

        /// <summary>The sub-score, on a board that has them.</summary>
        public long? Sub { get; }

        /// <summary>On a board that has tiers; null behind the last one.</summary>
        public string Tier { get; }

        /// <summary>A JSON object as text, where the query asks for it.</summary>
        public string Metadata { get; }
    }

    /// <summary>A player and the neighbours.</summary>
    public sealed class AroundView : ViewFacts
    {
        internal AroundView(JsonObject json) : base(json)
        {
            Region = json.String("region");
            Total = json.Integer("total");
            Self = json.Object("self", each => new Entry(each));
            Around = json.List("around", each => new Entry(each));
        }

        /// <summary>The region that was asked for, or GLOBAL.</summary>
        public string Region { get; }

        /// <summary>Entries of the whole view.</summary>
        public long Total { get; }

        /// <summary>The player.</summary>
        public Entry Self { get; }

        /// <summary>The neighbours in order, without the player.</summary>
        public IReadOnlyList<Entry> Around { get; }
    }

    /// <summary>The neighbours of a score.</summary>
    public sealed class AroundScoreView : ViewFacts
    {
        internal AroundScoreView(JsonObject json) : base(json)
        {
            Region = json.String("region");
            Total = json.Integer("total");
            Score = json.Decimal("score");
            WouldBeRank = json.Integer("would_be_rank");
            Around = json.List("around", each => new Entry(each));
            Sub = json.IntegerOrNull("sub");
        }

        /// <summary>The region that was asked for, or GLOBAL.</summary>
        public string Region { get; }

        /// <summary>Entries of the whole view.</summary>
        public long Total { get; }

        /// <summary>The score that was asked for.</summary>
        public decimal Score { get; }

        /// <summary>
        /// The rank of an entry that got this score now: behind all that have it, or with shared
        /// ties theirs.
        /// </summary>
        public long WouldBeRank { get; }

        /// <summary>The neighbours in order; those who have the score are ahead.</summary>
        public IReadOnlyList<Entry> Around { get; }

        /// <summary>Its sub-score, on a board that has them.</summary>
        public long? Sub { get; }
    }
}
