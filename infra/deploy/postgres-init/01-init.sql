-- Creates the databases of the regions that do not exist. The image may have created
-- leaderboard_global (POSTGRES_DB).
SELECT format('CREATE DATABASE %I', name)
FROM unnest(ARRAY['leaderboard_global', 'leaderboard_asia', 'leaderboard_eu', 'leaderboard_na']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name)
\gexec
