/** The examples of the OpenAPI document; a test checks each against its schema. */
const time = "2026-01-02T03:04:05.678901Z";
const grace = { user_id: "grace", name: "Grace", region: "EU" };
const ada = { rank: 1, user_id: "ada", name: "Ada", region: "EU", score: 120, updated_at: time };
const entry = { rank: 2, ...grace, score: 105, updated_at: time };
const writtenEntry = { ...entry, changed: true, previous: { score: 100, rank: 2 } };
const upstreams = [{ address: "10.0.0.5:5000", up: true }];

const weekly = {
  id: "weekly-race",
  title: "Weekly race",
  order: "asc",
  operator: "best",
  operators: ["best"],
  decimals: 3,
  unit: "s",
  sub: null,
  bounds: { min: 1, max: 3600 },
  writers: "operators",
  readers: "anyone",
  metadata_bytes_max: 1024,
  attempts_max: 20,
  season: { schedule: "0 0 * * 1", zone: "Europe/Paris", starts_at: null, keep: null },
  tiers: {
    by: "percentile",
    steps: [{ id: "gold", upto: 5 }, { id: "silver", upto: 25 }, { id: "bronze" }],
  },
  rev: 1_767_323_045_678_901,
  created_at: time,
  state: "open",
  running: { season: 1, starts_at: time, ends_at: "2026-01-04T23:00:00.000000Z" },
  next: ["2026-01-04T23:00:00.000000Z", "2026-01-11T23:00:00.000000Z"],
} as const;

const ended = {
  season: 1,
  state: "final",
  starts_at: time,
  ends_at: "2026-01-04T23:00:00.000000Z",
  total: 1204,
} as const;

export const examples = {
  season: { board: "weekly-race", ...ended },
  seasons: { board: "weekly-race", seasons: [ended], next: null },
  givenBoard: { title: "Weekly race", order: "asc", operator: "best", decimals: 3, bounds: { min: 1, max: 3600 } },
  boardChange: { title: "Race of the week" },
  deletedBoard: { board: "weekly-race", state: "deleting" },
  endSeason: { expect: 3 },
  endedSeason: {
    board: "weekly-race",
    season: 3,
    state: "closing",
    starts_at: "2026-12-14T00:00:00.000000Z",
    ends_at: "2026-12-17T09:30:00.125000Z",
    total: 1200,
  },
  board: weekly,
  boards: { boards: [weekly], next: null },
  registration: { ...grace, password: "correct horse", initialScore: 10 },
  credentials: { user_id: "grace", password: "correct horse" },
  session: { token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiZ3JhY2UifQ.signature", user: grace },
  guest: { device_id: "7d3f0a52-4e0b-4b0c-9d8a-5a3b1c2d4e6f", region: "EU" },
  passwordChange: { password: "battery staple", old_password: "correct horse" },
  ownName: { name: "Grace H." },
  resetPassword: { reason: "lost the phone" },
  givenPassword: { user_id: "grace", password: "Vq3mZ0t9XcK1bR7e" },
  createScore: { initialScore: 10 },
  setScore: { score: 100 },
  addScore: { delta: 5 },
  scoreFor: { ...grace, score: 100 },
  scores: {
    items: [
      { ...grace, score: 105, idempotency_key: "match-42-grace" },
      { user_id: "ada", operation: "add", value: 5, board: "weekly" },
    ],
  },
  writtenScores: {
    items: [
      { status: 200, ...writtenEntry },
      { status: 404, code: "board_not_found", detail: "There is no board weekly." },
    ],
  },
  operatorScore: { operation: "add", value: 5, board: "main" },
  playerRecord: {
    user_id: "grace",
    account: { name: "Grace", region: "EU", has_password: true, has_device: false, created_at: time, updated_at: time },
    hidden: false,
    entries: [{ board: "main", region: "EU", name: "Grace", score: 105, reached_at: time, updated_at: time }],
    next: null,
    waiting: [],
    dead: [],
  },
  hide: { reason: "a score that no game can have" },
  unhide: { reason: "a mistake" },
  hidden: { user_id: "grace", hidden: true, boards: 1 },
  shown: { user_id: "grace", hidden: false, boards: 1 },
  rename: { name: "Player 7", reason: "an insult" },
  renamed: { user_id: "grace", name: "Player 7", boards: 1 },
  entryChange: { name: "Player 7", metadata: null, reason: "an insult" },
  changedEntry: { user_id: "grace", board: "weekly-race", season: 1, name: "Player 7", metadata: null },
  removedEntry: { user_id: "grace", board: "weekly-race", season: 1, removed: true },
  erased: { user_id: "grace", entries: 1, account: true },
  entry,
  writtenEntry,
  top: { region: "EU", total: 2, entries: [ada, entry], next: null, prev: null },
  rank: { ...entry, total: 2, percentile: 50 },
  ranksQuestion: { board: "main", ids: ["grace", "ada", "bob"] },
  ranks: {
    region: "GLOBAL",
    total: 2,
    entries: [
      { ...ada, position: 1 },
      { ...entry, position: 2 },
    ],
    not_ranked: ["bob"],
  },
  playerBoards: {
    user_id: "grace",
    region: "GLOBAL",
    boards: [
      { board: "main", status: 200, ...entry, total: 2, percentile: 50 },
      { board: "weekly-race", status: 404, code: "not_ranked", detail: "grace has no entry on board weekly-race." },
    ],
  },
  around: { region: "EU", total: 2, self: entry, around: [ada] },
  aroundScore: { region: "EU", total: 2, score: 110, would_be_rank: 2, around: [ada, entry] },
  health: { status: "ok", upstreams },
  ready: { status: "ready", upstreams },
  notReady: { status: "unavailable", upstreams: upstreams.map((each) => ({ ...each, up: false })) },
} as const;
