using System;
using System.Collections.Generic;
using System.Globalization;

namespace LeaderboardApi
{
    /// <summary>
    /// The fields of an answer. A field that is not read is ignored: a later server may have more.
    /// Those ending in OrNull read null where the field is null or absent; the others throw a
    /// <see cref="FormatException"/> that names the field.
    /// </summary>
    internal sealed class JsonObject
    {
        internal JsonObject(IReadOnlyDictionary<string, object> members)
        {
            Members = members;
        }

        internal IReadOnlyDictionary<string, object> Members { get; }

        internal bool Has(string name) => Find(name) != null;

        internal string String(string name) => Require(name, StringOrNull(name));

        internal string StringOrNull(string name) => As<string>(name);

        internal bool Flag(string name) => Require(name, FlagOrNull(name)).Value;

        internal bool? FlagOrNull(string name)
        {
            var value = Find(name);
            if (value == null) return null;
            if (value is bool) return (bool)value;
            throw Unexpected(name);
        }

        internal long Integer(string name) => Require(name, IntegerOrNull(name)).Value;

        internal long? IntegerOrNull(string name) => As<JsonNumber>(name)?.ToInteger();

        internal TimeSpan? SecondsOrNull(string name)
        {
            var seconds = IntegerOrNull(name);
            return seconds == null ? (TimeSpan?)null : TimeSpan.FromSeconds(seconds.Value);
        }

        internal decimal Decimal(string name) => Require(name, DecimalOrNull(name)).Value;

        internal decimal? DecimalOrNull(string name) => As<JsonNumber>(name)?.ToDecimal();

        internal DateTimeOffset Time(string name) => Require(name, TimeOrNull(name)).Value;

        internal DateTimeOffset? TimeOrNull(string name)
        {
            var text = StringOrNull(name);
            if (text == null) return null;
            DateTimeOffset time;
            // A time without an offset would be one of this machine's zone otherwise.
            const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal;
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Utc, out time)) return time;
            throw Unexpected(name);
        }

        /// <summary>A value as JSON text.</summary>
        internal string JsonOrNull(string name)
        {
            var value = Find(name);
            return value == null ? null : JsonWriter.ToText(value);
        }

        internal T Object<T>(string name, Func<JsonObject, T> read) where T : class =>
            Require(name, ObjectOrNull(name, read));

        internal T ObjectOrNull<T>(string name, Func<JsonObject, T> read) where T : class
        {
            var value = As<JsonObject>(name);
            return value == null ? null : read(value);
        }

        internal IReadOnlyList<T> List<T>(string name, Func<JsonObject, T> read) =>
            Require(name, ListOrNull(name, read));

        internal IReadOnlyList<T> ListOrNull<T>(string name, Func<JsonObject, T> read)
        {
            var items = As<List<object>>(name);
            return items?.ConvertAll(item =>
            {
                var each = item as JsonObject;
                if (each == null) throw Unexpected(name);
                return read(each);
            });
        }

        internal IReadOnlyList<string> Strings(string name) => Require(name, StringsOrNull(name));

        internal IReadOnlyList<string> StringsOrNull(string name)
        {
            var items = As<List<object>>(name);
            return items?.ConvertAll(item =>
            {
                var text = item as string;
                if (text == null) throw Unexpected(name);
                return text;
            });
        }

        internal IReadOnlyList<DateTimeOffset> Times(string name)
        {
            var times = new List<DateTimeOffset>();
            foreach (var text in Strings(name))
            {
                times.Add(new JsonObject(new Dictionary<string, object> { [name] = text }).Time(name));
            }
            return times;
        }

        /// <summary>The members but for some, of the types that .NET has.</summary>
        internal IReadOnlyDictionary<string, object> ToPlain(params string[] without)
        {
            var plain = new Dictionary<string, object>();
            foreach (var member in Members)
            {
                if (Array.IndexOf(without, member.Key) < 0) plain[member.Key] = ToPlain(member.Value);
            }
            return plain;
        }

        private static object ToPlain(object value)
        {
            var number = value as JsonNumber;
            if (number != null) return number.ToPlain();
            var list = value as List<object>;
            if (list != null) return list.ConvertAll(ToPlain);
            var nested = value as JsonObject;
            return nested == null ? value : nested.ToPlain();
        }

        private object Find(string name)
        {
            object value;
            return Members.TryGetValue(name, out value) ? value : null;
        }

        private T As<T>(string name) where T : class
        {
            var value = Find(name);
            if (value == null) return null;
            var found = value as T;
            if (found == null) throw Unexpected(name);
            return found;
        }

        private static T Require<T>(string name, T value)
        {
            if (value == null) throw new FormatException($"The answer lacks the field {name}.");
            return value;
        }

        private static FormatException Unexpected(string name) =>
            new FormatException($"The field {name} of the answer has an unexpected type.");
    }
}
