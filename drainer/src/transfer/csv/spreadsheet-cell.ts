/**
 * Cells of a CSV for a spreadsheet program, which runs a cell as a formula that begins with one of
 * these characters (OWASP, CSV injection). Programs that split at `;` begin a cell there, too.
 */
const FORMULA = /((?:^|;)[ "']*)([=+\-@\t\r\n＝＋－＠])/g;
const ESCAPED = /((?:^|;)[ "']*)'([=+\-@\t\r\n＝＋－＠])/g;

/** Excel takes the text of a CSV for UTF-8 where this begins the file. */
export const BYTE_ORDER_MARK = "\ufeff";

/** Puts a `'` before what would begin a formula: the cell is text then. */
export const escapeCell = (text: string): string => text.replace(FORMULA, "$1'$2");

/** The inverse of {@link escapeCell}. */
export const unescapeCell = (text: string): string => text.replace(ESCAPED, "$1$2");
