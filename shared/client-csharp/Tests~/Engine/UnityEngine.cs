// What the Unity example of the README takes of Unity, so that it compiles and runs without it.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
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
        private static readonly StringWriter Logged = new StringWriter();

        public static void Log(object message) => Logged.WriteLine(message);

        public static void LogWarning(object message) => Console.Error.WriteLine(message);

        internal static void Show()
        {
            Console.Out.Write(Logged);
            Forget();
        }

        internal static void Forget() => Logged.GetStringBuilder().Clear();
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

        public override void OperationStarted() => Interlocked.Increment(ref _running);

        public override void OperationCompleted()
        {
            Interlocked.Decrement(ref _running);
            _steps.Add(() => { }); // wakes the thread that waits for a step
        }

        internal bool IsIdle => Volatile.Read(ref _running) == 0;

        internal void RunToEnd()
        {
            while (!IsIdle) _steps.Take()();
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
            Debug.Show();

            // A scene that ends during the call. Where this thread had to wait, the call may be
            // over.
            bool isOver;
            do
            {
                Debug.Forget();
                var second = Activator.CreateInstance(script);
                Call(second, "Start");
                isOver = Thread.IsIdle;
                Call(second, "OnDestroy");
                Thread.RunToEnd();
            } while (isOver);
            Debug.Show();
        }

        private static void Call(object instance, string method) =>
            instance.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(instance, null);
    }
}
