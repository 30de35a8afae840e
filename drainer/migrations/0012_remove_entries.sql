-- Single entries that operators removed are among the erasures, in a scope of their own: the region
-- and the ranking, as in EU/main or EU/weekly@3. The functions below are as in 0010, but for that.

-- updated_at of an archived entry is in its season: that of the score, or, where the entry was
-- edited before the archive was made, the last microsecond. edited_at is the version of the last
-- edit behind the end, null where there was none.
ALTER TABLE archived ADD COLUMN IF NOT EXISTS edited_at TIMESTAMPTZ;

-- Takes what names these players out of archives, as far as they were erased, or their entries
-- were removed. A player who was not counted leaves nothing. No player has an id that begins as
-- those of the rows that stay.
CREATE OR REPLACE FUNCTION erase_archived(user_ids TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM archived USING erasures
  WHERE archived.user_id = ANY (erase_archived.user_ids) AND NOT counted
    AND erasures.user_id = archived.user_id AND erasures.scope IN (
      archived.region, archived.region || '/' || archived.board || CASE season WHEN 0 THEN '' ELSE '@' || season END
    )
    AND archived.updated_at <= erasures.erased_at;
  UPDATE archived SET user_id = chr(1) || gen_random_uuid(), name = '', metadata = NULL, hidden = TRUE FROM erasures
  WHERE archived.user_id = ANY (erase_archived.user_ids)
    AND erasures.user_id = archived.user_id AND erasures.scope IN (
      archived.region, archived.region || '/' || archived.board || CASE season WHEN 0 THEN '' ELSE '@' || season END
    )
    AND archived.updated_at <= erasures.erased_at;
END
$$;

-- How many entries of a ranking may be gone in a region: those of players who were erased since
-- then, and those of others that were removed.
CREATE OR REPLACE FUNCTION count_erased(of_ranking TEXT, of_region TEXT, since TIMESTAMPTZ) RETURNS BIGINT
LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM erasures WHERE scope = of_region AND erased_at >= since) + (
    SELECT count(*) FROM erasures AS removal
    WHERE scope = of_region || '/' || of_ranking AND erased_at >= since AND NOT EXISTS (
      SELECT FROM erasures WHERE scope = of_region AND erasures.user_id = removal.user_id AND erased_at >= since
    )
  )
$$;

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
  erased := count_erased(of_ranking, of_region, ended.starts_at);
  IF ends <> cardinality(of_tags) OR stored <> present OR stored NOT BETWEEN counted - erased AND counted THEN
    UPDATE ended_seasons SET state = 'incomplete', frozen = FALSE WHERE ranking = of_ranking AND region = of_region;
    RETURN 'incomplete';
  END IF;

  INSERT INTO archived (
    board, season, region, rank, rank_shared, counted, user_id, name, score, sort_key, sub, sub_key, reached_at,
    updated_at, edited_at, metadata, hidden
  )
  SELECT ended.board, ended.season, of_region,
    1 + count(*) FILTER (WHERE NOT hidden) OVER (
      ORDER BY ranked DESC, place DESC, reached_at, user_id COLLATE "C" DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    1 + count(*) FILTER (WHERE NOT hidden) OVER (
      ORDER BY ranked DESC, place DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    NOT hidden, user_id, name, score, ranked, sub, place, reached_at,
    -- An edit behind the end raised the version of the entry, which the two stores compare.
    least(updated_at, ended.ends_at - interval '1 microsecond'),
    CASE WHEN updated_at >= ended.ends_at THEN updated_at END,
    metadata, hidden
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
      AND EXISTS (
        SELECT FROM erasures
        WHERE scope IN (of_region, of_region || '/' || of_ranking) AND erasures.user_id = archived.user_id
      )
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

-- Deletes entries that are not newer than their removal, and keeps older events out from then on,
-- also beside concurrent writers and an archive that is being made: see erase_entries in 0010.
CREATE OR REPLACE FUNCTION remove_entries(
  regions TEXT[], rankings TEXT[], user_ids TEXT[], microseconds TEXT[]
) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
  removed BIGINT;
BEGIN
  PERFORM record_erasures(
    ARRAY(
      SELECT region || '/' || ranking
      FROM unnest(regions, rankings) WITH ORDINALITY AS entry (region, ranking, place) ORDER BY place
    ),
    user_ids, microseconds
  );
  LOCK TABLE leaderboard IN SHARE ROW EXCLUSIVE MODE;
  PERFORM erase_archived(remove_entries.user_ids);
  DELETE FROM leaderboard USING erasures
  WHERE leaderboard.user_id = ANY (remove_entries.user_ids) AND leaderboard.board = ANY (remove_entries.rankings)
    AND erasures.user_id = leaderboard.user_id AND erasures.scope = leaderboard.region || '/' || leaderboard.board
    AND leaderboard.updated_at <= erasures.erased_at;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END
$$;

-- Gives entries of seasons that have ended another name or other metadata, in leaderboard and in
-- the archive, where they are older. Null leaves what there is, and the JSON text null clears the
-- metadata. The locks on the seasons wait for archives that are being made, or make them wait. All
-- are taken before the first row is: an archive waits for removals, and they for writers of rows.
CREATE OR REPLACE FUNCTION edit_entries(
  regions TEXT[], rankings TEXT[], user_ids TEXT[], microseconds TEXT[], names TEXT[], metadata_texts TEXT[]
) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  edit RECORD;
BEGIN
  PERFORM FROM ended_seasons
  WHERE (ranking, region) IN (SELECT edited.ranking, edited.region FROM unnest(rankings, regions) AS edited (ranking, region))
  ORDER BY ranking, region FOR UPDATE;
  FOR edit IN
    SELECT region, ranking, user_id, name, metadata_text,
      'epoch'::timestamptz + edited_us::bigint * interval '1 microsecond' AS edited_at
    FROM unnest(regions, rankings, user_ids, microseconds, names, metadata_texts)
      AS event (region, ranking, user_id, edited_us, name, metadata_text)
    ORDER BY ranking, region, user_id, edited_us::bigint
  LOOP
    UPDATE leaderboard SET name = coalesce(edit.name, name), updated_at = edit.edited_at,
      metadata = CASE WHEN edit.metadata_text IS NULL THEN metadata ELSE nullif(edit.metadata_text, 'null')::json END
    WHERE board = edit.ranking AND user_id = edit.user_id AND region = edit.region AND updated_at < edit.edited_at;
    UPDATE archived SET name = coalesce(edit.name, name), edited_at = edit.edited_at,
      metadata = CASE WHEN edit.metadata_text IS NULL THEN metadata ELSE nullif(edit.metadata_text, 'null')::json END
    WHERE user_id = edit.user_id AND board = split_part(edit.ranking, '@', 1) AND region = edit.region
      AND season = coalesce(nullif(split_part(edit.ranking, '@', 2), ''), '0')::integer
      AND coalesce(edited_at, updated_at) < edit.edited_at;
  END LOOP;
END
$$;
