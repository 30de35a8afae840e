-- Creates the tables in every database. The drainer applies the same files at its start and records
-- them. Created here, the tables exist for other tools before the first drainer starts.
\connect leaderboard_global
\ir /migrations/0001_create_tables.sql
\ir /migrations/0002_erase_players.sql
\ir /migrations/0003_hide_players.sql
\ir /migrations/0004_guard_stores.sql
\ir /migrations/0005_rename_players.sql
\connect leaderboard_asia
\ir /migrations/0001_create_tables.sql
\ir /migrations/0002_erase_players.sql
\ir /migrations/0003_hide_players.sql
\ir /migrations/0004_guard_stores.sql
\ir /migrations/0005_rename_players.sql
\connect leaderboard_eu
\ir /migrations/0001_create_tables.sql
\ir /migrations/0002_erase_players.sql
\ir /migrations/0003_hide_players.sql
\ir /migrations/0004_guard_stores.sql
\ir /migrations/0005_rename_players.sql
\connect leaderboard_na
\ir /migrations/0001_create_tables.sql
\ir /migrations/0002_erase_players.sql
\ir /migrations/0003_hide_players.sql
\ir /migrations/0004_guard_stores.sql
\ir /migrations/0005_rename_players.sql
