using System;
using System.Globalization;

namespace LeaderboardApi
{
    /// <summary>A number as it was written, so that no digit is lost.</summary>
    internal sealed class JsonNumber
    {
        internal JsonNumber(string text)
        {
            Text = text;
        }

        internal string Text { get; }

        /// <summary>Exact up to 28 digits.</summary>
        /// <exception cref="FormatException">It is greater than a decimal.</exception>
        internal decimal ToDecimal()
        {
            decimal value;
            if (decimal.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)) return value;
            throw new FormatException($"{Text} is no decimal");
        }

        /// <exception cref="FormatException">It is no integer of 64 bits.</exception>
        internal long ToInteger()
        {
            long integer;
            const NumberStyles Signed = NumberStyles.AllowLeadingSign;
            if (long.TryParse(Text, Signed, CultureInfo.InvariantCulture, out integer)) return integer;
            // 5.0 and 1e3 are integers, too.
            var value = ToDecimal();
            if (value != decimal.Truncate(value) || value < long.MinValue || value > long.MaxValue)
            {
                throw new FormatException($"{Text} is no integer");
            }
            return (long)value;
        }

        /// <summary>A decimal; the text of a number that is too great for one.</summary>
        internal object ToPlain()
        {
            decimal value;
            if (decimal.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)) return value;
            return Text;
        }
    }
}
