import accountErased from "./account-erased.lua" with { type: "text" };
import type { ScriptPart } from "./compose-source.ts";
import isHidden from "./is-hidden.lua" with { type: "text" };
import isOpen from "./is-open.lua" with { type: "text" };
import isReadable from "./is-readable.lua" with { type: "text" };
import members from "./members.lua" with { type: "text" };
import versions from "./versions.lua" with { type: "text" };

/** Rules that scripts of several services keep. The header of each file says what it declares. */
export const accountErasedPart: ScriptPart = { source: accountErased };
export const isHiddenPart: ScriptPart = { source: isHidden };
export const isOpenPart: ScriptPart = { source: isOpen };
export const isReadablePart: ScriptPart = { source: isReadable };
export const membersPart: ScriptPart = { source: members };
export const versionsPart: ScriptPart = { source: versions };
