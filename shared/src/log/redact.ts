// The value of that field, even if the text is cut off inside it; and a hash anywhere else.
const HASH_FIELD = /("password_hash"\s*:\s*")(?:[^"\\]|\\.)*/g;
const PHC_STRING = /\$argon2[^\s"\\]*/g;

/** An event without password hashes, to show to people. It need not be well-formed. */
export const redact = (event: string): string => event.replaceAll(HASH_FIELD, "$1…").replaceAll(PHC_STRING, "…");

/** The same for an event that is not text. @returns base64 of the other bytes, unchanged */
export function redactBytes(event: Buffer): string {
  const text = event.toString("latin1");
  return Buffer.from(text.replaceAll(HASH_FIELD, "$1").replaceAll(PHC_STRING, ""), "latin1").toString("base64");
}

// A token, even if it is cut off; and the credentials of a URL.
const JWT = /\beyJ[\w-]{5,}(?:\.[\w-]*){0,2}/g;
const URL_CREDENTIALS = /:\/\/[^\s/@]*@/g;

/** A text such as an error message without password hashes, tokens and the credentials of URLs. */
export const redactSecrets = (text: string): string =>
  redact(text).replaceAll(JWT, "…").replaceAll(URL_CREDENTIALS, "://…@");
