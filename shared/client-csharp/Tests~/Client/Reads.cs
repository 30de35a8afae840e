using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class Reads
    {
        internal static async Task Agree()
        {
            var server = Program.Client.As(Program.OperatorToken);
            var items = Enumerable.Range(1, 9)
                .Select(n => new ScoresItem("p" + n, n / 2 * 10) { Region = "EU", Board = "reads" });
            var written = await server.SubmitScoresAsync(items);
            Check.True(written.Items.All(item => item.Entry != null), "all are written");

            var visitor = Program.Client;
            var top = await visitor.TopAsync(new TopQuery { Board = "reads", Region = "EU" });
            Check.Same(new[] { "p8", "p9", "p6", "p7", "p4", "p5", "p2", "p3", "p1" }, Check.Ids(top.Entries));
            Check.Same(Enumerable.Range(1, 9).Select(n => (long?)n), top.Entries.Select(each => each.Rank));
            var query = new TopQuery { Board = "reads", Ties = Ties.Shared, From = 3, Limit = 3 };
            var shared = await visitor.TopAsync(query);
            Check.Same(new long?[] { 3, 3, 5 }, shared.Entries.Select(each => each.Rank));

            var pages = visitor.Pages(new TopQuery { Board = "reads", Limit = 4 });
            var seen = new List<string>();
            for (var page = await pages.NextAsync(); page != null; page = await pages.NextAsync())
            {
                seen.AddRange(Check.Ids(page.Entries));
            }
            Check.Same(Check.Ids(top.Entries), seen);

            var rank = await visitor.RankAsync("p6", new RankQuery { Board = "reads", AllowPartial = true });
            Check.Equal("3 9 0", $"{rank.Rank} {rank.Total} {rank.MissingRegions.Count}");
            Check.Equal(77.78m, rank.Percentile);
            var around = await visitor.AroundAsync("p6", new AroundQuery { Board = "reads", Range = 1 });
            Check.Same(new[] { "p9", "p7" }, Check.Ids(around.Around));
            Check.Equal<long?>(3, around.Self.Rank);
            var score = await visitor.AroundScoreAsync(30, new AroundScoreQuery { Board = "reads", Range = 1 });
            Check.Equal("5 30", $"{score.WouldBeRank} {score.Score}");
            Check.Same(new[] { "p7", "p4" }, Check.Ids(score.Around));

            var ranks = await visitor.RanksAsync(new RanksQuestion(new[] { "p1", "none", "p9" }) { Board = "reads" });
            Check.Same(
                new[] { "p9 2 1", "p1 9 2" },
                ranks.Entries.Select(each => $"{each.UserId} {each.Rank} {each.Position}"));
            Check.Same(new[] { "none" }, ranks.NotRanked);
            var places = (await visitor.PlayerBoardsAsync("p1", new[] { "reads", "nowhere" })).Boards;
            Check.Equal("reads 9", $"{places[0].Board} {places[0].Rank.Rank}");
            Check.Equal("404 board_not_found", $"{places[1].Status} {places[1].Refusal.Code}");

            var boards = new List<string>();
            var list = new ListQuery { Limit = 1 };
            for (var page = await visitor.ListBoardsAsync(list); ; page = await visitor.ListBoardsAsync(list))
            {
                boards.AddRange(page.Boards.Select(each => each.Id));
                if (page.Next == null) break;
                list.Cursor = page.Next;
            }
            Check.True(boards.Contains("main") && boards.Contains("reads"), "each page goes on");

            var league = await visitor.ReadBoardAsync("league");
            Check.Equal("0 0 1 1 * Europe/Paris", $"{league.Season.Schedule} {league.Season.Zone}");
            var current = await visitor.ReadSeasonAsync("league", "current");
            Check.Equal("league 1 running 0", $"{current.Board} {current.Season} {current.State} {current.Total}");
            Check.Equal(league.Running.EndsAt, current.EndsAt);
            Check.Equal(league.Next[0], current.EndsAt.Value);
            var seasons = await visitor.ListSeasonsAsync("league");
            Check.True(seasons.Seasons.Any(each => each.Season == 1), "the season is listed");
            var running = await visitor.TopAsync(new TopQuery { Board = "league", Season = "current" });
            Check.Equal<long?>(1, running.Season);

            Check.Equal("ok", (await visitor.HealthAsync()).Status);
            Check.Equal(true, (await visitor.ReadyAsync()).Upstreams[0].Up);
            await Check.Refused(ErrorCode.MissingToken, visitor.TopAsync(new TopQuery { Board = "closed" }));
            var options = new LeaderboardOptions(Program.Url) { ReadsWithToken = true };
            var reader = new LeaderboardClient(options).As(Program.OperatorToken);
            Check.Equal(0, (await reader.TopAsync(new TopQuery { Board = "closed" })).Total);
            using (var stream = reader.Live(new LiveQuery { Board = "closed" }))
            {
                Check.Equal("closed", (await stream.NextAsync()).Snapshot.Board);
            }
        }

        /// <summary>Of a server that adds fields to all objects of its answers.</summary>
        internal static async Task OfLaterServers()
        {
            var hal = await Program.EnterAsync("hal");
            var written = await hal.SubmitScoreAsync(new SetScore(1));
            Check.Equal("hal", (await hal.RankAsync("hal")).UserId);
            Check.True((await hal.TopAsync()).Entries.Any(each => each.Score == written.Score), "the entry is there");
            Check.Equal("main", (await hal.ReadBoardAsync("main")).Id);
            var refusal = await Check.Refused(ErrorCode.NotRanked, hal.RankAsync("none"));
            Check.Equal("of a later server", (string)refusal.Members["added"]);
        }
    }
}
