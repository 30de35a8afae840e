import { isReply } from "./reply-error.ts";

/** Why a client gets no usable connection, for its operator. */
export interface ConnectFault {
  /** Completes "Redis …" or "Redis at host:port …". */
  message: string;
  /** Faults of one kind are the same refusal, although Redis words them differently. */
  kind: string;
  /** Whether only a change of the configuration helps: each further try would end the same way. */
  isFinal: boolean;
  cause: Error;
}

/** The server took the connection, and closed it without a word. */
export class ClosedUnanswered extends Error {
  override readonly name = "ClosedUnanswered";

  constructor() {
    super("the connection was closed before the first answer");
  }
}

/** What to do about a reply that every further try would get as well. */
const ADVICE: readonly (readonly [reply: RegExp, advice: string])[] = [
  [/^WRONGPASS\b/, "check the user and the password in its REDIS_URL"],
  [/^NOPERM\b/, "services need the rights +@all -@admin -@dangerous +info on ~* &*"],
  [/^DENIED\b/, "give its default user a password, and write it into its REDIS_URL"],
  [/^ERR .*cluster support disabled/, "it is no cluster, so name it once in its REDIS_URL"],
];
// Redis words this one in two ways, which go on about HELLO.
const NOAUTH = "NOAUTH: it requires a password, and its REDIS_URL has none";

const CERTIFICATE = /CERT|ISSUER|SIGNATURE|ALTNAME|HOSTNAME_MISMATCH/;
const WRITE_CA = "name the file of its authority in its REDIS_URL, as rediss://…?ssl_ca_certs=/path/to/ca.pem";
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
const NO_TLS = "does not answer by TLS: where it has none, its REDIS_URL begins with redis://";
const TLS_ALONE = "closes the connection before it answers: where it speaks TLS, its REDIS_URL begins with rediss://";

/**
 * Explains an error of a connection that has not been usable yet.
 *
 * @returns `undefined` for a server that is not there
 */
export function explainFault(error: unknown, { isTls }: { isTls: boolean }): ConnectFault | undefined {
  if (!(error instanceof Error)) return undefined;
  return isReply(error) ? explainReply(error) : explainBreak(error, isTls);
}

function explainBreak(error: NodeJS.ErrnoException, isTls: boolean): ConnectFault | undefined {
  const { code = "", message } = error;
  const fault = (text: string, isFinal: boolean) => ({ message: text, kind: text, isFinal, cause: error });
  if (!isTls) {
    const isClosed = error instanceof ClosedUnanswered || BROKEN.has(code) || message.startsWith("Protocol error, got");
    return isClosed ? fault(TLS_ALONE, false) : undefined;
  }
  // TLS 1.3 tells it after the handshake.
  if (/ALERT.*CERTIFICATE_REQUIRED|ALERT.*HANDSHAKE_FAILURE/.test(code)) {
    return fault('wants a certificate of its client, and services have none: set "tls-auth-clients no" there', true);
  }
  if (CERTIFICATE.test(code)) return fault(explainCertificate(code, message), true);
  const isSilent = code === "ETIMEDOUT" || BROKEN.has(code) || error instanceof ClosedUnanswered;
  return isSilent || code === "EPROTO" || code.startsWith("ERR_SSL") ? fault(NO_TLS, false) : undefined;
}

function explainReply(error: Error): ConnectFault {
  const { message } = error;
  const kind = message.split(" ")[0] ?? "";
  const advice = ADVICE.find(([reply]) => reply.test(message))?.[1];
  const isNoAuth = kind === "NOAUTH";
  const text = isNoAuth ? NOAUTH : advice === undefined ? message : `${message.replace(/\.$/, "")}: ${advice}`;
  return {
    message: `answers, but with an error: ${text}`,
    kind,
    isFinal: isNoAuth || advice !== undefined,
    cause: error,
  };
}

function explainCertificate(code: string, message: string): string {
  if (/ALTNAME|HOSTNAME/.test(code)) {
    return `has the certificate of another host (${message}): name a host of the certificate in its REDIS_URL`;
  }
  if (/EXPIRED|NOT_YET_VALID/.test(code)) return `has a certificate that is not valid now (${message}): renew it`;
  return `has a certificate that is not trusted (${message}): ${WRITE_CA}`;
}
