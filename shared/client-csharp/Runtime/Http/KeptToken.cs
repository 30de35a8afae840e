using System;
using System.Text;

namespace LeaderboardApi
{
    /// <summary>A token, and when to renew it: in the last quarter of its lifetime.</summary>
    internal sealed class KeptToken
    {
        // A difference of this machine's clock, which may be wrong. It goes on while a phone
        // sleeps.
        private readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
        private readonly TimeSpan? _renewAfter;

        private KeptToken(string text, TimeSpan? renewAfter)
        {
            Text = text;
            _renewAfter = renewAfter;
        }

        internal string Text { get; }

        internal bool EndsSoon => DateTimeOffset.UtcNow - _since >= _renewAfter;

        /// <summary>A token of unknown age: this machine's clock has to tell it.</summary>
        internal static KeptToken Given(string text) =>
            Make(text, (endsAt, lifetime) => endsAt - DateTimeOffset.UtcNow - Quarters(lifetime, 1));

        /// <summary>A token that the server has just made.</summary>
        internal static KeptToken Made(string text) => Make(text, (endsAt, lifetime) => Quarters(lifetime, 3));

        internal KeptToken Later(TimeSpan pause) => new KeptToken(Text, pause);

        private static TimeSpan Quarters(TimeSpan lifetime, int count) => TimeSpan.FromTicks(lifetime.Ticks / 4 * count);

        private static KeptToken Make(string text, Func<DateTimeOffset, TimeSpan, TimeSpan> renewAfter)
        {
            try
            {
                var claims = ReadClaims(text);
                // An operator's has a role, an identity provider's no region: neither can be
                // renewed.
                if (claims.Has("role") || !claims.Has("region")) return new KeptToken(text, null);
                var endsAt = DateTimeOffset.FromUnixTimeSeconds(claims.Integer("exp"));
                var issuedAt = DateTimeOffset.FromUnixTimeSeconds(claims.Integer("iat"));
                return new KeptToken(text, renewAfter(endsAt, endsAt - issuedAt));
            }
            catch (Exception fault) when (fault is FormatException || fault is ArgumentOutOfRangeException)
            {
                return new KeptToken(text, null); // a token of someone else, in another form
            }
        }

        private static JsonObject ReadClaims(string token)
        {
            var parts = token.Split('.');
            if (parts.Length != 3) throw new FormatException("It is no JWT.");
            var payload = parts[1].Replace('-', '+').Replace('_', '/');
            payload = payload.PadRight((payload.Length + 3) / 4 * 4, '=');
            return JsonReader.ParseObject(Encoding.UTF8.GetString(Convert.FromBase64String(payload)));
        }
    }
}
