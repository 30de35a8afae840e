import accountErased from "./account-erased.lua" with { type: "text" };
import type { ScriptPart } from "./define-script.ts";
import entryErased from "./entry-erased.lua" with { type: "text" };
import entryTexts from "./entry-texts.lua" with { type: "text" };
import givenName from "./given-name.lua" with { type: "text" };
import isHidden from "./is-hidden.lua" with { type: "text" };
import isOpen from "./is-open.lua" with { type: "text" };
import isReadable from "./is-readable.lua" with { type: "text" };
import keepSetting from "./keep-setting.lua" with { type: "text" };
import members from "./members.lua" with { type: "text" };
import moveMembers from "./move-members.lua" with { type: "text" };
import seasons from "./seasons.lua" with { type: "text" };
import versions from "./versions.lua" with { type: "text" };

// Rules that scripts of several services keep. The header of each file describes its functions.

/** `is_account_erased` */
export const accountErasedPart: ScriptPart = { source: accountErased };
/** `given_name` */
export const givenNamePart: ScriptPart = { source: givenName };
/** `is_hidden` */
export const isHiddenPart: ScriptPart = { source: isHidden };
/** `is_open`, `is_moved` */
export const isOpenPart: ScriptPart = { source: isOpen };
/** `keep_setting` */
export const keepSettingPart: ScriptPart = { source: keepSetting };
/** `KEYS_OF_BOARD`, `ARRIVAL_DIGITS`, `place_of`, `member_of`, `reached_at_of` */
export const membersPart: ScriptPart = { source: members };
/** `find_moves`, `move_members` */
export const moveMembersPart: ScriptPart = { source: moveMembers, uses: [membersPart] };
/** `last_version`, `next_version`, `time_us`, `version_in`, `digits` */
export const versionsPart: ScriptPart = { source: versions };
/** `running_of`, `is_over`, `season_of`, `roll_over` */
export const seasonsPart: ScriptPart = { source: seasons, uses: [versionsPart] };
/** `is_readable`, `refusal_of` */
export const isReadablePart: ScriptPart = { source: isReadable, uses: [seasonsPart] };
/** `is_entry_erased` */
export const entryErasedPart: ScriptPart = { source: entryErased, uses: [versionsPart] };
/** `score_event`, `record_of`, `values_of` */
export const entryTextsPart: ScriptPart = { source: entryTexts, uses: [membersPart, versionsPart] };
