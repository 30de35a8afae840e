using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    /// <summary>
    /// Runs one test by its name against the leaderboard at LEADERBOARD_URL. Ends with 0, or with 1
    /// and what failed. infra/client/csharp.test.ts starts it.
    /// </summary>
    internal static class Program
    {
        private static readonly Dictionary<string, Func<Task>> Tests = new Dictionary<string, Func<Task>>
        {
            ["players"] = Players.ComeAndGoOn,
            ["renewal"] = Players.TokensAreRenewed,
            ["scores"] = Scores.AreExact,
            ["kinds"] = Scores.OfEveryKind,
            ["server"] = Scores.OfGameServers,
            ["reads"] = Reads.Agree,
            ["refusals"] = Failures.AreDecoded,
            ["arguments"] = Failures.OfArguments,
            ["rate-limited"] = Failures.WaitAsAsked,
            ["not-repeated"] = Failures.ThatAreNotRepeated,
            ["lost-answer"] = Failures.LoseNoAnswer,
            ["slow"] = Failures.EndInTime,
            ["disposal"] = Failures.EndWithTheClient,
            ["stranger"] = Failures.OfStrangers,
            ["later-server"] = Reads.OfLaterServers,
            ["live"] = Streams.FollowBoards,
            ["live-rank"] = Streams.FollowPlayers,
            ["live-many"] = Streams.LeaveConnections,
            ["live-disposal"] = Streams.EndWithTheClient,
            ["events"] = Streams.AreParsed,
            ["json"] = JsonTexts.ComeBack,
        };

        internal static string Url => Environment.GetEnvironmentVariable("LEADERBOARD_URL");

        internal static string OperatorToken => Environment.GetEnvironmentVariable("LEADERBOARD_TOKEN");

        internal static LeaderboardClient Client => new LeaderboardClient(Url);

        /// <summary>A registered player of a name of its own.</summary>
        internal static async Task<LeaderboardClient> EnterAsync(string userId)
        {
            var session = await Client.RegisterAsync(new Registration(userId, "Player " + userId, "EU"));
            return Client.As(session.Token);
        }

        /// <summary>Says something to the one who started the test.</summary>
        internal static void Tell(string line)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }

        private static int Main(string[] arguments)
        {
            try
            {
                Tests[arguments[0]]().GetAwaiter().GetResult();
                return 0;
            }
            catch (Exception fault)
            {
                Console.Error.WriteLine(fault);
                return 1;
            }
        }
    }
}
