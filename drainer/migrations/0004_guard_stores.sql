-- What PostgreSQL knows of the Redis behind each queue, so that a Redis that lost data is told from one that has it all.
-- The tag is that of a shard, or accounts.
CREATE TABLE IF NOT EXISTS guarded_stores (
  tag    TEXT PRIMARY KEY,
  origin TEXT NOT NULL,
  -- The run of the Redis server whose events are taken; those of an earlier run, on their way still, are refused.
  run    TEXT NOT NULL
);

-- The newest version (µs) of each batch that was written. A row each, so that two batches under way do not wait for one
-- another; the greatest counts, and the drainer deletes the others once a minute.
CREATE TABLE IF NOT EXISTS drained_versions (
  tag     TEXT   NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (tag, version)
);

-- Called by each statement that writes a batch, in its transaction: notes the batch's newest version, and refuses the
-- batch when its store was opened anew since the events were read. The lock is shared by batches, and nothing is written
-- for it.
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

-- From its end on batches of this run alone are admitted; those of another that are being written are waited for.
CREATE OR REPLACE FUNCTION admit_run(new_tag TEXT, new_origin TEXT, new_run TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('guarded store'), hashtext(new_tag));
  INSERT INTO guarded_stores (tag, origin, run) VALUES (new_tag, new_origin, new_run)
  ON CONFLICT (tag) DO UPDATE SET run = excluded.run;
END
$$;

-- Whatever writes it: a row of one account is never replaced by another account with the same id. That one comes after an
-- erasure, which has taken the row away.
CREATE OR REPLACE FUNCTION keep_account() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'another account of % is there, created at %', OLD.user_id, OLD.created_at USING ERRCODE = '23505';
END
$$;
CREATE OR REPLACE TRIGGER keep_account BEFORE UPDATE ON accounts
FOR EACH ROW WHEN (NEW.created_at <> OLD.created_at) EXECUTE FUNCTION keep_account();
