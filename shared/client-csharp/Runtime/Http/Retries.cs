using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>Which failed calls are sent again, and when.</summary>
    internal static class Retries
    {
        private const double BackoffMs = 200;
        private const double BackoffMsMax = 5000;

        private const double RetryAfterMsMax = 3600 * 1000;

        // A share of Retry-After: clients that were refused together do not come back together.
        private const double Jitter = 0.25;

        // The server changed nothing, so any request may be sent again.
        private static readonly HashSet<string> NotApplied = new HashSet<string>
        {
            ErrorCode.RateLimited,
            ErrorCode.QueueFull,
            ErrorCode.Unavailable,
            ErrorCode.NoUpstream,
            ErrorCode.StaleDefinition,
            ErrorCode.SeasonUnknown,
            ErrorCode.SeasonNotEnded,
        };

        private static readonly Random Random = new Random();

        /// <param name="failure">The failure of the last attempt.</param>
        /// <param name="isRepeatable">
        /// True for a read, and for a write under an idempotency key.
        /// </param>
        internal static bool MayRetry(LeaderboardException failure, bool isRepeatable)
        {
            if (NotApplied.Contains(failure.Code)) return true;
            if (!isRepeatable) return false;
            if (failure.Code == ErrorCode.NoAnswer || failure.Code == ErrorCode.OutcomeUnknown) return true;
            // From this server or a proxy before it. The outcome of the request is unknown.
            return failure.Status == 429 || (failure.Status >= 502 && failure.Status <= 504);
        }

        /// <summary>Retry-After plus jitter, or else a back-off with jitter.</summary>
        /// <param name="attempt">The number of the failed attempt, from 1.</param>
        /// <param name="retryAfter">What the server asked for.</param>
        internal static TimeSpan WaitBefore(int attempt, TimeSpan? retryAfter)
        {
            double random;
            lock (Random) random = Random.NextDouble();
            var ms = retryAfter.HasValue
                ? Math.Min(RetryAfterMsMax, retryAfter.Value.TotalMilliseconds) * (1 + Jitter * random)
                : Math.Min(BackoffMsMax, BackoffMs * Math.Pow(2, Math.Min(attempt - 1, 30))) * (0.5 + random / 2);
            return TimeSpan.FromMilliseconds(Math.Ceiling(ms));
        }
    }
}
