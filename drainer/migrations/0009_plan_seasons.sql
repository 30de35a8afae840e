-- When the planner of seasons has to look at a setting: at once for a board with a schedule that
-- was made or changed, and for a plan when it has to be extended. Null for all others, so that a
-- look reads what is due, and not all boards.
ALTER TABLE settings ADD COLUMN IF NOT EXISTS plan_at TIMESTAMPTZ;
CREATE INDEX IF NOT EXISTS settings_plan_at ON settings (plan_at, kind, id) WHERE plan_at IS NOT NULL;
