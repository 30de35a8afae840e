-- The version of each player's erasure: older events that come late are not written again. The
-- scope is the region of the shard, or accounts. Only the id and the time of the player remain.
CREATE TABLE IF NOT EXISTS erasures (
  scope     TEXT        NOT NULL,
  user_id   TEXT        NOT NULL,
  erased_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (scope, user_id)
);

-- After either function no row is older than its erasure, even beside concurrent writers: the table
-- lock waits for a statement that began before, and a later statement waits for the lock and then
-- sees the erasure.
CREATE OR REPLACE FUNCTION record_erasures(scopes TEXT[], user_ids TEXT[], microseconds TEXT[]) RETURNS VOID
LANGUAGE sql AS $$
  INSERT INTO erasures (scope, user_id, erased_at)
  SELECT scope, user_id, 'epoch'::timestamptz + max(erased_us::bigint) * interval '1 microsecond'
  FROM unnest(scopes, user_ids, microseconds) AS event (scope, user_id, erased_us)
  GROUP BY scope, user_id
  ORDER BY scope, user_id
  ON CONFLICT (scope, user_id) DO UPDATE SET erased_at = greatest(erasures.erased_at, excluded.erased_at);
$$;

CREATE OR REPLACE FUNCTION erase_entries(regions TEXT[], user_ids TEXT[], microseconds TEXT[]) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  erased BIGINT;
BEGIN
  PERFORM record_erasures(regions, user_ids, microseconds);
  LOCK TABLE leaderboard IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM leaderboard USING erasures
  WHERE leaderboard.user_id = ANY (erase_entries.user_ids)
    AND erasures.user_id = leaderboard.user_id AND erasures.scope = leaderboard.region
    AND leaderboard.updated_at <= erasures.erased_at;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;

CREATE OR REPLACE FUNCTION erase_accounts(user_ids TEXT[], microseconds TEXT[]) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  erased BIGINT;
BEGIN
  PERFORM record_erasures(array_fill('accounts'::text, ARRAY[cardinality(user_ids)]), user_ids, microseconds);
  LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM accounts USING erasures
  WHERE accounts.user_id = ANY (erase_accounts.user_ids)
    AND erasures.user_id = accounts.user_id AND erasures.scope = 'accounts'
    AND accounts.updated_at <= erasures.erased_at;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;

-- For deletes by player on every board.
CREATE INDEX IF NOT EXISTS leaderboard_user_id ON leaderboard (user_id);
