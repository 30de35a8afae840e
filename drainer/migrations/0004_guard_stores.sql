-- What PostgreSQL knows of the Redis behind each queue, by which the drainer detects a Redis that
-- lost data. The tag names a shard, or accounts.
CREATE TABLE IF NOT EXISTS guarded_stores (
  tag    TEXT PRIMARY KEY,
  origin TEXT NOT NULL,
  -- The run of the Redis server whose batches are admitted; a batch read from an earlier run is
  -- refused.
  run    TEXT NOT NULL
);

-- The newest version (µs) of each batch that was written. Each batch has its own row, so that two
-- concurrent batches do not wait for each other. The greatest counts; the drainer deletes the
-- others once a minute.
CREATE TABLE IF NOT EXISTS drained_versions (
  tag     TEXT   NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (tag, version)
);

-- Called once by each statement that writes a batch: records the newest version of the batch, and
-- refuses the batch when its store was opened on another run since the events were read. Batches
-- share the advisory lock, which writes nothing.
CREATE OR REPLACE FUNCTION admit_batch(batch_tag TEXT, batch_run TEXT, newest BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext('guarded store'), hashtext(batch_tag));
  PERFORM FROM guarded_stores WHERE tag = batch_tag AND run = batch_run;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the Redis of % was opened anew since this batch was read', batch_tag USING ERRCODE = 'LB001';
  END IF;
  INSERT INTO drained_versions (tag, version) VALUES (batch_tag, newest) ON CONFLICT DO NOTHING;
  RETURN TRUE;
END
$$;

-- Admits batches of this run only, after it has waited for batches of another run that are being
-- written.
CREATE OR REPLACE FUNCTION admit_run(new_tag TEXT, new_origin TEXT, new_run TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('guarded store'), hashtext(new_tag));
  INSERT INTO guarded_stores (tag, origin, run) VALUES (new_tag, new_origin, new_run)
  ON CONFLICT (tag) DO UPDATE SET run = excluded.run;
END
$$;

-- No writer replaces the row of one account with another account of the same id: the new account
-- comes after an erasure, which has deleted the row.
CREATE OR REPLACE FUNCTION keep_account() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'another account of % is there, created at %', OLD.user_id, OLD.created_at USING ERRCODE = '23505';
END
$$;
CREATE OR REPLACE TRIGGER keep_account BEFORE UPDATE ON accounts
FOR EACH ROW WHEN (NEW.created_at <> OLD.created_at) EXECUTE FUNCTION keep_account();
