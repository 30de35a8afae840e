using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>Sends requests, and repeats them as <see cref="Retries"/> allows.</summary>
    internal sealed class Transport : IDisposable
    {
        // 1,000 entries with 4 KiB of metadata each are some 5 MB.
        private const int AnswerBytesMax = 64 * 1024 * 1024;
        private const int ConnectionsMin = 100;

        private readonly LeaderboardOptions _options;
        private readonly string _url;
        private readonly HttpClient _http;
        private readonly CancellationTokenSource _disposal = new CancellationTokenSource();

        internal Transport(LeaderboardOptions options)
        {
            _options = options;
            _url = options.Url.TrimEnd('/');
            _http = new HttpClient(options.Handler ?? new HttpClientHandler(), options.Handler == null);
            _http.Timeout = Timeout.InfiniteTimeSpan;
            var parsed = new Uri(_url);
            Origin = $"{parsed.Scheme}://{parsed.Authority}";
            // .NET Framework and Unity allow two connections to a server, which two live streams
            // would take.
            var point = ServicePointManager.FindServicePoint(parsed);
            if (point.ConnectionLimit < ConnectionsMin) point.ConnectionLimit = ConnectionsMin;
        }

        /// <summary>Scheme and authority of the URL, for messages.</summary>
        internal string Origin { get; }

        /// <summary>Cancelled by Dispose, which ends calls under way and streams.</summary>
        internal CancellationToken Disposal => _disposal.Token;

        /// <exception cref="ObjectDisposedException">The client has been disposed.</exception>
        internal void RequireUse()
        {
            if (Disposal.IsCancellationRequested) throw new ObjectDisposedException(nameof(LeaderboardClient));
        }

        /// <exception cref="LeaderboardException">The call fails.</exception>
        /// <exception cref="OperationCanceledException">
        /// The caller cancelled, or the client was disposed meanwhile.
        /// </exception>
        internal async Task<T> SendAsync<T>(
            Outgoing outgoing, Func<JsonObject, T> read, CancellationToken cancellation)
        {
            RequireUse();
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Disposal))
            {
                try
                {
                    return await RepeatAsync(outgoing, read, either.Token).ConfigureAwait(false);
                }
                catch (Exception fault) when (either.IsCancellationRequested && !(fault is LeaderboardException))
                {
                    // With the caller's own token, by which the caller may tell it.
                    cancellation.ThrowIfCancellationRequested();
                    throw new OperationCanceledException("The client was disposed.", fault, Disposal);
                }
            }
        }

        private async Task<T> RepeatAsync<T>(
            Outgoing outgoing, Func<JsonObject, T> read, CancellationToken cancellation)
        {
            var watch = Stopwatch.StartNew();
            for (var attempt = 1; ; attempt++)
            {
                TimeSpan wait;
                try
                {
                    return await AttemptAsync(outgoing, read, cancellation).ConfigureAwait(false);
                }
                catch (LeaderboardException failure)
                {
                    wait = Retries.WaitBefore(attempt, failure.RetryAfter);
                    var isLate = watch.Elapsed + wait > _options.RetryTimeMax;
                    var isLast = attempt >= _options.AttemptsMax || isLate;
                    if (isLast || !Retries.MayRetry(failure, outgoing.IsRepeatable)) throw;
                    _options.OnRetry?.Invoke(failure, wait);
                }
                await Task.Delay(wait, cancellation).ConfigureAwait(false);
            }
        }

        /// <summary>Resolves at the head of the answer, whose body is still to be read.</summary>
        internal async Task<HttpResponseMessage> OpenAsync(Outgoing outgoing, Deadline deadline)
        {
            const HttpCompletionOption AtHead = HttpCompletionOption.ResponseHeadersRead;
            var sending = _http.SendAsync(outgoing.ToMessage(_url), AtHead, deadline.Token);
            try
            {
                return await deadline.WaitFor(sending).ConfigureAwait(false);
            }
            catch (Exception cause) when (!(cause is OperationCanceledException))
            {
                throw LeaderboardException.NoAnswer($"The server at {Origin} does not answer.", cause);
            }
        }

        internal async Task<Stream> BodyAsync(HttpResponseMessage response, Deadline deadline)
        {
            try
            {
                return await deadline.WaitFor(response.Content.ReadAsStreamAsync()).ConfigureAwait(false);
            }
            catch (Exception cause) when (!(cause is OperationCanceledException))
            {
                throw LeaderboardException.NoAnswer($"The answer of {Origin} broke off.", cause);
            }
        }

        internal async Task<string> ReadAsync(HttpResponseMessage response, Deadline deadline)
        {
            try
            {
                using (var stream = await BodyAsync(response, deadline).ConfigureAwait(false))
                {
                    var bytes = new MemoryStream();
                    var buffer = new byte[16 * 1024];
                    for (; ; )
                    {
                        var reading = stream.ReadAsync(buffer, 0, buffer.Length, deadline.Token);
                        var count = await deadline.WaitFor(reading).ConfigureAwait(false);
                        if (count == 0) return Encoding.UTF8.GetString(bytes.ToArray());
                        if (bytes.Length + count > AnswerBytesMax) throw new IOException("The answer is too large.");
                        bytes.Write(buffer, 0, count);
                    }
                }
            }
            catch (Exception cause) when (!(cause is OperationCanceledException || cause is LeaderboardException))
            {
                throw LeaderboardException.NoAnswer($"The answer of {Origin} broke off.", cause);
            }
        }

        public void Dispose()
        {
            _disposal.Cancel();
            _http.Dispose();
        }

        private async Task<T> AttemptAsync<T>(
            Outgoing outgoing, Func<JsonObject, T> read, CancellationToken cancellation)
        {
            using (var deadline = new Deadline(_options.Timeout, cancellation))
            using (var response = await OpenAsync(outgoing, deadline).ConfigureAwait(false))
            {
                var body = await ReadAsync(response, deadline).ConfigureAwait(false);
                var head = new Head(response);
                if (!response.IsSuccessStatusCode && head.Status != outgoing.AcceptedStatus)
                {
                    throw LeaderboardException.Read(head, body);
                }
                try
                {
                    return read(JsonReader.ParseObject(body));
                }
                catch (FormatException cause)
                {
                    throw LeaderboardException.NotUnderstood(head, cause);
                }
            }
        }
    }
}
