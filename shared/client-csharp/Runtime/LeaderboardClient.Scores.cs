using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    public sealed partial class LeaderboardClient
    {
        /// <summary>
        /// Submits a score: what that does is the board's operator, and Changed says whether it did
        /// anything. Codes of every write: missing_token, invalid_token, invalid_request,
        /// board_not_found, board_read_only, board_ended, operator_not_allowed, attempts_exhausted
        /// (with used and max in the exception's Members), score_out_of_range, score_out_of_bounds,
        /// queue_full, outcome_unknown.
        /// </summary>
        /// <param name="score">The score, and its board.</param>
        /// <param name="idempotencyKey">
        /// 1–128 visible ASCII characters; a random key unless given, so that retries count once.
        /// Pass your own if another call may repeat the write, for example after a crash.
        /// </param>
        /// <param name="cancellation">Ends the call; the write may stand.</param>
        public Task<WrittenEntry> SubmitScoreAsync(
            SetScore score,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken)) =>
            WriteAsync(
                "POST", "/score/submit", Given(score, nameof(score)).Write,
                json => new WrittenEntry(json), idempotencyKey, cancellation);

        /// <summary>Enters a board. Codes: entry_exists, and those of every write.</summary>
        /// <param name="score">The first score, and its board.</param>
        /// <param name="idempotencyKey">A random key unless given.</param>
        /// <param name="cancellation">Ends the call; the write may stand.</param>
        public Task<WrittenEntry> CreateScoreAsync(
            CreateScore score,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken)) =>
            WriteAsync(
                "POST", "/score/create", Given(score, nameof(score)).Write,
                json => new WrittenEntry(json), idempotencyKey, cancellation);

        /// <summary>Sets the score.</summary>
        /// <param name="score">The score, and its board.</param>
        /// <param name="idempotencyKey">A random key unless given.</param>
        /// <param name="cancellation">Ends the call; the write may stand.</param>
        public Task<WrittenEntry> SetScoreAsync(
            SetScore score,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken)) =>
            WriteAsync(
                "POST", "/score/update", Given(score, nameof(score)).Write,
                json => new WrittenEntry(json), idempotencyKey, cancellation);

        /// <summary>Adds to the score, atomically.</summary>
        /// <param name="score">What to add, and the board.</param>
        /// <param name="idempotencyKey">A random key unless given.</param>
        /// <param name="cancellation">Ends the call; the write may stand.</param>
        public Task<WrittenEntry> AddScoreAsync(
            AddScore score,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken)) =>
            WriteAsync(
                "POST", "/score/add", Given(score, nameof(score)).Write,
                json => new WrittenEntry(json), idempotencyKey, cancellation);

        /// <summary>
        /// For game servers, with an operator's token from the role writer on: submits the score of
        /// a player, who need not have registered. A player's token submits the player's own.
        /// Codes: wrong_region, those of operators (forbidden, role_required, board_not_allowed),
        /// those of every write.
        /// </summary>
        /// <param name="score">The player, the score, and its board.</param>
        /// <param name="idempotencyKey">A random key unless given.</param>
        /// <param name="cancellation">Ends the call; the write may stand.</param>
        public Task<WrittenEntry> SubmitScoreForAsync(
            ScoreFor score,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken)) =>
            WriteAsync(
                "POST", "/score", Given(score, nameof(score)).Write,
                json => new WrittenEntry(json), idempotencyKey, cancellation);

        /// <summary>
        /// For game servers: writes the score of a player by an operation. Codes: wrong_region,
        /// those of operators, those of every write.
        /// </summary>
        /// <param name="userId">The player, who need not have registered.</param>
        /// <param name="score">The score or the operation, and the board.</param>
        /// <param name="idempotencyKey">A random key unless given.</param>
        /// <param name="cancellation">Ends the call; the write may stand.</param>
        public Task<WrittenEntry> WriteScoreAsync(
            string userId,
            OperatorScore score,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken)) =>
            WriteAsync(
                "POST", $"/players/{Escape(userId, nameof(userId))}/score", Given(score, nameof(score)).Write,
                json => new WrittenEntry(json), idempotencyKey, cancellation);

        /// <summary>
        /// For game servers: submits up to 200 scores at once. Each item of the answer has the
        /// entry, or the code of its refusal; look at all of them. A repeat of the call under the
        /// same key writes each item once. Codes: those of operators.
        /// </summary>
        /// <param name="items">Up to 200 scores.</param>
        /// <param name="idempotencyKey">A random key unless given.</param>
        /// <param name="cancellation">Ends the call; the writes may stand.</param>
        public Task<WrittenScores> SubmitScoresAsync(
            IEnumerable<ScoresItem> items,
            string idempotencyKey = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            Action<JsonWriter> body = json => json.List("items", Given(items, nameof(items)), item => item.Write);
            return WriteAsync(
                "POST", "/scores", body,
                json => new WrittenScores(json), idempotencyKey, cancellation);
        }
    }
}
