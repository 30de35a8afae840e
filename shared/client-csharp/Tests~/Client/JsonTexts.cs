using System;
using System.IO;
using System.Text;
using System.Threading.Tasks;

namespace LeaderboardApi.Tests
{
    internal static class JsonTexts
    {
        /// <summary>
        /// Answers each line of input with the same JSON, or with ! for one that is none.
        /// </summary>
        internal static async Task ComeBack()
        {
            var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
            var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
            for (var line = await input.ReadLineAsync(); line != null; line = await input.ReadLineAsync())
            {
                string answer;
                try
                {
                    answer = JsonWriter.ToText(JsonReader.Parse(line));
                }
                catch (FormatException)
                {
                    answer = "!";
                }
                await output.WriteLineAsync(answer);
            }
            output.Flush();
        }
    }
}
