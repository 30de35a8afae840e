// What the Unity example of the README takes of Unity, so that it compiles and runs without it.
using System;
using System.Collections.Concurrent;
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

        internal static bool IsSaved { get; private set; } = true;

        public static string GetString(string key, string missing) => Kept.ContainsKey(key) ? Kept[key] : missing;

        public static void SetString(string key, string value)
        {
            IsSaved = false;
            Kept[key] = value;
        }

        public static void Save() => IsSaved = true;
    }

    public static class Debug
    {
        public static void Log(object message) => Console.Out.WriteLine(message);

        public static void LogWarning(object message) => Console.Error.WriteLine(message);
    }

    /// <summary>
    /// Runs what follows an await on one thread, as Unity does. What an async void method throws
    /// comes here, too, and ends the program.
    /// </summary>
    internal sealed class MainThread : SynchronizationContext
    {
        private readonly BlockingCollection<Action> _steps = new BlockingCollection<Action>();
        private int _running;

        public override void Post(SendOrPostCallback step, object state) => _steps.Add(() => step(state));

        public override void OperationStarted() => _running++;

        // Wakes the thread that waits for a step.
        public override void OperationCompleted() => _steps.Add(() => _running--);

        internal void RunToEnd()
        {
            while (_running > 0) _steps.Take()();
        }
    }

    internal static class Player
    {
        private static readonly MainThread Thread = new MainThread();

        private static void Main()
        {
            SynchronizationContext.SetSynchronizationContext(Thread);
            var types = Assembly.GetExecutingAssembly().GetTypes();
            var script = types.Single(type => type.BaseType == typeof(MonoBehaviour));
            var instance = Activator.CreateInstance(script);
            Call(instance, "Start");
            if (!PlayerPrefs.IsSaved) throw new Exception("PlayerPrefs.Save was not called");
            Thread.RunToEnd();
            Call(instance, "OnDestroy");

            // A scene that ends during the call.
            var second = Activator.CreateInstance(script);
            Call(second, "Start");
            Call(second, "OnDestroy");
            Thread.RunToEnd();
        }

        private static void Call(object instance, string method) =>
            instance.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(instance, null);
    }
}
