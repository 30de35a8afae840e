using System;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    public sealed partial class LeaderboardClient
    {
        /// <summary>A board's changes as they happen, until the stream is disposed.</summary>
        /// <param name="query">Which board.</param>
        /// <param name="lastEventId">Continues after this event of an earlier subscription.</param>
        public LiveStream<BoardEvent> Live(LiveQuery query = null, string lastEventId = null) =>
            Follow("GET", To("/live", (query ?? new LiveQuery()).Write), BoardEvent.Read, lastEventId);

        /// <summary>
        /// A player's rank, and each change of it. Codes: not_ranked for a player who has no score
        /// yet; one who leaves the board later is the event of that name.
        /// </summary>
        /// <param name="userId">The player.</param>
        /// <param name="query">Which board.</param>
        /// <param name="lastEventId">Continues after this event of an earlier subscription.</param>
        public LiveStream<RankEvent> LiveRank(
            string userId, LiveRankQuery query = null, string lastEventId = null) =>
            Follow(
                "GET", To($"/live/rank/{Escape(userId, nameof(userId))}", (query ?? new LiveRankQuery()).Write),
                RankEvent.Read, lastEventId);

        private LiveStream<TEvent> Follow<TEvent>(
            string method, string target, Func<StreamEvent, Func<JsonObject>, TEvent> read, string lastEventId)
            where TEvent : class
        {
            _transport.RequireUse();
            if (!string.IsNullOrEmpty(lastEventId)) RequireVisible(lastEventId, nameof(lastEventId));
            Func<CancellationToken, Task<Outgoing>> ask = async cancellation =>
            {
                var outgoing = new Outgoing(method, target);
                if (_options.ReadsWithToken) await AuthorizeAsync(outgoing, cancellation).ConfigureAwait(false);
                return outgoing;
            };
            return new LiveStream<TEvent>(_transport, ask, read, _options.OnRetry, lastEventId);
        }
    }
}
