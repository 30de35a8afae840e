-- The ends of seasons in the regions of this database: one row for each shard, out of the event
-- that stands behind every write of the season. count are ranked entries, hidden those of hidden
-- players.
CREATE TABLE IF NOT EXISTS season_ends (
  board     TEXT        NOT NULL,
  season    INTEGER     NOT NULL,
  region    VARCHAR(50) NOT NULL,
  tag       TEXT        NOT NULL,
  count     BIGINT      NOT NULL,
  hidden    BIGINT      NOT NULL,
  starts_at TIMESTAMPTZ NOT NULL,
  ends_at   TIMESTAMPTZ NOT NULL,
  version   BIGINT      NOT NULL,
  PRIMARY KEY (board, season, region, tag)
);

-- The seasons of each region that have ended on a shard at least. ranking is the board of their
-- rows in leaderboard. A frozen one takes no event any more; one that is final is archived and
-- stays so; a settled one has left leaderboard and Redis. A purged one loses its archive from then
-- on.
CREATE TABLE IF NOT EXISTS ended_seasons (
  ranking    TEXT        NOT NULL,
  region     VARCHAR(50) NOT NULL,
  board      TEXT        NOT NULL,
  season     INTEGER     NOT NULL,
  starts_at  TIMESTAMPTZ NOT NULL,
  ends_at    TIMESTAMPTZ NOT NULL,
  state      TEXT        NOT NULL DEFAULT 'closing' CHECK (state IN ('closing', 'incomplete', 'final')),
  frozen     BOOLEAN     NOT NULL DEFAULT FALSE,
  settled    BOOLEAN     NOT NULL DEFAULT FALSE,
  total      BIGINT      NOT NULL DEFAULT 0,
  purged     BOOLEAN     NOT NULL DEFAULT FALSE,
  PRIMARY KEY (ranking, region)
);
CREATE INDEX IF NOT EXISTS ended_seasons_board ON ended_seasons (board, region, season);
CREATE INDEX IF NOT EXISTS ended_seasons_open ON ended_seasons (ends_at, ranking, region) WHERE NOT settled;

-- Seasons that are final, with the ranks of their end in the region. Who is hidden or erased later
-- leaves the ranks of all others as they are. counted says whether the player was visible then. One
-- who was hidden has the rank of a visible player at that place, and comes back at it. An erased
-- player leaves a hidden row without id, name and metadata: ranks among all regions need it.
CREATE TABLE IF NOT EXISTS archived (
  board       TEXT         NOT NULL,
  season      INTEGER      NOT NULL,
  region      VARCHAR(50)  NOT NULL,
  rank        BIGINT       NOT NULL,
  rank_shared BIGINT       NOT NULL,
  counted     BOOLEAN      NOT NULL,
  user_id     TEXT         NOT NULL,
  name        VARCHAR(200) NOT NULL,
  score       BIGINT       NOT NULL,
  sort_key    BIGINT       NOT NULL,
  sub         BIGINT,
  sub_key     BIGINT       NOT NULL DEFAULT 0,
  reached_at  TIMESTAMPTZ  NOT NULL,
  updated_at  TIMESTAMPTZ  NOT NULL,
  metadata    JSON,
  hidden      BOOLEAN      NOT NULL DEFAULT FALSE,
  PRIMARY KEY (user_id, board, season)
);
-- In the order of ranks: each row is in one of the two. Pages read the visible rows alone, however
-- many hidden ones are among them; a rank among all regions looks for the last row ahead in both.
CREATE INDEX IF NOT EXISTS archived_visible ON archived
  (board, season, region, sort_key DESC, sub_key DESC, reached_at, user_id COLLATE "C" DESC) WHERE NOT hidden;
CREATE INDEX IF NOT EXISTS archived_hidden ON archived
  (board, season, region, sort_key DESC, sub_key DESC, reached_at, user_id COLLATE "C" DESC) WHERE hidden;

-- Called once by each statement that writes a batch with entries of seasons. It refuses the batch,
-- as for a bad row, where one of the seasons is frozen: what comes from an older queue must not be
-- mixed into an archive.
CREATE OR REPLACE FUNCTION admit_seasons(rankings TEXT[], regions TEXT[]) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM unnest(rankings, regions) AS season (ranking, region)
  JOIN ended_seasons USING (ranking, region) WHERE frozen;
  IF FOUND THEN
    RAISE EXCEPTION 'season_final' USING ERRCODE = '22LB2';
  END IF;
  RETURN TRUE;
END
$$;

-- From its end on no event of these seasons is written, also by a statement that began before: see
-- begin_deletion in 0007.
CREATE OR REPLACE FUNCTION freeze_seasons(rankings TEXT[], regions TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ended_seasons SET frozen = TRUE
  FROM unnest(rankings, regions) AS season (ranking, region)
  WHERE ended_seasons.ranking = season.ranking AND ended_seasons.region = season.region AND NOT frozen;
  IF FOUND THEN
    LOCK TABLE leaderboard IN SHARE ROW EXCLUSIVE MODE;
  END IF;
END
$$;

-- Takes what names these players out of archives, as far as they were erased. A player who was not
-- counted leaves nothing. No player has an id that begins as those of the rows that stay.
CREATE OR REPLACE FUNCTION erase_archived(user_ids TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM archived USING erasures
  WHERE archived.user_id = ANY (erase_archived.user_ids) AND NOT counted
    AND erasures.user_id = archived.user_id AND erasures.scope = archived.region
    AND archived.updated_at <= erasures.erased_at;
  UPDATE archived SET user_id = chr(1) || gen_random_uuid(), name = '', metadata = NULL, hidden = TRUE FROM erasures
  WHERE archived.user_id = ANY (erase_archived.user_ids)
    AND erasures.user_id = archived.user_id AND erasures.scope = archived.region
    AND archived.updated_at <= erasures.erased_at;
END
$$;

-- Archives a frozen season of a region with its ranks, in one transaction, where it has as many
-- rows as Redis has entries; otherwise it is incomplete, and takes events again. Fewer rows than
-- the shards counted at the end may be missing than players were erased since the season began.
-- Returns the state. With 4 MB a sort of 250,000 rows goes to disk, and takes three times as long.
CREATE OR REPLACE FUNCTION archive_season(of_ranking TEXT, of_region TEXT, of_tags TEXT[], present BIGINT) RETURNS TEXT
LANGUAGE plpgsql SET work_mem = '64MB' AS $$
DECLARE
  ended   ended_seasons%ROWTYPE;
  ends    BIGINT;
  counted BIGINT;
  stored  BIGINT;
  erased  BIGINT;
  ranked_entries BIGINT;
BEGIN
  SELECT * INTO ended FROM ended_seasons WHERE ranking = of_ranking AND region = of_region FOR UPDATE;
  IF NOT FOUND OR ended.state = 'final' OR NOT ended.frozen THEN
    RETURN coalesce(ended.state, 'unknown');
  END IF;
  SELECT count(*), coalesce(sum(season_ends.count + season_ends.hidden), 0) INTO ends, counted FROM season_ends
  WHERE board = ended.board AND season = ended.season AND region = of_region AND tag = ANY (of_tags);
  SELECT count(*) INTO stored FROM leaderboard WHERE board = of_ranking AND region = of_region;
  SELECT count(*) INTO erased FROM erasures WHERE scope = of_region AND erased_at >= ended.starts_at;
  IF ends <> cardinality(of_tags) OR stored <> present OR stored NOT BETWEEN counted - erased AND counted THEN
    UPDATE ended_seasons SET state = 'incomplete', frozen = FALSE WHERE ranking = of_ranking AND region = of_region;
    RETURN 'incomplete';
  END IF;

  INSERT INTO archived (
    board, season, region, rank, rank_shared, counted, user_id, name, score, sort_key, sub, sub_key, reached_at,
    updated_at, metadata, hidden
  )
  SELECT ended.board, ended.season, of_region,
    1 + count(*) FILTER (WHERE NOT hidden) OVER (
      ORDER BY ranked DESC, place DESC, reached_at, user_id COLLATE "C" DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    1 + count(*) FILTER (WHERE NOT hidden) OVER (
      ORDER BY ranked DESC, place DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    NOT hidden, user_id, name, score, ranked, sub, place, reached_at, updated_at, metadata, hidden
  FROM (
    SELECT leaderboard.*, coalesce(sort_key, score) AS ranked, coalesce(sub_key, 0) AS place, EXISTS (
      SELECT FROM visibility
      WHERE visibility.region = of_region AND visibility.user_id = leaderboard.user_id AND visibility.hidden
    ) AS hidden
    FROM leaderboard WHERE board = of_ranking AND region = of_region
  ) AS entry;
  SELECT count(*) INTO ranked_entries FROM archived
  WHERE archived.board = ended.board AND archived.season = ended.season AND archived.region = of_region AND NOT hidden;

  -- Players who were erased or hidden meanwhile: their statements are waited for, later ones wait
  -- for the archive and then see it.
  LOCK TABLE erasures, visibility IN SHARE MODE;
  PERFORM erase_archived(ARRAY(
    SELECT archived.user_id FROM archived
    WHERE archived.board = ended.board AND archived.season = ended.season AND archived.region = of_region
      AND EXISTS (SELECT FROM erasures WHERE scope = of_region AND erasures.user_id = archived.user_id)
  ));
  UPDATE archived SET hidden = visibility.hidden FROM visibility
  WHERE archived.board = ended.board AND archived.season = ended.season AND archived.region = of_region
    AND visibility.region = of_region AND visibility.user_id = archived.user_id
    AND visibility.hidden <> archived.hidden;
  UPDATE ended_seasons SET state = 'final', total = ranked_entries
  WHERE ranking = of_ranking AND region = of_region;
  RETURN 'final';
END
$$;

-- Hides the player in archives, or shows the player there again, with the rank of the end; a name
-- that an operator gives holds there, too.
CREATE OR REPLACE FUNCTION show_in_archives() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE archived SET hidden = NEW.hidden, name = coalesce(NEW.name, name)
  WHERE user_id = NEW.user_id AND region = NEW.region
    AND (hidden <> NEW.hidden OR name <> coalesce(NEW.name, name));
  RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER show_in_archives AFTER INSERT OR UPDATE ON visibility
FOR EACH ROW EXECUTE FUNCTION show_in_archives();

-- As in 0003, and erases the players in archives. The insert of an erasure has waited
-- for archives that were being made.
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
  PERFORM erase_archived(erase_entries.user_ids);
  DELETE FROM leaderboard USING erasures
  WHERE leaderboard.user_id = ANY (erase_entries.user_ids)
    AND erasures.user_id = leaderboard.user_id AND erasures.scope = leaderboard.region
    AND leaderboard.updated_at <= erasures.erased_at;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;

-- Home database alone: the seasons that have ended anywhere. Final once they are final in all
-- regions; purging and purged are final ones behind what the board keeps.
CREATE TABLE IF NOT EXISTS seasons (
  board     TEXT        NOT NULL,
  season    INTEGER     NOT NULL,
  starts_at TIMESTAMPTZ NOT NULL,
  ends_at   TIMESTAMPTZ NOT NULL,
  state     TEXT        NOT NULL CHECK (state IN ('closing', 'incomplete', 'final', 'purging', 'purged')),
  total     BIGINT,
  PRIMARY KEY (board, season)
);
CREATE INDEX IF NOT EXISTS seasons_purging ON seasons (board, season) WHERE state = 'purging';

-- Home database alone: what webhooks are told, in the order of their ids.
CREATE TABLE IF NOT EXISTS outbox (
  id         UUID        PRIMARY KEY DEFAULT gen_random_uuid(),
  kind       TEXT        NOT NULL,
  body       JSON        NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Makes a season final, writes what webhooks are told of it, and marks what the board keeps no
-- longer (null keeps all), in one transaction. False where it was final before.
CREATE OR REPLACE FUNCTION finish_season(
  of_board TEXT, of_season INTEGER, starts TIMESTAMPTZ, ends TIMESTAMPTZ, entries BIGINT, told JSON, keep INTEGER
) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seasons AS known (board, season, starts_at, ends_at, state, total)
  VALUES (of_board, of_season, starts, ends, 'final', entries)
  ON CONFLICT (board, season) DO UPDATE SET state = 'final', total = excluded.total
  WHERE known.state IN ('closing', 'incomplete');
  IF NOT FOUND THEN
    RETURN FALSE;
  END IF;
  INSERT INTO outbox (kind, body) VALUES ('season.ended', told);
  UPDATE seasons SET state = 'purging'
  WHERE board = of_board AND state = 'final' AND season <= (
    SELECT max(season) FROM seasons WHERE board = of_board AND state = 'final'
  ) - keep;
  RETURN TRUE;
END
$$;

-- When the drainer has to look whether the seasons of a plan have ended on all shards: their next
-- end. Null for all other settings.
ALTER TABLE settings ADD COLUMN IF NOT EXISTS seal_at TIMESTAMPTZ;
CREATE INDEX IF NOT EXISTS settings_seal_at ON settings (seal_at, id) WHERE seal_at IS NOT NULL;
