import { defineScript, type Script, type ScriptDefinition, toRedisProblem } from "shared/redis/redis";
import { type ScriptPart, withParts } from "./script-parts.ts";

export interface ReadScriptDefinition<R> extends ScriptDefinition<R> {
  /** What the source uses without having it. */
  parts: readonly ScriptPart[];
}

/**
 * A script that only reads.
 *
 * @throws Problem (when it is called) `unavailable`; `internal` where Redis refuses the call itself
 */
export function defineReadScript<R>({ parts, ...definition }: ReadScriptDefinition<R>): Script<R> {
  const script = defineScript({ ...definition, source: withParts(definition.source, ...parts) });
  return async (...call) => {
    try {
      return await script(...call);
    } catch (error) {
      throw toRedisProblem(error, "read");
    }
  };
}
