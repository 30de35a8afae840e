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
