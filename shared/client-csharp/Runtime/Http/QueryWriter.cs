using System;
using System.Collections.Generic;
using System.Globalization;

namespace LeaderboardApi
{
    /// <summary>Writes the parameters of a URL; one that is null is left out.</summary>
    internal sealed class QueryWriter
    {
        private readonly List<string> _parameters = new List<string>();

        /// <summary>A path with the parameters that <paramref name="write"/> writes.</summary>
        internal static string ToTarget(string path, Action<QueryWriter> write)
        {
            var query = new QueryWriter();
            write(query);
            return query._parameters.Count == 0 ? path : path + "?" + string.Join("&", query._parameters);
        }

        internal void Field(string name, string value)
        {
            if (value != null) _parameters.Add(name + "=" + Uri.EscapeDataString(value));
        }

        internal void Field(string name, long? value) => Field(name, value?.ToString(CultureInfo.InvariantCulture));

        internal void Field(string name, decimal? value) =>
            Field(name, value?.ToString("0.############################", CultureInfo.InvariantCulture));
    }
}
