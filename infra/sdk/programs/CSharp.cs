using System;
using Newtonsoft.Json;
using Org.OpenAPITools.Api;
using Org.OpenAPITools.Client;
using Org.OpenAPITools.Model;

static class Program
{
    static void Refuse(Action call)
    {
        try { call(); }
        catch (ApiException refusal)
        {
            var problem = JsonConvert.DeserializeObject<Problem>((string)refusal.ErrorContent);
            Console.WriteLine(problem.Status + " " + JsonConvert.SerializeObject(problem.Code).Trim('"'));
        }
    }

    static void Main()
    {
        var url = Environment.GetEnvironmentVariable("LEADERBOARD_URL");
        var open = new Configuration { BasePath = url };
        var userId = "cs-" + DateTime.UtcNow.Ticks;
        var session = new PlayersApi(open).Register(new RegisterBody(userId, "Ada", "EU"));
        var own = new Configuration { BasePath = url, AccessToken = session.Token };
        var scores = new ScoresApi(own);
        var boards = new BoardsApi(open);

        var entry = scores.SubmitScore(new SubmitScoreBody(score: 9007199254740991));
        Console.WriteLine("submitted " + (long)entry.Score);
        var rank = boards.GetRank(userId, ties: "shared");
        Console.WriteLine("rank " + rank.VarRank + " of " + (long)rank.Score);
        Console.WriteLine("top " + (long)boards.GetTop(limit: 1).Entries[0].Score);
        var board = boards.ReadBoard("main");
        Console.WriteLine("board " + board.Id + ", bounds " + (board.Bounds == null ? "none" : "some"));
        Refuse(() => boards.GetRank("nobody"));
        Refuse(() => scores.AddScore(new AddScoreBody(delta: 1)));
    }
}
