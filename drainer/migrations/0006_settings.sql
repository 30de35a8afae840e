-- What operators set: definitions of boards, tokens of operators. Filled in the home database
-- alone. JSON and not JSONB: the text stays as it was written, and is compared with that in Redis.
-- A setting that was deleted stays as null, so that an older event does not bring it back.
CREATE TABLE IF NOT EXISTS settings (
  kind       TEXT        NOT NULL,
  id         TEXT        NOT NULL,
  value      JSON        NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (kind, id)
);
