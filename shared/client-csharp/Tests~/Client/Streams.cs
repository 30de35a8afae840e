using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class Streams
    {
        /// <summary>The gateway is killed and started again between two scores.</summary>
        internal static async Task FollowBoards()
        {
            var kim = await Program.EnterAsync("kim");
            Func<decimal, Task<WrittenEntry>> add = delta => kim.AddScoreAsync(new AddScore(delta) { Board = "streams" });
            await kim.SetScoreAsync(new SetScore(1) { Board = "streams" });
            var losses = new List<string>();
            var options = new LeaderboardOptions(Program.Url) { OnRetry = (failure, wait) => losses.Add(failure.Code) };
            var query = new LiveQuery { Board = "streams", Region = "EU", Limit = 5 };
            using (var stream = new LeaderboardClient(options).Live(query))
            {
                var board = (await stream.NextAsync()).Snapshot;
                Check.True(board.Entries.Any(each => each.UserId == "kim"), "the snapshot has the entry");
                board = await UntilAsync(stream, board, await add(41));

                // A wait that was given up loses nothing.
                using (var source = new CancellationTokenSource(200))
                {
                    try
                    {
                        await stream.NextAsync(source.Token);
                        throw new Exception("nothing has happened");
                    }
                    catch (OperationCanceledException)
                    {
                    }
                }
                board = await UntilAsync(stream, board, await add(1));

                Program.Tell("following");
                var next = stream.NextAsync();
                Console.ReadLine(); // the gateway is back
                var written = await add(1);
                board = Apply(board, await next);
                board = await UntilAsync(stream, board, written);
                Check.True(losses.Contains(ErrorCode.NoAnswer), "the connection was lost");
                var top = await kim.TopAsync(new TopQuery { Board = "streams", Region = "EU", Limit = 5 });
                Check.Same(
                    top.Entries.Select(each => $"{each.Rank} {each.UserId} {each.Score} {each.UpdatedAt:O}"),
                    board.Entries.Select(each => $"{each.Rank} {each.UserId} {each.Score} {each.UpdatedAt:O}"));
                Check.Equal(top.Total, board.Total);

                stream.Dispose();
                Check.Equal(null, await stream.NextAsync());
            }
        }

        internal static async Task FollowPlayers()
        {
            var lou = await Program.EnterAsync("lou");
            await Check.Refused(ErrorCode.NotRanked, lou.LiveRank("lou").NextAsync());
            await lou.SetScoreAsync(new SetScore(5) { Board = "quiet" });
            string last;
            using (var stream = lou.LiveRank("lou", new LiveRankQuery { Board = "quiet" }))
            {
                var first = await stream.NextAsync();
                Check.Equal("rank 1 5", $"{first.Event} {first.Rank.Rank} {first.Rank.Score}");
                last = first.Id;
                await lou.SetScoreAsync(new SetScore(6) { Board = "quiet" });
                Check.Equal(6, (await stream.NextAsync()).Rank.Score);
            }
            using (var stream = lou.LiveRank("lou", new LiveRankQuery { Board = "quiet" }, last))
            {
                Check.Equal(6, (await stream.NextAsync()).Rank.Score);
            }
        }

        internal static async Task LeaveConnections()
        {
            var client = Program.Client;
            var streams = Enumerable.Range(0, 6).Select(_ => client.Live()).ToList();
            foreach (var stream in streams) Check.Equal("snapshot", (await stream.NextAsync()).Event);
            var waiting = streams.Select(stream => stream.NextAsync()).ToList();
            Check.Equal("ok", (await client.HealthAsync()).Status);
            foreach (var stream in streams) stream.Dispose();
            foreach (var next in waiting)
            {
                var done = await Task.WhenAny(next, Task.Delay(1000));
                Check.True(done == next && next.Result == null, "a disposed stream ends its wait");
            }
        }

        internal static async Task EndWithTheClient()
        {
            var mia = await Program.EnterAsync("mia");
            await mia.SetScoreAsync(new SetScore(1) { Board = "quiet" });
            var client = Program.Client;
            var board = new LiveQuery { Board = "quiet" };
            var streams = new[] { client.Live(board), client.As(mia.Token).Live(board) };
            foreach (var stream in streams) Check.Equal("snapshot", (await stream.NextAsync()).Event);
            var waiting = streams.Select(stream => stream.NextAsync()).ToList();
            var idle = client.Live(board);
            Check.Equal("snapshot", (await idle.NextAsync()).Event);
            var unused = client.As(mia.Token).LiveRank("mia", new LiveRankQuery { Board = "quiet" });

            client.Dispose();
            foreach (var next in waiting)
            {
                var done = await Task.WhenAny(next, Task.Delay(1000));
                Check.True(done == next && next.Result == null, "a disposed client ends the wait");
            }
            await mia.SetScoreAsync(new SetScore(2) { Board = "quiet" });
            foreach (var stream in streams.Concat(new[] { idle })) Check.Equal(null, await stream.NextAsync());
            Check.Equal(null, await unused.NextAsync());
            foreach (var stream in streams) stream.Dispose();
            Check.Thrown<ObjectDisposedException>(() => client.Live());
        }

        /// <summary>As the HTML standard's examples, in pieces of every size.</summary>
        internal static Task AreParsed()
        {
            const string Text = "\uFEFF: a comment\r\nevent: a\rdata: 1\ndata:2\n\nid: 7\ndata\n\n" +
                "retry: 250\nevent: none\n\nid: 8\r\ndata:  é🚀\r\n\r\nid: 9\ndata: broken off";
            var text = Text.ToCharArray();
            for (var size = 1; size <= text.Length; size++)
            {
                var parser = new EventParser("0");
                var events = new Queue<StreamEvent>();
                for (var at = 0; at < text.Length; at += size)
                {
                    var piece = text.Skip(at).Take(size).ToArray();
                    parser.Push(piece, piece.Length, events);
                }
                Check.Same(
                    new[] { "a 1\n2 0", "message  7", "message  é🚀 8" },
                    events.Select(each => $"{each.Name} {each.Data} {each.Id}"));
                Check.Equal("8 250", $"{parser.LastId} {parser.Retry?.TotalMilliseconds}");
            }
            return Task.FromResult(true);
        }

        private static async Task<BoardState> UntilAsync(
            LiveStream<BoardEvent> stream, BoardState board, WrittenEntry written)
        {
            while (!board.Entries.Any(each => each.UserId == written.UserId && each.Score == written.Score))
            {
                board = Apply(board, await stream.NextAsync());
            }
            return board;
        }

        private static BoardState Apply(BoardState board, BoardEvent next)
        {
            if (next.Snapshot != null) return next.Snapshot;
            return next.Change == null ? board : board.ApplyChanges(next.Change);
        }
    }
}
