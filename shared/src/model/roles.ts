/** The roles of operators' tokens, from the lowest; each opens what lower ones open, too. */
export const ROLES = ["reader", "writer", "moderator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a token of this role opens what needs at least `least`. */
export const hasRole = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);
