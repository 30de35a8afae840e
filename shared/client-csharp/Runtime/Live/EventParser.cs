using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace LeaderboardApi
{
    /// <summary>
    /// Parses a text/event-stream, as the HTML standard defines it, in arbitrary pieces.
    /// </summary>
    internal sealed class EventParser
    {
        private const int EventCharactersMax = 4 * 1024 * 1024;

        private readonly StringBuilder _line = new StringBuilder();
        private readonly StringBuilder _data = new StringBuilder();
        private string _name = "";
        private string _id;
        private bool _hasData;
        private bool _isFirst = true;
        private bool _isBehindReturn;

        /// <param name="lastId">Of the connection before; empty for none.</param>
        internal EventParser(string lastId)
        {
            _id = LastId = lastId;
        }

        /// <summary>
        /// The id of the last complete event: one that breaks off has to come again.
        /// </summary>
        internal string LastId { get; private set; }

        /// <summary>
        /// The time to wait before connecting again; null until the server has sent it.
        /// </summary>
        internal TimeSpan? Retry { get; private set; }

        /// <summary>Adds the events that end within this piece.</summary>
        /// <exception cref="InvalidDataException">An event is larger than any we send.</exception>
        internal void Push(char[] piece, int count, Queue<StreamEvent> events)
        {
            for (var at = 0; at < count; at++)
            {
                var next = piece[at];
                var isMark = _isFirst && next == '\uFEFF';
                var isSecondOfPair = _isBehindReturn && next == '\n';
                _isFirst = false;
                _isBehindReturn = next == '\r';
                if (isMark || isSecondOfPair) continue;
                if (next == '\r' || next == '\n') EndLine(events);
                else _line.Append(next);
            }
            if (_line.Length + _data.Length > EventCharactersMax)
            {
                throw new InvalidDataException("an event of the stream is too large");
            }
        }

        private void EndLine(Queue<StreamEvent> events)
        {
            var line = _line.ToString();
            _line.Length = 0;
            if (line.Length == 0) EndEvent(events);
            else TakeField(line);
        }

        private void EndEvent(Queue<StreamEvent> events)
        {
            LastId = _id;
            if (_hasData) events.Enqueue(new StreamEvent(_name == "" ? "message" : _name, _data.ToString(), _id));
            _name = "";
            _data.Length = 0;
            _hasData = false;
        }

        private void TakeField(string line)
        {
            var colon = line.IndexOf(':');
            var field = colon < 0 ? line : line.Substring(0, colon);
            var value = colon < 0 ? "" : line.Substring(colon + 1);
            if (value.Length > 0 && value[0] == ' ') value = value.Substring(1);
            switch (field)
            {
                case "event":
                    _name = value;
                    break;
                case "data":
                    if (_hasData) _data.Append('\n');
                    _data.Append(value);
                    _hasData = true;
                    break;
                case "id":
                    if (value.IndexOf('\0') < 0) _id = value;
                    break;
                case "retry":
                    uint ms;
                    if (uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ms)) Retry = TimeSpan.FromMilliseconds(ms);
                    break;
            }
        }
    }
}
