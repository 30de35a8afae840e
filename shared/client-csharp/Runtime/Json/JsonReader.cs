using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace LeaderboardApi
{
    /// <summary>
    /// Parses JSON (RFC 8259) into <see cref="JsonObject"/>, lists, strings, <see
    /// cref="JsonNumber"/>, booleans and null. By hand, because .NET Standard 2.0 has no reader
    /// that keeps all digits and works without reflection, as IL2CPP needs.
    /// </summary>
    internal sealed class JsonReader
    {
        private const int DepthMax = 64;

        private readonly string _text;
        private int _at;
        private int _depth;

        private JsonReader(string text)
        {
            _text = text;
        }

        /// <exception cref="FormatException">The text is not one JSON value.</exception>
        internal static object Parse(string text)
        {
            var reader = new JsonReader(text);
            var value = reader.Value();
            reader.SkipSpace();
            if (reader._at < text.Length) throw reader.Fault();
            return value;
        }

        /// <exception cref="FormatException">The text is not one JSON object.</exception>
        internal static JsonObject ParseObject(string text)
        {
            var found = Parse(text) as JsonObject;
            if (found == null) throw new FormatException("The JSON text is no object.");
            return found;
        }

        private object Value()
        {
            SkipSpace();
            switch (Peek())
            {
                case '{': return Nested(Object);
                case '[': return Nested(List);
                case '"': return String();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private object Nested(Func<object> read)
        {
            if (++_depth > DepthMax) throw Fault();
            _at++;
            var value = read();
            _depth--;
            return value;
        }

        private object Object()
        {
            var members = new Dictionary<string, object>();
            if (Skip('}')) return new JsonObject(members);
            do
            {
                SkipSpace();
                var name = String();
                Expect(':');
                members[name] = Value();
            } while (Skip(','));
            Expect('}');
            return new JsonObject(members);
        }

        private object List()
        {
            var items = new List<object>();
            if (Skip(']')) return items;
            do items.Add(Value());
            while (Skip(','));
            Expect(']');
            return items;
        }

        private string String()
        {
            if (Peek() != '"') throw Fault();
            _at++;
            var start = _at;
            StringBuilder escaped = null;
            for (; ; _at++)
            {
                var next = Peek();
                if (next == '"') break;
                if (next < ' ') throw Fault();
                if (next != '\\') continue;
                escaped = (escaped ?? new StringBuilder()).Append(_text, start, _at - start);
                _at++;
                escaped.Append(Escaped());
                start = _at + 1;
            }
            var rest = _text.Substring(start, _at - start);
            _at++;
            return escaped == null ? rest : escaped.Append(rest).ToString();
        }

        private char Escaped()
        {
            switch (Peek())
            {
                case '"': return '"';
                case '\\': return '\\';
                case '/': return '/';
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case 'u': return Unit();
                default: throw Fault();
            }
        }

        private char Unit()
        {
            int unit;
            const NumberStyles Hex = NumberStyles.AllowHexSpecifier;
            var isThere = _at + 4 < _text.Length;
            if (!isThere || !int.TryParse(_text.Substring(_at + 1, 4), Hex, CultureInfo.InvariantCulture, out unit))
            {
                throw Fault();
            }
            _at += 4;
            return (char)unit;
        }

        private JsonNumber Number()
        {
            var start = _at;
            if (Peek() == '-') _at++;
            if (Peek() == '0') _at++;
            else Digits();
            if (Peek() == '.')
            {
                _at++;
                Digits();
            }
            if (Peek() == 'e' || Peek() == 'E')
            {
                _at++;
                if (Peek() == '+' || Peek() == '-') _at++;
                Digits();
            }
            return new JsonNumber(_text.Substring(start, _at - start));
        }

        private void Digits()
        {
            if (!IsDigit(Peek())) throw Fault();
            while (IsDigit(Peek())) _at++;
        }

        private static bool IsDigit(char next) => next >= '0' && next <= '9';

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0) throw Fault();
            _at += word.Length;
            return value;
        }

        private bool Skip(char expected)
        {
            SkipSpace();
            if (Peek() != expected) return false;
            _at++;
            return true;
        }

        private void Expect(char expected)
        {
            if (!Skip(expected)) throw Fault();
        }

        private void SkipSpace()
        {
            while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') _at++;
        }

        /// <summary>The next character; at the end U+0000, which stands nowhere in JSON.</summary>
        private char Peek() => _at < _text.Length ? _text[_at] : '\0';

        private FormatException Fault() => new FormatException($"The text is no JSON at character {_at}.");
    }
}
