using System;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>The token of one player or operator, which is renewed before it ends.</summary>
    internal sealed class TokenKeeper
    {
        /// <summary>After a renewal that failed, another one is tried.</summary>
        private static readonly TimeSpan PauseBehindFailure = TimeSpan.FromMinutes(1);

        private readonly SemaphoreSlim _one = new SemaphoreSlim(1);
        private readonly Func<string, CancellationToken, Task<Session>> _renew;
        private readonly LeaderboardOptions _options;
        private volatile KeptToken _kept;

        internal TokenKeeper(
            string token, Func<string, CancellationToken, Task<Session>> renew, LeaderboardOptions options)
        {
            _kept = KeptToken.Given(token);
            _renew = renew;
            _options = options;
        }

        internal string Token => _kept.Text;

        /// <summary>
        /// The token, renewed where it ends soon. A renewal that fails leaves it as it is.
        /// </summary>
        internal async Task<string> CurrentAsync(CancellationToken cancellation)
        {
            if (!_options.RenewsTokens || !_kept.EndsSoon) return _kept.Text;
            await _one.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                if (!_kept.EndsSoon) return _kept.Text;
                try
                {
                    Take(await _renew(_kept.Text, cancellation).ConfigureAwait(false));
                }
                catch (LeaderboardException)
                {
                    _kept = _kept.Later(PauseBehindFailure);
                }
                return _kept.Text;
            }
            finally
            {
                _one.Release();
            }
        }

        /// <summary>Goes on with a token that the server has just made.</summary>
        internal Session Take(Session session)
        {
            _kept = KeptToken.Made(session.Token);
            _options.OnSession?.Invoke(session);
            return session;
        }
    }
}
