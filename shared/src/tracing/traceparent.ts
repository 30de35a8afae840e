/** A W3C `traceparent` header (Trace Context, 3.2): a span of a trace, and whether it is recorded. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  flags: number;
}

// Later versions may append fields, which are of no concern here; ff is no version.
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for a text that is no `traceparent`: the request goes on without a parent span. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  const [, version, traceId = "", spanId = "", flags = "", rest] = TRACEPARENT.exec(text ?? "") ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId) || (version === "00" && rest !== undefined)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** The header, in version 00. */
export const formatTraceparent = ({ traceId, spanId, flags }: TraceParent) =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
