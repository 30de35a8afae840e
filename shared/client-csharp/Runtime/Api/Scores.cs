using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>How equal scores rank.</summary>
    public enum Ties
    {
        /// <summary>The first to reach the score is ahead: 1, 2, 3, 4.</summary>
        Arrival,

        /// <summary>They have one rank: 1, 2, 2, 4. The order of entries is the same.</summary>
        Shared,
    }

    /// <summary>What a write does, where it is not what the board does.</summary>
    public enum ScoreOperation
    {
        /// <summary>Sets the score.</summary>
        Set,

        /// <summary>Keeps the better one.</summary>
        Best,

        /// <summary>Adds to the score.</summary>
        Add,

        /// <summary>Enters the board, once.</summary>
        Create,
    }

    /// <summary>What every write of a score takes: on the board main unless given.</summary>
    public abstract class ScoreFields
    {
        /// <summary>Decides between equal scores, on a board that has sub-scores.</summary>
        public long? Sub { get; set; }

        /// <summary>
        /// A JSON object as text, kept with the score on a board that has metadata; Unity writes
        /// one with JsonUtility.ToJson. Left out, it stays as it is; the text "null" clears it.
        /// </summary>
        public string Metadata { get; set; }

        /// <summary>The id of the board.</summary>
        public string Board { get; set; }

        /// <summary>
        /// The season that alone the write is for: refused where another one runs.
        /// </summary>
        public long? Season { get; set; }

        /// <summary>How the rank in the answer counts equal scores.</summary>
        public Ties? Ties { get; set; }

        /// <summary>The player's home region; another one is refused.</summary>
        public string Region { get; set; }

        internal virtual void Write(JsonWriter json)
        {
            json.Field("sub", Sub);
            json.Json("metadata", Metadata);
            json.Field("board", Board);
            json.Field("season", Season);
            json.Field("ties", Words.Of(Ties));
            json.Field("region", Region);
        }
    }

    /// <summary>A score to submit or to set.</summary>
    public sealed class SetScore : ScoreFields
    {
        /// <summary>A score to submit or to set.</summary>
        /// <param name="score">With no more decimals than the board has.</param>
        public SetScore(decimal score)
        {
            Score = score;
        }

        /// <summary>Exact from end to end.</summary>
        public decimal Score { get; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            json.Field("score", Score);
        }
    }

    /// <summary>The first score of a player on a board.</summary>
    public sealed class CreateScore : ScoreFields
    {
        /// <summary>The first score of a player on a board.</summary>
        /// <param name="initialScore">With no more decimals than the board has.</param>
        public CreateScore(decimal initialScore)
        {
            InitialScore = initialScore;
        }

        /// <summary>Exact from end to end.</summary>
        public decimal InitialScore { get; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            json.Field("initialScore", InitialScore);
        }
    }

    /// <summary>What to add to a score.</summary>
    public sealed class AddScore : ScoreFields
    {
        /// <summary>What to add to a score.</summary>
        /// <param name="delta">May be negative. With no more decimals than the board has.</param>
        public AddScore(decimal delta)
        {
            Delta = delta;
        }

        /// <summary>Exact from end to end.</summary>
        public decimal Delta { get; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            json.Field("delta", Delta);
        }
    }

    /// <summary>What an operator's write of a player's score takes.</summary>
    public abstract class OperatorScoreFields : ScoreFields
    {
        /// <summary>
        /// The player's name from now on. A registered player keeps the account's name. Without it
        /// the name of the last entry stays, and at the first write the user id stands in.
        /// </summary>
        public string Name { get; set; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            json.Field("name", Name);
        }
    }

    /// <summary>A score of any player, as an operator submits it.</summary>
    public sealed class ScoreFor : OperatorScoreFields
    {
        /// <summary>A score of any player.</summary>
        /// <param name="userId">The player, who need not have registered.</param>
        /// <param name="score">With no more decimals than the board has.</param>
        public ScoreFor(string userId, decimal score)
        {
            UserId = userId ?? throw new ArgumentNullException(nameof(userId));
            Score = score;
        }

        /// <summary>The player.</summary>
        public string UserId { get; }

        /// <summary>Exact from end to end.</summary>
        public decimal Score { get; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            json.Field("user_id", UserId);
            json.Field("score", Score);
        }
    }

    /// <summary>
    /// A score that does what the board's operator does, or an operation of its own.
    /// </summary>
    public class OperatorScore : OperatorScoreFields
    {
        /// <summary>A score, or with <see cref="Operation"/> the value of that.</summary>
        /// <param name="score">With no more decimals than the board has.</param>
        public OperatorScore(decimal score)
        {
            Score = score;
        }

        /// <summary>Exact from end to end.</summary>
        public decimal Score { get; }

        /// <summary>What to do with the score; what the board does unless given.</summary>
        public ScoreOperation? Operation { get; set; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            if (Operation == null) json.Field("score", Score);
            else json.Field("value", Score);
            json.Field("operation", Words.Of(Operation));
        }
    }

    /// <summary>One of the scores of <see cref="LeaderboardClient.SubmitScoresAsync"/>.</summary>
    public sealed class ScoresItem : OperatorScore
    {
        /// <summary>
        /// A score, or with <see cref="OperatorScore.Operation"/> the value of that.
        /// </summary>
        /// <param name="userId">The player, who need not have registered.</param>
        /// <param name="score">With no more decimals than the board has.</param>
        public ScoresItem(string userId, decimal score) : base(score)
        {
            UserId = userId ?? throw new ArgumentNullException(nameof(userId));
        }

        /// <summary>The player.</summary>
        public string UserId { get; }

        /// <summary>
        /// Makes the write safe to repeat, as the key of a call does for a single one. Without it
        /// the call's key counts, with the item's place in the list.
        /// </summary>
        public string IdempotencyKey { get; set; }

        internal override void Write(JsonWriter json)
        {
            base.Write(json);
            json.Field("user_id", UserId);
            json.Field("idempotency_key", IdempotencyKey);
        }
    }

    /// <summary>The answer to a write of many scores.</summary>
    public sealed class WrittenScores
    {
        internal WrittenScores(JsonObject json)
        {
            Items = json.List("items", each => new WrittenItem(each));
        }

        /// <summary>
        /// In the order of the call. Look at all of them: some may have been refused.
        /// </summary>
        public IReadOnlyList<WrittenItem> Items { get; }
    }

    /// <summary>One of many scores: either the entry, or why it was refused.</summary>
    public sealed class WrittenItem
    {
        internal WrittenItem(JsonObject json)
        {
            Status = json.Integer("status");
            Replayed = json.FlagOrNull("replayed") ?? false;
            if (json.Has("code")) Refusal = new RefusedItem(json);
            else Entry = new WrittenEntry(json);
        }

        /// <summary>200, 201 for an entry that was created, or the status of the refusal.</summary>
        public long Status { get; }

        /// <summary>Whether this is the answer to an earlier write with the same key.</summary>
        public bool Replayed { get; }

        /// <summary>The entry as it is now; null where the score was refused.</summary>
        public WrittenEntry Entry { get; }

        /// <summary>Why the score was refused; null where it was written.</summary>
        public RefusedItem Refusal { get; }
    }

    /// <summary>The refusal of one of many scores, with what its code adds.</summary>
    public sealed class RefusedItem : ItemProblem
    {
        internal RefusedItem(JsonObject json) : base(json)
        {
            Used = json.IntegerOrNull("used");
            Max = json.IntegerOrNull("max");
            Score = json.DecimalOrNull("score");
            Bounds = json.ObjectOrNull("bounds", each => new ScoreBounds(each));
            Season = json.IntegerOrNull("season");
        }

        /// <summary>Attempts that were used, of attempts_exhausted.</summary>
        public long? Used { get; }

        /// <summary>Attempts that the board allows, of attempts_exhausted.</summary>
        public long? Max { get; }

        /// <summary>The score that would have been, of score_out_of_bounds.</summary>
        public decimal? Score { get; }

        /// <summary>The bounds of the board, of score_out_of_bounds.</summary>
        public ScoreBounds Bounds { get; }

        /// <summary>The season that runs, of a write for another one.</summary>
        public long? Season { get; }
    }
}
