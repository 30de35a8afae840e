/** The id of a board. It never changes, and stands in keys, rows and addresses. */
export const BOARD_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;

export const BOARD_ID_MESSAGE = "must be 1 to 32 characters out of a-z, 0-9, _ and -, the first no - or _";

/** Whether a board may have this id; it need not exist. */
export const isBoardId = (text: string): boolean => BOARD_ID.test(text);
