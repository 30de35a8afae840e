using System;

namespace LeaderboardApi
{
    /// <summary>
    /// An event of a board. One of its values is there, as <see cref="Event"/> says.
    /// </summary>
    public sealed class BoardEvent
    {
        internal BoardEvent(StreamEvent live, JsonObject json)
        {
            Event = live.Name;
            Id = live.Id;
            switch (live.Name)
            {
                case "snapshot": Snapshot = new BoardState(json); break;
                case "change": Change = new BoardChanges(json); break;
                case "season": Season = new SeasonChange(json); break;
                case "stale": Stale = new Staleness(json); break;
            }
        }

        /// <summary>snapshot, change, season, stale or fresh.</summary>
        public string Event { get; }

        /// <summary>A later subscription can continue after it.</summary>
        public string Id { get; }

        /// <summary>Replaces all entries.</summary>
        public BoardState Snapshot { get; }

        /// <summary>
        /// What has changed, for <see cref="BoardState.ApplyChanges"/> of the state before.
        /// </summary>
        public BoardChanges Change { get; }

        /// <summary>
        /// Another season runs, or ends at another time; a snapshot of it follows.
        /// </summary>
        public SeasonChange Season { get; }

        /// <summary>
        /// The board cannot be read at the moment, until fresh, a snapshot or a change.
        /// </summary>
        public Staleness Stale { get; }

        internal static BoardEvent Read(StreamEvent live, Func<JsonObject> parse)
        {
            switch (live.Name)
            {
                case "snapshot":
                case "change":
                case "season":
                case "stale":
                case "fresh":
                    return new BoardEvent(live, parse());
                default:
                    return null;
            }
        }
    }

    /// <summary>An event of a player's rank.</summary>
    public sealed class RankEvent
    {
        internal RankEvent(StreamEvent live, JsonObject json)
        {
            Event = live.Name;
            Id = live.Id;
            switch (live.Name)
            {
                case "rank": Rank = new RankView(json); break;
                case "stale": Stale = new Staleness(json); break;
            }
        }

        /// <summary>rank, not_ranked where the player has left the board, stale or fresh.</summary>
        public string Event { get; }

        /// <summary>A later subscription can continue after it.</summary>
        public string Id { get; }

        /// <summary>The rank as it is now.</summary>
        public RankView Rank { get; }

        /// <summary>
        /// The rank cannot be read at the moment, until the next event of another kind.
        /// </summary>
        public Staleness Stale { get; }

        internal static RankEvent Read(StreamEvent live, Func<JsonObject> parse)
        {
            switch (live.Name)
            {
                case "rank":
                case "not_ranked":
                case "stale":
                case "fresh":
                    return new RankEvent(live, parse());
                default:
                    return null;
            }
        }
    }
}
