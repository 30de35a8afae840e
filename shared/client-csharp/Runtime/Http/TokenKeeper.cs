using System;
using System.Diagnostics;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>The token of one player or operator, which is renewed before it ends.</summary>
    internal sealed class TokenKeeper
    {
        /// <summary>A refused renewal is tried again after this time.</summary>
        private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMinutes(1);

        private readonly SemaphoreSlim _one = new SemaphoreSlim(1);
        private readonly Func<string, CancellationToken, Task<Session>> _renew;
        private readonly LeaderboardOptions _options;
        private volatile string _token;

        // The clock of a player's machine may be wrong: after a renewal its own watch counts.
        private Stopwatch _sinceRenewal;
        private TimeSpan _pause;

        internal TokenKeeper(
            string token, Func<string, CancellationToken, Task<Session>> renew, LeaderboardOptions options)
        {
            _token = token;
            _renew = renew;
            _options = options;
        }

        internal string Token => _token;

        /// <summary>
        /// The token, renewed where it ends soon. A renewal that fails leaves it as it is.
        /// </summary>
        internal async Task<string> CurrentAsync(CancellationToken cancellation)
        {
            if (!_options.RenewsTokens || !EndsSoon()) return _token;
            await _one.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                if (!EndsSoon()) return _token;
                try
                {
                    Take(await _renew(_token, cancellation).ConfigureAwait(false));
                }
                catch (LeaderboardException)
                {
                    _sinceRenewal = Stopwatch.StartNew();
                    _pause = PauseAfterFailure;
                }
                return _token;
            }
            finally
            {
                _one.Release();
            }
        }

        /// <summary>Goes on with another token of the same player.</summary>
        internal Session Take(Session session)
        {
            _token = session.Token;
            var lifetime = Lifetime(_token);
            _sinceRenewal = Stopwatch.StartNew();
            _pause = lifetime == null ? TimeSpan.Zero : TimeSpan.FromTicks(lifetime.Whole.Ticks / 4 * 3);
            _options.OnSession?.Invoke(session);
            return session;
        }

        private bool EndsSoon()
        {
            if (_sinceRenewal != null && _sinceRenewal.Elapsed < _pause) return false;
            var lifetime = Lifetime(_token);
            return lifetime != null && lifetime.Rest.Ticks < lifetime.Whole.Ticks / 4;
        }

        /// <summary>Null for a token that is not one of a player of this service.</summary>
        private static TokenLifetime Lifetime(string token)
        {
            try
            {
                var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
                payload = payload.PadRight((payload.Length + 3) / 4 * 4, '=');
                var claims = JsonReader.ParseObject(Encoding.UTF8.GetString(Convert.FromBase64String(payload)));
                // An operator's has a role, an identity provider's no region.
                if (claims.Has("role") || !claims.Has("region")) return null;
                return new TokenLifetime(claims.Integer("iat"), claims.Integer("exp"));
            }
            catch (Exception fault) when (fault is FormatException || fault is IndexOutOfRangeException)
            {
                return null;
            }
        }

        private sealed class TokenLifetime
        {
            internal TokenLifetime(long issuedAt, long endsAt)
            {
                Whole = TimeSpan.FromSeconds(endsAt - issuedAt);
                Rest = DateTimeOffset.FromUnixTimeSeconds(endsAt) - DateTimeOffset.UtcNow;
            }

            internal TimeSpan Whole { get; }

            internal TimeSpan Rest { get; }
        }
    }
}
