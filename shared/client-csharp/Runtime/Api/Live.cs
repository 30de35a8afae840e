using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>What to follow: the main board of GLOBAL unless given.</summary>
    public sealed class LiveQuery
    {
        /// <summary>A region, or GLOBAL.</summary>
        public string Region { get; set; }

        /// <summary>How many entries from the top.</summary>
        public long? Limit { get; set; }

        /// <summary>The id of the board.</summary>
        public string Board { get; set; }

        internal void Write(QueryWriter query)
        {
            query.Field("region", Region);
            query.Field("limit", Limit);
            query.Field("board", Board);
        }
    }

    /// <summary>On which board to follow a player: main of GLOBAL unless given.</summary>
    public sealed class LiveRankQuery
    {
        /// <summary>A region, or GLOBAL.</summary>
        public string Region { get; set; }

        /// <summary>The id of the board.</summary>
        public string Board { get; set; }

        internal void Write(QueryWriter query)
        {
            query.Field("region", Region);
            query.Field("board", Board);
        }
    }

    /// <summary>The top of a view: ranks count from 1, without a gap.</summary>
    public sealed class BoardState
    {
        internal BoardState(JsonObject json)
        {
            Region = json.String("region");
            Board = json.String("board");
            Total = json.Integer("total");
            Entries = json.List("entries", each => new Entry(each));
            Season = json.IntegerOrNull("season");
            StartsAt = json.TimeOrNull("starts_at");
            EndsAt = json.TimeOrNull("ends_at");
        }

        /// <summary>The region that was asked for, or GLOBAL.</summary>
        public string Region { get; }

        /// <summary>The id of the board.</summary>
        public string Board { get; }

        /// <summary>Entries of the whole view.</summary>
        public long Total { get; private set; }

        /// <summary>The best first.</summary>
        public IReadOnlyList<Entry> Entries { get; private set; }

        /// <summary>On a board with seasons, the one that runs. A change is within it.</summary>
        public long? Season { get; }

        /// <summary>When that season begins; null for season 0.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>When it ends, as far as is planned.</summary>
        public DateTimeOffset? EndsAt { get; }

        /// <summary>The later state. This one stays as it is.</summary>
        public BoardState ApplyChanges(BoardChanges changes)
        {
            if (changes == null) throw new ArgumentNullException(nameof(changes));
            // A player who was moved by hand may stand in two regions.
            var entries = new Dictionary<string, Entry>();
            foreach (var entry in Entries) entries[entry.Region + " " + entry.UserId] = entry;
            foreach (var name in changes.Left) entries.Remove(name.Region + " " + name.UserId);
            foreach (var entry in changes.Entered) entries[entry.Region + " " + entry.UserId] = entry;
            foreach (var entry in changes.Changed) entries[entry.Region + " " + entry.UserId] = entry;
            foreach (var moved in changes.Moved)
            {
                Entry entry;
                var name = moved.Region + " " + moved.UserId;
                if (entries.TryGetValue(name, out entry)) entries[name] = entry.WithRank(moved.Rank);
            }
            var sorted = new List<Entry>(entries.Values);
            sorted.Sort((a, b) => Nullable.Compare(a.Rank, b.Rank));
            var later = (BoardState)MemberwiseClone();
            later.Total = changes.Total;
            later.Entries = sorted;
            return later;
        }
    }

    /// <summary>
    /// The difference between two states. An entry is in at most one of the lists.
    /// </summary>
    public sealed class BoardChanges
    {
        internal BoardChanges(JsonObject json)
        {
            Total = json.Integer("total");
            Left = json.List("left", each => new EntryName(each));
            Entered = json.List("entered", each => new Entry(each));
            Changed = json.List("changed", each => new Entry(each));
            Moved = json.List("moved", each => new MovedEntry(each));
        }

        /// <summary>Entries of the whole view.</summary>
        public long Total { get; }

        /// <summary>Entries that are no longer among them.</summary>
        public IReadOnlyList<EntryName> Left { get; }

        /// <summary>Entries that were not among them.</summary>
        public IReadOnlyList<Entry> Entered { get; }

        /// <summary>Entries with another score, time, tier or name.</summary>
        public IReadOnlyList<Entry> Changed { get; }

        /// <summary>Entries of which only the rank differs.</summary>
        public IReadOnlyList<MovedEntry> Moved { get; }
    }

    /// <summary>Identifies an entry.</summary>
    public class EntryName
    {
        internal EntryName(JsonObject json)
        {
            UserId = json.String("user_id");
            Region = json.String("region");
        }

        /// <summary>The player.</summary>
        public string UserId { get; }

        /// <summary>The region of the entry.</summary>
        public string Region { get; }
    }

    /// <summary>An entry at another rank.</summary>
    public sealed class MovedEntry : EntryName
    {
        internal MovedEntry(JsonObject json) : base(json)
        {
            Rank = json.Integer("rank");
        }

        /// <summary>1 is the best.</summary>
        public long Rank { get; }
    }

    /// <summary>The season that runs, of a board with seasons.</summary>
    public sealed class SeasonChange
    {
        internal SeasonChange(JsonObject json)
        {
            Season = json.IntegerOrNull("season");
            StartsAt = json.TimeOrNull("starts_at");
            EndsAt = json.TimeOrNull("ends_at");
        }

        /// <summary>The season's number.</summary>
        public long? Season { get; }

        /// <summary>When it begins; null for season 0.</summary>
        public DateTimeOffset? StartsAt { get; }

        /// <summary>When it ends, as far as is planned.</summary>
        public DateTimeOffset? EndsAt { get; }
    }

    /// <summary>Why the entries that a stream showed last cannot be read at the moment.</summary>
    public sealed class Staleness
    {
        internal Staleness(JsonObject json)
        {
            Code = json.String("code");
        }

        /// <summary>One of <see cref="ErrorCode"/>, or a later one.</summary>
        public string Code { get; }
    }
}
