-- The hash of the device_id that a guest came with, and when a password was last set or changed,
-- which ends the tokens from before. Null where there was none.
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS device_hash VARCHAR(43);
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS password_at TIMESTAMPTZ;
