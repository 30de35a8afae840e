/** The answer to a registration or a login. */
export interface Session {
  /** For `Authorization: Bearer`. */
  token: string;
  user: {
    user_id: string;
    name: string;
    region: string;
  };
}

/** A new player. `password` is optional where the service does not require one. */
export interface Registration {
  /** The player's public name in every URL. It does not begin with `x--`. */
  user_id: string;
  /**
   * Shown on the boards, in Unicode's form NFC and without outer white space. At least one
   * visible character; no line or paragraph separators, no control characters, no lone
   * surrogates.
   */
  name: string;
  /** The home region: one of those of the service. */
  region: string;
  /**
   * The score on the board `main` to begin with. Exact from end to end: an integer, or with as many
   * decimals as the board has.
   */
  initialScore?: number | undefined;
  password?: string | undefined;
}

/** A login. `password` is optional where the service does not require one. */
export interface Credentials {
  /** The player's public name in every URL. */
  user_id: string;
  /** Compared in Unicode's form NFC, without outer white space. */
  name?: string | undefined;
  region?: string | undefined;
  password?: string | undefined;
}

/** A guest: a new player, or with the `device_id` of one that player. */
export interface GuestCall {
  /**
   * A secret that the app made at random and keeps, such as a UUID of version 4; no id that others
   * can read or guess. The server keeps only its SHA-256.
   */
  device_id?: string | undefined;
  /** Of a new player; `Guest` and four digits unless given. */
  name?: string | undefined;
  /** Of a new player, who needs one unless there is only one region. */
  region?: string | undefined;
}

/** A password to set, or to change with the old one. */
export interface PasswordChange {
  password: string;
  /** Of a player who has a password; left out by one who has none. */
  old_password?: string | undefined;
}

/** The name that a player takes. */
export interface OwnName {
  /**
   * Shown on the boards, in Unicode's form NFC and without outer white space. At least one visible
   * character; no line or paragraph separators, no control characters, no lone surrogates.
   */
  name: string;
}
