using System;
using System.Linq;
using System.Net.Http;

namespace LeaderboardApi
{
    /// <summary>What errors take from the head of an answer.</summary>
    internal sealed class Head
    {
        internal Head(HttpResponseMessage response)
        {
            Status = (int)response.StatusCode;
            ContentType = response.Content?.Headers.ContentType?.MediaType;
            RequestId = Find(response, "X-Request-Id");
            IsReplay = Find(response, "Idempotent-Replayed") == "true";
            RetryAfter = ReadRetryAfter(response);
        }

        internal int Status { get; }

        internal string ContentType { get; }

        internal bool IsProblem => ContentType == "application/problem+json";

        internal string RequestId { get; }

        internal bool IsReplay { get; }

        internal TimeSpan? RetryAfter { get; }

        private static string Find(HttpResponseMessage response, string name) =>
            response.Headers.Contains(name) ? response.Headers.GetValues(name).First() : null;

        /// <summary>Seconds or a date (RFC 9110, 10.2.3).</summary>
        private static TimeSpan? ReadRetryAfter(HttpResponseMessage response)
        {
            var value = response.Headers.RetryAfter;
            var wait = value?.Delta ?? value?.Date - DateTimeOffset.UtcNow;
            return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
        }
    }
}
