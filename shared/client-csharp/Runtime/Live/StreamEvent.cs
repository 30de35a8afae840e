namespace LeaderboardApi
{
    /// <summary>One event of a text/event-stream.</summary>
    internal sealed class StreamEvent
    {
        internal StreamEvent(string name, string data, string id)
        {
            Name = name;
            Data = data;
            Id = id;
        }

        /// <summary>message if the server sent no name.</summary>
        internal string Name { get; }

        internal string Data { get; }

        /// <summary>The last id of the stream so far; empty before the first one.</summary>
        internal string Id { get; }
    }
}
