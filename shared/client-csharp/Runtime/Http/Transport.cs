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

        internal Transport(LeaderboardOptions options)
        {
            _options = options;
            _url = options.Url.TrimEnd('/');
            _http = new HttpClient(options.Handler ?? new HttpClientHandler(), options.Handler == null);
            _http.Timeout = Timeout.InfiniteTimeSpan;
            // .NET Framework and Unity allow two connections to a server, which two live streams
            // would take.
            var point = ServicePointManager.FindServicePoint(new Uri(_url));
            if (point.ConnectionLimit < ConnectionsMin) point.ConnectionLimit = ConnectionsMin;
        }

        internal async Task<T> SendAsync<T>(
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
                throw LeaderboardException.NoAnswer("The server does not answer.", cause);
            }
        }

        internal static async Task<Stream> BodyAsync(HttpResponseMessage response, Deadline deadline)
        {
            try
            {
                return await deadline.WaitFor(response.Content.ReadAsStreamAsync()).ConfigureAwait(false);
            }
            catch (Exception cause) when (!(cause is OperationCanceledException))
            {
                throw LeaderboardException.NoAnswer("The answer broke off.", cause);
            }
        }

        internal static async Task<string> ReadAsync(HttpResponseMessage response, Deadline deadline)
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
                throw LeaderboardException.NoAnswer("The answer broke off.", cause);
            }
        }

        public void Dispose() => _http.Dispose();

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
