/** The words of a template, which white space separates. A backslash stands for itself. */
export const words = ({ raw: [text = ""] }: TemplateStringsArray): string[] => text.trim().split(/\s+/);
