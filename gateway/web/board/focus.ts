/**
 * Notes which link of a list has the focus, before the list changes.
 *
 * @returns a function to call after the change: it gives the focus back to the link, which loses it
 *   where its row is moved or made again. Where the link has left the list, the link that has its
 *   place gets the focus; otherwise the next Tab would go past the list.
 */
export function noteFocus(list: HTMLElement): () => void {
  const before = [...list.querySelectorAll("a")];
  const focused = before.find((link) => link === document.activeElement);
  if (focused === undefined) return () => {};
  const index = before.indexOf(focused);
  const href = focused.getAttribute("href");
  return () => {
    const links = [...list.querySelectorAll("a")];
    const same = links.find((link) => link === focused) ?? links.find((link) => link.getAttribute("href") === href);
    const link = same ?? links[Math.min(index, links.length - 1)];
    if (link !== document.activeElement) link?.focus({ preventScroll: true });
  };
}
