using System;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>
    /// Bounds waits by time and by the caller's token. Some platforms ignore the token of a read
    /// that has begun, so that the wait ends by itself and leaves the read alone.
    /// </summary>
    internal sealed class Deadline : IDisposable
    {
        private readonly CancellationToken _outer;
        private readonly CancellationTokenSource _source;
        private readonly TaskCompletionSource<bool> _ended = 
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Deadline(TimeSpan time, CancellationToken outer)
        {
            _outer = outer;
            _source = CancellationTokenSource.CreateLinkedTokenSource(outer);
            _source.Token.Register(() => _ended.TrySetResult(true));
            _source.CancelAfter(time);
        }

        internal CancellationToken Token => _source.Token;

        /// <summary>The result of the task, if it comes in time.</summary>
        /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
        /// <exception cref="TimeoutException">The time is over.</exception>
        internal async Task<T> WaitFor<T>(Task<T> task)
        {
            var first = await Task.WhenAny(task, _ended.Task).ConfigureAwait(false);
            // A task that fails behind the end fails because of it.
            var isInTime = task.Status == TaskStatus.RanToCompletion || !_source.IsCancellationRequested;
            if (first == task && isInTime) return await task.ConfigureAwait(false);
            Observe(task);
            _outer.ThrowIfCancellationRequested();
            throw new TimeoutException("The server took too long.");
        }

        /// <summary>
        /// Looks at a failure that comes later, so that it does not count as unobserved.
        /// </summary>
        private static void Observe(Task task) => task.ContinueWith(late => late.Exception, TaskScheduler.Default);

        public void Dispose() => _source.Dispose();
    }
}
