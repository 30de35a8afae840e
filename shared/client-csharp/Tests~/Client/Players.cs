using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class Players
    {
        internal static async Task ComeAndGoOn()
        {
            var visitor = Program.Client;
            var registration = new Registration("ada", "Ada", "EU") { Password = "correct horse", InitialScore = 3 };
            var session = await visitor.RegisterAsync(registration);
            Check.Equal("ada Ada EU", $"{session.User.UserId} {session.User.Name} {session.User.Region}");
            Check.Equal(3, (await visitor.RankAsync("ada")).Score);
            await Check.Refused(ErrorCode.UserExists, visitor.RegisterAsync(registration));
            var wrong = new Credentials("ada") { Password = "wrong" };
            await Check.Refused(ErrorCode.BadCredentials, visitor.LoginAsync(wrong));
            session = await visitor.LoginAsync(new Credentials("ada") { Password = "correct horse" });

            var ada = visitor.As(session.Token);
            Check.Equal("Ada L.", (await ada.ChangeNameAsync("Ada L.")).User.Name);
            var before = ada.Token;
            await ada.SetPasswordAsync(new PasswordChange("battery staple") { OldPassword = "correct horse" });
            Check.True(ada.Token != before, "the client goes on with the token of the answer");
            Check.Equal("Ada L.", (await ada.SubmitScoreAsync(new SetScore(4))).Name);
            Check.Equal("ada", (await ada.RefreshAsync()).User.UserId);

            var device = new GuestCall
            {
                DeviceId = Guid.NewGuid().ToString(),
                Region = "NA",
                Name = "Émile 🚀 \"x\"",
            };
            var guest = await visitor.GuestAsync(device);
            Check.Equal("Émile 🚀 \"x\"", guest.User.Name);
            Check.Equal(guest.User.UserId, (await visitor.GuestAsync(device)).User.UserId);
            Check.Equal("NA", (await visitor.As(guest.Token).SubmitScoreAsync(new SetScore(1))).Region);
        }

        /// <summary>The token that comes is one that ends soon.</summary>
        internal static async Task TokensAreRenewed()
        {
            var token = Environment.GetEnvironmentVariable("OLD_TOKEN");
            var sessions = new List<Session>();
            var options = new LeaderboardOptions(Program.Url) { OnSession = sessions.Add };
            var old = new LeaderboardClient(options).As(token);
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => old.AddScoreAsync(new AddScore(1))));
            Check.Equal(1, sessions.Count);
            Check.True(old.Token == sessions[0].Token && old.Token != token, "the new token is the client's");
            Check.Equal(8, (await old.RankAsync(sessions[0].User.UserId)).Score);

            options = new LeaderboardOptions(Program.Url) { RenewsTokens = false, OnSession = sessions.Add };
            var kept = new LeaderboardClient(options).As(token);
            await kept.AddScoreAsync(new AddScore(1));
            // An operator's token and a stranger's are not renewed.
            var server = Program.Client.As(Program.OperatorToken);
            await server.SubmitScoreForAsync(new ScoreFor(sessions[0].User.UserId, 1));
            await Check.Refused(ErrorCode.InvalidToken, Program.Client.As("a.b.c").SubmitScoreAsync(new SetScore(1)));
            Check.Equal(1, sessions.Count);
            Check.Equal(token, kept.Token);
        }
    }
}
