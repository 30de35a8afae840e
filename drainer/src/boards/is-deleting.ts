import type { ScriptPart } from "shared/redis/scripts/define-script";
import source from "./is-deleting.lua" with { type: "text" };

/** `is_deleting` */
export const isDeletingPart: ScriptPart = { source };
