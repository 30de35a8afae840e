using System;

namespace LeaderboardApi
{
    /// <summary>The words of the API for values of enums, without reflection.</summary>
    internal static class Words
    {
        internal static string Of(Ties? ties)
        {
            switch (ties)
            {
                case null: return null;
                case Ties.Arrival: return "arrival";
                case Ties.Shared: return "shared";
                default: throw new ArgumentOutOfRangeException(nameof(ties));
            }
        }

        internal static string Of(ScoreOperation? operation)
        {
            switch (operation)
            {
                case null: return null;
                case ScoreOperation.Set: return "set";
                case ScoreOperation.Best: return "best";
                case ScoreOperation.Add: return "add";
                case ScoreOperation.Create: return "create";
                default: throw new ArgumentOutOfRangeException(nameof(operation));
            }
        }
    }
}
