namespace LeaderboardApi
{
    // The names say it; docs/api.md describes each.
#pragma warning disable 1591
    /// <summary>
    /// The codes of <see cref="LeaderboardException"/>. A later server may have others: treat an
    /// unknown one by its status.
    /// </summary>
    public static class ErrorCode
    {
        /// <summary>The connection failed, or the answer took too long.</summary>
        public const string NoAnswer = "no_answer";

        /// <summary>The answer is not one of this API, for example a proxy's page.</summary>
        public const string NotUnderstood = "not_understood";

        public const string InvalidJson = "invalid_json";
        public const string InvalidRequest = "invalid_request";
        public const string MissingToken = "missing_token";
        public const string InvalidToken = "invalid_token";
        public const string BadCredentials = "bad_credentials";
        public const string WrongRegion = "wrong_region";
        public const string Forbidden = "forbidden";
        public const string RoleRequired = "role_required";
        public const string BoardNotAllowed = "board_not_allowed";
        public const string RegistrationClosed = "registration_closed";
        public const string OperatorNotAllowed = "operator_not_allowed";
        public const string BoardReadOnly = "board_read_only";
        public const string NotFound = "not_found";
        public const string NotRanked = "not_ranked";
        public const string BoardNotFound = "board_not_found";
        public const string SeasonNotFound = "season_not_found";
        public const string MethodNotAllowed = "method_not_allowed";
        public const string RequestTimeout = "request_timeout";
        public const string UserExists = "user_exists";
        public const string NameGiven = "name_given";
        public const string EntryExists = "entry_exists";
        public const string IdempotencyConflict = "idempotency_conflict";
        public const string AttemptsExhausted = "attempts_exhausted";
        public const string BoardEnded = "board_ended";
        public const string BoardNotStarted = "board_not_started";
        public const string SeasonEnded = "season_ended";
        public const string BoardImmutable = "board_immutable";
        public const string BoardConfigured = "board_configured";
        public const string BoardBeingDeleted = "board_being_deleted";
        public const string PreconditionFailed = "precondition_failed";
        public const string BodyTooLarge = "body_too_large";
        public const string UnsupportedMediaType = "unsupported_media_type";
        public const string ScoreOutOfRange = "score_out_of_range";
        public const string ScoreOutOfBounds = "score_out_of_bounds";
        public const string PreconditionRequired = "precondition_required";
        public const string RateLimited = "rate_limited";
        public const string TooManyStreams = "too_many_streams";
        public const string QueueFull = "queue_full";
        public const string HeadTooLarge = "head_too_large";
        public const string Internal = "internal";
        public const string Unavailable = "unavailable";
        public const string RegionUnavailable = "region_unavailable";
        public const string OutcomeUnknown = "outcome_unknown";
        public const string NoUpstream = "no_upstream";
        public const string StaleDefinition = "stale_definition";
        public const string SeasonUnknown = "season_unknown";
        public const string SeasonNotEnded = "season_not_ended";
        public const string ArchivesUnavailable = "archives_unavailable";
    }
#pragma warning restore 1591
}
