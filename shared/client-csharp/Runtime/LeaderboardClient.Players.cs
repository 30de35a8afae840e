using System;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    public sealed partial class LeaderboardClient
    {
        /// <summary>
        /// Registers a player. Codes: user_exists, registration_closed, invalid_request,
        /// rate_limited, queue_full, outcome_unknown.
        /// </summary>
        /// <param name="player">The player.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Session> RegisterAsync(
            Registration player, CancellationToken cancellation = default(CancellationToken)) =>
            EnterAsync(
                "POST", "/auth/register", Given(player, nameof(player)).Write,
                json => new Session(json), cancellation);

        /// <summary>Logs a player in. Codes: bad_credentials, wrong_region, rate_limited.</summary>
        /// <param name="credentials">The player and the password.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Session> LoginAsync(
            Credentials credentials, CancellationToken cancellation = default(CancellationToken)) =>
            EnterAsync(
                "POST", "/auth/login", Given(credentials, nameof(credentials)).Write,
                json => new Session(json), cancellation);

        /// <summary>
        /// Makes a player without a registration, and with the same device id finds the player
        /// again. Codes: registration_closed, bad_credentials for the device of a player who has a
        /// password, rate_limited, queue_full, outcome_unknown.
        /// </summary>
        /// <param name="guest">The device, name and region, as far as there are.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Session> GuestAsync(
            GuestCall guest = null, CancellationToken cancellation = default(CancellationToken)) =>
            EnterAsync(
                "POST", "/auth/guest", (guest ?? new GuestCall()).Write,
                json => new Session(json), cancellation);

        /// <summary>
        /// Sets the player's password, or changes it with the old one. Tokens from before stop
        /// working; this client goes on with the new one. Codes: bad_credentials, rate_limited,
        /// invalid_request.
        /// </summary>
        /// <param name="change">The password.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Session> SetPasswordAsync(
            PasswordChange change, CancellationToken cancellation = default(CancellationToken))
        {
            var body = JsonWriter.Object(Given(change, nameof(change)).Write);
            var outgoing = new Outgoing("POST", "/auth/password") { Body = body };
            return OwnAsync(outgoing, json => new Session(json), cancellation);
        }

        /// <summary>
        /// Gives the player another name, on all boards. Codes: name_given, rate_limited.
        /// </summary>
        /// <param name="name">Shown on the boards, in Unicode's form NFC.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Session> ChangeNameAsync(
            string name, CancellationToken cancellation = default(CancellationToken))
        {
            var body = JsonWriter.Object(json => json.Field("name", Given(name, nameof(name))));
            var outgoing = new Outgoing("PATCH", "/auth/me") { Body = body, IsRepeatable = true };
            return OwnAsync(outgoing, json => new Session(json), cancellation);
        }

        /// <summary>
        /// Renews the player's token, which has to hold still. Writes do it by themselves in the
        /// last quarter of its lifetime. Codes: invalid_token.
        /// </summary>
        /// <param name="cancellation">Ends the call.</param>
        public async Task<Session> RefreshAsync(CancellationToken cancellation = default(CancellationToken))
        {
            var session = await RefreshWithAsync(Token, cancellation).ConfigureAwait(false);
            return _keeper == null ? session : _keeper.Take(session);
        }

        private Task<Session> RefreshWithAsync(string token, CancellationToken cancellation)
        {
            var outgoing = new Outgoing("POST", "/auth/refresh") { IsRepeatable = true };
            if (token != null) outgoing.SetHeader("Authorization", "Bearer " + token);
            return _transport.SendAsync(outgoing, json => new Session(json), cancellation);
        }

        /// <summary>Repeating it may do another thing, such as register a second guest.</summary>
        private Task<T> EnterAsync<T>(
            string method,
            string target,
            Action<JsonWriter> body,
            Func<JsonObject, T> read,
            CancellationToken cancellation) =>
            _transport.SendAsync(new Outgoing(method, target) { Body = JsonWriter.Object(body) }, read, cancellation);

        private async Task<Session> OwnAsync(
            Outgoing outgoing, Func<JsonObject, Session> read, CancellationToken cancellation)
        {
            await AuthorizeAsync(outgoing, cancellation).ConfigureAwait(false);
            var session = await _transport.SendAsync(outgoing, read, cancellation).ConfigureAwait(false);
            return _keeper == null ? session : _keeper.Take(session);
        }
    }
}
