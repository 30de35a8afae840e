using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>
    /// A leaderboard over HTTP. A call that fails throws a <see cref="LeaderboardException"/>, or
    /// an <see cref="OperationCanceledException"/> where the caller cancels or disposes the client;
    /// arguments that cannot be sent are an <see cref="ArgumentException"/>. Methods may be called
    /// at the same time; make one client and keep it.
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
            new LeaderboardClient(this, RequireVisible(Given(token, nameof(token)), nameof(token)));

        /// <summary>
        /// Ends all connections of the client and of those made by As: calls under way are
        /// cancelled, live streams end. For a client made by As it does nothing.
        /// </summary>
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
            var key = idempotencyKey ?? Guid.NewGuid().ToString("N");
            outgoing.SetHeader("Idempotency-Key", RequireVisible(key, nameof(idempotencyKey)));
            await AuthorizeAsync(outgoing, cancellation).ConfigureAwait(false);
            return await _transport.SendAsync(outgoing, read, cancellation).ConfigureAwait(false);
        }

        private async Task AuthorizeAsync(Outgoing outgoing, CancellationToken cancellation)
        {
            if (_keeper == null) return;
            _transport.RequireUse();
            var token = await _keeper.CurrentAsync(cancellation).ConfigureAwait(false);
            _transport.Disposal.ThrowIfCancellationRequested();
            outgoing.SetHeader("Authorization", "Bearer " + token);
        }

        /// <summary>A segment of a path, of which "" or ".." would make another path.</summary>
        private static string Escape(string segment, string name)
        {
            var isStep = new[] { "", ".", ".." }.Contains(Given(segment, name));
            if (isStep) throw new ArgumentException($"{name} cannot be \"{segment}\"", name);
            return Uri.EscapeDataString(segment);
        }

        /// <summary>
        /// A value of a header. Platforms leave out one that has a line end, or fail to send it.
        /// </summary>
        private static string RequireVisible(string value, string name)
        {
            if (value != "" && value.All(each => each > ' ' && each <= '~')) return value;
            throw new ArgumentException(
                $"{name} must be visible ASCII characters, without a space or a line end", name);
        }

        private static T Given<T>(T argument, string name) where T : class =>
            argument ?? throw new ArgumentNullException(name);
    }
}
