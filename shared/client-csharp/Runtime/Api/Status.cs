using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>The process lives.</summary>
    public sealed class Health
    {
        internal Health(JsonObject json)
        {
            Status = json.String("status");
            Upstreams = json.ListOrNull("upstreams", each => new Upstream(each));
        }

        /// <summary>ok.</summary>
        public string Status { get; }

        /// <summary>The rankers of a gateway.</summary>
        public IReadOnlyList<Upstream> Upstreams { get; }
    }

    /// <summary>Whether requests should be sent here.</summary>
    public sealed class Readiness
    {
        internal Readiness(JsonObject json)
        {
            Status = json.String("status");
            Upstreams = json.ListOrNull("upstreams", each => new Upstream(each));
        }

        /// <summary>ready, unavailable or stopping.</summary>
        public string Status { get; }

        /// <summary>The rankers of a gateway.</summary>
        public IReadOnlyList<Upstream> Upstreams { get; }
    }

    /// <summary>A ranker, as a gateway sees it.</summary>
    public sealed class Upstream
    {
        internal Upstream(JsonObject json)
        {
            Address = json.String("address");
            Up = json.Flag("up");
        }

        /// <summary>Host and port.</summary>
        public string Address { get; }

        /// <summary>Whether it answers.</summary>
        public bool Up { get; }
    }
}
