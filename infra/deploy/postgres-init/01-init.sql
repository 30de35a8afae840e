-- The databases of the regions. leaderboard_global is made by the image (POSTGRES_DB) and is made here where it is not.
-- One that is there already is left as it is.
SELECT format('CREATE DATABASE %I', name)
FROM unnest(ARRAY['leaderboard_global', 'leaderboard_asia', 'leaderboard_eu', 'leaderboard_na']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name)
\gexec
