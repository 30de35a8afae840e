// What the Unity example of the README takes of Unity, so that it compiles and runs without it.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading;

namespace UnityEngine
{
    public abstract class MonoBehaviour
    {
    }

    public static class PlayerPrefs
    {
        private static readonly Dictionary<string, string> Kept = new Dictionary<string, string>();

        public static string GetString(string key, string missing) => Kept.ContainsKey(key) ? Kept[key] : missing;

        public static void SetString(string key, string value) => Kept[key] = value;
    }

    public static class Debug
    {
        internal static readonly ManualResetEventSlim Said = new ManualResetEventSlim();

        public static void Log(object message)
        {
            Console.Out.WriteLine(message);
            Said.Set();
        }

        public static void LogWarning(object message)
        {
            Console.Error.WriteLine(message);
            Said.Set();
        }
    }

    internal static class Player
    {
        private static void Main()
        {
            var types = Assembly.GetExecutingAssembly().GetTypes();
            var script = types.Single(type => type.BaseType == typeof(MonoBehaviour));
            var instance = Activator.CreateInstance(script);
            Call(instance, "Start");
            Debug.Said.Wait(TimeSpan.FromSeconds(30));
            Call(instance, "OnDestroy");
        }

        private static void Call(object instance, string method) =>
            instance.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(instance, null);
    }
}
