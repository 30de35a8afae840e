import { createHmac, generateKeyPairSync, sign } from "node:crypto";

export const SECRET = "a secret of the tests, 32 bytes and more";
const OTHER_SECRET = "another secret of the tests, 32 bytes and more";
const NOW = Math.floor(Date.now() / 1000);
const HS256 = { alg: "HS256", typ: "JWT" };

/** The claims of a valid token. Each forgery differs in one thing. */
const claims = {
  sub: "ada",
  user_id: "ada",
  name: "Ada",
  region: "EU",
  iss: "leaderboard",
  aud: "leaderboard",
  iat: NOW,
  exp: NOW + 3600,
};

const encode = (part: unknown) =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

/** A compact token of any header and claims, or of their JSON texts, signed with HMAC. */
function forge(header: unknown, body: unknown, secret = SECRET, hash = "sha256"): string {
  const input = `${encode(header)}.${encode(body)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest("base64url")}`;
}

const withHeader = (more: object, secret?: string) => forge({ ...HS256, ...more }, claims, secret);
const withClaims = (changed: object) => forge(HS256, { ...claims, ...changed });
const withText = (text: string) => forge(HS256, JSON.stringify(claims).replace("{", `{${text},`));

/** The parts of a token, which forgeries combine wrongly. */
export const VALID = forge(HS256, claims);
const [header = "", body = "", signature = ""] = VALID.split(".");

/**
 * Two bits of the last character of 43 are unused: its neighbour in the alphabet decodes to the
 * same bytes.
 */
function oddLast(token: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(token.at(-1) ?? "") ^ 1] ?? "";
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signedByRsa = () => {
  const input = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  return `${input}.${sign("sha256", Buffer.from(input), rsa.privateKey).toString("base64url")}`;
};
const publicKey = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const jwk = { kty: "oct", k: Buffer.from(OTHER_SECRET).toString("base64url") };

/**
 * Tokens that must be refused. Unless the name says otherwise, they are signed with the right key.
 */
export const forgedTokens: Record<string, string> = {
  "of another key": forge(HS256, claims, OTHER_SECRET),
  "of an empty key": forge(HS256, claims, ""),
  "with alg none and no signature": `${encode({ alg: "none" })}.${body}.`,
  "with alg None and our signature": `${encode({ alg: "None" })}.${body}.${signature}`,
  "with alg none, signed": forge({ alg: "none" }, claims),
  "without alg": forge({ typ: "JWT" }, claims),
  "whose alg is a list": forge({ alg: ["HS256"] }, claims),
  "with HS512": forge({ alg: "HS512", typ: "JWT" }, claims, SECRET, "sha512"),
  "with HS384": forge({ alg: "HS384", typ: "JWT" }, claims, SECRET, "sha384"),
  "with RS256, of another key": signedByRsa(),
  "that says RS256, signed with the secret by HMAC": forge({ alg: "RS256", typ: "JWT" }, claims),
  "that says HS256, signed with a public key as the secret": forge(HS256, claims, publicKey),
  "of an unknown typ": withHeader({ typ: "secevent+jwt" }),
  "without exp": withClaims({ exp: undefined }),
  "whose exp is a string": withClaims({ exp: String(NOW + 3600) }),
  "that has expired": withClaims({ exp: NOW - 1 }),
  "that is not valid yet": withClaims({ nbf: NOW + 600 }),
  "whose nbf is a string": withClaims({ nbf: "0" }),
  "of another issuer": withClaims({ iss: "somebody" }),
  "without an issuer": withClaims({ iss: undefined }),
  "of a list of issuers": withClaims({ iss: ["leaderboard"] }),
  "for another audience": withClaims({ aud: "somebody" }),
  "without an audience": withClaims({ aud: undefined }),
  "whose kid is a path, of an empty key": withHeader({ kid: "../../../../dev/null" }, ""),
  "whose kid is a path": withHeader({ kid: "../../../../etc/passwd" }),
  "whose kid is SQL": withHeader({ kid: "' UNION SELECT 'key' -- " }),
  "whose kid is a URL": withHeader({ kid: "http://127.0.0.1:1/key" }),
  "whose kid is long": withHeader({ kid: "k".repeat(4_000) }),
  "whose kid is a number": withHeader({ kid: 7 }),
  "whose kid is an object": withHeader({ kid: { $ne: "" } }),
  "whose kid is null": withHeader({ kid: null }),
  "that brings its key as jwk": withHeader({ jwk }, OTHER_SECRET),
  "that names its keys by jku": withHeader({ jku: "http://127.0.0.1:1/jwks.json" }),
  "that names its certificate by x5u": withHeader({ x5u: "http://127.0.0.1:1/cert.pem" }),
  "with x5c": withHeader({ x5c: ["AA=="] }),
  "with crit of an unknown parameter": withHeader({ crit: ["exp"], exp: NOW }),
  "with an empty crit": withHeader({ crit: [] }),
  "with crit b64": withHeader({ crit: ["b64"], b64: true }),
  "with an unencoded payload": withHeader({ crit: ["b64"], b64: false }),
  "whose sub is a number": withClaims({ sub: 5, user_id: 5 }),
  "whose sub is a list": withClaims({ sub: ["ada"], user_id: ["ada"] }),
  "whose sub is an object": withClaims({ sub: { id: "ada" }, user_id: { id: "ada" } }),
  "whose sub is null": withClaims({ sub: null, user_id: null }),
  "whose sub is empty": withClaims({ sub: "", user_id: "" }),
  "whose sub is a key of Redis": withClaims({ sub: "ada:{NA}", user_id: "ada:{NA}" }),
  "whose sub is not its user_id": withClaims({ sub: "eve" }),
  "without sub": withClaims({ sub: undefined }),
  "without user_id": withClaims({ user_id: undefined }),
  "without name": withClaims({ name: undefined }),
  "without region": withClaims({ region: undefined }),
  "of a region that is not configured": withClaims({ region: "MARS" }),
  "of a region in small letters": withClaims({ region: "eu" }),
  "of a region that is a list": withClaims({ region: ["EU"] }),
  "whose account is no time": withClaims({ account: "yesterday" }),
  "whose account is a number": withClaims({ account: NOW }),
  "whose account is before 1970": withClaims({ account: "-1" }),
  "whose name has a line break": withClaims({ name: "Ada\nadmin" }),
  "whose name has NUL": withClaims({ name: "Ada\u0000" }),
  "whose name has an escape": withClaims({ name: "\u001b[2JAda" }),
  "whose name has a lone surrogate": withClaims({ name: "\ud800" }),
  "whose name is empty": withClaims({ name: "" }),
  "that names sub twice": withText('"sub":"eve"'),
  "that names sub twice, once escaped": withText('"\\u0073ub":"eve"'),
  "that names user_id twice": withText('"user_id":"eve"'),
  "that names alg twice": forge('{"alg":"none","alg":"HS256","typ":"JWT"}', claims),
  "whose claims are a list": forge(HS256, [claims]),
  "whose claims are null": forge(HS256, null),
  "whose claims are not JSON": forge(HS256, "{sub:ada}"),
  "whose header is not JSON": forge("{", claims),
  "whose header is a list": forge([HS256], claims),
  "of 64 KiB": withClaims({ padding: "x".repeat(48 * 1024) }),
  "of 64 KiB without a dot": "x".repeat(64 * 1024),
  "of 64 KiB of dots": ".".repeat(64 * 1024),
  "with a padded signature": `${VALID}=`,
  "with a padded header": `${header}==.${body}.${signature}`,
  "in plain base64": `${header}.${body}.${signature.slice(0, -2)}+/`,
  "whose last bits are odd": VALID.slice(0, -1) + oddLast(VALID),
  "that was cut": VALID.slice(0, -1),
  "with one bit changed": `${header}.${encode({ ...claims, sub: "adb", user_id: "adb" })}.${signature}`,
  "without a signature": `${header}.${body}.`,
  "of two parts": `${header}.${body}`,
  "of four parts": `${VALID}.${signature}`,
  "of five parts, as an encrypted one": `${encode({ alg: "dir", enc: "A256GCM" })}..${signature}.${body}.${signature}`,
  "of nothing but dots": "..",
};

/** Values of the header `Authorization` that carry no token. */
export const noTokens: Record<string, string | undefined> = {
  "no header": undefined,
  "an empty header": "",
  "a scheme alone": "Bearer",
  "a scheme and spaces": "Bearer   ",
  "another scheme": "Basic YWRhOmFkYQ==",
  "no scheme": VALID,
  "a space in the token": `Bearer ${header} .${body}.${signature}`,
  "a tab in the token": `Bearer ${header}\t.${body}.${signature}`,
  "two tokens": `Bearer ${VALID} ${VALID}`,
  "two schemes": `Bearer Bearer ${VALID}`,
  "a token in quotes": `Bearer "${VALID}"`,
};
