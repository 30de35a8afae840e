using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace LeaderboardApi
{
    /// <summary>Writes the fields of a JSON object; one that is null is left out.</summary>
    internal sealed class JsonWriter
    {
        private readonly StringBuilder _text = new StringBuilder();

        /// <summary>An object with the fields that <paramref name="write"/> writes.</summary>
        internal static string Object(Action<JsonWriter> write)
        {
            var writer = new JsonWriter();
            writer.AppendObject(write);
            return writer._text.ToString();
        }

        /// <summary>A value that <see cref="JsonReader"/> has read.</summary>
        internal static string ToText(object value)
        {
            var writer = new JsonWriter();
            writer.Append(value);
            return writer._text.ToString();
        }

        internal void Field(string name, string value)
        {
            if (value == null) return;
            AppendName(name);
            AppendString(value);
        }

        internal void Field(string name, long? value)
        {
            if (value == null) return;
            AppendName(name);
            _text.Append(value.Value.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>Without zeros at the end, which a decimal keeps: 12.50m is 12.5.</summary>
        internal void Field(string name, decimal? value)
        {
            if (value == null) return;
            AppendName(name);
            _text.Append(value.Value.ToString("0.############################", CultureInfo.InvariantCulture));
        }

        /// <summary>A value that is JSON text already.</summary>
        /// <exception cref="ArgumentException">It is no JSON text.</exception>
        internal void Json(string name, string json)
        {
            if (json == null) return;
            AppendName(name);
            try
            {
                Append(JsonReader.Parse(json));
            }
            catch (FormatException fault)
            {
                throw new ArgumentException($"{name} must be JSON text: {fault.Message}", name, fault);
            }
        }

        internal void Strings(string name, IEnumerable<string> values)
        {
            if (values == null) return;
            AppendName(name);
            AppendList(values, value => AppendString(RequireItem(name, value)));
        }

        internal void List<T>(string name, IEnumerable<T> items, Func<T, Action<JsonWriter>> writerOf)
        {
            AppendName(name);
            AppendList(items, item => AppendObject(writerOf(RequireItem(name, item))));
        }

        private static T RequireItem<T>(string list, T item)
        {
            if (item == null) throw new ArgumentException($"{list} must have no item that is null", list);
            return item;
        }

        private void Append(object value)
        {
            var nested = value as JsonObject;
            if (nested != null)
            {
                AppendObject(writer =>
                {
                    foreach (var member in nested.Members)
                    {
                        writer.AppendName(member.Key);
                        writer.Append(member.Value);
                    }
                });
            }
            else if (value is List<object>) AppendList((List<object>)value, Append);
            else if (value is string) AppendString((string)value);
            else if (value is JsonNumber) _text.Append(((JsonNumber)value).Text);
            else if (value == null) _text.Append("null");
            else _text.Append((bool)value ? "true" : "false");
        }

        private void AppendObject(Action<JsonWriter> write)
        {
            _text.Append('{');
            write(this);
            _text.Append('}');
        }

        private void AppendList<T>(IEnumerable<T> items, Action<T> append)
        {
            _text.Append('[');
            foreach (var item in items)
            {
                AppendComma();
                append(item);
            }
            _text.Append(']');
        }

        private void AppendName(string name)
        {
            AppendComma();
            AppendString(name);
            _text.Append(':');
        }

        private void AppendComma()
        {
            var last = _text[_text.Length - 1];
            if (last != '{' && last != '[') _text.Append(',');
        }

        private void AppendString(string value)
        {
            _text.Append('"');
            foreach (var each in value)
            {
                if (each == '"' || each == '\\') _text.Append('\\').Append(each);
                // A lone surrogate has no UTF-8; escaped, the server sees and names it.
                else if (each < ' ' || char.IsSurrogate(each)) _text.Append("\\u").Append(((int)each).ToString("x4"));
                else _text.Append(each);
            }
            _text.Append('"');
        }
    }
}
