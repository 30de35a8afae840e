using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>
    /// Every failure of a call to the server, and of a stream. Decide by <see cref="Code"/>; the
    /// message is for people.
    /// </summary>
    public sealed class LeaderboardException : Exception
    {
        private static readonly string[] UsualMembers =
            { "type", "title", "status", "code", "detail", "request_id", "errors", "retry_after" };

        private LeaderboardException(string code, string message, int status, Exception cause) : base(message, cause)
        {
            Code = code;
            Status = status;
        }

        /// <summary>One of <see cref="ErrorCode"/>, or a later one.</summary>
        public string Code { get; }

        /// <summary>The HTTP status; 0 without an answer.</summary>
        public int Status { get; }

        /// <summary>The invalid fields; empty unless the code is invalid_request.</summary>
        public IReadOnlyList<FieldError> Errors { get; private set; } = new FieldError[0];

        /// <summary>The id of the request in the server's log, if there was an answer.</summary>
        public string RequestId { get; private set; }

        /// <summary>Time until a retry makes sense, if the server said so.</summary>
        public TimeSpan? RetryAfter { get; private set; }

        /// <summary>
        /// True where an earlier request with the same idempotency key, perhaps an attempt of this
        /// call, was refused: the server has not looked at this one again.
        /// </summary>
        public bool IsReplay { get; private set; }

        /// <summary>
        /// Further members of the problem: used and max of attempts_exhausted, score and bounds of
        /// score_out_of_bounds, missing_regions of region_unavailable. Numbers are decimals.
        /// </summary>
        public IReadOnlyDictionary<string, object> Members { get; private set; } = new Dictionary<string, object>();

        /// <summary>As of any exception, with code, status and id of the request.</summary>
        public override string ToString()
        {
            var name = GetType().ToString();
            var status = Status == 0 ? "" : $"{Status} ";
            var request = RequestId == null ? "" : $", request {RequestId}";
            return $"{name} ({status}{Code}{request}){base.ToString().Substring(name.Length)}";
        }

        internal static LeaderboardException NoAnswer(string message, Exception cause) =>
            new LeaderboardException(ErrorCode.NoAnswer, message, 0, cause);

        internal static LeaderboardException NotUnderstood(int status, Exception cause)
        {
            var message = $"The answer ({status}) is not one of a leaderboard.";
            if (cause != null) message += " " + cause.Message;
            return new LeaderboardException(ErrorCode.NotUnderstood, message, status, cause);
        }

        internal static LeaderboardException NotUnderstood(Head head, Exception cause)
        {
            var failure = NotUnderstood(head.Status, cause);
            failure.RetryAfter = head.RetryAfter;
            failure.RequestId = head.RequestId;
            return failure;
        }

        /// <summary>Reads an unsuccessful answer.</summary>
        internal static LeaderboardException Read(Head head, string body)
        {
            if (!head.IsProblem) return NotUnderstood(head, null);
            try
            {
                var json = JsonReader.ParseObject(body);
                var code = json.String("code");
                return new LeaderboardException(code, json.StringOrNull("detail") ?? code, head.Status, null)
                {
                    Errors = json.ListOrNull("errors", each => new FieldError(each)) ?? new FieldError[0],
                    RequestId = json.StringOrNull("request_id") ?? head.RequestId,
                    RetryAfter = head.RetryAfter,
                    IsReplay = head.IsReplay,
                    Members = json.ToPlain(UsualMembers),
                };
            }
            catch (FormatException cause)
            {
                return NotUnderstood(head, cause);
            }
        }
    }
}
