using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class Check
    {
        internal static void Equal<T>(T expected, T actual)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                throw new Exception($"expected <{expected}>, got <{actual}>");
            }
        }

        internal static void Same<T>(IEnumerable<T> expected, IEnumerable<T> actual) =>
            Equal(string.Join(" | ", expected), string.Join(" | ", actual));

        internal static void True(bool condition, string what)
        {
            if (!condition) throw new Exception("not true: " + what);
        }

        internal static async Task<LeaderboardException> Refused<T>(string code, Task<T> call)
        {
            try
            {
                await call;
            }
            catch (LeaderboardException refusal)
            {
                if (refusal.Code != code) throw new Exception($"expected {code}", refusal);
                return refusal;
            }
            throw new Exception($"expected {code}, and the call succeeded");
        }

        internal static T Thrown<T>(Func<object> call) where T : Exception
        {
            try
            {
                var result = call();
                // What a method that sends at once has thrown.
                (result as Task)?.GetAwaiter().GetResult();
            }
            catch (T thrown)
            {
                return thrown;
            }
            throw new Exception($"expected {typeof(T).Name}");
        }

        internal static string[] Ids(IEnumerable<Entry> entries) => entries.Select(each => each.UserId).ToArray();
    }
}
