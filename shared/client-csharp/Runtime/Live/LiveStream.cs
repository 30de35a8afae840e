using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace LeaderboardApi
{
    /// <summary>
    /// A stream of events, which connects at the first <see cref="NextAsync"/>. A connection that
    /// is lost, or temporarily refused, is opened again after the last event, with back-off. For
    /// one reader at a time.
    /// </summary>
    /// <typeparam name="TEvent">What it brings.</typeparam>
    public sealed class LiveStream<TEvent> : IDisposable where TEvent : class
    {
        private static readonly TimeSpan ConnectTimeMax = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan ReconnectTimeMin = TimeSpan.FromMilliseconds(50);

        private readonly Transport _transport;
        private readonly Func<CancellationToken, Task<Outgoing>> _ask;
        private readonly Func<StreamEvent, Func<JsonObject>, TEvent> _read;
        private readonly Action<LeaderboardException, TimeSpan> _onRetry;
        private readonly Queue<StreamEvent> _events = new Queue<StreamEvent>();
        private readonly CancellationTokenSource _disposal = new CancellationTokenSource();
        private readonly CancellationTokenRegistration _ofClient;
        private readonly byte[] _bytes = new byte[16 * 1024];
        private readonly char[] _characters = new char[16 * 1024 + 1];

        private EventParser _parser;
        private Decoder _decoder;
        private HttpResponseMessage _response;
        private Stream _stream;
        private TimeSpan? _retry;
        private int _failures;
        private volatile bool _isOver;

        internal LiveStream(
            Transport transport,
            Func<CancellationToken, Task<Outgoing>> ask,
            Func<StreamEvent, Func<JsonObject>, TEvent> read,
            Action<LeaderboardException, TimeSpan> onRetry,
            string lastEventId)
        {
            _transport = transport;
            _ask = ask;
            _read = read;
            _onRetry = onRetry;
            _parser = new EventParser(lastEventId ?? "");
            _ofClient = transport.Disposal.Register(End);
        }

        /// <summary>A connection without a byte for this time counts as lost.</summary>
        public TimeSpan IdleTimeMax { get; set; } = TimeSpan.FromSeconds(60);

        /// <summary>
        /// The next event. Null where the server ends the subscription, and where the stream or its
        /// client is disposed. A call that was cancelled loses nothing: the next one goes on.
        /// </summary>
        /// <param name="cancellation">Ends the wait.</param>
        /// <exception cref="LeaderboardException">The server refuses for good.</exception>
        /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
        public async Task<TEvent> NextAsync(CancellationToken cancellation = default(CancellationToken))
        {
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _disposal.Token))
            {
                try
                {
                    while (!IsOver)
                    {
                        either.Token.ThrowIfCancellationRequested();
                        if (_events.Count == 0) await FillAsync(either.Token).ConfigureAwait(false);
                        var next = _events.Count == 0 ? null : Read(_events.Dequeue());
                        if (next != null) return next;
                    }
                }
                catch (Exception fault) when (fault is OperationCanceledException || IsOver)
                {
                    Disconnect();
                    cancellation.ThrowIfCancellationRequested();
                    if (!IsOver) throw;
                }
            }
            Dispose();
            return null;
        }

        /// <summary>Ends the subscription; NextAsync returns null from then on.</summary>
        public void Dispose()
        {
            End();
            _ofClient.Dispose();
        }

        private bool IsOver => _isOver || _transport.Disposal.IsCancellationRequested;

        private void End()
        {
            _isOver = true;
            _disposal.Cancel();
            Disconnect();
        }

        /// <summary>
        /// One step on the way to the next event: connects, receives, or waits behind a failure.
        /// </summary>
        private async Task FillAsync(CancellationToken cancellation)
        {
            TimeSpan wait;
            try
            {
                if (_stream == null) await ConnectAsync(cancellation).ConfigureAwait(false);
                else await ReceiveAsync(cancellation).ConfigureAwait(false);
                return;
            }
            catch (LeaderboardException failure)
            {
                Disconnect();
                cancellation.ThrowIfCancellationRequested();
                if (failure.Status > 0 && failure.Status < 500 && failure.Status != 429) throw;
                _failures++;
                // The server's retry is meant for connections that have worked.
                wait = Retries.WaitBefore(_failures, failure.RetryAfter ?? (_failures == 1 ? _retry : null));
                if (wait < ReconnectTimeMin) wait = ReconnectTimeMin;
                _onRetry?.Invoke(failure, wait);
            }
            await Task.Delay(wait, cancellation).ConfigureAwait(false);
        }

        private async Task ConnectAsync(CancellationToken cancellation)
        {
            // Drops the part of an event that had arrived.
            _parser = new EventParser(_parser.LastId);
            _decoder = new UTF8Encoding(false).GetDecoder();
            var outgoing = await _ask(cancellation).ConfigureAwait(false);
            outgoing.SetHeader("Accept", "text/event-stream");
            if (_parser.LastId != "") outgoing.SetHeader("Last-Event-ID", _parser.LastId);
            using (var deadline = new Deadline(ConnectTimeMax, cancellation))
            {
                _response = await _transport.OpenAsync(outgoing, deadline).ConfigureAwait(false);
                var head = new Head(_response);
                if (head.Status == 204)
                {
                    _isOver = true; // the server ends the subscription (HTML standard)
                    return;
                }
                if (!_response.IsSuccessStatusCode || head.ContentType != "text/event-stream")
                {
                    var body = await _transport.ReadAsync(_response, deadline).ConfigureAwait(false);
                    throw LeaderboardException.Read(head, body);
                }
                _stream = await _transport.BodyAsync(_response, deadline).ConfigureAwait(false);
            }
        }

        private async Task ReceiveAsync(CancellationToken cancellation)
        {
            int count;
            try
            {
                using (var deadline = new Deadline(IdleTimeMax, cancellation))
                {
                    var reading = _stream.ReadAsync(_bytes, 0, _bytes.Length, deadline.Token);
                    count = await deadline.WaitFor(reading).ConfigureAwait(false);
                }
                if (count == 0) throw new EndOfStreamException();
            }
            catch (Exception cause) when (!(cause is OperationCanceledException))
            {
                throw LeaderboardException.NoAnswer($"The connection to {_transport.Origin} was lost.", cause);
            }
            try
            {
                var length = _decoder.GetChars(_bytes, 0, count, _characters, 0);
                _parser.Push(_characters, length, _events);
            }
            catch (InvalidDataException cause)
            {
                throw LeaderboardException.NotUnderstood(200, cause);
            }
            _retry = _parser.Retry ?? _retry;
            if (_events.Count > 0) _failures = 0;
        }

        private TEvent Read(StreamEvent next)
        {
            try
            {
                return _read(next, () => JsonReader.ParseObject(next.Data));
            }
            catch (FormatException cause)
            {
                throw LeaderboardException.NotUnderstood(200, cause);
            }
        }

        private void Disconnect()
        {
            var response = Interlocked.Exchange(ref _response, null);
            _stream = null;
            // Some platforms read a stream to its end before they close it, and this one has none.
            if (response != null) Task.Run(() => response.Dispose());
        }
    }
}
