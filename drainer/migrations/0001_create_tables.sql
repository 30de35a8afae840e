-- The durable copy of the boards. The order of a board is
--   ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC
CREATE TABLE IF NOT EXISTS leaderboard (
  board      TEXT         NOT NULL DEFAULT 'main',
  user_id    TEXT         NOT NULL,
  name       VARCHAR(200) NOT NULL,
  region     VARCHAR(50)  NOT NULL,
  score      BIGINT       NOT NULL DEFAULT 0,
  reached_at TIMESTAMPTZ  NOT NULL,
  updated_at TIMESTAMPTZ  NOT NULL DEFAULT now(),
  PRIMARY KEY (board, user_id)
);

-- Filled in the home database alone (POSTGRES_URL); a player without a password has no hash.
CREATE TABLE IF NOT EXISTS accounts (
  user_id       TEXT         PRIMARY KEY,
  name          VARCHAR(200) NOT NULL,
  region        VARCHAR(50)  NOT NULL,
  password_hash TEXT,
  created_at    TIMESTAMPTZ  NOT NULL,
  updated_at    TIMESTAMPTZ  NOT NULL
);
