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
            var text = missing.ToString();
            var head = $"LeaderboardApi.LeaderboardException (404 not_ranked, request {missing.RequestId}): ";
            Check.True(text.StartsWith(head + missing.Message + "\n"), text);
            Check.True(text.Contains("  at "), "the stack is there");
        }

        /// <summary>Each names the parameter, or the field, that cannot be sent.</summary>
        internal static async Task OfArguments()
        {
            foreach (var url in new[] { "localhost:4000", "", null, "/scores", "ftp://a.example", "httpx://a.example" })
            {
                var fault = Check.Thrown<ArgumentException>(() => new LeaderboardClient(url));
                var shown = url == null ? "null" : "\"" + url + "\"";
                var message = "url must begin with http:// or https://, and is " + shown;
                Check.True(fault.ParamName == "url" && fault.Message.StartsWith(message), fault.Message);
            }

            var visitor = Program.Client;
            var absent = new Dictionary<string, Func<object>>
            {
                ["options"] = () => new LeaderboardClient((LeaderboardOptions)null),
                ["token"] = () => visitor.As(null),
                ["player"] = () => visitor.RegisterAsync(null),
                ["change"] = () => visitor.SetPasswordAsync(null),
                ["name"] = () => visitor.ChangeNameAsync(null),
                ["userId"] = () => visitor.RankAsync(null),
                ["question"] = () => visitor.RanksAsync(null),
                ["boards"] = () => visitor.PlayerBoardsAsync("ada", null),
                ["season"] = () => visitor.ReadSeasonAsync("main", null),
                ["score"] = () => visitor.SubmitScoreAsync(null),
            };
            foreach (var each in absent)
            {
                Check.Equal(each.Key, Check.Thrown<ArgumentNullException>(each.Value).ParamName);
            }
            Check.Equal("userId", Check.Thrown<ArgumentNullException>(() => visitor.LiveRank(null)).ParamName);
            Check.Equal("boards", Named(() => visitor.PlayerBoardsAsync("ada", new[] { "main", null })));
            Check.Equal("ids", Named(() => visitor.RanksAsync(new RanksQuestion(new[] { "ada", null }))));
            foreach (var id in new[] { "", ".", ".." }) Check.Equal("userId", Named(() => visitor.RankAsync(id)));

            // A token from a file often ends its line: HttpClient leaves such a header out.
            foreach (var token in new[] { "", "a.b.c\n", "a b", "é" }) Check.Equal("token", Named(() => visitor.As(token)));
            Check.Equal("lastEventId", Named(() => visitor.Live(null, "1\n")));

            var player = visitor.As(Program.OperatorToken);
            foreach (var key in new[] { "", "match 42", "match-42\n", "é" })
            {
                Check.Equal("idempotencyKey", await NamedAsync(player.SubmitScoreForAsync(new ScoreFor("ada", 1), key)));
            }
            foreach (var text in new[] { "", "fast", "{\"car\":}", "{'car':1}" })
            {
                var score = new ScoreFor("ada", 1) { Board = "laps", Metadata = text };
                Check.Equal("metadata", await NamedAsync(player.SubmitScoreForAsync(score)));
            }
            Check.Equal("items", await NamedAsync(player.SubmitScoresAsync(new ScoresItem[] { null })));
            Check.Equal("ok", (await visitor.HealthAsync()).Status);
        }

        /// <summary>The first answer to each write is a 429 with Retry-After: 1.</summary>
        internal static async Task WaitAsAsked()
        {
            var waits = new List<string>();
            var members = new List<string>();
            var options = new LeaderboardOptions(Program.Url)
            {
                OnRetry = (failure, wait) =>
                {
                    waits.Add($"{failure.Code} {failure.RetryAfter} {wait >= failure.RetryAfter}");
                    members.AddRange(failure.Members.Keys);
                },
            };
            var visitor = new LeaderboardClient(options);
            var session = await visitor.RegisterAsync(new Registration("ida", "Ida", "EU"));
            Check.Equal(5, (await visitor.As(session.Token).AddScoreAsync(new AddScore(5))).Score);
            Check.Same(Enumerable.Repeat("rate_limited 00:00:01 True", 2), waits);
            Check.Same(new string[0], members);

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

        /// <summary>
        /// /health sends a byte now and then, and /ready nothing at all. Other reads are refused
        /// for a minute.
        /// </summary>
        internal static async Task EndWithTheClient()
        {
            var refused = new TaskCompletionSource<bool>();
            var options = new LeaderboardOptions(Program.Url)
            {
                RetryTimeMax = TimeSpan.FromMinutes(10),
                OnRetry = (failure, wait) => refused.TrySetResult(true),
            };
            var client = new LeaderboardClient(options);
            var calls = new Task[] { client.HealthAsync(), client.As("a.b.c").ReadyAsync(), client.TopAsync() };
            await refused.Task;
            await Task.Delay(200);
            Check.True(calls.All(each => !each.IsCompleted), "the calls are under way");
            var watch = Stopwatch.StartNew();
            client.Dispose();
            foreach (var call in calls)
            {
                try
                {
                    await call;
                    throw new Exception("it was not cancelled");
                }
                catch (OperationCanceledException)
                {
                }
            }
            Check.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
            client.Dispose();
            var later = new Func<Task>[]
            {
                () => client.TopAsync(),
                () => client.GuestAsync(),
                () => client.As("a.b.c").SubmitScoreAsync(new SetScore(1)),
                () => client.Pages().NextAsync(),
            };
            foreach (var call in later)
            {
                try
                {
                    await call();
                    throw new Exception("it was sent");
                }
                catch (ObjectDisposedException disposed)
                {
                    Check.Equal("LeaderboardClient", disposed.ObjectName);
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
            Check.Equal("The server at http://127.0.0.1:1 does not answer.", refusal.Message);
            var text = refusal.ToString();
            Check.True(text.StartsWith("LeaderboardApi.LeaderboardException (no_answer): The server"), text);
            var hidden = new LeaderboardOptions("http://ada:secret@127.0.0.1:1/games?key=secret") { AttemptsMax = 1 };
            refusal = await Check.Refused(ErrorCode.NoAnswer, new LeaderboardClient(hidden).RankAsync("bob"));
            Check.Equal("The server at http://127.0.0.1:1 does not answer.", refusal.Message);
        }

        private static string Named(Func<object> call) => Check.Thrown<ArgumentException>(call).ParamName;

        private static async Task<string> NamedAsync(Task call)
        {
            try
            {
                await call;
            }
            catch (ArgumentException fault)
            {
                return fault.ParamName;
            }
            throw new Exception("it was sent");
        }
    }
}
