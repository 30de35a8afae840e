using System;

namespace LeaderboardApi
{
    /// <summary>The answer to a registration, a login and every other new token.</summary>
    public sealed class Session
    {
        internal Session(JsonObject json)
        {
            Token = json.String("token");
            User = json.Object("user", each => new SessionUser(each));
        }

        /// <summary>
        /// For <see cref="LeaderboardClient.As"/>. Keep it where other apps cannot read it.
        /// </summary>
        public string Token { get; }

        /// <summary>The player of the token.</summary>
        public SessionUser User { get; }
    }

    /// <summary>The player of a session.</summary>
    public sealed class SessionUser
    {
        internal SessionUser(JsonObject json)
        {
            UserId = json.String("user_id");
            Name = json.String("name");
            Region = json.String("region");
        }

        /// <summary>The player's public name in every URL.</summary>
        public string UserId { get; }

        /// <summary>Shown on the boards.</summary>
        public string Name { get; }

        /// <summary>The home region.</summary>
        public string Region { get; }
    }

    /// <summary>A new player.</summary>
    public sealed class Registration
    {
        /// <summary>A new player.</summary>
        /// <param name="userId">The public name in every URL. It does not begin with x--.</param>
        /// <param name="name">Shown on the boards, in Unicode's form NFC.</param>
        /// <param name="region">The home region: one of those of the service.</param>
        public Registration(string userId, string name, string region)
        {
            UserId = userId ?? throw new ArgumentNullException(nameof(userId));
            Name = name ?? throw new ArgumentNullException(nameof(name));
            Region = region ?? throw new ArgumentNullException(nameof(region));
        }

        /// <summary>The player's public name in every URL.</summary>
        public string UserId { get; }

        /// <summary>Shown on the boards.</summary>
        public string Name { get; }

        /// <summary>The home region.</summary>
        public string Region { get; }

        /// <summary>The score on the board main to begin with.</summary>
        public decimal? InitialScore { get; set; }

        /// <summary>Optional where the service does not require one.</summary>
        public string Password { get; set; }

        internal void Write(JsonWriter json)
        {
            json.Field("user_id", UserId);
            json.Field("name", Name);
            json.Field("region", Region);
            json.Field("initialScore", InitialScore);
            json.Field("password", Password);
        }
    }

    /// <summary>A login.</summary>
    public sealed class Credentials
    {
        /// <summary>A login.</summary>
        /// <param name="userId">The player's public name in every URL.</param>
        public Credentials(string userId)
        {
            UserId = userId ?? throw new ArgumentNullException(nameof(userId));
        }

        /// <summary>The player's public name in every URL.</summary>
        public string UserId { get; }

        /// <summary>Compared in Unicode's form NFC, without outer white space.</summary>
        public string Name { get; set; }

        /// <summary>The home region.</summary>
        public string Region { get; set; }

        /// <summary>Optional where the service does not require one.</summary>
        public string Password { get; set; }

        internal void Write(JsonWriter json)
        {
            json.Field("user_id", UserId);
            json.Field("name", Name);
            json.Field("region", Region);
            json.Field("password", Password);
        }
    }

    /// <summary>
    /// A guest: a new player, or with the <see cref="DeviceId"/> of one that player.
    /// </summary>
    public sealed class GuestCall
    {
        /// <summary>
        /// A secret that the game made at random and keeps, such as a GUID; no id that others can
        /// read or guess.
        /// </summary>
        public string DeviceId { get; set; }

        /// <summary>Of a new player; Guest and four digits unless given.</summary>
        public string Name { get; set; }

        /// <summary>Of a new player, who needs one unless there is only one region.</summary>
        public string Region { get; set; }

        internal void Write(JsonWriter json)
        {
            json.Field("device_id", DeviceId);
            json.Field("name", Name);
            json.Field("region", Region);
        }
    }

    /// <summary>A password to set, or to change with the old one.</summary>
    public sealed class PasswordChange
    {
        /// <summary>A password to set.</summary>
        /// <param name="password">The new password.</param>
        public PasswordChange(string password)
        {
            Password = password ?? throw new ArgumentNullException(nameof(password));
        }

        /// <summary>The new password.</summary>
        public string Password { get; }

        /// <summary>Of a player who has a password; left out by one who has none.</summary>
        public string OldPassword { get; set; }

        internal void Write(JsonWriter json)
        {
            json.Field("password", Password);
            json.Field("old_password", OldPassword);
        }
    }
}
