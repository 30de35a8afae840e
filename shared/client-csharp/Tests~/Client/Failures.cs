using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class Failures
    {
        internal static async Task AreDecoded()
        {
            var visitor = Program.Client;
            var missing = await Check.Refused(ErrorCode.NotRanked, visitor.RankAsync("nobody"));
            Check.Equal(404, missing.Status);
            Check.True(missing.RequestId.Length > 0 && missing.Message.Contains("nobody"), missing.Message);
            var query = new TopQuery { Limit = 0, Board = "X" };
            var invalid = await Check.Refused(ErrorCode.InvalidRequest, visitor.TopAsync(query));
            Check.Same(new[] { "board", "limit" }, invalid.Errors.Select(each => each.Field));
            Check.True(invalid.Errors[0].Message.Length > 0, "a fault has a text");
            await Check.Refused(ErrorCode.MissingToken, visitor.SubmitScoreAsync(new SetScore(1)));
            Check.Equal("url", Thrown<ArgumentException>(() => new LeaderboardClient("localhost:4000")).ParamName);
            Thrown<ArgumentNullException>(() => visitor.RegisterAsync(null));
            Thrown<ArgumentNullException>(() => visitor.RankAsync(null));
        }

        /// <summary>The first answer to each write is a 429 with Retry-After: 1.</summary>
        internal static async Task WaitAsAsked()
        {
            var waits = new List<string>();
            var options = new LeaderboardOptions(Program.Url)
            {
                OnRetry = (failure, wait) =>
                    waits.Add($"{failure.Code} {failure.RetryAfter} {wait >= failure.RetryAfter}"),
            };
            var visitor = new LeaderboardClient(options);
            var session = await visitor.RegisterAsync(new Registration("ida", "Ida", "EU"));
            Check.Equal(5, (await visitor.As(session.Token).AddScoreAsync(new AddScore(5))).Score);
            Check.Same(Enumerable.Repeat("rate_limited 00:00:01 True", 2), waits);

            options.AttemptsMax = 1;
            var add = visitor.As(session.Token).AddScoreAsync(new AddScore(5));
            Check.Equal(TimeSpan.FromSeconds(1), (await Check.Refused(ErrorCode.RateLimited, add)).RetryAfter.Value);
            options.AttemptsMax = 5;
            options.RetryTimeMax = TimeSpan.FromMilliseconds(900);
            await Check.Refused(ErrorCode.RateLimited, visitor.As(session.Token).AddScoreAsync(new AddScore(5)));
        }

        /// <summary>Each answer is a 502 of a proxy.</summary>
        internal static async Task ThatAreNotRepeated()
        {
            var attempts = 0;
            var options = new LeaderboardOptions(Program.Url) { OnRetry = (failure, wait) => attempts++ };
            var visitor = new LeaderboardClient(options);
            var guest = await Check.Refused(ErrorCode.NotUnderstood, visitor.GuestAsync());
            Check.Equal("502 0", $"{guest.Status} {attempts}");
            await Check.Refused(ErrorCode.NotUnderstood, visitor.RankAsync("ada"));
            Check.Equal(4, attempts);
        }

        /// <summary>The answer to the first POST /score/add is lost behind the gateway.</summary>
        internal static async Task LoseNoAnswer()
        {
            var retries = new List<string>();
            var options = new LeaderboardOptions(Program.Url)
            {
                OnRetry = (failure, wait) => retries.Add(failure.Code),
            };
            var visitor = new LeaderboardClient(options);
            var session = await visitor.RegisterAsync(new Registration("joy", "Joy", "EU"));
            Program.Tell("ready");
            Console.ReadLine();
            var joy = visitor.As(session.Token);
            Check.Equal(5, (await joy.AddScoreAsync(new AddScore(5))).Score);
            Check.Same(new[] { ErrorCode.NoAnswer }, retries);
            Check.Equal(5, (await joy.RankAsync("joy")).Score);
        }

        /// <summary>/health sends a byte now and then, and /ready nothing at all.</summary>
        internal static async Task EndInTime()
        {
            var options = new LeaderboardOptions(Program.Url)
            {
                AttemptsMax = 2,
                Timeout = TimeSpan.FromMilliseconds(500),
            };
            var visitor = new LeaderboardClient(options);
            var watch = Stopwatch.StartNew();
            await Check.Refused(ErrorCode.NoAnswer, visitor.HealthAsync());
            await Check.Refused(ErrorCode.NoAnswer, visitor.ReadyAsync());
            Check.True(watch.Elapsed > TimeSpan.FromSeconds(2), "each attempt has its time");
            Check.True(watch.Elapsed < TimeSpan.FromSeconds(8), $"{watch.Elapsed}");

            options.Timeout = TimeSpan.FromMinutes(1);
            foreach (var call in new Func<CancellationToken, Task>[] { visitor.HealthAsync, visitor.ReadyAsync })
            {
                using (var source = new CancellationTokenSource(300))
                {
                    watch.Restart();
                    try
                    {
                        await call(source.Token);
                        throw new Exception("it was not cancelled");
                    }
                    catch (OperationCanceledException)
                    {
                        Check.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
                    }
                }
            }
        }

        /// <summary>What answers is a page, an answer without fields, and then nothing.</summary>
        internal static async Task OfStrangers()
        {
            var page = await Check.Refused(ErrorCode.NotUnderstood, Program.Client.HealthAsync());
            Check.Equal(200, page.Status);
            var empty = await Check.Refused(ErrorCode.NotUnderstood, Program.Client.RankAsync("ada"));
            Check.True(empty.Message.Contains("missing_regions") || empty.Message.Contains("total"), empty.Message);
            var nowhere = new LeaderboardOptions("http://127.0.0.1:1") { AttemptsMax = 1 };
            var refusal = await Check.Refused(ErrorCode.NoAnswer, new LeaderboardClient(nowhere).HealthAsync());
            Check.True(refusal.Status == 0 && refusal.InnerException != null, "the cause is there");
        }

        private static T Thrown<T>(Func<object> call) where T : Exception
        {
            try
            {
                call();
            }
            catch (T thrown)
            {
                return thrown;
            }
            throw new Exception($"expected {typeof(T).Name}");
        }
    }
}
