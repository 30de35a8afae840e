using System;
using System.Collections.Generic;

namespace LeaderboardApi
{
    /// <summary>One fault of the input: which field, and what is wrong with it.</summary>
    public sealed class FieldError
    {
        internal FieldError(JsonObject json)
        {
            Field = json.String("field");
            Message = json.String("message");
        }

        /// <summary>The field, as the request has it: items.3.score.</summary>
        public string Field { get; }

        /// <summary>For people.</summary>
        public string Message { get; }
    }

    /// <summary>The refusal of one of several things that a call asks for.</summary>
    public abstract class ItemProblem
    {
        internal ItemProblem(JsonObject json)
        {
            Code = json.String("code");
            Detail = json.String("detail");
            Errors = json.ListOrNull("errors", each => new FieldError(each)) ?? new FieldError[0];
            RetryAfter = json.SecondsOrNull("retry_after");
        }

        /// <summary>One of <see cref="ErrorCode"/>, or a later one.</summary>
        public string Code { get; }

        /// <summary>For people.</summary>
        public string Detail { get; }

        /// <summary>The invalid fields; empty unless the code is invalid_request.</summary>
        public IReadOnlyList<FieldError> Errors { get; }

        /// <summary>Time until a retry makes sense, of what may be sent again.</summary>
        public TimeSpan? RetryAfter { get; }
    }
}
