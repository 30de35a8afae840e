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
            Dependencies = json.ListOrNull("dependencies", each => new Dependency(each));
        }

        /// <summary>ready, unavailable or stopping.</summary>
        public string Status { get; }

        /// <summary>The rankers of a gateway.</summary>
        public IReadOnlyList<Upstream> Upstreams { get; }

        /// <summary>The stores of a ranker.</summary>
        public IReadOnlyList<Dependency> Dependencies { get; }
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

    /// <summary>A store, as a ranker sees it.</summary>
    public sealed class Dependency
    {
        internal Dependency(JsonObject json)
        {
            Name = json.String("name");
            Up = json.Flag("up");
        }

        /// <summary>Which store, or region.</summary>
        public string Name { get; }

        /// <summary>Whether it answers.</summary>
        public bool Up { get; }
    }
}
