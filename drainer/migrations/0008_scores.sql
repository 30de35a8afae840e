-- What boards of other kinds keep with a score. All are null on a board where the highest score
-- wins, without sub-scores, attempts or metadata. The order of a board is
--   ORDER BY coalesce(sort_key, score) DESC, sub_key DESC, reached_at, user_id COLLATE "C" DESC
-- A score is in units of the board's last decimal. sort_key is the negated score where the lowest
-- score wins. sub_key is greater the better. JSON and not JSONB: the text stays as it was written,
-- and is compared with that in Redis.
ALTER TABLE leaderboard
  ADD COLUMN IF NOT EXISTS sort_key BIGINT,
  ADD COLUMN IF NOT EXISTS sub      BIGINT,
  ADD COLUMN IF NOT EXISTS sub_key  BIGINT,
  ADD COLUMN IF NOT EXISTS attempts BIGINT,
  ADD COLUMN IF NOT EXISTS metadata JSON;

-- The boards without hidden players, in the same order.
CREATE OR REPLACE VIEW visible_leaderboard AS
SELECT board, user_id, name, region, score, reached_at, updated_at, sort_key, sub, sub_key, attempts, metadata
FROM leaderboard
WHERE NOT EXISTS (
  SELECT FROM visibility
  WHERE visibility.region = leaderboard.region AND visibility.user_id = leaderboard.user_id AND visibility.hidden
);
