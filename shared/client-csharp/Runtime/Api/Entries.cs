using System;

namespace LeaderboardApi
{
    /// <summary>One player's score on a board.</summary>
    public class Entry
    {
        internal Entry(JsonObject json)
        {
            UserId = json.String("user_id");
            Name = json.String("name");
            Region = json.String("region");
            Score = json.Decimal("score");
            UpdatedAt = json.Time("updated_at");
            Rank = json.IntegerOrNull("rank");
            Sub = json.IntegerOrNull("sub");
            Tier = json.StringOrNull("tier");
            Metadata = json.JsonOrNull("metadata");
        }

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

        /// <summary>
        /// 1 is the best. Null only in the answer to a write that stands, but whose rank could not
        /// be read, or whose player is hidden.
        /// </summary>
        public long? Rank { get; private set; }

        /// <summary>The sub-score, on a board that has them.</summary>
        public long? Sub { get; }

        /// <summary>
        /// On a board that has tiers; null behind the last one, and where the rank is.
        /// </summary>
        public string Tier { get; }

        /// <summary>
        /// A JSON object as text, where the query asks for it; null where there is none. Unity
        /// reads it with JsonUtility.FromJson.
        /// </summary>
        public string Metadata { get; }

        internal Entry WithRank(long rank)
        {
            var moved = (Entry)MemberwiseClone();
            moved.Rank = rank;
            return moved;
        }
    }

    /// <summary>The answer to a write of a score: the entry as it is now.</summary>
    public sealed class WrittenEntry : Entry
    {
        internal WrittenEntry(JsonObject json) : base(json)
        {
            Changed = json.Flag("changed");
            Previous = json.ObjectOrNull("previous", each => new PreviousEntry(each));
            Season = json.IntegerOrNull("season");
            StartsAt = json.TimeOrNull("starts_at");
            EndsAt = json.TimeOrNull("ends_at");
        }

        /// <summary>
        /// Whether the score or the sub-score is another than before. A board that keeps the best
        /// writes nothing where it is not better.
        /// </summary>
        public bool Changed { get; }

        /// <summary>The entry before the write; null where there was none.</summary>
        public PreviousEntry Previous { get; }

        /// <summary>The season's number, on a board that has seasons.</summary>
        public long? Season { get; }

        /// <summary>When that season begins; null for season 0.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>When it ends, as far as is planned.</summary>
        public DateTimeOffset? EndsAt { get; }
    }

    /// <summary>What an entry was before a write.</summary>
    public sealed class PreviousEntry
    {
        internal PreviousEntry(JsonObject json)
        {
            Score = json.Decimal("score");
            Rank = json.IntegerOrNull("rank");
        }

        /// <summary>The score before.</summary>
        public decimal Score { get; }

        /// <summary>The rank before; null where it could not be read.</summary>
        public long? Rank { get; }
    }
}
