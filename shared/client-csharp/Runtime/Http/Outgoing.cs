using System.Collections.Generic;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;

namespace LeaderboardApi
{
    /// <summary>A request that may be sent several times.</summary>
    internal sealed class Outgoing
    {
        private readonly string _method;
        private readonly string _target;
        private readonly Dictionary<string, string> _headers = new Dictionary<string, string>();

        internal Outgoing(string method, string target)
        {
            _method = method;
            _target = target;
        }

        /// <summary>JSON text; null for none.</summary>
        internal string Body { private get; set; }

        /// <summary>A read, or a write that counts once however often it arrives.</summary>
        internal bool IsRepeatable { get; set; }

        /// <summary>A status beside 2xx that counts as success.</summary>
        internal int AcceptedStatus { get; set; }

        internal void SetHeader(string name, string value)
        {
            if (value != null) _headers[name] = value;
        }

        internal HttpRequestMessage ToMessage(string url)
        {
            var message = new HttpRequestMessage(new HttpMethod(_method), url + _target);
            foreach (var header in _headers) message.Headers.TryAddWithoutValidation(header.Key, header.Value);
            message.Headers.ExpectContinue = false;
            if (Body == null) return message;
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            return message;
        }
    }
}
