/** What a problem document says that this page makes use of. */
export interface Refusal {
  /** 0 where no answer came. */
  status: number;
  code: string;
  /** In words, for whoever reads the page. */
  detail: string;
  /** Names of the fields that are wrong. */
  fields: string[];
  /** Whether the same request may be answered otherwise in a moment. */
  isPassing: boolean;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

/** How the page calls the fields that the server names. */
const LABELS: Record<string, string> = {
  ...{ user_id: "Player ID", name: "Name", region: "Home region", password: "Password", delta: "Points" },
};

const WORDS: Record<string, string> = {
  no_answer: "The server does not answer. Try again in a moment.",
  not_ranked: "There is no such player on this board.",
  bad_credentials: "The player ID, name or password is wrong.",
  user_exists: "This player ID is taken.",
  invalid_token: "You are logged out. Log in again.",
  missing_token: "Log in first.",
  rate_limited: "That was too fast. Try again in a moment.",
  queue_full: "Too many scores at once. Try again in a moment.",
  score_out_of_range: "That would be more than a score can be.",
};

/** Asks the server for JSON. A code that this page does not know is shown in the server's own words. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  try {
    const response = await fetch(path, init);
    const body = (await response.json()) as unknown;
    if (response.ok) return { ok: true, value: body as T };
    const {
      code = "",
      detail = "",
      errors = [],
    } = body as {
      code?: string;
      detail?: string;
      errors?: { field: string; message: string }[];
    };
    const wrong = errors.map(({ field, message }) => `${LABELS[field] ?? field} ${message}`).join("; ");
    return refuse(
      response.status,
      code,
      WORDS[code] ?? (wrong || detail),
      errors.map(({ field }) => field),
    );
  } catch {
    return refuse(0, "no_answer", WORDS.no_answer);
  }
}

export function post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
  return ask<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

function refuse(status: number, code: string, detail = "", fields: string[] = []): { ok: false; refusal: Refusal } {
  const words = detail || "That did not work. Try again in a moment.";
  return { ok: false, refusal: { status, code, detail: words, fields, isPassing: status === 0 || status === 503 } };
}
