using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>The pages of a board, one at each <see cref="NextAsync"/>.</summary>
    public sealed class TopPages
    {
        private readonly LeaderboardClient _client;
        private TopQuery _query;

        internal TopPages(LeaderboardClient client, TopQuery query)
        {
            _client = client;
            _query = query;
        }

        /// <summary>The next page; null behind the last one.</summary>
        /// <param name="cancellation">Ends the call.</param>
        public async Task<TopView> NextAsync(CancellationToken cancellation = default(CancellationToken))
        {
            if (_query == null) return null;
            var page = await _client.TopAsync(_query, cancellation).ConfigureAwait(false);
            _query = page.Next == null ? null : _query.At(page.Next);
            return page;
        }
    }
}
