-- Pages of archives that begin with a rank: one seek each, where the indexes in rank order would be
-- walked from the first row on. Hidden rows are in it, because ranks count them.
CREATE INDEX IF NOT EXISTS archived_rank ON archived (board, season, region, rank);
