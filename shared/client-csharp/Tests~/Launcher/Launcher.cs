using System;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;

namespace LeaderboardApi.Tests
{
    /// <summary>
    /// Runs a program and leaves at once behind its end. Mono's own way out of a program that has
    /// used HttpClient hangs now and then, or aborts, where a thread of the pool has just begun.
    /// </summary>
    internal static class Launcher
    {
        private static void Main(string[] arguments)
        {
            var main = Assembly.LoadFrom(arguments[0]).EntryPoint;
            var parameters = main.GetParameters().Length == 0
                ? new object[0]
                : new object[] { arguments.Skip(1).ToArray() };
            Exit((int)(main.Invoke(null, parameters) ?? 0));
        }

        [DllImport("libc", EntryPoint = "_exit")]
        private static extern void Exit(int status);
    }
}
