using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class Scores
    {
        private const long Greatest = 9007199254740991; // 2^53 − 1

        internal static async Task AreExact()
        {
            var bob = await Program.EnterAsync("bob");
            var first = await bob.CreateScoreAsync(new CreateScore(Greatest - 1));
            Check.Equal<decimal>(Greatest - 1, first.Score);
            Check.Equal(true, first.Changed);
            Check.Equal(null, first.Previous);
            var later = await bob.AddScoreAsync(new AddScore(1));
            Check.Equal<decimal>(Greatest, later.Score);
            Check.Equal<decimal>(Greatest - 1, later.Previous.Score);
            Check.Equal<long?>(1, later.Previous.Rank);
            Check.Equal<decimal>(Greatest, (await bob.RankAsync("bob")).Score);
            Check.Equal<decimal>(-Greatest, (await bob.SetScoreAsync(new SetScore(-Greatest))).Score);
            var greater = bob.SubmitScoreAsync(new SetScore(Greatest + 1));
            Check.Equal("score", (await Check.Refused(ErrorCode.InvalidRequest, greater)).Errors[0].Field);
            Check.True(first.UpdatedAt < later.UpdatedAt, "times are exact to the µs");
            Check.True(Math.Abs((later.UpdatedAt - DateTimeOffset.UtcNow).TotalMinutes) < 5, "times are UTC");

            var once = await bob.AddScoreAsync(new AddScore(2), "match-42");
            var again = await bob.AddScoreAsync(new AddScore(2), "match-42");
            Check.Equal(once.Score, again.Score);
            Check.Equal(once.UpdatedAt, again.UpdatedAt);
        }

        /// <summary>
        /// On a board laps: the least, 3 decimals, sub-scores, metadata, 2 attempts, tiers.
        /// </summary>
        internal static async Task OfEveryKind()
        {
            var cyd = await Program.EnterAsync("cyd");
            const string Metadata = "{\"car\":\"réd\",\"n\":[1.50,true,null]}";
            var lap = new SetScore(12.750m) { Board = "laps", Sub = 3, Metadata = Metadata };
            var first = await cyd.SubmitScoreAsync(lap);
            Check.Equal("12.75 3 gold", FormattableString.Invariant($"{first.Score} {first.Sub} {first.Tier}"));
            var worse = await cyd.SubmitScoreAsync(new SetScore(13.001m) { Board = "laps" });
            Check.Equal(false, worse.Changed);
            var exhausted = await Check.Refused(ErrorCode.AttemptsExhausted, cyd.SubmitScoreAsync(lap));
            Check.Equal("2 2 409", $"{exhausted.Members["used"]} {exhausted.Members["max"]} {exhausted.Status}");

            var dot = await Program.EnterAsync("dot");
            var fine = dot.SubmitScoreAsync(new SetScore(12.7555m) { Board = "laps" });
            Check.Equal("score", (await Check.Refused(ErrorCode.InvalidRequest, fine)).Errors[0].Field);
            var outside = dot.SubmitScoreAsync(new SetScore(0.001m) { Board = "laps" });
            var refusal = await Check.Refused(ErrorCode.ScoreOutOfBounds, outside);
            Check.Equal(422, refusal.Status);
            Check.Equal(0.001m, (decimal)refusal.Members["score"]);
            Check.Equal<object>(1m, ((IReadOnlyDictionary<string, object>)refusal.Members["bounds"])["min"]);

            var rank = await cyd.RankAsync("cyd", new RankQuery { Board = "laps", WithMetadata = true });
            Check.Equal(12.75m, rank.Score);
            Check.Equal(Metadata, rank.Metadata);
            Check.Equal(null, (await cyd.RankAsync("cyd", new RankQuery { Board = "laps" })).Metadata);
            var board = await cyd.ReadBoardAsync("laps");
            Check.Equal("asc best 3 s desc", $"{board.Order} {board.Operator} {board.Decimals} {board.Unit} {board.Sub}");
            Check.Equal(100, board.MetadataBytesMax);
            Check.Equal("1  2 open", $"{board.Bounds.Min} {board.Bounds.Max} {board.AttemptsMax} {board.State}");
            Check.Equal("rank gold 1", $"{board.Tiers.By} {board.Tiers.Steps[0].Id} {board.Tiers.Steps[0].Upto}");
        }

        internal static async Task OfGameServers()
        {
            var server = Program.Client.As(Program.OperatorToken);
            var eve = new ScoreFor("eve", 5) { Name = "Eve", Region = "ASIA" };
            Check.Equal("Eve", (await server.SubmitScoreForAsync(eve)).Name);
            var added = await server.WriteScoreAsync("eve", new OperatorScore(2) { Operation = ScoreOperation.Add });
            Check.Equal(7, added.Score);

            var items = new[]
            {
                new ScoresItem("eve", 1) { Operation = ScoreOperation.Add, IdempotencyKey = "match-1-eve" },
                new ScoresItem("a.b", 1),
                new ScoresItem("fay", 9) { Region = "EU", Ties = Ties.Shared },
                new ScoresItem("fay", 8) { Region = "NA" },
            };
            var written = await server.SubmitScoresAsync(items, "match-1");
            Check.Equal(8, written.Items[0].Entry.Score);
            Check.Equal("items.1.user_id", written.Items[1].Refusal.Errors[0].Field);
            Check.Equal("200 fay", $"{written.Items[2].Status} {written.Items[2].Entry.UserId}");
            Check.Equal(ErrorCode.WrongRegion, written.Items[3].Refusal.Code);
            Check.True(written.Items[3].Entry == null && !written.Items[0].Replayed, "each has one of the two");
            var again = await server.SubmitScoresAsync(items, "match-1");
            Check.True(again.Items[0].Replayed && again.Items[0].Entry.Score == 8, "a repeat adds nothing");

            var gus = await Program.EnterAsync("gus");
            var forbidden = await Check.Refused(ErrorCode.Forbidden, gus.SubmitScoreForAsync(new ScoreFor("eve", 1)));
            Check.Equal(403, forbidden.Status);
        }
    }
}
