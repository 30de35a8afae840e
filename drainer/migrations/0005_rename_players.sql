-- The name that an operator gave the player, which later writes keep; null where there is none.
ALTER TABLE visibility ADD COLUMN IF NOT EXISTS name VARCHAR(200);
