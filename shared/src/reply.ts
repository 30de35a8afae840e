import { ANSWER_HEADERS } from "./secure-headers.ts";

/** Headers by their names in lower case; several of a name where it may come more than once. */
export type HeaderRecord = Record<string, string | string[]>;

/** An answer, before it is sent: over HTTP, or over a link. */
export interface Reply {
  status: number;
  /** Beside what every answer has; `content-type` only where it is not JSON. */
  headers?: HeaderRecord;
  body: string | ArrayBuffer | Uint8Array<ArrayBuffer> | null;
}

export const jsonReply = (value: unknown, status = 200): Reply => ({ status, body: JSON.stringify(value) });

// Copied whole into every answer, which costs a third of handing them over one by one.
const common = new Headers({ ...ANSWER_HEADERS, "Content-Type": "application/json" });

/** As it goes out by HTTP. */
export function toResponse({ status, headers: own, body }: Reply): Response {
  const response = new Response(body, { status, headers: common });
  if (own === undefined) return response;
  const { headers } = response;
  for (const name in own) {
    const value = own[name];
    if (typeof value === "string") headers.set(name, value);
    else if (value !== undefined) for (const each of value) headers.append(name, each);
  }
  return response;
}
