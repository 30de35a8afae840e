-- Boards that are being deleted, for the drainer that looks for them every second.
ALTER TABLE settings ADD COLUMN IF NOT EXISTS deleting BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX IF NOT EXISTS settings_deleting ON settings (updated_at) WHERE deleting;

-- The deletions of boards in the regions of this database. Events of a board that are not newer
-- than its deletion are not written: an older queue, a dead event that is retried. While the rows
-- are being removed, that is infinity; afterwards the last version (µs) that the region gave out
-- before. A later board of the same id has newer versions alone.
CREATE TABLE IF NOT EXISTS deleted_boards (
  board      TEXT        NOT NULL,
  region     TEXT        NOT NULL,
  revision   BIGINT      NOT NULL,
  deleted_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (board, region)
);

-- From its end on no event of the board is written, also by a statement that began before: the
-- table lock waits for that one, and a later statement waits for the lock and then sees the
-- deletion. False where this deletion, or a later one, has ended in the region before.
CREATE OR REPLACE FUNCTION begin_deletion(of_board TEXT, of_region TEXT, of_revision BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_boards AS known (board, region, revision, deleted_at)
  VALUES (of_board, of_region, of_revision, 'infinity')
  ON CONFLICT (board, region) DO UPDATE SET revision = excluded.revision, deleted_at = excluded.deleted_at
  WHERE known.revision < excluded.revision;
  IF FOUND THEN
    LOCK TABLE leaderboard IN SHARE ROW EXCLUSIVE MODE;
  END IF;
  RETURN EXISTS (
    SELECT FROM deleted_boards
    WHERE board = of_board AND region = of_region AND revision = of_revision AND deleted_at = 'infinity'
  );
END
$$;
