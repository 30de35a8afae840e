using System;
using System.Net.Http;

namespace LeaderboardApi
{
    /// <summary>How a <see cref="LeaderboardClient"/> calls a leaderboard.</summary>
    public sealed class LeaderboardOptions
    {
        /// <summary>Options for a leaderboard.</summary>
        /// <param name="url">The URL of the gateway: https://scores.example.com.</param>
        /// <exception cref="ArgumentException">It is no URL of HTTP.</exception>
        public LeaderboardOptions(string url)
        {
            Uri parsed;
            // Without this a URL that was left out would look like a server that does not answer.
            if (!Uri.TryCreate(url, UriKind.Absolute, out parsed) || !IsHttp(parsed.Scheme))
            {
                var given = url == null ? "null" : $"\"{url}\"";
                throw new ArgumentException($"url must begin with http:// or https://, and is {given}", nameof(url));
            }
            Url = url;
        }

        private static bool IsHttp(string scheme) => scheme == Uri.UriSchemeHttp || scheme == Uri.UriSchemeHttps;

        /// <summary>The URL of the gateway.</summary>
        public string Url { get; }

        /// <summary>The timeout of one attempt.</summary>
        public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

        /// <summary>Requests for one call, including the first; 1 turns retries off.</summary>
        public int AttemptsMax { get; set; } = 5;

        /// <summary>No retry is sent later than this after the first request.</summary>
        public TimeSpan RetryTimeMax { get; set; } = TimeSpan.FromSeconds(30);

        /// <summary>
        /// Whether reads of boards carry the token, too. Boards that only operators read need an
        /// operator's. Otherwise the gateway answers those who ask for the same top at once
        /// together.
        /// </summary>
        public bool ReadsWithToken { get; set; }

        /// <summary>
        /// Whether a player's token is renewed before it ends, by the first write in the last
        /// quarter of its lifetime.
        /// </summary>
        public bool RenewsTokens { get; set; } = true;

        /// <summary>
        /// Called with each new token of <see cref="LeaderboardClient.As"/>'s player, for a game
        /// that keeps it. Comes from any thread.
        /// </summary>
        public Action<Session> OnSession { get; set; }

        /// <summary>
        /// Called before each retry, and before a stream connects again, with the failure and the
        /// wait. Comes from any thread.
        /// </summary>
        public Action<LeaderboardException, TimeSpan> OnRetry { get; set; }

        /// <summary>Replaces the handler of HTTP, for proxies, certificates and tests.</summary>
        public HttpMessageHandler Handler { get; set; }
    }
}
