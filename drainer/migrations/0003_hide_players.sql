-- The players whom operators have hidden from the boards, or shown again since. An older change
-- that comes late changes nothing. The scores of hidden players stay in leaderboard, and new ones
-- are written.
CREATE TABLE IF NOT EXISTS visibility (
  region     VARCHAR(50) NOT NULL,
  user_id    TEXT        NOT NULL,
  hidden     BOOLEAN     NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (region, user_id)
);

-- The boards without hidden players, in the same order. A view that is there has more columns: 0008
-- adds them.
DO $$
BEGIN
  IF to_regclass('visible_leaderboard') IS NULL THEN
    CREATE VIEW visible_leaderboard AS
    SELECT board, user_id, name, region, score, reached_at, updated_at
    FROM leaderboard
    WHERE NOT EXISTS (
      SELECT FROM visibility
      WHERE visibility.region = leaderboard.region AND visibility.user_id = leaderboard.user_id AND visibility.hidden
    );
  END IF;
END
$$;

-- As in 0002, and deletes the visibility of erased players as well.
CREATE OR REPLACE FUNCTION erase_entries(regions TEXT[], user_ids TEXT[], microseconds TEXT[]) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  erased BIGINT;
BEGIN
  PERFORM record_erasures(regions, user_ids, microseconds);
  LOCK TABLE leaderboard, visibility IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM visibility USING erasures
  WHERE visibility.user_id = ANY (erase_entries.user_ids)
    AND erasures.user_id = visibility.user_id AND erasures.scope = visibility.region
    AND visibility.changed_at <= erasures.erased_at;
  DELETE FROM leaderboard USING erasures
  WHERE leaderboard.user_id = ANY (erase_entries.user_ids)
    AND erasures.user_id = leaderboard.user_id AND erasures.scope = leaderboard.region
    AND leaderboard.updated_at <= erasures.erased_at;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;
