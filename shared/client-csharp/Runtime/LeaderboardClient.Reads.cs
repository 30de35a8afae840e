using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    public sealed partial class LeaderboardClient
    {
        /// <summary>
        /// The first entries of a board: 100 of GLOBAL unless the query says otherwise. Codes of
        /// every read: board_not_found, region_unavailable; of a board for operators also
        /// missing_token, invalid_token, forbidden, board_not_allowed.
        /// </summary>
        /// <param name="query">Which page.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<TopView> TopAsync(
            TopQuery query = null, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync("GET", To("/top", (query ?? new TopQuery()).Write), json => new TopView(json), cancellation);

        /// <summary>
        /// A board page by page: from the best, a rank or a cursor on. An entry that does not move
        /// meanwhile is on one page.
        /// </summary>
        /// <param name="query">The first page.</param>
        public TopPages Pages(TopQuery query = null) => new TopPages(this, query ?? new TopQuery());

        /// <summary>A player's rank. Codes: not_ranked, and those of every read.</summary>
        /// <param name="userId">The player.</param>
        /// <param name="query">On which board.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<RankView> RankAsync(
            string userId, RankQuery query = null, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync(
                "GET", To($"/rank/{Escape(userId, nameof(userId))}", (query ?? new RankQuery()).Write),
                json => new RankView(json), cancellation);

        /// <summary>
        /// A player and the neighbours. Codes: not_ranked, and those of every read.
        /// </summary>
        /// <param name="userId">The player.</param>
        /// <param name="query">On which board, and how many.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<AroundView> AroundAsync(
            string userId, AroundQuery query = null, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync(
                "GET", To($"/around/{Escape(userId, nameof(userId))}", (query ?? new AroundQuery()).Write),
                json => new AroundView(json), cancellation);

        /// <summary>
        /// The neighbours of a score that no entry needs to have, and the rank of an entry that got
        /// it now. Codes: those of every read.
        /// </summary>
        /// <param name="score">The score.</param>
        /// <param name="query">On which board, and how many.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<AroundScoreView> AroundScoreAsync(
            decimal score, AroundScoreQuery query = null, CancellationToken cancellation = default(CancellationToken))
        {
            Action<QueryWriter> write = parameters =>
            {
                (query ?? new AroundScoreQuery()).Write(parameters);
                parameters.Field("score", score);
            };
            return ReadAsync("GET", To("/around", write), json => new AroundScoreView(json), cancellation);
        }

        /// <summary>The ranks of up to 200 players, such as friends, by one call.</summary>
        /// <param name="question">Whose ranks, and on which board.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<RanksView> RanksAsync(
            RanksQuestion question, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync(
                "POST", "/ranks",
                json => new RanksView(json), cancellation, JsonWriter.Object(Given(question, nameof(question)).Write));

        /// <summary>A player's rank on up to 32 boards; a board that has none says why.</summary>
        /// <param name="userId">The player.</param>
        /// <param name="boards">The ids of the boards.</param>
        /// <param name="query">In which region.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<PlayerBoardsView> PlayerBoardsAsync(
            string userId,
            IEnumerable<string> boards,
            PlayerBoardsQuery query = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            Action<QueryWriter> write = parameters =>
            {
                (query ?? new PlayerBoardsQuery()).Write(parameters);
                var ids = Given(boards, nameof(boards)).Select(board => Given(board, nameof(boards)));
                parameters.Field("boards", string.Join(",", ids));
            };
            return ReadAsync(
                "GET",
                To($"/players/{Escape(userId, nameof(userId))}/boards", write),
                json => new PlayerBoardsView(json),
                cancellation);
        }

        /// <summary>The boards that the caller may read, until Next is null.</summary>
        /// <param name="query">Which page.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<BoardsView> ListBoardsAsync(
            ListQuery query = null, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync(
                "GET", To("/boards", (query ?? new ListQuery()).Write),
                json => new BoardsView(json), cancellation);

        /// <summary>A board's definition. Codes: board_not_found.</summary>
        /// <param name="board">The id of the board.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<BoardView> ReadBoardAsync(
            string board, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync("GET", $"/boards/{Escape(board, nameof(board))}", json => new BoardView(json), cancellation);

        /// <summary>
        /// The seasons of a board, the newest first, until Next is null. Codes: board_not_found,
        /// archives_unavailable.
        /// </summary>
        /// <param name="board">The id of the board.</param>
        /// <param name="query">Which page.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<SeasonsView> ListSeasonsAsync(
            string board, ListQuery query = null, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync(
                "GET", To($"/boards/{Escape(board, nameof(board))}/seasons", (query ?? new ListQuery()).Write),
                json => new SeasonsView(json), cancellation);

        /// <summary>
        /// One season. Codes: board_not_found, season_not_found, archives_unavailable.
        /// </summary>
        /// <param name="board">The id of the board.</param>
        /// <param name="season">current, previous, or the digits of a number.</param>
        /// <param name="cancellation">Ends the call.</param>
        public Task<SeasonView> ReadSeasonAsync(
            string board, string season, CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync(
                "GET", $"/boards/{Escape(board, nameof(board))}/seasons/{Escape(season, nameof(season))}",
                json => new SeasonView(json), cancellation);

        /// <summary>Whether the server lives.</summary>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Health> HealthAsync(CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync("GET", "/health", json => new Health(json), cancellation);

        /// <summary>
        /// Whether it takes requests. Resolves for a server that is not ready, too.
        /// </summary>
        /// <param name="cancellation">Ends the call.</param>
        public Task<Readiness> ReadyAsync(CancellationToken cancellation = default(CancellationToken)) =>
            ReadAsync("GET", "/ready", json => new Readiness(json), cancellation, null, 503);

        private static string To(string path, Action<QueryWriter> write) => QueryWriter.ToTarget(path, write);
    }
}
