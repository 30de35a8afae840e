using System;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>
    /// A leaderboard over HTTP. Methods throw a <see cref="LeaderboardException"/>, or an
    /// <see cref="OperationCanceledException"/> where the caller cancels. They may be called at the
    /// same time; make one client and keep it.
    /// </summary>
    public sealed partial class LeaderboardClient : IDisposable
    {
        private readonly LeaderboardOptions _options;
        private readonly Transport _transport;
        private readonly TokenKeeper _keeper;
        private readonly bool _isDerived;

        /// <summary>A client without a token, which registers players and reads boards.</summary>
        /// <param name="url">The URL of the gateway: https://scores.example.com.</param>
        public LeaderboardClient(string url) : this(new LeaderboardOptions(url))
        {
        }

        /// <summary>A client without a token, which registers players and reads boards.</summary>
        /// <param name="options">How to call the leaderboard.</param>
        public LeaderboardClient(LeaderboardOptions options)
        {
            _options = options ?? throw new ArgumentNullException(nameof(options));
            _transport = new Transport(options);
        }

        private LeaderboardClient(LeaderboardClient parent, string token)
        {
            _options = parent._options;
            _transport = parent._transport;
            _isDerived = true;
            _keeper = new TokenKeeper(token, RefreshWithAsync, _options);
        }

        /// <summary>
        /// The token as it is now: a player's is renewed before it ends. Null without one.
        /// </summary>
        public string Token => _keeper?.Token;

        /// <summary>
        /// A client for the same leaderboard with the token of a player or an operator. It shares
        /// the connections, and need not be disposed.
        /// </summary>
        /// <param name="token">Of a <see cref="Session"/>, or an operator's.</param>
        public LeaderboardClient As(string token) =>
            new LeaderboardClient(this, token ?? throw new ArgumentNullException(nameof(token)));

        /// <summary>Ends all connections of the client and of those made by As.</summary>
        public void Dispose()
        {
            if (!_isDerived) _transport.Dispose();
        }

        /// <summary>A read. A POST may be one, too, where a question is long.</summary>
        private async Task<T> ReadAsync<T>(
            string method,
            string target,
            Func<JsonObject, T> read,
            CancellationToken cancellation,
            string body = null,
            int acceptedStatus = 0)
        {
            var outgoing = new Outgoing(method, target)
            {
                Body = body,
                IsRepeatable = true,
                AcceptedStatus = acceptedStatus,
            };
            if (_options.ReadsWithToken) await AuthorizeAsync(outgoing, cancellation).ConfigureAwait(false);
            return await _transport.SendAsync(outgoing, read, cancellation).ConfigureAwait(false);
        }

        /// <summary>A write that counts once under its key, however often it is sent.</summary>
        private async Task<T> WriteAsync<T>(
            string method,
            string target,
            Action<JsonWriter> body,
            Func<JsonObject, T> read,
            string idempotencyKey,
            CancellationToken cancellation)
        {
            var outgoing = new Outgoing(method, target) { Body = JsonWriter.Object(body), IsRepeatable = true };
            outgoing.SetHeader("Idempotency-Key", idempotencyKey ?? Guid.NewGuid().ToString("N"));
            await AuthorizeAsync(outgoing, cancellation).ConfigureAwait(false);
            return await _transport.SendAsync(outgoing, read, cancellation).ConfigureAwait(false);
        }

        private async Task AuthorizeAsync(Outgoing outgoing, CancellationToken cancellation)
        {
            if (_keeper == null) return;
            var token = await _keeper.CurrentAsync(cancellation).ConfigureAwait(false);
            outgoing.SetHeader("Authorization", "Bearer " + token);
        }

        private static string Escape(string segment) => Uri.EscapeDataString(Given(segment));

        private static T Given<T>(T argument) where T : class =>
            argument ?? throw new ArgumentNullException(typeof(T).Name);
    }
}
