using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>Whose ranks, such as those of friends.</summary>
    public sealed class RanksQuestion
    {
        /// <summary>Whose ranks.</summary>
        /// <param name="ids">Up to 200. An id that is given twice is answered once.</param>
        public RanksQuestion(IEnumerable<string> ids)
        {
            Ids = new List<string>(ids ?? throw new ArgumentNullException(nameof(ids)));
        }

        /// <summary>Up to 200 players.</summary>
        public IReadOnlyList<string> Ids { get; }

        /// <summary>How equal scores rank.</summary>
        public Ties? Ties { get; set; }

        /// <summary>A region, or GLOBAL.</summary>
        public string Region { get; set; }

        /// <summary>The id of the board.</summary>
        public string Board { get; set; }

        /// <summary>True for rather a part of the view than nothing.</summary>
        public bool AllowPartial { get; set; }

        /// <summary>
        /// On a board with seasons: current, which is the default, previous, or the digits of a
        /// number.
        /// </summary>
        public string Season { get; set; }

        /// <summary>True for entries with their metadata.</summary>
        public bool WithMetadata { get; set; }

        internal void Write(JsonWriter json)
        {
            json.Strings("ids", Ids);
            json.Field("ties", Words.Of(Ties));
            json.Field("region", Region);
            json.Field("board", Board);
            json.Field("partial", AllowPartial ? "allow" : null);
            json.Field("season", Season);
            json.Field("with", WithMetadata ? "metadata" : null);
        }
    }

    /// <summary>The ranks of several players.</summary>
    public sealed class RanksView : ViewFacts
    {
        internal RanksView(JsonObject json) : base(json)
        {
            Region = json.String("region");
            Total = json.Integer("total");
            Entries = json.List("entries", each => new PlacedEntry(each));
            NotRanked = json.Strings("not_ranked");
            Unknown = json.StringsOrNull("unknown");
        }

        /// <summary>The region that was asked for, or GLOBAL.</summary>
        public string Region { get; }

        /// <summary>Entries of the whole view.</summary>
        public long Total { get; }

        /// <summary>Those that are ranked, the best first, with their ranks in the view.</summary>
        public IReadOnlyList<PlacedEntry> Entries { get; }

        /// <summary>Those that have no entry, or are hidden, in their order.</summary>
        public IReadOnlyList<string> NotRanked { get; }

        /// <summary>Those that may be in a missing region; null unless a part is allowed.</summary>
        public IReadOnlyList<string> Unknown { get; }
    }

    /// <summary>An entry among those that were asked for.</summary>
    public sealed class PlacedEntry : Entry
    {
        internal PlacedEntry(JsonObject json) : base(json)
        {
            Rank = json.Integer("rank");
            Position = json.Integer("position");
        }

        /// <summary>1 is the best.</summary>
        public new long Rank { get; }

        /// <summary>The place among the players that are ranked; 1 is the best.</summary>
        public long Position { get; }
    }

    /// <summary>What the reads of a player's places take.</summary>
    public sealed class PlayerBoardsQuery
    {
        /// <summary>How equal scores rank.</summary>
        public Ties? Ties { get; set; }

        /// <summary>A region, or GLOBAL.</summary>
        public string Region { get; set; }

        /// <summary>True for rather a part of the view than nothing.</summary>
        public bool AllowPartial { get; set; }

        /// <summary>
        /// On boards with seasons: current, which is the default, previous, or the digits of a
        /// number.
        /// </summary>
        public string Season { get; set; }

        /// <summary>True for entries with their metadata.</summary>
        public bool WithMetadata { get; set; }

        internal void Write(QueryWriter query)
        {
            query.Field("ties", Words.Of(Ties));
            query.Field("region", Region);
            query.Field("partial", AllowPartial ? "allow" : null);
            query.Field("season", Season);
            query.Field("with", WithMetadata ? "metadata" : null);
        }
    }

    /// <summary>A player's places on several boards.</summary>
    public sealed class PlayerBoardsView
    {
        internal PlayerBoardsView(JsonObject json)
        {
            UserId = json.String("user_id");
            Region = json.String("region");
            Boards = json.List("boards", each => new BoardPlace(each));
        }

        /// <summary>The player.</summary>
        public string UserId { get; }

        /// <summary>The region that was asked for, or GLOBAL.</summary>
        public string Region { get; }

        /// <summary>In the order in which the boards were asked for.</summary>
        public IReadOnlyList<BoardPlace> Boards { get; }
    }

    /// <summary>A player's place on one board: either the rank, or why there is none.</summary>
    public sealed class BoardPlace
    {
        internal BoardPlace(JsonObject json)
        {
            Board = json.String("board");
            Status = json.Integer("status");
            if (json.Has("code")) Refusal = new RefusedPlace(json);
            else Rank = new RankView(json);
        }

        /// <summary>The id of the board.</summary>
        public string Board { get; }

        /// <summary>200, or the status of the refusal.</summary>
        public long Status { get; }

        /// <summary>The rank; null where there is none.</summary>
        public RankView Rank { get; }

        /// <summary>Why there is no rank; null where there is one.</summary>
        public RefusedPlace Refusal { get; }
    }

    /// <summary>Why a player has no place on a board.</summary>
    public sealed class RefusedPlace : ItemProblem
    {
        internal RefusedPlace(JsonObject json) : base(json)
        {
            MissingRegions = json.StringsOrNull("missing_regions");
        }

        /// <summary>The regions that do not answer, of region_unavailable.</summary>
        public IReadOnlyList<string> MissingRegions { get; }
    }
}
