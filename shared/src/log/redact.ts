// What a field of that name holds, up to the end of a text that breaks off; and a hash wherever else it may stand.
const HASH_FIELD = /("password_hash"\s*:\s*")(?:[^"\\]|\\.)*/g;
const PHC_STRING = /\$argon2[^\s"\\]*/g;

/** An event as people may see it, well-formed or not: without the hash of a password. */
export const redact = (event: string): string => event.replaceAll(HASH_FIELD, "$1…").replaceAll(PHC_STRING, "…");

/** The same for an event that is not text, in base64; all other bytes stay as they are. */
export function redactBytes(event: Buffer): string {
  const text = event.toString("latin1");
  return Buffer.from(text.replaceAll(HASH_FIELD, "$1").replaceAll(PHC_STRING, ""), "latin1").toString("base64");
}

// A signed token, as far as it goes; and what stands before the host of a URL.
const JWT = /\beyJ[\w-]{5,}(?:\.[\w-]*){0,2}/g;
const URL_CREDENTIALS = /:\/\/[^\s/@]*@/g;

/** A text that was not written for people, such as the message of an error: without hashes, tokens, and passwords of URLs. */
export const redactSecrets = (text: string): string =>
  redact(text).replaceAll(JWT, "…").replaceAll(URL_CREDENTIALS, "://…@");
